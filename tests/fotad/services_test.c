/* The table of services: they start in its order and stop in reverse, and what
 * has not started is not stopped. */
#include "support/check.h"
#include "support/scenario.h"
#include "support/scenario_files.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char table[] =
    "schemas database clock past rules signer acb_key revocations health "
    "delivery"
    " mail receivers csp_gateway housekeeping releases people users";

/* The services that the log names under this event, the first one first or,
 * `backwards`, last. */
static const char *services_of(struct scenario *s, const char *event,
                               bool backwards) {
    const char *names = "";
    char line[4096], name[64];
    FILE *log = fopen(scenario_path(s, "fotad.log"), "r");
    assert_non_null(log);
    while (fgets(line, sizeof line, log)) {
        const char *at = strstr(line, event);
        if (!at || sscanf(at + strlen(event), " service=%63s", name) != 1)
            continue;
        if (!*names)
            names = arena_printf(s->arena, "%s", name);
        else if (backwards)
            names = arena_printf(s->arena, "%s %s", name, names);
        else
            names = arena_printf(s->arena, "%s %s", names, name);
    }
    fclose(log);
    return names;
}

static struct scenario *begin(void) {
    return scenario_open(
        &(struct scenario_wish){.config = "[log]\nlevel = debug\n"});
}

static void they_stop_in_reverse(void **state) {
    (void)state;
    struct scenario *s = begin();
    scenario_stop_fotad(s, SIGTERM);
    assert_string_equal(services_of(s, "fotad.starting", false), table);
    assert_string_equal(services_of(s, "fotad.ending", true), table);
    scenario_end(s);
}

static void what_has_not_started_is_not_stopped(void **state) {
    (void)state;
    struct scenario *s = begin();
    scenario_stop_fotad(s, SIGTERM);
    unlink(scenario_path(s, "fotad.log"));
    s->wish.config = "[log]\nlevel = debug\n"
                     "[people]\nlisten = unix:/no/such/folder/people\n";
    scenario_write_configs(s);
    scenario_launch(s, 0, NULL);
    int status = 0;
    for (struct scenario_wait wait = {0}; !scenario_has_ended(s, 0, &status);)
        assert_true(scenario_again(&wait));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    const char *people = strstr(table, " people");
    size_t before = (size_t)(people - table);
    const char *started = services_of(s, "fotad.starting", false);
    assert_int_equal(strncmp(started, table, before), 0);
    assert_string_equal(started + before, " people");
    assert_string_equal(services_of(s, "fotad.ending", true),
                        arena_text(s->arena, span_of(table, before)));
    assert_int_equal(scenario_lines(s, "people.unusable", "/no/such"), 1);
    scenario_end(s);
}

int main(void) {
    if (!scenario_prepare())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_stop_in_reverse),
        cmocka_unit_test(what_has_not_started_is_not_stopped),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scenario_finish();
    return failed;
}
