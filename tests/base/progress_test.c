/* A worker that does not get on is found, one that waits for work is not. */
#include "support/check.h"

#include "base/progress.h"

#include <unistd.h>

static bool stuck(instant limit, const char *wanted) {
    char name[32] = "";
    instant since;
    bool is = progress_stuck(limit, name, sizeof name, &since);
    assert_true(is == (since >= limit && since > 0));
    assert_string_equal(name, is ? wanted : "");
    return is;
}

static void only_a_long_step_is_stuck(void **state) {
    (void)state;
    struct progress *slow = progress_new("slow"), *idle = progress_new("idle");
    usleep(3000);
    assert_false(stuck(1, "")); /* both rest */
    progress_step(slow);
    assert_false(stuck(MINUTE, ""));
    usleep(3000);
    progress_step(idle);
    usleep(1000);
    assert_true(stuck(MILLISECOND, "slow")); /* the longest of the two */
    progress_step(slow);
    progress_rest(idle);
    assert_false(stuck(MINUTE, ""));
    progress_rest(slow);
    assert_false(stuck(1, ""));
    progress_free(slow);
    progress_free(idle);
    assert_false(stuck(1, ""));
    progress_step(NULL);
    progress_rest(NULL);
    progress_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_long_step_is_stuck),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
