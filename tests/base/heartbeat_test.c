/* A worker that does not get on is found, one that waits for work is not. */
#include "support/check.h"

#include "base/heartbeat.h"

#include <unistd.h>

static bool stuck(instant limit, const char *wanted) {
    char name[32] = "";
    instant since;
    bool is = heartbeat_stuck(limit, name, sizeof name, &since);
    assert_true(is == (since >= limit && since > 0));
    assert_string_equal(name, is ? wanted : "");
    return is;
}

static void only_a_long_step_is_stuck(void **state) {
    (void)state;
    struct heartbeat *slow = heartbeat_new("slow"),
                     *idle = heartbeat_new("idle");
    usleep(3000);
    assert_false(stuck(1, "")); /* both rest */
    heartbeat_step(slow);
    assert_false(stuck(MINUTE, ""));
    usleep(3000);
    heartbeat_step(idle);
    usleep(1000);
    assert_true(stuck(MILLISECOND, "slow")); /* the longest of the two */
    heartbeat_step(slow);
    heartbeat_rest(idle);
    assert_false(stuck(MINUTE, ""));
    heartbeat_rest(slow);
    assert_false(stuck(1, ""));
    heartbeat_free(slow);
    heartbeat_free(idle);
    assert_false(stuck(1, ""));
    heartbeat_step(NULL);
    heartbeat_rest(NULL);
    heartbeat_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_long_step_is_stuck),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
