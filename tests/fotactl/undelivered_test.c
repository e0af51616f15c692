/* fotactl undelivered and sat export (requirement I1). */
#include "support/check.h"
#include "support/tool.h"

#include <jansson.h>

/* User 01 has one message given up, one tried, one not tried; User 02's
 * address fails, so that what waits for it is undelivered too; User 03 is
 * well. */
static const char messages_sql[] =
    "insert into service_request (originator, target, counter, stage, used,"
    " service, service_reference_variant, command_variant, content, received)"
    " values ('90:b3:d5:1f:30:01:00:01', '90:b3:d5:1f:30:00:00:02', 7, 1, true,"
    " 'serviceD', '11.4', 8, sha256(''), '2026-11-21');"
    "insert into alert (alert_no, user_id, created, code, request_no,"
    " device_id, device_ids, originator_counter, state, tries, next_try,"
    " last_error) values"
    " (1, '90:b3:d5:1f:30:01:00:01', '2026-11-21', 'N61', 1,"
    "  '00:db:12:34:56:78:90:a0', null, null, 'given_up', 9, '2026-11-22',"
    "  'HTTP 400'),"
    " (2, '90:b3:d5:1f:30:01:00:01', '2026-11-21', 'N19', 1, null,"
    "  '{00:db:12:34:56:78:90:a0,00:db:12:34:56:78:90:a1}', null, 'waiting',"
    "  1, '2026-11-21 00:00:01', 'HTTP 500'),"
    " (3, '90:b3:d5:1f:30:01:00:01', '2026-11-21', 'ResponseMessage', 1,"
    "  '00:db:12:34:56:78:90:a0', null, null, 'waiting', 0, '-infinity',"
    "  null),"
    " (4, '90:b3:d5:1f:30:01:00:02', '2026-11-21', 'DeviceAlertMessage', null,"
    "  '00:db:12:34:56:78:90:a0', null, 12, 'waiting', 0, '-infinity', null),"
    " (5, '90:b3:d5:1f:30:01:00:03', '2026-11-21', 'N39', 1,"
    "  '00:db:12:34:56:78:90:a0', null, null, 'waiting', 0, '-infinity',"
    "  null);"
    "insert into alert_lane (user_id, next_try, tries, last_error) values"
    " ('90:b3:d5:1f:30:01:00:01', '-infinity', 0, null),"
    " ('90:b3:d5:1f:30:01:00:02', '2026-11-21 00:15', 3, 'no route'),"
    " ('90:b3:d5:1f:30:01:00:03', '-infinity', 0, null);"
    "insert into sat_entry (at, kind, request_no, device_id, party, csp, code,"
    " detail) values"
    " ('2026-11-20 23:59:59Z', 'alert', 1, '00:db:12:34:56:78:90:a0',"
    "  '90:b3:d5:1f:30:01:00:01', null, 'N61', 'counter 1'),"
    " ('2026-11-21 00:00:00Z', 'job', null, null, null, 'north', 'made',"
    "  'a \"quoted\" word'),"
    " ('2026-11-22 00:00:00Z', 'person', null, null, null, null, 'retry',"
    "  null)";

static int setup(void **state) {
    tool_setup(state);
    struct tool *tool = *state;
    if (tool)
        tool_sql(tool, "%s", messages_sql);
    return 0;
}

static json_t *run_json(struct tool *tool, const char *line) {
    tool_expect(tool, line, 0, "");
    json_error_t error;
    json_t *value =
        json_loadb((const char *)tool->out.data, tool->out.len, 0, &error);
    if (!value)
        fail_msg("%s: %s", line, error.text);
    return value;
}

static void the_undelivered_are_listed(void **state) {
    static const struct {
        const char *line;
        const char *ids[4]; /* ResponseIDs, in order */
    } cases[] = {
        {"undelivered list --json",
         {"90-B3-D5-1F-30-00-00-02:90-B3-D5-1F-30-01-00-01:1",
          "90-B3-D5-1F-30-00-00-02:90-B3-D5-1F-30-01-00-01:2",
          "00-DB-12-34-56-78-90-A0:90-B3-D5-1F-30-01-00-02:12"}},
        {"undelivered list --json --user 90-B3-D5-1F-30-01-00-02",
         {"00-DB-12-34-56-78-90-A0:90-B3-D5-1F-30-01-00-02:12"}},
        {"undelivered list --json --user 90-B3-D5-1F-30-01-00-03", {NULL}},
        {"undelivered list --json --limit 1",
         {"90-B3-D5-1F-30-00-00-02:90-B3-D5-1F-30-01-00-01:1"}},
    };
    struct tool *tool = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *list = run_json(tool, cases[i].line);
        size_t count = 0;
        for (; cases[i].ids[count]; count++)
            assert_string_equal(json_string_value(json_object_get(
                                    json_array_get(list, count), "responseId")),
                                cases[i].ids[count]);
        assert_int_equal(json_array_size(list), count);
        json_decref(list);
    }
}

/* It answers a request, like a ResponseMessage. */
static void a_released_answer_has_the_id_of_its_request(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "update alert set code = 'ServiceResponse', device_id = null"
                   " where alert_no = 1");
    json_t *list = run_json(tool, "undelivered list --json --limit 1");
    assert_string_equal(json_string_value(json_object_get(
                            json_array_get(list, 0), "responseId")),
                        "90-B3-D5-1F-30-00-00-02:90-B3-D5-1F-30-01-00-01:7");
    json_decref(list);
}

