/* fotactl status, requests and request: what is told of devices and Service
 * Requests (requirement I5). */
#include "support/check.h"
#include "support/tool.h"

#include <jansson.h>
#include <stdio.h>

/*
 * Four requests of User 90-B3-D5-1F-30-01-00-00:
 *   1 with one device in progress, one that ended and two refused
 *   2 all refused
 *   3 refused with an E code before its RequestID was looked at
 *   4 the same RequestID again, in order: in progress
 */
static const char requests_sql[] =
    "insert into service_request (originator, target, counter, stage, used,"
    " service, service_reference_variant, command_variant, content, received,"
    " condition, response_code, firmware_version, manufacturer_image_hash,"
    " listed, accepted, invalid, not_commissioned, not_applicable,"
    " gbcs_version, in_progress)"
    " select o::macaddr8, '90:b3:d5:1f:30:00:00:02', c, 1, u, 'serviceD', v,"
    " 8, sha256(''), '2026-11-21 09:15:00Z', condition, code,"
    " '\\xacdcacdc', sha256('image'), l, a, i, nc, na, g, p from (values"
    " ('90:b3:d5:1f:30:01:00:00', 1000, true, '11.4', 'some_devices_failed',"
    "  'W110401', 9, 2, 1, 1, 1, 2, 2),"
    " ('90:b3:d5:1f:30:01:00:00', 1001, true, '11.1', 'every_device_failed',"
    "  'W110101', 1, 0, 1, 0, 0, 0, 0),"
    " ('90:b3:d5:1f:30:02:00:00', 18446744073709551615, false, '11.1',"
    "  'image_not_on_cpl', 'E110101', 0, 0, 0, 0, 0, 0, 0),"
    " ('90:b3:d5:1f:30:02:00:00', 18446744073709551615, true, '11.4',"
    "  'accepted', 'I99', 1, 1, 0, 0, 0, 0, 0))"
    " as r (o, c, u, v, condition, code, l, a, i, nc, na, g, p)";

/* A0 is in progress; A1 was rejected while it was; A4 has ended, and was
 * refused later; A5 is past its time. */
static const char tracking_sql[] =
    "insert into tracking_live (device_id, chf_id, request_no, last_updated,"
    " release_due, status, device_type, csp, responsible_supplier_ids) values"
    " ('00:db:12:34:56:78:90:a0', '00:db:12:34:56:78:90:a2', 1,"
    "  '2026-11-21 09:16:00.5Z', '2999-01-01 00:00:00Z',"
    "  'SUCCESSFUL_CH_TRANSFER', 'PPMID', 'north', '{}'),"
    " ('00:db:12:34:56:78:90:a5', '00:db:12:34:56:78:90:a2', 4,"
    "  '2020-01-01 00:00:00Z', '2020-01-02 00:00:00Z',"
    "  'APPROVED_FOR_DISTRIBUTION', 'PPMID', 'north', '{}'),"
    " ('00:db:12:34:56:78:90:a6', '00:db:12:34:56:78:90:a2', 4,"
    "  '2026-11-21 09:16:00Z', '2999-01-01 00:00:00Z',"
    "  'AWAITING_CSP', 'PPMID', 'north', '{}');"
    "insert into tracking_history (device_id, chf_id, request_no,"
    " last_updated, released, status, device_type, csp, reason_code) values"
    " ('00:db:12:34:56:78:90:a0', null, 2, '2026-11-21 09:17:00Z',"
    "  '2026-11-21 09:17:00Z', 'REJECTED_BY_DSP', 'PPMID', null,"
    "  'in_progress'),"
    " ('00:db:12:34:56:78:90:a4', '00:db:12:34:56:78:90:a2', 1,"
    "  '2026-11-21 09:18:00Z', '2026-11-21 09:18:00Z', 'FIRMWARE_ACTIVATED',"
    "  'PPMID', 'north', null),"
    " ('00:db:12:34:56:78:90:a4', null, 2, '2026-11-21 09:19:00Z',"
    "  '2026-11-21 09:19:00Z', 'REJECTED_BY_DSP', 'PPMID', null, 'invalid'),"
    " ('00:db:12:34:56:78:90:a7', null, 1, '2026-11-21 09:15:00Z',"
    "  '2026-11-21 09:15:00Z', 'REJECTED_BY_DSP', 'PPMID', null, 'invalid'),"
    " ('00:db:12:34:56:78:90:a8', null, 1, '2026-11-21 09:15:00Z',"
    "  '2026-11-21 09:15:00Z', 'REJECTED_BY_DSP', 'PPMID', null,"
    "  'not_commissioned')";

