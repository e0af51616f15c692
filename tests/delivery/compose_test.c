/*
 * Rows of the table alert as messages: what each kind says, that it is valid
 * against our schema and the official one, and signed. The expected bodies are
 * written from the schema (DCCAlert and its elements) and requirement R2.
 */
#include "scene.h"

#include "delivery/compose.h"
#include "delivery/queue.h"
#include "fotasim/user_message.h"
#include "support/duis_check.h"

static bool has_official_schema;
static struct scene *scene;

#define REQUEST_ID "90-B3-D5-1F-30-01-00-01:90-B3-D5-1F-30-00-00-02:1000"
#define DEVICE "00-DB-12-34-00-00-00-01"
#define HUB "00-DB-99-00-00-00-00-01"
#define DCC(number, element)                                                   \
    "<sr:DCCAlertMessage><sr:DCCAlertCode>" number                             \
    "</sr:DCCAlertCode><sr:DCCAlert>" element                                  \
    "</sr:DCCAlert></sr:DCCAlertMessage>"
#define FAILURE(number)                                                        \
    {                                                                          \
        "'" number "', 1, null, null, '{" DEVICE ",00-db-12-34-00-00-00-02}'," \
        " null, null, null, null, null, null, null, null, null, null",         \
            DCC(number, "<sr:FirmwareDistributionFailure>"                     \
                        "<sr:UpdateFirmwareRequestID>" REQUEST_ID              \
                        "</sr:UpdateFirmwareRequestID><sr:MeterIDs>" DEVICE    \
                        ",00-DB-12-34-00-00-00-02</sr:MeterIDs>"               \
                        "</sr:FirmwareDistributionFailure>"),                  \
            NULL, "I0"                                                         \
    }
#define PPMID(result, text)                                                    \
    {                                                                          \
        "'N39', 1, '" DEVICE "', null, null, 'PPMID', '\\x0000002A', null,"    \
        " '2030-01-02 03:04:05.678Z', 36747, " result                          \
        ", null, null, null, null",                                            \
            DCC("N39",                                                         \
                "<sr:PPMIDAlert><sr:DeviceID>" DEVICE "</sr:DeviceID>"         \
                "<sr:DeviceAlertCode>8F8B</sr:DeviceAlertCode>"                \
                "<sr:Timestamp>2030-01-02T03:04:05.678Z</sr:Timestamp>"        \
                "<sr:PPMIDFirmwareUpgradeAlert><sr:FirmwareVersion>0000002A"   \
                "</sr:FirmwareVersion><sr:ActivateImageResultCode>" text       \
                "</sr:ActivateImageResultCode>"                                \
                "</sr:PPMIDFirmwareUpgradeAlert></sr:PPMIDAlert>"),            \
            NULL, "I0"                                                         \
    }
#define BREACH(number, element)                                                \
    {                                                                          \
        "'" number "', 1, null, null, null, null, null, null, null, null,"     \
        " null, null, 77, null, null",                                         \
            DCC(number, "<sr:QuarantinedRequest><sr:" element                  \
                        "><sr:RequestID>" REQUEST_ID                           \
                        "</sr:RequestID><sr:QuarantineEventRef>77"             \
                        "</sr:QuarantineEventRef></sr:" element                \
                        "></sr:QuarantinedRequest>"),                          \
            NULL, "I0"                                                         \
    }
#define MISMATCH(number)                                                       \
    {                                                                          \
        "'" number "', 1, '" DEVICE "', null, null, 'HCALCS', '\\x00ABCDEF',"  \
        " '\\x00000001', null, null, null, null, null, null, null",            \
            DCC(number,                                                        \
                "<sr:FirmwareVersionMismatch><sr:DeviceID>" DEVICE             \
                "</sr:DeviceID><sr:DeviceType>HCALCS</sr:DeviceType>"          \
                "<sr:FirmwareVersionSMI>00000001</sr:FirmwareVersionSMI>"      \
                "<sr:FirmwareVersionDevice>00ABCDEF"                           \
                "</sr:FirmwareVersionDevice>"                                  \
                "</sr:FirmwareVersionMismatch>"),                              \
            NULL, "I0"                                                         \
    }
