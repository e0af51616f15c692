#include "base/backoff.h"

instant retry_patience(instant give_up) {
    static const instant ENDLESS = 1000 * 365 * DAY;
    return clock_is_sound() ? give_up : ENDLESS;
}

instant retry_at(const struct retry_policy *policy, unsigned tries,
                 instant began, instant now) {
    instant end = began + policy->give_up;
    if (now >= end)
        return RETRY_NEVER;
    if (tries <= policy->immediate)
        return now;
    instant pause = policy->first;
    for (unsigned i = policy->immediate + 1; i < tries && pause < policy->most;
         i++)
        pause *= 2;
    if (pause > policy->most)
        pause = policy->most;
    return pause < end - now ? now + pause : end;
}
