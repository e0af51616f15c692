/* How long a job is in hand, and how long it rests, at most. */
#ifndef FOTAD_CSP_GATEWAY_LEASE_H
#define FOTAD_CSP_GATEWAY_LEASE_H

#include "base/config.h"

/* How long jobs are leased for a try, which it outlasts: two posts, and the
 * database between them. */
static inline instant csp_lease(const struct config_csp *csp) {
    return 2 * csp->timeout + MINUTE;
}

/* The longest pause between two tries, unless the CSP asks for a longer one. */
static inline instant csp_longest_pause(const struct config_csp *csp) {
    return csp->busy_retry;
}

#endif
