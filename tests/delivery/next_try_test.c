/* When a message or a lane is tried again, as tables of times. */
#include "support/check.h"

#include "delivery/next_try.h"

static const struct retry_policy policy = {
    .first = MINUTE, .most = 10 * MINUTE, .give_up = HOUR};

static void an_alert_pauses_longer_until_it_is_given_up(void **state) {
    (void)state;
    static const struct {
        int32_t tries; /* before this one */
        instant age, pause;
    } cases[] = {
        {0, 0, MINUTE},
        {1, MINUTE, 2 * MINUTE},
        {3, 7 * MINUTE, 8 * MINUTE},
        {4, 15 * MINUTE, 10 * MINUTE},
        {9, HOUR - 2 * MINUTE, 2 * MINUTE},
        {9, HOUR, RETRY_NEVER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct alert alert = {.tries = cases[i].tries, .since = DAY};
        instant now = DAY + cases[i].age;
        instant next = next_try_of_alert(&alert, &policy, now);
        instant expected =
            cases[i].pause == RETRY_NEVER ? RETRY_NEVER : now + cases[i].pause;
        if (next != expected)
            fail_msg("case %zu: %jd", i, (intmax_t)(next - now));
    }
}

static void a_lane_rests_as_long_as_it_asks_within_bounds(void **state) {
    (void)state;
    static const struct {
        unsigned tries;
        instant asked, rest;
    } cases[] = {
        {1, 0, MINUTE},          {2, 0, 2 * MINUTE},
        {2, MINUTE, 2 * MINUTE}, {1, 5 * MINUTE, 5 * MINUTE},
        {1, DAY, 10 * MINUTE},   {1000, 0, 10 * MINUTE}, /* never given up */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        instant due =
            next_try_of_lane(cases[i].tries, cases[i].asked, &policy, DAY);
        if (due != DAY + cases[i].rest)
            fail_msg("case %zu: %jd", i, (intmax_t)(due - DAY));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_pauses_longer_until_it_is_given_up),
        cmocka_unit_test(a_lane_rests_as_long_as_it_asks_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