#define DELIVERY(number, result, text)                                         \
    {                                                                          \
        "'" number "', 1, '" DEVICE "', '" HUB "', null, 'ESME',"              \
        " '\\x0000002A', null, '2030-01-02 03:04:05.678Z', null, " result      \
        ", null, null, null, null",                                            \
            DCC(number,                                                        \
                "<sr:CSPFirmwareDeliveryStatus>"                               \
                "<sr:UpdateFirmwareRequestID>" REQUEST_ID                      \
                "</sr:UpdateFirmwareRequestID><sr:CommsHubDeviceID>" HUB       \
                "</sr:CommsHubDeviceID><sr:TargetDeviceID>" DEVICE             \
                "</sr:TargetDeviceID><sr:FirmwareVersion>0000002A"             \
                "</sr:FirmwareVersion>"                                        \
                "<sr:TimeStamp>2030-01-02T03:04:05.678Z</sr:TimeStamp>"        \
                "<sr:CommsHubTransferStatus>" text                             \
                "</sr:CommsHubTransferStatus>"                                 \
                "</sr:CSPFirmwareDeliveryStatus>"),                            \
            NULL, "I0"                                                         \
    }
#define TRANSFER(code, hex, result, text)                                      \
    {                                                                          \
        "'N62', 1, '" DEVICE "', '" HUB "', null, 'ESME', '\\x0000002A',"      \
        " null, '2030-01-02 03:04:05.678Z', " code ", " result                 \
        ", null, null, null, null",                                            \
            DCC("N62",                                                         \
                "<sr:CommsHubAlert><sr:CommsHubDeviceID>" HUB                  \
                "</sr:CommsHubDeviceID><sr:AlertCode>" hex "</sr:AlertCode>"   \
                "<sr:TimeStamp>2030-01-02T03:04:05.678Z</sr:TimeStamp>"        \
                "<sr:FirmwareTransferAlert><sr:"                               \
                "UpdateFirmwareRequestID>" REQUEST_ID                          \
                "</sr:UpdateFirmwareRequestID><sr:OtherDeviceID>" DEVICE       \
                "</sr:OtherDeviceID><sr:FirmwareVersion>0000002A"              \
                "</sr:FirmwareVersion><sr:TransferResponseCode>" text          \
                "</sr:TransferResponseCode></sr:FirmwareTransferAlert>"        \
                "</sr:CommsHubAlert>"),                                        \
            NULL, "I0"                                                         \
    }
#define RESPONSE(element)                                                      \
    "<sr:ResponseMessage><sr:ServiceReference>11.4</sr:ServiceReference>"      \
    "<sr:ServiceReferenceVariant>11.4</sr:ServiceReferenceVariant>" element    \
    "</sr:ResponseMessage>"
#define ANSWER "90-B3-D5-1F-30-00-00-02:90-B3-D5-1F-30-01-00-01:1000"

/* code, request_no, device_id, chf_id, device_ids, device_type,
 * firmware_version, other_version, event_time, device_alert_code, result,
 * originator_counter, quarantine_event_ref, payload, response_code */
