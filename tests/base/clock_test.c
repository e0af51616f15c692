/* What is done every so often, whatever happens to the clock meanwhile. */
#include "support/check.h"

#include "base/clock.h"

static void it_is_due_when_its_time_has_come(void **state) {
    (void)state;
    static const struct {
        const char *what;
        instant next, now;
        bool due;
    } cases[] = {
        {"the first time", 0, DAY, true},
        {"just before its time", DAY, DAY - 1, false},
        {"at its time", DAY, DAY, true},
        {"the clock was set forward", DAY, 400 * DAY, true},
        {"a whole interval to go", DAY + MINUTE, DAY, false},
        {"the clock was set back", DAY + MINUTE, DAY - 1, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        instant next = cases[i].next;
        if (clock_is_due(&next, cases[i].now, MINUTE) != cases[i].due)
            fail_msg("%s: %s", cases[i].what, cases[i].due ? "no" : "yes");
        assert_int_equal(next,
                         cases[i].due ? cases[i].now + MINUTE : cases[i].next);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_due_when_its_time_has_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
