/*
 * When a message that was not confirmed is sent again, and how long a lane
 * rests whose address failed (requirements E3; decision 13). Pure functions of
 * times; the pauses are [delivery] retry_first, doubling up to retry_most,
 * until give_up.
 */
#ifndef FOTAD_DELIVERY_NEXT_TRY_H
#define FOTAD_DELIVERY_NEXT_TRY_H

#include "base/backoff.h"
#include "delivery/alert.h"

/* Of a message that failed at `now`, once more than `alert->tries`;
 * RETRY_NEVER: it is given up. */
instant next_try_of_alert(const struct alert *alert,
                          const struct retry_policy *policy, instant now);

/* Of a lane whose address failed at `now` for the `tries`th time in a row; it
 * is never given up. `asked` is the Retry-After that came with it (0: none): it
 * makes the rest longer, but not beyond the longest pause. */
instant next_try_of_lane(unsigned tries, instant asked,
                         const struct retry_policy *policy, instant now);

#endif
