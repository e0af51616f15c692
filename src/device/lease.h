/* How long a command is in hand, and how long it rests, at most. */
#ifndef FOTAD_DEVICE_LEASE_H
#define FOTAD_DEVICE_LEASE_H

#include "base/config.h"

/* How long commands are leased for a try, which it outlasts. */
static inline instant command_lease(const struct config_csp *csp) {
    return 2 * csp->timeout + MINUTE;
}

/* The longest pause between two tries, unless the CSP asks for a longer one. */
static inline instant command_longest_pause(const struct config_csp *csp) {
    return csp->busy_retry;
}

#endif
