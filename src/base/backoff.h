/* When to try again: a pure function of times. */
#ifndef FOTAD_BASE_BACKOFF_H
#define FOTAD_BASE_BACKOFF_H

#include "base/clock.h"

/* After `immediate` tries at once, the pause is `first`, then doubles up to
 * `most` (first = most: it stays). A try that fails `give_up` or more after
 * the beginning was the last. */
struct retry_policy {
    unsigned immediate;
    instant first, most, give_up;
};

#define RETRY_NEVER INT64_MAX

/* `give_up` while the clock is sound. Otherwise nothing is given up by it, and
 * this is longer than any clock runs wrong. */
instant retry_patience(instant give_up);

/* `tries` have been made, the last one just failed at `now`; the thing began
 * at `began`. When the next one is due, or RETRY_NEVER. Never later than
 * began + give_up. */
instant retry_at(const struct retry_policy *policy, unsigned tries,
                 instant began, instant now);

#endif