static const struct {
    const char *row, *body;
    const char *response_id; /* NULL: ACB : User : alert_no */
    const char *response_code;
} cases[] = {
    FAILURE("N18"),
    FAILURE("N19"),
    FAILURE("N20"),
    FAILURE("N21"),
    FAILURE("N22"),
    PPMID("1", "ActivationSuccess"),
    PPMID("0", "ActivationFailure"),
    BREACH("N46", "ADUserThresholdBreach"),
    BREACH("N47", "ADDCCThresholdBreach"),
    BREACH("N48", "ADAttributeLimitsBreach"),
    MISMATCH("N49"),
    MISMATCH("N50"),
    MISMATCH("N51"),
    {"'N59', 1, null, null, '{" DEVICE "}', 'GSME', '\\x0A0B0C0D', null, null,"
     " null, null, null, null, null, null",
     DCC("N59", "<sr:FirmwareUpgradeRequested><sr:DeviceType>GSME"
                "</sr:DeviceType><sr:FirmwareVersion>0A0B0C0D"
                "</sr:FirmwareVersion><sr:DeviceList>" DEVICE
                "</sr:DeviceList></sr:FirmwareUpgradeRequested>"),
     NULL, "I0"},
    DELIVERY("N60", "0", "Failure"),
    DELIVERY("N61", "1", "Success"),
    TRANSFER("36746", "8F8A", "0", "FileTransferSuccess"),
    TRANSFER("36745", "8F89", "1", "FirmwareImageDiscarded"),
    TRANSFER("36745", "8F89", "2", "HardwareVersionMismatch"),
    TRANSFER("36745", "8F89", "3", "FileTransferFailure"),
    /* a hub's alert names no request: there may be none */
    {"'N62', null, '" DEVICE "', '" HUB "', null, null, '\\x0000002A', null,"
     " null, 36746, 0, null, null, null, null",
     DCC("N62", "<sr:CommsHubAlert><sr:CommsHubDeviceID>" HUB
                "</sr:CommsHubDeviceID><sr:AlertCode>8F8A</sr:AlertCode>"
                "<sr:FirmwareTransferAlert><sr:OtherDeviceID>" DEVICE
                "</sr:OtherDeviceID><sr:FirmwareVersion>0000002A"
                "</sr:FirmwareVersion><sr:TransferResponseCode>"
                "FileTransferSuccess</sr:TransferResponseCode>"
                "</sr:FirmwareTransferAlert></sr:CommsHubAlert>"),
     NULL, "I0"},
    {"'DeviceAlertMessage', null, '" DEVICE "', null, null, null, null, null,"
     " null, 36722, null, 18446744073709551615, null, '\\xDF0900', null",
     "<sr:DeviceAlertMessage><sr:AlertCode>8F72</sr:AlertCode>"
     "<sr:GBCSPayload>3wkA</sr:GBCSPayload></sr:DeviceAlertMessage>",
     DEVICE ":90-B3-D5-1F-30-01-00-01:18446744073709551615", "I0"},
    {"'ResponseMessage', 1, '" DEVICE "', null, null, null, null, null, null,"
     " null, null, null, null, '\\xDF0900', null",
     RESPONSE("<sr:GBCSPayload>3wkA</sr:GBCSPayload>"), ANSWER, "I0"},
    {"'ResponseMessage', 1, '" DEVICE "', null, null, null, null, null, null,"
     " null, null, null, null, null, 'E20'",
     RESPONSE(""), ANSWER, "E20"},
    {"'ResponseMessage', 1, '" DEVICE "', null, null, null, null, null, null,"
     " null, null, null, null, null, 'E21'",
     RESPONSE(""), ANSWER, "E21"},
    {"'ResponseMessage', 1, null, null, null, null, null, null, null, null,"
     " null, null, null, null, 'E71'",
     RESPONSE(""), ANSWER, "E71"},
    {"'FutureDatedDeviceAlertMessage', 1, '" DEVICE "', null, null, null, null,"
     " null, null, 36710, null, null, null, '\\xDF0900', null",
     RESPONSE("<sr:FutureDatedDeviceAlertMessage><sr:FutureDatedAlertCode>8F66"
              "</sr:FutureDatedAlertCode><sr:GBCSPayload>3wkA</sr:GBCSPayload>"
              "<sr:InstructionNumber>1</sr:InstructionNumber>"
              "<sr:TotalCommandInstructions>1</sr:TotalCommandInstructions>"
              "</sr:FutureDatedDeviceAlertMessage>"),
     ANSWER, "I0"},
};

