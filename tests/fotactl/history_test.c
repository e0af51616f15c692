/* The history of a device, hub, request or User is found in the whole trail,
 * and with it what a device's update was at any moment (requirement H1). */
#include "support/check.h"
#include "support/tool.h"

#include <string.h>
#include <time.h>

#define USER "90-B3-D5-1F-30-01-00-01"
#define REQUEST USER ":90-B3-D5-1F-30-00-00-02:"

/* A device behind a hub: an update of 2024, which tracking has forgotten, and
 * one of 2026, of which nothing is heard yet; days are over, and are listed. */
static const char years_sql[] =
    "update sat_guard set ahead = null;"
    "insert into service_user values ('90b3d51f30010001', 'Supplier A', '{IS}',"
    " 'active');"
    "insert into service_request (originator, target, counter, stage, used,"
    " service, service_reference_variant, command_variant, content, received)"
    " select '90b3d51f30010001', '90b3d51f30000002', n, 1, true, 'serviceD',"
    " '11.4', 8, sha256(''), at::timestamptz from (values (1,"
    " '2024-03-01 10:00Z'), (2, '2026-11-21 10:00Z')) x (n, at);"
    "select make_day('sat_entry', day, 100) from unnest(array['2024-03-01',"
    " '2024-03-02', '2024-03-03', '2026-11-21']::date[]) day;"
    "insert into sat_entry (at, kind, request_no, device_id, party, code,"
    " detail) values"
    " ('2024-03-01 10:00Z', 'request', 1, null, '90b3d51f30010001', 'I99',"
    "  'serviceD'),"
    " ('2024-03-01 11:00Z', 'status', 1, '00db1234567890a0', null,"
    "  'APPROVED_FOR_DISTRIBUTION', 'csp_accepted'),"
    " ('2024-03-02 11:00Z', 'status', 1, '00db1234567890a0', null,"
    "  'FAILED_CH_TRANSFER', 'hub_failed NO_ROUTE'),"
    " ('2024-03-02 11:00Z', 'alert', 1, '00db1234567890a0',"
    "  '90b3d51f30010001', 'N60', 'counter 7'),"
    " ('2024-03-03 11:00Z', 'delivered', 1, '00db1234567890a0',"
    "  '90b3d51f30010001', 'N60', 'counter 7, number 1'),"
    " ('2024-03-03 12:00Z', 'status', 1, '00db1234567890a1', null,"
    "  'FIRMWARE_ACTIVATED', 'device_activated');"
    "insert into alert_confirmed (user_id, number, alert_no, created, code,"
    " request_no, device_id, firmware_version, confirmed) values"
    " ('90b3d51f30010001', 1, 7, '2024-03-02', 'N60', 1, '00db1234567890a0',"
    " '\\x0A000003', '2024-03-03');"
    "insert into tracking_live (device_id, chf_id, request_no, last_updated,"
    " release_due, status, device_type, csp, responsible_supplier_ids) values"
    " ('00db1234567890a0', '00db1234567890a2', 2, '2026-11-21 10:00Z',"
    " 'infinity', 'AWAITING_CSP', 'PPMID', 'north', '{90b3d51f30010001}');";