static int setup(void **state) {
    tool_setup(state);
    struct tool *tool = *state;
    tool_sql(tool, "%s", requests_sql);
    tool_sql(tool, "%s", tracking_sql);
    /* its times are not of today */
    tool_sql(tool, "update tracking_setting set retention = '36500 days'");
    return 0;
}

#define USER_1 "90-B3-D5-1F-30-01-00-00"
#define USER_2 "90-B3-D5-1F-30-02-00-00"
#define ACB "90-B3-D5-1F-30-00-00-02"
#define REQUEST_1 USER_1 ":" ACB ":1000"
#define REQUEST_2 USER_1 ":" ACB ":1001"
#define REQUEST_4 USER_2 ":" ACB ":18446744073709551615"
/* sha256sum of "image" */
#define IMAGE_HASH                                                             \
    "6105D6CC76AF400325E94D588CE511BE5BFDBB73B437DC51ECA43917D7A43E3D"

static void expect_json(struct tool *tool, const char *line,
                        const char *expected) {
    tool_expect(tool, line, 0, "");
    json_error_t error;
    json_t *wanted = json_loads(expected, 0, &error);
    json_t *got = json_loads((char *)tool->out.data, 0, &error);
    if (!wanted || !got || !json_equal(wanted, got))
        fail_msg("fotactl %s\n  gave: %s\n  not:  %s", line,
                 (char *)tool->out.data, expected);
    json_decref(wanted);
    json_decref(got);
}

/* ---- status ---- */

/* The answer is an object that has all members of `expected`, and others. */
static void expect_members(struct tool *tool, const char *line,
                           const char *expected) {
    tool_expect(tool, line, 0, "");
    json_t *wanted = json_loads(expected, 0, NULL);
    json_t *got = json_loads((char *)tool->out.data, 0, NULL);
    const char *name;
    json_t *value;
    assert_true(json_is_object(wanted) && json_is_object(got));
    json_object_foreach(
        wanted, name, value) if (!json_equal(value, json_object_get(got, name)))
        fail_msg("fotactl %s: %s is not as expected in %s", line, name,
                 (char *)tool->out.data);
    json_decref(wanted);
    json_decref(got);
}

/* What a machine is told is what the screens are told. */
static void status_is_the_answer_of_the_screens(void **state) {
    struct tool *tool = *state;
    expect_json(tool, "status 00-DB-12-34-56-78-90-A0 --json",
                sql_text(tool->sql, "select device_screen("
                                    "'00db1234567890a0', null, false, now(),"
                                    " '5 days')"));
}

static void a_live_update_comes_before_a_later_refusal(void **state) {
    expect_members(*state, "status 00-db-12-34-56-78-90-a0 --json",
                   "{\"deviceId\": \"00-DB-12-34-56-78-90-A0\","
                   " \"deviceType\": \"PPMID\","
                   " \"status\": \"SUCCESSFUL_CH_TRANSFER\","
                   " \"inProgress\": true, \"requestId\": \"" REQUEST_1 "\","
                   " \"firmwareVersion\": \"ACDCACDC\", \"reasonCode\": null,"
                   " \"lastUpdated\": \"2026-11-21T09:16:00.500Z\","
                   " \"releaseDue\": \"2999-01-01T00:00:00.000Z\","
                   " \"commsHubId\": \"00-DB-12-34-56-78-90-A2\","
                   " \"csp\": \"north\", \"sender\": \"" USER_1 "\"}");
}

