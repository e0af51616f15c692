/* A stop has an end, whoever holds up what is to be finished. */
#include "support/check.h"
#include "support/cutter.h"
#include "support/scenario.h"

#include "base/ending.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* What no connection that is cut off ends: a reload waits for a file that is a
 * pipe nobody writes to. */
static void fotad_ends_where_it_is(void **state) {
    (void)state;
    struct scenario *s = scenario_open(&(struct scenario_wish){0});
    assert_int_equal(unlink(s->config_path), 0);
    assert_int_equal(mkfifo(s->config_path, 0600), 0);
    kill(s->fotads[0].pid, SIGHUP);
    usleep(500000);
    instant begun = clock_elapsed();
    kill(s->fotads[0].pid, SIGTERM);
    int status = 0;
    while (!scenario_has_ended(s, 0, &status))
        usleep(100000);
    instant took = clock_elapsed() - begun;
    print_message("ended after %jd s\n", (intmax_t)(took / SECOND));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    assert_true(took < 60 * SECOND);
    scenario_logged(s, "warning fotad.cut_off", "connections are cut off");
    scenario_logged(s, "error fotad.stuck", "does not end");
    unlink(s->config_path);
    scenario_end(s);
}

/* What a reload is asked for by, while a load balancer is given the time to see
 * that it stops. */
static void a_hangup_ends_no_grace(void **state) {
    (void)state;
    struct scenario *s = scenario_open(
        &(struct scenario_wish){.config = "[operations]\nstop_grace = 3s\n"});
    instant begun = clock_elapsed();
    kill(s->fotads[0].pid, SIGTERM);
    scenario_logged(s, "fotad.stopping", "");
    kill(s->fotads[0].pid, SIGHUP);
    int status = 0;
    while (!scenario_has_ended(s, 0, &status))
        usleep(20000);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(clock_elapsed() - begun >= 3 * SECOND);
    scenario_end(s);
}

static instant time_to_end(struct scenario *s) {
    instant begun = clock_elapsed();
    scenario_end_one(s, 0, SIGTERM);
    return clock_elapsed() - begun;
}

/* Nobody was let in yet: a start that waits for the database ends at once. */
static void a_start_that_waits_ends_when_told(void **state) {
    (void)state;
    struct scenario *s = scenario_open(&(struct scenario_wish){0});
    scenario_stop_fotad(s, SIGTERM);
    scenario_tell(s, "begin; lock table tracking_setting, transition"
                     " in access exclusive mode");
    scenario_launch(s, 0, NULL);
    scenario_logged(s, "fotad.start_waits", "for rules");
    assert_true(time_to_end(s) < patience() * 3 * SECOND);
    scenario_logged(s, "fotad.stopping", "it is at: rules");
    scenario_tell(s, "rollback");
    scenario_end(s);
}

/* As when a machine starts before its database server. */
static void a_start_waits_for_a_database_that_is_away(void **state) {
    (void)state;
    struct scenario *s = scenario_open(&(struct scenario_wish){.lines = true});
    scenario_stop_fotad(s, SIGTERM);
    cutter_cut(s->lines[LINE_TO_DATABASE], CUT_RESET);
    scenario_launch(s, 0, NULL);
    scenario_logged(s, "db.trouble what=", "fotad connects again by itself");
    scenario_logged(s, "fotad.start_waits", "for database");
    cutter_cut(s->lines[LINE_TO_DATABASE], CUT_WELL);
    assert_true(scenario_wait_ready(s, 0));
    scenario_end(s);
}

static void wait_for_standby(struct scenario *s, const char *name) {
    scenario_tell(s, "alter system set synchronous_standby_names = '%s'", name);
    scenario_tell(s, "select pg_reload_conf()");
}

/* The commits of this database alone wait: all others of the tests' server do
 * without. */
static void a_standby_that_is_away_is_said(void **state) {
    (void)state;
    struct scenario *s = scenario_open(&(struct scenario_wish){0});
    scenario_stop_fotad(s, SIGTERM);
    scenario_tell(s, "alter database %s set synchronous_commit = on",
                  scenario_ask(s, "select current_database()"));
    scenario_launch(s, 0, NULL);
    assert_true(scenario_wait_ready(s, 0));
    wait_for_standby(s, "away");
    unsigned status = 200;
    const char *said = NULL;
    for (struct scenario_wait wait = {0}; status == 200;) {
        said = scenario_get(s, 0, "/readyz", &status);
        if (!scenario_again(&wait))
            scenario_fail(s, "it is ready");
    }
    assert_non_null(strstr(said, "wait for the synchronous standby"));
    scenario_end_one(s, 0, SIGKILL);
    scenario_launch(s, 0, NULL);
    scenario_logged(s, "fotad.start_waits", "its standby");
    instant took = time_to_end(s);
    wait_for_standby(s, "");
    assert_true(took < patience() * 3 * SECOND);
    scenario_end(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locked_tables_hold_no_stop_up),
        cmocka_unit_test(fotad_ends_where_it_is),
        cmocka_unit_test(a_hangup_ends_no_grace),
        cmocka_unit_test(a_start_that_waits_ends_when_told),
        cmocka_unit_test(a_start_waits_for_a_database_that_is_away),
        cmocka_unit_test(a_standby_that_is_away_is_said),
    };
    return scenario_tests(tests, NULL, NULL);
}