static struct alert *put(const char *row) {
    scene_sql(scene,
              "delete from alert; insert into alert (user_id, created, code,"
              " request_no, device_id, chf_id, device_ids, device_type,"
              " firmware_version, other_version, event_time,"
              " device_alert_code, result, originator_counter,"
              " quarantine_event_ref, payload, response_code) values"
              " ('90-B3-D5-1F-30-01-00-01', '2030-01-01 00:00:00.5Z', %s)",
              row);
    struct alert *alerts;
    size_t count;
    assert_int_equal(queue_next(scene->db, scene->arena, USER(1), NULL, 0,
                                clock_now(), 500, &alerts, &count),
                     DONE);
    assert_int_equal(count, 1);
    return alerts;
}

static void set_version(const char *registered) {
    scene_sql(scene, "update service_user set duis_version = '%s'", registered);
}

static bool compose(const struct alert *alert, struct buffer *out,
                    const char **reason) {
    struct alert_sender sender = {scene->signer, ACB};
    return alert_compose(out, &sender, alert, reason);
}

static const char *body_of(struct span text) {
    char *copy = arena_text(scene->arena, text);
    char *start = strstr(copy, "<sr:Body>") + strlen("<sr:Body>");
    *strstr(start, "</sr:Body>") = '\0';
    return start;
}

static void check_header(size_t i, const struct alert *alert,
                         const struct user_message *got) {
    const char *id = cases[i].response_id;
    bool answers = id && strcmp(id, ANSWER) == 0;
    if (!id)
        id = arena_printf(scene->arena,
                          "90-B3-D5-1F-30-00-00-02:90-B3-D5-1F-30-01-00-01:%jd",
                          (intmax_t)alert->alert_no);
    assert_string_equal(got->response_id, id);
    bool names = strstr(cases[i].body, "UpdateFirmwareRequestID") != NULL;
    assert_string_equal(got->request_id, answers || names ? REQUEST_ID : "");
    assert_string_equal(got->response_code, cases[i].response_code);
    assert_string_equal(got->date_time, "2030-01-01T00:00:00.500Z");
    assert_string_equal(got->schema_version, "5.4");
    assert_true(got->recipient == USER(1));
}

static void every_kind_says_what_its_row_holds(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct alert *alert = put(cases[i].row);
        struct buffer out = {0};
        const char *reason;
        if (!compose(alert, &out, &reason))
            fail_msg("%s: %s", cases[i].row, reason);
        struct user_message got;
        if (!user_message_read(scene->arena, buffer_span(&out), scene->dsp.key,
                               &got, &reason))
            fail_msg("%s: %s", cases[i].row, reason);
        assert_string_equal(body_of(buffer_span(&out)), cases[i].body);
        check_header(i, alert, &got);
        if (has_official_schema && !official_schema_accepts(buffer_span(&out)))
            fail_msg("%s: %s", cases[i].row, official_schema_reason());
        buffer_free(&out);
    }
}

/* The answers of one request share their ResponseID; its parts are the
 * RequestID's turned round. */
static void the_same_row_is_the_same_message(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct alert *alert = put(cases[i].row);
        struct buffer first = {0}, second = {0};
        struct user_message a, b;
        const char *reason;
        assert_true(compose(alert, &first, &reason));
        test_clock_move(HOUR);
        assert_true(compose(alert, &second, &reason));
        assert_true(user_message_read(scene->arena, buffer_span(&first), NULL,
                                      &a, &reason));
        assert_true(user_message_read(scene->arena, buffer_span(&second), NULL,
                                      &b, &reason));
        assert_memory_equal(a.meaning, b.meaning, sizeof a.meaning);
        buffer_free(&first);
        buffer_free(&second);
    }
}

static void message_of(const struct alert *alert, struct buffer *out,
                       struct user_message *got) {
    const char *reason;
    if (!compose(alert, out, &reason) ||
        !user_message_read(scene->arena, buffer_span(out), scene->dsp.key, got,
                           &reason))
        fail_msg("%s: %s", alert->code, reason);
    if (has_official_schema && !official_schema_accepts(buffer_span(out)))
        fail_msg("%s: %s", alert->code, official_schema_reason());
}