static void of_several_that_ended_the_latest_counts(void **state) {
    struct tool *tool = *state;
    tool_sql(tool,
             "insert into tracking_history (device_id, chf_id, request_no,"
             " last_updated, released, status, device_type, csp) values"
             " ('00:db:12:34:56:78:90:a4', '00:db:12:34:56:78:90:a2', 4,"
             " '2026-11-21 09:17:00Z', '2026-11-21 09:17:00Z',"
             " 'RESET_BY_DCC', 'PPMID', 'north')");
    expect_members(
        tool, "status 00-DB-12-34-56-78-90-A4 --json",
        "{\"deviceId\": \"00-DB-12-34-56-78-90-A4\","
        " \"deviceType\": \"PPMID\", \"status\": \"FIRMWARE_ACTIVATED\","
        " \"inProgress\": false, \"requestId\": \"" REQUEST_1 "\","
        " \"firmwareVersion\": \"ACDCACDC\","
        " \"reasonCode\": null,"
        " \"lastUpdated\": \"2026-11-21T09:18:00.000Z\","
        " \"releaseDue\": null,"
        " \"commsHubId\": \"00-DB-12-34-56-78-90-A2\","
        " \"csp\": \"north\", \"sender\": \"" USER_1 "\"}");
}

static void past_its_time_a_device_is_not_in_progress(void **state) {
    expect_members(*state, "status 00-DB-12-34-56-78-90-A5 --json",
                   "{\"deviceId\": \"00-DB-12-34-56-78-90-A5\","
                   " \"deviceType\": \"PPMID\","
                   " \"status\": \"APPROVED_FOR_DISTRIBUTION\","
                   " \"inProgress\": false, \"requestId\": \"" REQUEST_4 "\","
                   " \"firmwareVersion\": \"ACDCACDC\", \"reasonCode\": null,"
                   " \"lastUpdated\": \"2020-01-01T00:00:00.000Z\","
                   " \"releaseDue\": \"2020-01-02T00:00:00.000Z\","
                   " \"commsHubId\": \"00-DB-12-34-56-78-90-A2\","
                   " \"csp\": \"north\", \"sender\": \"" USER_2 "\"}");
}

static void status_is_a_list_for_people(void **state) {
    struct tool *tool = *state;
    tool_expect(tool, "status 00-DB-12-34-56-78-90-A0", 0, "");
    assert_string_equal((char *)tool->out.data,
                        "Device              00-DB-12-34-56-78-90-A0\n"
                        "Device type         PPMID\n"
                        "Status              SUCCESSFUL_CH_TRANSFER\n"
                        "In progress         yes\n"
                        "Request             " REQUEST_1 "\n"
                        "Firmware version    ACDCACDC\n"
                        "Reason              -\n"
                        "Last updated        2026-11-21T09:16:00.500Z\n"
                        "Heard late          no\n"
                        "Known from          -\n"
                        "By its clock        -\n"
                        "Taken               -\n"
                        "Release due         2999-01-01T00:00:00.000Z\n"
                        "Communications Hub  00-DB-12-34-56-78-90-A2\n"
                        "CSP                 north\n"
                        "Sender              " USER_1 "\n"
                        "Waits for           the Communications Hub to pass "
                        "the image on to the device\n"
                        "Unsent messages     0\n");
}

static void status_says_how_it_is_known(void **state) {
    struct tool *tool = *state;
    tool_sql(tool,
             "update tracking_live set report_status ="
             " 'APPROVED_FOR_DISTRIBUTION', hub_status ="
             " 'SUCCESSFUL_HAN_TRANSFER', status = 'SUCCESSFUL_HAN_TRANSFER',"
             " hub_time = '2026-11-21 09:10Z' where device_id ="
             " '00:db:12:34:56:78:90:a0';"
             "insert into sat_entry (at, kind, device_id, detail) values"
             " (now() - interval '1 s', 'told', '00:db:12:34:56:78:90:a0',"
             " 'device_activated of no update'), (now(), 'told',"
             " '00:db:12:34:56:78:90:a0', 'device_failed of no update')");
    tool_expect(tool, "status 00-DB-12-34-56-78-90-A0", 0, "");
    const char *text = (char *)tool->out.data;
    assert_non_null(strstr(text,
                           "Known from          hub\n"
                           "By its clock        2026-11-21T09:10:00.000Z\n"));
    assert_non_null(strstr(text, "\nNot reported        job, hub\n"));
    assert_non_null(strstr(text, " device_failed of no update\n"
                                 "                    20"));
    assert_non_null(strstr(text, " device_activated of no update\n"));
}

/* A job that a busy CSP has not taken, a message that a User has not, and a
 * command that is under way. */