static void list_all(struct tool *tool) {
    for (int tries = 0; tries < 600; tries++) {
        tool_sql(tool, "select seal_trail('2026-11-23', 100);"
                       "select sat_list_days(100)");
        if (sql_int(tool->sql, "select listed from sat_mark") >=
            sql_int(tool->sql, "select max(entry_no) from sat_entry"))
            return;
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    fail_msg("the days are not listed");
}

static int setup(void **state) {
    tool_setup(state);
    struct tool *tool = *state;
    if (!tool)
        return 0;
    tool_sql(tool, "%s", years_sql);
    list_all(tool);
    while (strcmp(sql_text(tool->sql, "select sat_index_day('2026-11-30')"),
                  "made") == 0)
        ;
    return 0;
}

static void expect_out(struct tool *tool, const char *text) {
    if (!strstr((const char *)tool->out.data, text))
        fail_msg("gave:\n%s%s\nwithout:\n%s", (char *)tool->out.data,
                 (char *)tool->err.data, text);
}

static void days_are_listed_and_indexed(void **state) {
    struct tool *tool = *state;
    tool_expect_rows(tool,
                     "select right(device_id::text, 2), day from sat_device_day"
                     " order by 1, 2",
                     "a0|2024-03-01\na0|2024-03-02\na0|2024-03-03\n"
                     "a1|2024-03-03");
    tool_expect_rows(tool,
                     "select request_no, count(*) from sat_request_day group by"
                     " 1",
                     "1|3");
    tool_expect_rows(tool,
                     "select count(*) from pg_indexes where indexname ~"
                     " '^sat_entry_2.*_of_(device|request)$'",
                     "8");
    tool_expect_rows(tool, "select sat_index_day('2026-11-30')", "none");
    tool_expect_rows(tool, "select sat_list_days(100)", "0");
    /* what retention dropped is forgotten */
    tool_sql(tool, "drop table sat_entry_20240301, sat_entry_20240302");
    tool_expect_rows(tool, "select sat_list_days(100)", "0");
    tool_expect_rows(tool, "select min(day) from sat_device_day", "2024-03-03");
}

static void each_has_its_history(void **state) {
    static const struct {
        const char *line;
        const char *entries; /* their numbers */
    } cases[] = {
        {"history device 00-DB-12-34-56-78-90-A0", "2 3 4 5 "},
        {"history device 00-DB-12-34-56-78-90-A1", "6 "},
        {"history device 00-DB-12-34-56-78-90-A9", ""},
        {"history request " REQUEST "1", "1 2 3 4 5 6 "},
        {"history request " REQUEST "9", ""},
        {"history user " USER " --since 2024-01-01", "1 4 5 "},
        {"history user " USER, ""},
        {"history device 00-DB-12-34-56-78-90-A0 --since 2024-03-02", "3 4 5 "},
        {"history device 00-DB-12-34-56-78-90-A0 --until 2024-03-02", "2 "},
        {"history request " REQUEST "1 --at 2024-03-02T11:00:00Z", "1 2 3 4 "},
    };
    struct tool *tool = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[256], got[256] = "";
        snprintf(line, sizeof line, "%s --csv", cases[i].line);
        tool_expect(tool, line, 0, "");
        char *rest = (char *)tool->out.data;
        strsep(&rest, "\n"); /* the header */
        for (char *row; (row = strsep(&rest, "\n")) && *row;) {
            strncat(got, row, strcspn(row, ","));
            strcat(got, " ");
        }
        if (strcmp(got, cases[i].entries) != 0)
            fail_msg("%s\n  gave: %s\n  not:  %s", cases[i].line, got,
                     cases[i].entries);
    }
}

/* Not in the inventory any more, and what comes tomorrow is found at once. */
static void what_is_not_listed_yet_is_found(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "insert into sat_entry (at, kind, device_id) values (now(),"
                   " 'inventory', '00db1234567890a0');"
                   "select make_day('sat_entry', current_date, 100)");
    tool_expect(tool, "history device 00-DB-12-34-56-78-90-A0", 0, "");
    expect_out(tool, "inventory");
}

static void a_hub_has_what_is_behind_it(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "insert into smi_device (device_id, chf_id, device_type,"
                   " device_status, smets_version) select '00db1234567890a0',"
                   " '00db1234567890a2', 'PPMID', 'Commissioned', 'SMETS2'");
    tool_expect(tool, "history hub 00-DB-12-34-56-78-90-A2", 0, "");
    expect_out(tool, "00-DB-12-34-56-78-90-A0");
    assert_null(strstr((const char *)tool->out.data, "90-A1"));
}

static void a_message_is_shown_in_full(void **state) {
    struct tool *tool = *state;
    tool_expect(tool, "history device 00-DB-12-34-56-78-90-A0 --json", 0, "");
    expect_out(tool, "\\\"version\\\":\\\"0A000003\\\"");
}