static void each_says_why_and_what_next(void **state) {
    static const struct {
        const char *state, *next_try, *last_error;
        int tries, devices;
    } expected[] = {
        {"given-up", NULL, "HTTP 400", 9, 0},
        {"waiting", "2026-11-21T00:00:01.000Z", "HTTP 500", 1, 2},
        {"waiting", "2026-11-21T00:15:00.000Z", "no route", 0, 0},
    };
    json_t *list = run_json(*state, "undelivered list --json");
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const json_t *row = json_array_get(list, i);
        const char *next = json_string_value(json_object_get(row, "nextTry"));
        assert_string_equal(json_string_value(json_object_get(row, "state")),
                            expected[i].state);
        assert_string_equal(next ? next : "-",
                            expected[i].next_try ? expected[i].next_try : "-");
        assert_string_equal(
            json_string_value(json_object_get(row, "lastError")),
            expected[i].last_error);
        assert_int_equal(json_integer_value(json_object_get(row, "tries")),
                         expected[i].tries);
        assert_int_equal(json_integer_value(json_object_get(row, "devices")),
                         expected[i].devices);
    }
    json_decref(list);
}

static void retrying_makes_them_due_again(void **state) {
    struct tool *tool = *state;
    tool_expect(tool, "undelivered retry --user 90-B3-D5-1F-30-01-00-01", 0,
                "");
    tool_expect_rows(tool,
                     "select alert_no, state, tries, next_try = '-infinity',"
                     " retried is not null from alert order by 1 limit 3",
                     "1|waiting|0|t|t\n2|waiting|0|t|t\n3|waiting|0|t|f");
    /* the other User's pause is not ended by it */
    tool_expect_rows(tool,
                     "select next_try = '-infinity' from alert_lane"
                     " where tries = 3",
                     "f");
    tool_expect(tool, "undelivered retry", 0, "");
    tool_expect_rows(tool,
                     "select next_try = '-infinity' from alert_lane"
                     " where tries = 3",
                     "t");
    tool_expect_rows(tool,
                     "select code, detail, person like 'fotactl:_%'"
                     " from sat_entry where kind = 'person'"
                     " and party is not null",
                     "retry|2 messages|t");
    tool_expect(tool, "undelivered retry --user nobody", 2,
                "fotactl: 'nobody' is not an EUI-64 such as "
                "00-DB-12-34-56-78-90-A0\n");
}

static void the_audit_trail_is_exported_by_lines(void **state) {
    static const char first[] =
        "{\"entry\":1,\"at\":\"2026-11-20T23:59:59.000Z\",\"kind\":\"alert\","
        "\"requestId\":"
        "\"90-B3-D5-1F-30-01-00-01:90-B3-D5-1F-30-00-00-02:7\","
        "\"deviceId\":\"00-DB-12-34-56-78-90-A0\","
        "\"party\":\"90-B3-D5-1F-30-01-00-01\",\"csp\":null,\"person\":null,"
        "\"code\":\"N61\","
        "\"detail\":\"counter 1\"}\n";
    static const char second[] =
        "{\"entry\":2,\"at\":\"2026-11-21T00:00:00.000Z\",\"kind\":\"job\","
        "\"requestId\":null,\"deviceId\":null,\"party\":null,"
        "\"csp\":\"north\",\"person\":null,\"code\":\"made\","
        "\"detail\":\"a \\\"quoted\\\" word\"}\n";
    static const char third[] =
        "{\"entry\":3,\"at\":\"2026-11-22T00:00:00.000Z\",\"kind\":\"person\","
        "\"requestId\":null,\"deviceId\":null,\"party\":null,\"csp\":null,"
        "\"person\":null,\"code\":\"retry\",\"detail\":null}\n";
    static const struct {
        const char *line, *parts[3];
    } cases[] = {
        {"sat export --json", {first, second, third}},
        {"sat export --json --from 2026-11-21", {second, third}},
        {"sat export --json --to 2026-11-21", {first}},
        {"sat export --json --from 2026-11-21 --to 2026-11-21T23:59:59Z",
         {second}},
        {"sat export --json --from 2026-11-23", {NULL}},
    };
    struct tool *tool = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer expected = {0};
        buffer_text(&expected, "");
        for (size_t part = 0; part < 3 && cases[i].parts[part]; part++)
            buffer_text(&expected, cases[i].parts[part]);
        tool_expect(tool, cases[i].line, 0, "");
        assert_true(
            span_equal(buffer_span(&tool->out), buffer_span(&expected)));
        buffer_free(&expected);
    }
    tool_expect(tool, "sat export --from yesterday", 2,
                "fotactl: --from 'yesterday' is not a day such as 2026-11-21 "
                "or a time such as 2026-11-21T09:15:00Z\n");
}

/* More entries than are fetched at once. */
static void a_long_audit_trail_is_exported_whole(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "insert into sat_entry (at, kind) select"
                   " '2026-11-23', 'person' from generate_series(1, 12000)");
    tool_expect(tool, "sat export --json", 0, "");
    size_t lines = 0;
    for (size_t i = 0; i < tool->out.len; i++)
        lines += tool->out.data[i] == '\n';
    assert_int_equal(lines, 12003);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tool_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_undelivered_are_listed),
        TEST(a_released_answer_has_the_id_of_its_request),
        TEST(each_says_why_and_what_next),
        TEST(retrying_makes_them_due_again),
        TEST(the_audit_trail_is_exported_by_lines),
        TEST(a_long_audit_trail_is_exported_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