static void status_says_why_a_device_waits(void **state) {
    struct tool *tool = *state;
    tool_sql(tool,
             "insert into csp_job (job_id, request_no, csp, device_type,"
             " devices, created, tries, next_try, leased_until, last_error)"
             " values ('00000000-0000-0000-0000-000000000001', 4, 'north',"
             " 'PPMID', 1, '2026-11-21', 3, '2999-01-01 11:00Z',"
             " '2026-11-21 10:00Z', 'HTTP 503: busy');"
             "update tracking_live set job_no = 1"
             " where device_id = '00db1234567890a6';"
             "insert into alert (user_id, created, code, event, request_no,"
             " device_id, tries, next_try, last_error) values"
             " ('90b3d51f30020000', '2026-11-21 09:20Z', 'N61',"
             " 'hub_delivered', 4, '00db1234567890a6', 2,"
             " '2999-01-01 12:00Z', 'HTTP 500');"
             "insert into device_command (request_no, device_id, device_type,"
             " chf_id, csp, originator, counter, message_code, state, created,"
             " next_try, response_due, payload) values (4,"
             " '00db1234567890a6', 'HCALCS', '00db1234567890a2', 'north',"
             " '90b3d51f30010000', 7, 18, 'sent', '2026-03-01', '2026-03-01',"
             " '2999-01-01 13:00Z', 'x')");
    tool_expect(tool, "status 00-DB-12-34-56-78-90-A6", 0, "");
    const char *waits = strstr((char *)tool->out.data, "Waits for");
    assert_non_null(waits);
    assert_string_equal(waits, "Waits for           the CSP to take its job\n"
                               "Job                 "
                               "00000000-0000-0000-0000-000000000001\n"
                               "Job is              waiting\n"
                               "Job tried           3\n"
                               "Job's next try      2999-01-01T11:00:00.000Z\n"
                               "Job leased until    2026-11-21T10:00:00.000Z\n"
                               "Job's last error    HTTP 503: busy\n"
                               "CSP's last error    HTTP 503: busy\n"
                               "Command             " REQUEST_4 "\n"
                               "Command is          sent\n"
                               "Command tried       0\n"
                               "Response due        2999-01-01T13:00:00.000Z\n"
                               "Unsent messages     1\n"
                               "Oldest of them      2026-11-21T09:20:00.000Z\n"
                               "Their next try      2999-01-01T12:00:00.000Z\n"
                               "Their last error    HTTP 500\n");
}

static void a_device_never_tracked_is_said_to_be_so(void **state) {
    struct tool *tool = *state;
    static const char err[] =
        "fotactl: 00-DB-12-34-56-78-90-FF was never tracked: no firmware "
        "update of it is on record; one that the DSP refused is seen in its "
        "request\n";
    tool_expect(tool, "status 00-DB-12-34-56-78-90-FF", 1, err);
    tool_expect(tool, "status --json 00-DB-12-34-56-78-90-FF", 1, err);
    assert_int_equal(tool->out.len, 0);
    /* a refusal is its sender's, in its request */
    assert_int_equal(tool_run(tool, "status 00-DB-12-34-56-78-90-A7"), 1);
    tool_expect(tool, "status 00DB1234567890FF", 2,
                "fotactl: '00DB1234567890FF' is not an EUI-64 such as "
                "00-DB-12-34-56-78-90-A0\n");
}

/* ---- request ---- */

#define JSON_1                                                                 \
    "\"requestId\": \"" REQUEST_1 "\", \"serviceReferenceVariant\": \"11.4\"," \
    " \"sender\": \"" USER_1 "\","                                             \
    " \"received\": \"2026-11-21T09:15:00.000Z\","                             \
    " \"responseCode\": \"W110401\", \"state\": \"in-progress\","              \
    " \"devices\": {\"listed\": 9, \"accepted\": 2, \"refused\": {"            \
    "  \"invalid\": 1, \"notCommissioned\": 1, \"notApplicable\": 1,"          \
    "  \"invalidGbcsVersion\": 2, \"otherRequestInProgress\": 2}},"            \
    " \"firmwareVersion\": \"ACDCACDC\","                                      \
    " \"imageHash\": \"" IMAGE_HASH "\""

