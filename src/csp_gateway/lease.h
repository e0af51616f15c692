/* How long jobs and commands are in hand, and how long they rest, at most. */
#ifndef FOTAD_CSP_GATEWAY_LEASE_H
#define FOTAD_CSP_GATEWAY_LEASE_H

#include "base/config.h"

/* How long they are leased for a try, which it outlasts: two posts, and the
 * database between them; what would not end within it is not begun. */
static inline instant csp_lease(const struct config_csp *csp) {
    return 2 * csp->timeout + MINUTE;
}

/* What was read of them is posted within this time, or read again: a device may
 * leave its job meanwhile. */
#define CSP_FRESH (10 * SECOND)

/* The longest pause between two tries, unless the CSP asks for a longer one. */
static inline instant csp_longest_pause(const struct config_csp *csp) {
    return csp->busy_retry;
}

#endif
