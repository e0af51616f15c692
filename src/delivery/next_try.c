#include "delivery/next_try.h"

instant next_try_of_alert(const struct alert *alert,
                          const struct retry_policy *policy, instant now) {
    return retry_at(policy, (unsigned)alert->tries + 1, alert->since, now);
}

instant next_try_of_lane(unsigned tries, instant asked,
                         const struct retry_policy *policy, instant now) {
    struct retry_policy endless = *policy;
    endless.give_up = RETRY_NEVER - now;
    instant due = retry_at(&endless, tries, now, now);
    instant rest = asked < policy->most ? asked : policy->most;
    return due > now + rest ? due : now + rest;
}
