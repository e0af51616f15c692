/* The ledger: what Users were told against what they confirmed, with numbers
 * that have no gap; their own lists against it; messages told again; and what
 * CSPs took against what they reported (requirement E3). */
#include "support/check.h"
#include "support/files.h"
#include "support/tool.h"

#include <string.h>

#define USER "90-B3-D5-1F-30-01-00-01"
#define ACB "90-B3-D5-1F-30-00-00-02"

/* Three about a device each, and a response; User 02 has one of its own. */
static const char told_sql[] =
    "insert into service_user values ('90b3d51f30010001', 'Supplier A', '{IS}',"
    " 'active'), ('90b3d51f30010002', 'Supplier B', '{IS}', 'active');"
    "insert into service_request (originator, target, counter, stage, used,"
    " service, service_reference_variant, command_variant, content, received)"
    " values ('90b3d51f30010001', '90b3d51f30000002', 7, 1, true,"
    " 'serviceD', '11.4', 8, sha256(''), '2026-11-21');"
    "alter sequence alert_counter minvalue 1 restart 11;"
    "select tell(array(select user_message(i, '90b3d51f30010001', 'N61', 1,"
    " '00db1234567890a0'::macaddr8) from generate_series(1, 3) i),"
    " '2026-11-21 10:00Z');"
    "select tell(array[user_message(1, '90b3d51f30010001', 'ResponseMessage',"
    " 1, '00db1234567890a0', 'E20')], '2026-11-21 10:01Z');"
    "select tell(array[user_message(1, '90b3d51f30010001',"
    " 'DeviceAlertMessage', null, '00db1234567890a0', p_originator_counter =>"
    " 99)], '2026-11-21 10:02Z');"
    "select tell(array[user_message(1, '90b3d51f30010002', 'N39', null,"
    " '00db1234567890a0')], '2026-11-21 10:03Z');";

/* What came of a turn of User 01's lane. */
#define CONFIRMS(alerts)                                                       \
    "update alert_lane set leased_until = now(), lease_number = 1 where"       \
    " user_id = '90b3d51f30010001';"                                           \
    "select lane_settled('90b3d51f30010001', 1, null, array[" alerts           \
    "]::bigint[], '{}', '{}', '{}', 0, null, null, '2000-01-01',"              \
    " '2026-11-22Z')"

static int setup(void **state) {
    tool_setup(state);
    struct tool *tool = *state;
    if (tool) {
        tool_sql(tool, "%s", told_sql);
        tool_sql(tool, CONFIRMS("12, 11"));
        tool_sql(tool, CONFIRMS("15, 14"));
    }
    return 0;
}

static void expect_out(struct tool *tool, const char *text) {
    if (!strstr((const char *)tool->out.data, text))
        fail_msg("gave:\n%s%s\nwithout:\n%s", (char *)tool->out.data,
                 (char *)tool->err.data, text);
}

#define LINES                                                                  \
    "number,responseId,code,requestId,deviceId,told,confirmed,state\n"         \
    "1," ACB ":" USER ":11,N61," USER ":" ACB                                  \
    ":7,00-DB-12-34-56-78-90-A0,2026-11-21T10:00:00.000Z,"                     \
    "2026-11-22T00:00:00.000Z,confirmed\n"                                     \
    "2," ACB ":" USER ":12,N61," USER ":" ACB                                  \
    ":7,00-DB-12-34-56-78-90-A0,2026-11-21T10:00:00.000Z,"                     \
    "2026-11-22T00:00:00.000Z,confirmed\n"                                     \
    "," ACB ":" USER ":13,N61," USER ":" ACB                                   \
    ":7,00-DB-12-34-56-78-90-A0,2026-11-21T10:00:00.000Z,,waiting\n"           \
    "3," ACB ":" USER ":7,ResponseMessage E20," USER ":" ACB                   \
    ":7,00-DB-12-34-56-78-90-A0,2026-11-21T10:01:00.000Z,"                     \
    "2026-11-22T00:00:00.000Z,confirmed\n"                                     \
    "4,00-DB-12-34-56-78-90-A0:" USER ":99,DeviceAlertMessage,,"               \
    "00-DB-12-34-56-78-90-A0,2026-11-21T10:02:00.000Z,"                        \
    "2026-11-22T00:00:00.000Z,confirmed\n"

