/* Retry policies as tables: tries made, time since the beginning, next. */
#include "support/check.h"

#include "base/backoff.h"

static const struct retry_policy csp = {
    .immediate = 1, .first = HOUR, .most = HOUR, .give_up = 4 * DAY};
static const struct retry_policy user = {
    .first = SECOND, .most = 15 * MINUTE, .give_up = 7 * DAY};

static void pauses_are_as_the_policy_says(void **state) {
    (void)state;
    static const struct {
        const struct retry_policy *policy;
        unsigned tries;
        instant since, pause; /* pause -1: given up */
    } cases[] = {
        {&csp, 1, 0, 0},
        {&csp, 2, 0, HOUR},
        {&csp, 50, 2 * DAY, HOUR},
        {&csp, 96, 4 * DAY - 10 * MINUTE, 10 * MINUTE},
        {&csp, 97, 4 * DAY, -1},
        {&csp, 1, 5 * DAY, -1},
        {&user, 1, 0, SECOND},
        {&user, 2, SECOND, 2 * SECOND},
        {&user, 5, 15 * SECOND, 16 * SECOND},
        {&user, 11, HOUR, 15 * MINUTE},
        {&user, 4000000000u, DAY, 15 * MINUTE},
        {&user, 700, 7 * DAY - SECOND, SECOND},
        {&user, 701, 7 * DAY, -1},
    };
    const instant began = 1000 * DAY;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        instant now = began + cases[i].since;
        instant next = retry_at(cases[i].policy, cases[i].tries, began, now);
        instant expected =
            cases[i].pause < 0 ? RETRY_NEVER : now + cases[i].pause;
        if (next != expected)
            fail_msg("row %zu: %jd", i, (intmax_t)(next - now));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_are_as_the_policy_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
