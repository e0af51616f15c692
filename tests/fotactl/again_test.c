/* What two sessions do to each other passes: a verb tries again, as the daemon
 * does, and says nothing of it. */
#include "support/check.h"
#include "support/tool.h"

#include <string.h>

/* The first writes of the audit trail meet all that passes; each starts anew at
 * `reset_sql`. What a sequence has counted is not rolled back. */
static const char meets_sql[] =
    "create sequence writes; grant all on sequence writes to public;"
    "create function meet() returns trigger language plpgsql as $$"
    " declare n constant bigint := nextval('writes'); begin"
    " if n <= 3 then raise exception using errcode ="
    "  (array['40P01', '40001', '55P03'])[n], message = 'it passes'; end if;"
    " return null; end $$;"
    "create trigger meet before insert on sat_entry for each statement"
    " execute function meet()";
static const char reset_sql[] = "select setval('writes', 1, false)";

#define HASH "AB000000000000000000000000000000000000000000000000000000000000CD"

static const char world_sql[] =
    "insert into alert (alert_no, user_id, created, code, state) values"
    " (1, '90:b3:d5:1f:30:01:00:01', '2026-11-21', 'N61', 'given_up');"
    "insert into alert_lane (user_id) values ('90:b3:d5:1f:30:01:00:01');"
    "insert into service_request (originator, target, counter, stage, used,"
    " service, service_reference_variant, command_variant, content, received)"
    " values ('90:b3:d5:1f:30:01:00:01', '90:b3:d5:1f:30:00:00:02', 7, 1, true,"
    " 'serviceD', '11.4', 8, sha256(''), '2026-11-21');"
    "insert into tracking_live (device_id, chf_id, request_no, last_updated,"
    " release_due, status, device_type, csp, responsible_supplier_ids) values"
    " ('00:db:12:34:56:78:90:a0', '00:db:12:34:56:78:90:a1', 1, now(),"
    " 'infinity', 'AWAITING_CSP', 'PPMID', 'north', '{}');"
    "insert into held_request (request_no, breach, devices, volume,"
    " quarantine, period_seconds, held) values (1, 'user', 1, 1, 1, 1, now())";

static int setup(void **state) {
    tool_setup(state);
    struct tool *tool = *state;
    if (tool)
        tool_sql(tool, "%s;%s", world_sql, meets_sql);
    return 0;
}

static void a_verb_tries_again(void **state) {
    static const char *const lines[] = {
        "undelivered retry",
        "reset 00-DB-12-34-56-78-90-A0 --reason why",
        "account add dora --role service_desk",
        "account role dora --role auditor",
        "account token dora",
        "quarantine reject 1 --reason why",
        "hold --image " HASH " --reason why",
        "release --image " HASH " --reason why",
        "import users @users.csv",
        "thresholds set 11.4 --user 90-B3-D5-1F-30-01-00-01 --period 24h"
        " --warning 5 --quarantine 9",
    };
    struct tool *tool = *state;
    tool_file(tool, "users.csv",
              span_text("user_id,name,roles,status,receive_url,duis_version\n"
                        "90-B3-D5-1F-30-01-00-01,A,IS,active,,\n"));
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        tool_sql(tool, "%s", reset_sql);
        if (tool_run(tool, lines[i]) != 0)
            fail_msg("%s: %.*s", lines[i], (int)tool->err.len,
                     (const char *)tool->err.data);
        assert_int_equal(
            sql_int(tool->sql, "select least(last_value, 4) from writes"), 4);
    }
    tool_expect_rows(tool,
                     "select status::text from tracking_history union all"
                     " select state::text from held_request union all"
                     " select state::text from alert where alert_no = 1",
                     "RESET_BY_DCC\nrejected\nwaiting");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_verb_tries_again, setup,
                                        tool_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
