/* A stop has an end, whoever holds up what is to be finished. */
#include "support/check.h"
#include "support/scenario.h"

#include "base/ending.h"

#include <signal.h>

/* Somebody has locked the tables that work in hand needs, and goes away. */
static void locked_tables_hold_no_stop_up(void **state) {
    (void)state;
    struct scenario *s = scenario_open(&(struct scenario_wish){0});
    scenario_tell(s, "begin; lock table csp_job, device_command, alert_lane"
                     " in access exclusive mode");
    instant begun = clock_elapsed();
    scenario_end_one(s, 0, SIGTERM);
    instant took = clock_elapsed() - begun;
    print_message("ended after %jd ms\n", (intmax_t)(took / MILLISECOND));
    assert_true(took < ENDING_OWN + patience() * 5 * SECOND);
    scenario_tell(s, "rollback");
    scenario_end(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locked_tables_hold_no_stop_up),
    };
    return scenario_tests(tests, NULL, NULL);
}