/* What a device said: while it may count, and afterwards. */
static void what_a_device_said_stays(void **state) {
    struct tool *tool = *state;
    tool_sql(tool,
             "insert into gbcs_message (csp, message_id, received, chf_id,"
             " originator, recipient, cra, code, counter, state, payload)"
             " select 'north', id, now(), '00db1234567890a2',"
             " '00db1234567890a0', to_id::macaddr8, 3, 1, n, state, payload"
             " from (values (1, 'a, b', '90b3d51f30010001', 'done',"
             " '\\x616231'::bytea), (2, 'c', '90b3d51f30000002', 'unknown',"
             " '\\x636432'), (3, 'd', '90b3d51f30010001', 'unverified',"
             " '\\x656633')) x (n, id, to_id, state, payload);"
             "select make_day('sat_entry', current_date, 100);"
             "insert into sat_entry (at, kind, device_id, csp, code, detail)"
             " select now(), 'device_alert', '00db1234567890a0', 'north',"
             " '8F72', 'messageId ' || d from unnest(array['a, b', 'c,"
             " unknown: duplicate: its counter was heard before', 'd,"
             " unverified: its signature is not good']) d");
    static const char read[] = "history device 00-DB-12-34-56-78-90-A0 --json"
                               " --since 2026-01-01";
    tool_expect(tool, read, 0, "");
    expect_out(tool, "616231");
    expect_out(tool, "636432");
    expect_out(tool, "656633");
    static const char by_supplier[] =
        "select string_agg(coalesce(substring(message from '[0-9a-f]{6}'),"
        " '-'), ' ' order by entry_no) from list_trail('00db1234567890a0',"
        " null, null, null, null, '90b3d51f30010001', '2026-01-01', null,"
        " null, null, 100) where kind = 'device_alert'";
    tool_expect_rows(tool, by_supplier, "616231 - 656633");
    sql_run_for(tool->sql, "90 days");
    tool_expect_rows(tool, "select clean_messages(interval '45 days', 100)",
                     "3");
    tool_expect_rows(tool, "select count(*) from gbcs_message", "0");
    tool_expect(tool, read, 0, "");
    expect_out(tool, "616231");
    expect_out(tool, "636432");
    assert_null(strstr((const char *)tool->out.data, "656633"));
    tool_expect_rows(tool, by_supplier, "616231 - -");
}

static void the_state_is_as_of_any_moment(void **state) {
    static const struct {
        const char *at, *state;
    } cases[] = {
        {"2024-03-01T09:59:59Z", "Nothing was known of it then.\n"},
        {"2024-03-01T10:00:00Z",
         "status     AWAITING_CSP\nrequestId  " REQUEST "1\nreason     -\n"
         "since      2024-03-01T10:00:00.000Z\nreleased   -\n"},
        {"2024-03-01T11:00:00Z",
         "status     APPROVED_FOR_DISTRIBUTION\nrequestId  " REQUEST "1\n"},
        {"2024-03-02T10:59:59Z",
         "status     APPROVED_FOR_DISTRIBUTION\nrequestId  " REQUEST "1\n"},
        {"2024-03-02T11:00:00Z",
         "status     FAILED_CH_TRANSFER\nrequestId  " REQUEST
         "1\nreason     NO_ROUTE\nsince      2024-03-02T11:00:00.000Z\n"},
        {"2026-11-20", "status     FAILED_CH_TRANSFER\n"},
        {"2026-11-22", "status     AWAITING_CSP\nrequestId  " REQUEST "2\n"},
    };
    struct tool *tool = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[128];
        snprintf(line, sizeof line,
                 "history device 00-DB-12-34-56-78-90-A0 --at %s", cases[i].at);
        tool_expect(tool, line, 0, "");
        expect_out(tool, cases[i].state);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tool_teardown)
    const struct CMUnitTest tests[] = {
        TEST(days_are_listed_and_indexed),
        TEST(each_has_its_history),
        TEST(what_is_not_listed_yet_is_found),
        TEST(a_hub_has_what_is_behind_it),
        TEST(a_message_is_shown_in_full),
        TEST(what_a_device_said_stays),
        TEST(the_state_is_as_of_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