static void each_message_has_its_confirmation(void **state) {
    struct tool *tool = *state;
    tool_expect(tool, "ledger --user " USER " --csv", 0, "");
    assert_string_equal((const char *)tool->out.data, LINES);
    tool_expect(tool, "ledger --user " USER, 0, "");
    expect_out(tool, "N61                  90-B3-D5-1F-30-01-00-01:"
                     "90-B3-D5-1F-30-00-00-02:7     3          2        1"
                     "         0            0\n");
    /* a message belongs to the time when it was told */
    tool_expect(tool,
                "ledger --user " USER " --since 2026-11-21T10:02:00Z"
                " --until 2026-11-22T00:00:00Z --csv",
                0, "");
    assert_null(strstr((const char *)tool->out.data, "N61"));
    expect_out(tool, "4,00-DB-12-34-56-78-90-A0:");
    tool_expect(tool, "ledger --user 90-B3-D5-1F-30-01-00-02", 0, "");
    expect_out(tool, "N39");
    tool_expect(tool, "ledger", 2, "fotactl: --user says whose ledger\n");
}

static void what_was_taken_out_by_hand_is_found(void **state) {
    static const struct {
        const char *sql, *difference;
    } cases[] = {
        {"delete from alert where alert_no = 13",
         "told, not confirmed, and not being told"},
        {"delete from sat_entry where kind = 'delivered' and detail like"
         " 'counter 12,%'",
         "number 2 is missing"},
        {"delete from sat_entry where kind = 'delivered' and detail like"
         " 'counter 15,%'",
         "number 4 is missing"},
        {"delete from sat_entry where kind = 'delivered'",
         "numbers 1 to 4 are missing"},
        {"delete from sat_entry where kind = 'alert' and detail = 'counter 11'",
         "confirmed, and never told"},
        {"insert into sat_entry (at, kind, party, detail) values ('2026-11-23',"
         " 'delivered', '90b3d51f30010001', 'counter 12, number 2')",
         "number 2 was given twice"},
    };
    struct tool *tool = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (i) {
            tool_teardown(state);
            setup(state);
            tool = *state;
        }
        tool_sql(tool,
                 "set session_replication_role = replica;%s;"
                 "reset session_replication_role",
                 cases[i].sql);
        assert_int_equal(tool_run(tool, "ledger --user " USER), 1);
        expect_out(tool, cases[i].difference);
    }
}

static void a_message_that_was_given_up_is_no_difference(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "update alert set state = 'given_up' where alert_no = 13");
    tool_expect(tool, "ledger --user " USER " --json", 0, "");
    expect_out(tool, "\"givenUp\": 1");
    expect_out(tool, "\"differences\": []");
}

/* ---- their own list ---- */

static void a_list_of_theirs_is_held_against_it(void **state) {
    struct tool *tool = *state;
    tool_file(tool, "own.csv",
              span_text("ResponseID,code\n" ACB ":" USER ":11,N61\n" ACB
                        ":" USER ":12\n" USER ":" ACB ":7,E20\n" ACB ":" USER
                        ":7,E20\n00-db-12-34-56-78-90-a0:" USER ":99\n"));
    assert_int_equal(tool_run(tool, "ledger --user " USER " --check @own.csv"),
                     1);
    expect_out(tool, "we have it not  90-B3-D5-1F-30-01-00-01:"
                     "90-B3-D5-1F-30-00-00-02:7");
    assert_null(strstr((const char *)tool->out.data, "they have it not"));
    tool_file(tool, "own.csv",
              span_text(ACB ":" USER ":11,N61\n" ACB ":" USER ":12,N60\n" ACB
                            ":" USER ":7,ResponseMessage\n"
                            "00-DB-12-34-56-78-90-A0:" USER ":99\n"));
    assert_int_equal(
        tool_run(tool, "ledger --user " USER " --check @own.csv --json"), 1);
    expect_out(tool, "\"difference\": \"they have it not\",\n"
                     "      \"responseId\": \"" ACB ":" USER
                     ":12\",\n      \"code\": \"N61\"");
    expect_out(tool, "\"difference\": \"we have it not\",\n"
                     "      \"responseId\": \"" ACB ":" USER
                     ":12\",\n      \"code\": \"N60\"");
    tool_file(tool, "own.csv", span_text("ResponseID\nnone\n"));
    tool_expect(tool, "ledger --user " USER " --check @own.csv", 1,
                "fotactl: @own.csv:2: 'none' is no ResponseID\n");
}

/* ---- told again ---- */