static void a_request_counts_its_devices_by_status(void **state) {
    expect_json(*state, "request " REQUEST_1 " --json",
                "{" JSON_1 ", \"statuses\": {\"SUCCESSFUL_CH_TRANSFER\": 1,"
                " \"FIRMWARE_ACTIVATED\": 1, \"REJECTED_BY_DSP\": 2},"
                " \"where\": \"1 device on the hub, waiting to be passed on.\","
                " \"forecast\": null}");
}

static void the_use_of_a_request_id_comes_before_a_refusal(void **state) {
    struct tool *tool = *state;
    tool_expect(tool, "request " REQUEST_4, 0, "");
    assert_string_equal((char *)tool->out.data,
                        "Request                    " REQUEST_4 "\n"
                        "Service                    11.4\n"
                        "Sender                     " USER_2 "\n"
                        "Received                   2026-11-21T09:15:00.000Z\n"
                        "Response                   I99\n"
                        "State                      in-progress\n"
                        "Devices listed             1\n"
                        "Accepted                   1\n"
                        "Invalid                    0\n"
                        "Not Commissioned           0\n"
                        "Not applicable             0\n"
                        "Invalid GBCS version       0\n"
                        "Other request in progress  0\n"
                        "Firmware version           ACDCACDC\n"
                        "Manufacturer Image hash    " IMAGE_HASH "\n"
                        "\n"
                        "1 device not with a CSP yet.\n"
                        "\n"
                        "STATUS                     DEVICES\n"
                        "AWAITING_CSP                     1\n"
                        "APPROVED_FOR_DISTRIBUTION        1\n"
                        "\n"
                        "Forecast: none was made yet.\n");
}

static void what_may_be_sent_again(void **state) {
    struct tool *tool = *state;
    tool_expect(tool, "retry-list " REQUEST_1 " --csv", 0, "");
    assert_string_equal(
        (char *)tool->out.data,
        "deviceId,deviceType,status,reasonCode,lastAttempt,mayBeSent,why,"
        "mayFrom\n"
        "00-DB-12-34-56-78-90-A0,PPMID,SUCCESSFUL_CH_TRANSFER,,,false,it is in "
        "progress in this request,2999-01-01T00:00:00.000Z\n"
        "00-DB-12-34-56-78-90-A7,PPMID,REJECTED_BY_DSP,invalid,,false,it is no "
        "longer in the inventory,\n"
        "00-DB-12-34-56-78-90-A8,PPMID,REJECTED_BY_DSP,not_commissioned,,false,"
        "it is no longer in the inventory,\n");
    tool_expect(tool, "retry-list " REQUEST_1 " --out /tmp/none", 1,
                "fotactl: no device of it may be sent again now\n");
}

static void what_is_stuck(void **state) {
    struct tool *tool = *state;
    tool_expect(tool, "stuck", 0, "");
    assert_string_equal((char *)tool->out.data,
                        "Nothing is later than 99 of 100 were.\n");
    tool_expect(tool, "status", 0, "");
    assert_string_equal((char *)tool->out.data, "No device is stuck.\n");
    sql_do(tool->sql,
           "insert into duration_known select csp, device_type, 'hub', '', -1,"
           " 100, '1 hour', '{}', '{}' from tracking_live where device_id ="
           " '00db1234567890a0'");
    tool_expect(tool, "status", 0, "");
    assert_non_null(strstr((char *)tool->out.data, "STUCK DEVICES"));
    tool_expect(tool, "status 00-DB-12-34-56-78-90-A0", 0, "");
    assert_non_null(strstr((char *)tool->out.data, "Stuck since"));
    tool_expect(tool, "stuck", 0, "");
    assert_non_null(strstr((char *)tool->out.data, "00-DB-12-34-56-78-90-A0"));
    sql_do(tool->sql, "truncate duration_known");
}

