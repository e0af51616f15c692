/* What fotactl prints of several questions is of one moment: what they are
 * about is changed while it waits for a table. */
#include "support/check.h"
#include "support/tool.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND(counter)                                                       \
    "insert into device_command (request_no, device_id, device_type,"          \
    " chf_id, csp, originator, counter, message_code, state, created,"         \
    " next_try, ended, payload) values (1, '00db1234567890a0',"                \
    " 'HCALCS', '00db1234567890a2', 'north', '90b3d51f30010000', " counter     \
    ", 18, 'answered', '2026-03-01 10:00Z', '2026-03-01',"                     \
    " '2026-03-01 10:05Z', 'x');"

static const char estate_sql[] =
    "insert into service_user values ('90b3d51f30010000', 'Supplier A',"
    " '{IS}', 'active');"
    "insert into service_request (originator, target, counter, stage, used,"
    " service, service_reference_variant, command_variant, content, received,"
    " condition, response_code) values ('90b3d51f30010000',"
    " '00db1234567890a0', 7, 2, true, 'serviceS', '11.3', 5, sha256(''),"
    " '2026-03-01', 'accepted', 'I99');" COMMAND("7");

enum { REPORT, REQUEST, VERIFY };

static const struct moment {
    const char *line;
    const char *table; /* it waits for it once it has begun to read */
    const char *change;
} moments[] = {
    [REPORT] = {"report rsat-004 --from 2026-03-01 --to 2026-03-02 --json",
                "device_command", COMMAND("8")},
    [REQUEST] = {"request 90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:7",
                 "service_request",
                 "update service_request set response_code = 'E11'"},
    /* as when one more seal is made */
    [VERIFY] = {"sat verify", "sat_mark",
                "update sat_mark set seal_no = seal_no + 1"},
};

struct asking {
    struct tool *tool;
    const char *line;
    int status;
};

static void *ask(void *context) {
    struct asking *asking = context;
    asking->status = tool_run(asking->tool, asking->line);
    return NULL;
}

static void wait_until_it_waits(struct sql *sql, const char *table) {
    for (instant begun = clock_elapsed();
         strcmp(sql_text(sql,
                         "select count(*) from pg_locks where not granted"
                         " and relation = '%s'::regclass",
                         table),
                "0") == 0;) {
        assert_true(clock_elapsed() - begun < 60 * SECOND);
        usleep(10000);
    }
}

static void is_of_one_moment(struct tool *tool, const struct moment *moment) {
    struct sql *other = sql_open(tool->conninfo);
    struct asking asking = {.tool = tool, .line = moment->line};
    pthread_t thread;
    tool_sql(tool, "%s", estate_sql);
    tool_expect(tool, moment->line, 0, "");
    char *before = strdup((const char *)tool->out.data);
    tool_sql(tool, "begin; lock table %s in access exclusive mode",
             moment->table);
    assert_int_equal(pthread_create(&thread, NULL, ask, &asking), 0);
    wait_until_it_waits(other, moment->table);
    tool_sql(tool, "%s; commit", moment->change);
    pthread_join(thread, NULL);
    if (asking.status != 0 || strcmp((const char *)tool->out.data, before) != 0)
        fail_msg("%s\n  said: %s%s\n  not: %s", moment->line,
                 (char *)tool->out.data, (char *)tool->err.data, before);
    free(before);
    sql_close(other);
}

static void a_report_has_sums_of_its_rows(void **state) {
    is_of_one_moment(*state, &moments[REPORT]);
}

static void a_request_has_the_statuses_of_its_devices(void **state) {
    is_of_one_moment(*state, &moments[REQUEST]);
}

static void a_seal_made_meanwhile_is_not_missing(void **state) {
    is_of_one_moment(*state, &moments[VERIFY]);
}

#define MOMENT_TEST(name)                                                      \
    cmocka_unit_test_setup_teardown(name, tool_setup, tool_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        MOMENT_TEST(a_report_has_sums_of_its_rows),
        MOMENT_TEST(a_request_has_the_statuses_of_its_devices),
        MOMENT_TEST(a_seal_made_meanwhile_is_not_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