/* ---- versions of DUIS ---- */

/* The highest that is known and not above what is registered. */
static void the_version_is_the_users_up_to_ours(void **state) {
    (void)state;
    static const struct {
        const char *registered, *written;
    } versions[] = {
        {"5.4", "5.4"},  {"5.3", "5.3"},  {"5.1", "5.1"}, {"6.0", "5.4"},
        {"5.5", "5.4"},  {"5.10", "5.4"}, {"4.1", "4.0"}, {"10.0", "5.4"},
        {"4.10", "4.0"}, {"2.0", "2.0"},  {"1.0", "2.0"},
    };
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        struct buffer out = {0};
        struct user_message got;
        set_version(versions[i].registered);
        message_of(put(cases[0].row), &out, &got);
        assert_string_equal(got.schema_version, versions[i].written);
        buffer_free(&out);
    }
}

static bool code_is_one_of(const char *code, const char *codes) {
    const char *at = strstr(codes, code);
    return at && (at[strlen(code)] == ' ' || !at[strlen(code)]);
}

/* What N999 says in place of a case: its code, its device, and its request if
 * the message would have said it. */
static const char *mismatch_body(const char *version, const char *code,
                                 const struct alert *alert, const char *body) {
    char device[EUI64_TEXT_SIZE];
    const char *text = arena_printf(
        scene->arena, "<sr:DCCAlertCode>%s</sr:DCCAlertCode>", code);
    if (alert->device_id)
        text = arena_printf(scene->arena, "%s<sr:DeviceID>%s</sr:DeviceID>",
                            text, eui64_format(alert->device_id, device));
    if (strstr(body, REQUEST_ID))
        text =
            arena_printf(scene->arena,
                         "%s<sr:RequestID>" REQUEST_ID "</sr:RequestID>", text);
    return arena_printf(scene->arena,
                        DCC("N999", "<sr:DUISVersionMismatch>"
                                    "<sr:DCCAlertVersionMismatch>%s"
                                    "</sr:DCCAlertVersionMismatch>"
                                    "<sr:ServiceUserDUISVersion>%s"
                                    "</sr:ServiceUserDUISVersion>"
                                    "</sr:DUISVersionMismatch>"),
                        text, version);
}

/* One of each message to a User on each version. */
static void each_version_is_told_what_it_has(void **state) {
    (void)state;
    static const struct {
        const char *version, *lacks;
    } versions[] = {
        {"2.0", "N39 N59 N60 N61 N62"},
        {"3.0", "N39 N59 N60 N61 N62"},
        {"3.1", "N39 N59 N60 N61 N62"},
        {"4.0", "N39 N59 N60 N61 N62"},
        {"5.0", ""},
        {"5.1", ""},
        {"5.2", ""},
        {"5.3", ""},
        {"5.4", ""},
    };
    for (size_t v = 0; v < sizeof versions / sizeof *versions; v++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct buffer out = {0};
            struct user_message got;
            set_version(versions[v].version);
            const struct alert *alert = put(cases[i].row);
            bool mismatch = code_is_one_of(alert->code, versions[v].lacks);
            assert_int_equal(alert->mismatch, mismatch);
            message_of(alert, &out, &got);
            assert_string_equal(got.schema_version, versions[v].version);
            assert_string_equal(body_of(buffer_span(&out)),
                                mismatch ? mismatch_body(versions[v].version,
                                                         alert->code, alert,
                                                         cases[i].body)
                                         : cases[i].body);
            buffer_free(&out);
        }
}

/* Whatever its User is registered for by then. */
static void an_answer_is_in_its_requests_version(void **state) {
    (void)state;
    set_version("2.0");
    scene_sql(scene, "update service_request set duis_version = '5.3'");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out = {0};
        struct user_message got;
        message_of(put(cases[i].row), &out, &got);
        bool answers =
            cases[i].response_id && strcmp(cases[i].response_id, ANSWER) == 0;
        assert_string_equal(got.schema_version, answers ? "5.3" : "2.0");
        buffer_free(&out);
    }
}