/* The last one, its parts, and what came of the ones of the last 30 days. */
static void a_request_says_its_forecast(void **state) {
    struct tool *tool = *state;
    sql_do(tool->sql,
           "insert into forecast (request_no, csp, device_type, model, made,"
           " first, devices, done, why, p50, p90, scored, counted, by_p50,"
           " by_p90) select find_request('90b3d51f30020000',"
           " '90b3d51f30000002', 18446744073709551615), csp,"
           " device_type::device_type, model, '2031-01-01Z', true, 10, 3, why,"
           " p50::timestamptz, p90::timestamptz, now(), 10, 5, 9 from (values"
           " (null, null, null, null, '2031-01-02Z', '2031-01-03Z'), ('north',"
           " 'PPMID', '1301:0084', 'history', null, null)) x (csp,"
           " device_type, model, why, p50, p90)");
    tool_expect(tool, "request " REQUEST_4, 0, "");
    const char *said = strstr((char *)tool->out.data, "Forecast: ");
    assert_non_null(said);
    assert_string_equal(
        said,
        "Forecast: half by 2031-01-02T00:00:00.000Z, nine of ten by"
        " 2031-01-03T00:00:00.000Z; 3 of 10 are done\n"
        "  north PPMID 1301:0084: no forecast, too little history: fewer than"
        " 100 such updates have ended; 3 of 10 are done\n"
        "  P90 of the last 30 days, north PPMID: 90.0 % of 10 devices were"
        " done by it\n");
    sql_do(tool->sql, "truncate forecast");
}

static void a_request_must_be_named_and_known(void **state) {
    struct tool *tool = *state;
    static const char *const bad[] = {
        "1000",
        USER_1 ":" ACB,
        USER_1 ":" ACB ":",
        USER_1 ":" ACB ":x",
        USER_1 ":" ACB ":18446744073709551616",
        USER_1 ":" ACB ":000000000000000000001",
        USER_1 "-" ACB ":1000",
        "90-B3-D5-1F-30-01-00-0x:" ACB ":1000",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char line[128], err[256];
        snprintf(line, sizeof line, "request %s", bad[i]);
        snprintf(err, sizeof err,
                 "fotactl: '%s' is not a RequestID: EUI-64 of the sender, "
                 "EUI-64 of the target and counter with ':' between\n",
                 bad[i]);
        tool_expect(tool, line, 2, err);
    }
    tool_expect(tool, "request " USER_1 ":" ACB ":7", 1,
                "fotactl: there is no request " USER_1 ":" ACB ":7 on "
                "record\n");
}

/* ---- requests ---- */