static void messages_are_told_again_as_they_were(void **state) {
    struct tool *tool = *state;
    tool_expect_rows(tool,
                     "select count(*) from alert_confirmed where user_id ="
                     " '90b3d51f30010001'",
                     "4");
    tool_expect(tool, "replay 3 --user " USER " --reason lost", 0, "");
    expect_out(tool, "2 messages are told again.\n");
    tool_expect_rows(tool,
                     "select alert_no, created, code, response_code, device_id,"
                     " originator_counter, state from alert where user_id ="
                     " '90b3d51f30010001' order by 1",
                     "13|2026-11-21 10:00:00+00|N61||00:db:12:34:56:78:90:a0||"
                     "waiting\n"
                     "14|2026-11-21 10:01:00+00|ResponseMessage|E20|"
                     "00:db:12:34:56:78:90:a0||waiting\n"
                     "15|2026-11-21 10:02:00+00|DeviceAlertMessage||"
                     "00:db:12:34:56:78:90:a0|99|waiting");
    tool_expect_rows(tool,
                     "select kind, code, detail from sat_entry order by"
                     " entry_no desc limit 3",
                     "person|replay|2 messages since number 3: lost\n"
                     "alert again|DeviceAlertMessage|counter 15, of the device"
                     " 99\n"
                     "alert again|E20|counter 14");
    /* while they wait, and when they are confirmed, the ledger is even */
    tool_expect(tool, "ledger --user " USER " --csv", 0, "");
    expect_out(tool, ",,waiting\n");
    tool_expect(tool, "ledger --user " USER, 0, "");
    tool_sql(tool, CONFIRMS("14, 15, 13"));
    tool_expect(tool, "ledger --user " USER " --csv", 0, "");
    expect_out(tool, "5," ACB ":" USER ":13,");
    expect_out(tool, "6," ACB ":" USER ":7,");
    expect_out(tool, "7,00-DB-12-34-56-78-90-A0:" USER ":99,");
    tool_expect(tool, "ledger --user " USER, 0, "");
    tool_expect(tool, "replay 0 --user " USER " --reason x", 2,
                "fotactl: numbers begin with 1\n");
    tool_expect(tool, "replay 1 --user " USER, 2,
                "fotactl: say why: a reason of 1 to 500 characters\n");
}

static void what_is_not_kept_is_not_told_again(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "delete from alert_confirmed where number < 3");
    tool_expect(tool, "replay 1 --user " USER " --reason lost", 0, "");
    expect_out(tool, "2 messages are told again; what is before number 3 is"
                     " not kept.\n");
    sql_run_for(tool->sql, "31 days");
    tool_expect_rows(tool, "select clean_confirmed('30 days', 100)", "2");
    tool_expect(tool, "replay 1 --user " USER " --reason lost", 0, "");
    expect_out(tool, "0 messages are told again");
    tool_expect(tool, "ledger --user " USER, 0, "");
}

/* ---- CSPs ---- */

static void jobs_of_csps_are_counted(void **state) {
    struct tool *tool = *state;
    tool_sql(tool,
             "insert into csp_job (request_no, csp, device_type, devices,"
             " created, state, next_try, ended, reported, silent) values"
             " (1, 'north', 'PPMID', 10, '2026-11-21', 'handed_over',"
             " '2026-11-21', '2026-11-21', '2026-11-22', null),"
             " (1, 'north', 'PPMID', 5, '2026-11-21', 'handed_over',"
             " '2026-11-21', '2026-11-21', null, '2026-11-26'),"
             " (1, 'north', 'PPMID', 5, '2026-11-21', 'handed_over',"
             " '2026-11-21', '2026-11-21', null, null),"
             " (1, 'north', 'PPMID', 5, '2026-11-21', 'waiting',"
             " '2026-11-21', null, null, null);"
             "insert into tracking_history (device_id, chf_id, request_no,"
             " job_no, last_updated, released, status, device_type, csp,"
             " report_status, delivery_status) select"
             " '00db1234567890a0', '00db1234567890a2', 1, 1, '2026-11-22',"
             " '2026-11-22', s, 'PPMID', 'north', r, d from (values"
             " ('REJECTED_BY_CSP'::processing_status,"
             " 'REJECTED_BY_CSP'::processing_status, null),"
             " ('SUCCESSFUL_CH_TRANSFER', null,"
             " 'SUCCESSFUL_CH_TRANSFER'::processing_status),"
             " ('FAILED_CH_TRANSFER', null, 'FAILED_CH_TRANSFER')) x (s, r,"
             " d)");
    tool_expect(tool, "ledger csps --since 2026-11-20 --until 2026-11-30 --csv",
                0, "");
    assert_string_equal(
        (const char *)tool->out.data,
        "csp,taken,reported,silent,waiting,overdue,devices,rejected,delivered,"
        "failed,unheard\n"
        "north,3,1,1,1,1,20,1,1,1,17\n");
    tool_expect(tool, "ledger csps --since 2026-10-20 --until 2026-10-30", 0,
                "");
    expect_out(tool, "No CSP took a job in that time.\n");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tool_teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_message_has_its_confirmation),
        TEST(what_was_taken_out_by_hand_is_found),
        TEST(a_message_that_was_given_up_is_no_difference),
        TEST(a_list_of_theirs_is_held_against_it),
        TEST(messages_are_told_again_as_they_were),
        TEST(what_is_not_kept_is_not_told_again),
        TEST(jobs_of_csps_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