static void what_a_version_has_is_data(void **state) {
    (void)state;
    struct buffer out = {0};
    struct user_message got;
    set_version("5.2");
    scene_sql(scene,
              "update service_request set duis_version = '5.2';"
              "insert into duis_since (kind, name, since, instead, source)"
              " values ('alert_code', 'N20', '5.3', null, 'test'),"
              " ('response_code', 'E21', '5.3', 'E20', 'test'),"
              " ('element', 'FutureDatedDeviceAlertMessage', '5.3', null,"
              " 'test'); update duis_since set until = '5.2' where name ="
              " 'N39'");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct alert *alert = put(cases[i].row);
        out.len = 0;
        message_of(alert, &out, &got);
        bool future = strstr(alert->code, "FutureDated") != NULL;
        assert_int_equal(strcmp(got.code, "N999") == 0,
                         future || code_is_one_of(alert->code, "N20 N39"));
        if (strcmp(cases[i].response_code, "E21") == 0)
            assert_string_equal(got.response_code, "E20");
        if (future)
            assert_string_equal(body_of(buffer_span(&out)),
                                DCC("N999",
                                    "<sr:DUISVersionMismatch>"
                                    "<sr:ServiceResponseVersionMismatch><sr:"
                                    "RequestID>" REQUEST_ID
                                    "</sr:RequestID><sr:ServiceReference>"
                                    "11.4</sr:ServiceReference>"
                                    "<sr:ServiceReferenceVariant>11.4"
                                    "</sr:ServiceReferenceVariant>"
                                    "<sr:ServiceRequestDUISVersion>5.2"
                                    "</sr:ServiceRequestDUISVersion>"
                                    "</sr:ServiceResponseVersionMismatch>"
                                    "<sr:ServiceUserDUISVersion>5.2"
                                    "</sr:ServiceUserDUISVersion>"
                                    "</sr:DUISVersionMismatch>"));
    }
    buffer_free(&out);
}

static void rows_that_cannot_be_said_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *row, *reason;
    } bad[] = {
        {"'N99', 1, null, null, null, null, null, null, null, null, null, null,"
         " null, null, null",
         "there is no message of this code"},
        {"'N61', 1, '" DEVICE "', null, null, null, '\\x0000002A', null,"
         " '2030-01-02', null, 1, null, null, null, null",
         "a column that this message needs is empty"},
        {"'N18', 1, null, null, null, null, null, null, null, null, null, null,"
         " null, null, null",
         "a column that this message needs is empty"},
        {"'N62', 1, '" DEVICE "', '" HUB "', null, null, '\\x0000002A', null,"
         " null, 36745, 4, null, null, null, null",
         "a column holds a value that this message cannot say"},
        {"'FutureDatedDeviceAlertMessage', 1, '" DEVICE "', null, null, null,"
         " null, null, null, 36722, null, null, null, '\\xDF0900', null",
         "a column holds a value that this message cannot say"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buffer out = {0};
        const char *reason = NULL;
        assert_false(compose(put(bad[i].row), &out, &reason));
        assert_string_equal(reason, bad[i].reason);
        assert_int_equal(out.len, 0);
        buffer_free(&out);
    }
}

static int set_up(void **state) {
    (void)state;
    scene = scene_new(1);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    if (scene)
        scene_free(scene);
    scene = NULL;
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_says_what_its_row_holds,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_row_is_the_same_message,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_version_is_the_users_up_to_ours,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_version_is_told_what_it_has,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_is_in_its_requests_version,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_version_has_is_data, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(rows_that_cannot_be_said_are_refused,
                                        set_up, tear_down),
    };
    has_official_schema = official_schema_open();
    if (!duis_open())
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    official_schema_close();
    duis_close();
    return failed;
}