/* Their numbers in the order printed. */
static void expect_listed(struct tool *tool, const char *options,
                          const char *codes) {
    char line[128], got[128] = "";
    snprintf(line, sizeof line, "requests --json%s", options);
    tool_expect(tool, line, 0, "");
    json_t *list = json_loads((char *)tool->out.data, 0, NULL);
    assert_true(json_is_array(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *code = json_string_value(
            json_object_get(json_array_get(list, i), "responseCode"));
        size_t len = strlen(got);
        snprintf(got + len, sizeof got - len, "%s%s", i ? " " : "",
                 code ? code : "none");
    }
    json_decref(list);
    if (strcmp(got, codes) != 0)
        fail_msg("requests%s gave %s, not %s", options, got, codes);
}

static void requests_can_be_filtered(void **state) {
    static const struct {
        const char *options, *codes;
    } cases[] = {
        {"", "I99 E110101 W110101 W110401"},
        {" --limit 2", "I99 E110101"},
        {" --user " USER_1, "W110101 W110401"},
        {" --user 90-b3-d5-1f-30-02-00-00", "I99 E110101"},
        {" --user 90-B3-D5-1F-30-09-00-00", ""},
        {" --state refused", "E110101 W110101"},
        {" --state in-progress", "I99 W110401"},
        {" --state finished", ""},
        {" --state quarantined", ""},
        {" --state unanswered", ""},
        {" --state refused --user " USER_1, "W110101"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_listed(*state, cases[i].options, cases[i].codes);
}

static void requests_have_every_state(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "delete from tracking_live where request_no = 1;"
                   "update tracking_live set release_due ="
                   " '2026-01-01 00:00:00Z', job_no = 1 where request_no = 4");
    expect_listed(tool, " --state finished", "I99 W110401");
    tool_sql(tool, "update service_request set condition = 'quarantined'"
                   " where request_no = 4");
    expect_listed(tool, " --state quarantined", "I99");
    tool_sql(tool, "update service_request set response_code = null"
                   " where request_no = 1");
    expect_listed(tool, " --state unanswered", "none");
}

static void a_listed_request_says_the_same_as_alone(void **state) {
    expect_json(*state, "requests --json --state in-progress --user " USER_1,
                "[{" JSON_1 "}]");
}

static void requests_are_a_table_for_people(void **state) {
    struct tool *tool = *state;
    tool_expect(tool, "requests --limit 2 --user=" USER_1, 0, "");
    assert_string_equal(
        (char *)tool->out.data,
        "REQUEST                                               SERVICE  "
        "RECEIVED                  RESPONSE  STATE        LISTED  ACCEPTED  "
        "VERSION\n" REQUEST_2 "  11.1     "
        "2026-11-21T09:15:00.000Z  W110101   refused           1         0  "
        "ACDCACDC\n" REQUEST_1 "  11.4     "
        "2026-11-21T09:15:00.000Z  W110401   in-progress       9         2  "
        "ACDCACDC\n");
    tool_expect(tool, "requests --limit 1", 0, "");
    const char *shown = strstr((char *)tool->out.data, "\n1 of ");
    if (!shown || !strstr(shown, "--all shows more"))
        fail_msg("%s", (char *)tool->out.data);
    tool_expect(tool, "requests --limit 1 --all", 0, "");
    assert_null(strstr((char *)tool->out.data, " shown; "));
    tool_expect(tool, "requests --csv --limit 1", 0, "");
    const char *csv = (char *)tool->out.data;
    assert_memory_equal(csv, "requestId,serviceReferenceVariant,sender,", 41);
    assert_null(strstr(csv, " shown; "));
    assert_null(strchr(csv, '\r'));
    tool_expect(tool, "request devices " REQUEST_1, 0, "");
    assert_non_null(strstr((char *)tool->out.data, "LAST UPDATED"));
    tool_expect(tool, "request jobs " REQUEST_1 " --json", 0, "");
    assert_string_equal((char *)tool->out.data, "[]\n");
    tool_expect(tool, "request jobs nothing", 2,
                "fotactl: 'nothing' is not a RequestID: EUI-64 of the sender, "
                "EUI-64 of the target and counter with ':' between\n");
    tool_expect(tool, "needs", 0, "");
    assert_string_equal((char *)tool->out.data, "Nothing waits for anybody.\n");
    tool_expect(tool, "requests --state finished", 0, "");
    assert_string_equal((char *)tool->out.data,
                        "There are no such requests.\n");
}

static void filters_are_checked(void **state) {
    struct tool *tool = *state;
    tool_expect(tool, "requests --user me", 2,
                "fotactl: 'me' is not an EUI-64 such as "
                "00-DB-12-34-56-78-90-A0\n");
    tool_expect(tool, "requests --state open", 2,
                "fotactl: 'open' is no state; there are refused, quarantined, "
                "in-progress, held, stopped, finished and unanswered\n");
    static const char *const limits[] = {"0", "-1", "x", "1000001", "1x"};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        char line[64], err[128];
        snprintf(line, sizeof line, "requests --limit %s", limits[i]);
        snprintf(err, sizeof err,
                 "fotactl: --limit '%s' is not a number from 1 to 1000000\n",
                 limits[i]);
        tool_expect(tool, line, 2, err);
    }
}

#define WITH_REQUESTS(test)                                                    \
    cmocka_unit_test_setup_teardown(test, setup, tool_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_REQUESTS(status_is_the_answer_of_the_screens),
        WITH_REQUESTS(a_live_update_comes_before_a_later_refusal),
        WITH_REQUESTS(of_several_that_ended_the_latest_counts),
        WITH_REQUESTS(past_its_time_a_device_is_not_in_progress),
        WITH_REQUESTS(status_is_a_list_for_people),
        WITH_REQUESTS(status_says_how_it_is_known),
        WITH_REQUESTS(status_says_why_a_device_waits),
        WITH_REQUESTS(a_device_never_tracked_is_said_to_be_so),
        WITH_REQUESTS(a_request_counts_its_devices_by_status),
        WITH_REQUESTS(the_use_of_a_request_id_comes_before_a_refusal),
        WITH_REQUESTS(a_request_says_its_forecast),
        WITH_REQUESTS(what_may_be_sent_again),
        WITH_REQUESTS(what_is_stuck),
        WITH_REQUESTS(a_request_must_be_named_and_known),
        WITH_REQUESTS(requests_can_be_filtered),
        WITH_REQUESTS(requests_have_every_state),
        WITH_REQUESTS(a_listed_request_says_the_same_as_alone),
        WITH_REQUESTS(requests_are_a_table_for_people),
        WITH_REQUESTS(filters_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
