/* Times, firmware versions, and messages as JSON. */
#include "support/check.h"

#include "base/hex.h"
#include "gbcs/json.h"
#include "gbcs/time.h"
#include "gbcs/version.h"
#include "support/gbcs_samples.h"

#include <stdlib.h>

static void versions_are_read_and_written(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t version;
        const char *canonical; /* NULL: no version */
    } cases[] = {
        {"0123ABCD", 0x0123ABCD, "0123ABCD"},
        {"0123abcd", 0x0123ABCD, "0123ABCD"},
        {"0002012F", 0x0002012F, "0002012F"},
        {"9001", 0x00009001, "00009001"},
        {"0", 0, "00000000"},
        {"31323334", 0x31323334, "31323334"},
        {"00:00:00:10", 0x10, "00000010"},
        {"FFFFFFFF", 0xFFFFFFFF, "FFFFFFFF"},
        {"", 0, NULL},
        {"123456789", 0, NULL},
        {"1234567G", 0, NULL},
        {"0:0", 0, NULL},
        {"00:00:10", 0, NULL},
        {"00:00:00:00:10", 0, NULL},
        {" 9001", 0, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t version = 0;
        char text[GBCS_VERSION_TEXT_SIZE];
        bool ok = gbcs_version_parse(span_text(cases[i].text), &version);
        if (ok != (cases[i].canonical != NULL))
            fail_msg("\"%s\": %d", cases[i].text, ok);
        if (!ok)
            continue;
        assert_int_equal(version, cases[i].version);
        assert_string_equal(gbcs_version_format(version, text),
                            cases[i].canonical);
    }
}

static void cosem_date_times(void **state) {
    (void)state;
    static const struct {
        const char *hex, *text; /* NULL: no known time */
        bool canonical;         /* written as it was read */
    } cases[] = {
        {"07DF0101FF000000008000FF", "2015-01-01T00:00:00Z", true},
        {"07E80C1FFF173B3B008000FF", "2024-12-31T23:59:59Z", true},
        {"07E8021DFF0C000000800000", "2024-02-29T12:00:00Z", false},
        {"07DF010104000000FF000000", "2015-01-01T00:00:00Z", false},
        {"07DF0101FF000000638000FF", "2015-01-01T00:00:00.99Z", false},
        {"07DF0101FF000000648000FF", NULL, false},
        {"07DF0101FF00000000003CFF", NULL, false},
        {"FFFFFFFFFFFFFFFFFF8000FF", NULL, false},
        {"07DF0101FFFF00000080"
         "00FF",
         NULL, false},
        {"07DF0D01FF000000008000FF", NULL, false},
        {"07E7021DFF0C0000008000FF", NULL, false},
        {"07DF0101FF000000008001FF", NULL, false},
        {"07DF0101FF180000008000FF", NULL, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t octets[12], again[12];
        instant when = 0, expected = 0;
        assert_int_equal(hex_parse(span_text(cases[i].hex), octets, 12), 12);
        bool ok = gbcs_cosem_read(octets, &when);
        if (ok != (cases[i].text != NULL))
            fail_msg("%s: %d", cases[i].hex, ok);
        if (!ok)
            continue;
        assert_true(instant_parse(span_text(cases[i].text), &expected));
        assert_true(when == expected);
        gbcs_cosem_write(when, again);
        if (cases[i].canonical)
            assert_memory_equal(again, octets, 12);
    }
}

static void generalized_times(void **state) {
    (void)state;
    static const struct {
        const char *text, *when; /* NULL: no date and time */
    } cases[] = {
        {"20300115090000Z", "2030-01-15T09:00:00Z"},
        {"99991231235959Z", "9999-12-31T23:59:59Z"},
        {"20240229000000Z", "2024-02-29T00:00:00Z"},
        {"20230229000000Z", NULL},
        {"20231301000000Z", NULL},
        {"20230101240000Z", NULL},
        {"20230101000061Z", NULL},
        {"202301010000000", NULL},
        {"2023010100000 Z", NULL},
        {"-0230101000000Z", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint8_t *text = (const uint8_t *)cases[i].text;
        instant when = 0, expected = 0;
        uint8_t again[15];
        bool ok = gbcs_generalized_read(text, &when);
        if (ok != (cases[i].when != NULL))
            fail_msg("%s: %d", cases[i].text, ok);
        if (!ok)
            continue;
        assert_true(instant_parse(span_text(cases[i].when), &expected));
        assert_true(when == expected);
        gbcs_generalized_write(when + 999 * MILLISECOND, again);
        assert_memory_equal(again, text, 15);
    }
    instant leap, then;
    assert_true(
        gbcs_generalized_read((const uint8_t *)"20161231235960Z", &leap));
    assert_true(instant_parse(span_text("2017-01-01T00:00:00Z"), &then));
    assert_true(leap == then);
    instant never;
    assert_true(instant_parse(span_text("9999-12-31T23:59:59Z"), &never));
    assert_true(never == GBCS_CANCELLATION);
}

static json_t *shown(const char *name) {
    const struct gbcs_sample *s = gbcs_samples;
    while (strcmp(s->name, name) != 0)
        s++;
    struct buffer octets = {0};
    gbcs_sample_build(s, &octets);
    struct gbcs_message message;
    struct gbcs_payload payload;
    const char *reason;
    assert_true(gbcs_any_parse(buffer_span(&octets), &message, &reason));
    assert_true(gbcs_payload_read(&message, &payload, &reason));
    json_t *json = gbcs_to_json(&message, &payload);
    buffer_free(&octets);
    return json;
}

/* All but the octets, which are as long as the message. */
static void every_field_is_shown(void **state) {
    (void)state;
    static const struct {
        const char *sample, *expected;
    } cases[] = {
        {"cs06-precommand",
         "{'kind':'pre-command','useCase':'CS06','messageCode':'0012',"
         "'originator':'90-B3-D5-1F-30-01-00-00',"
         "'recipient':'00-DB-12-34-56-78-90-A0','originatorCounter':1000,"
         "'payload':{'manufacturerImageHash':'AA75869000000000000000000000000"
         "000000000000000000000000000000000','originatorCounter':1000,"
         "'executionDateTime':null},'signature':null,'mac':null}"},
        {"cs06-result",
         "{'kind':'response','useCase':'CS06','messageCode':'0012',"
         "'originator':'00-DB-12-34-56-78-90-A0',"
         "'recipient':'90-B3-D5-1F-30-01-00-00','originatorCounter':1000,"
         "'dateTime':'2015-01-01T00:00:00.000Z',"
         "'payload':{'activateImageResponseCode':2,'result':'hashMismatch',"
         "'firmwareVersion':'0123ABCD'},'mac':null}"},
        {"cs08-response",
         "{'kind':'response','useCase':'CS08','messageCode':'0129',"
         "'originator':'00-DB-12-34-56-78-90-A4',"
         "'recipient':'90-B3-D5-1F-30-00-00-02','originatorCounter':1300,"
         "'supplementaryRemoteParty':'90-B3-D5-1F-30-01-00-00',"
         "'supplementaryRemotePartyCounter':1000,"
         "'payload':{'firmwareVersion':'0123ABCD',"
         "'readFirmwareVersionResponseCode':0,'result':'success'},"
         "'payloadOctets':'300904040123ABCD020100','signature':null}"},
        {"ccs08-8f89",
         "{'kind':'alert','useCase':'CCS08','messageCode':'0128',"
         "'originator':'00-DB-12-34-56-78-90-A2',"
         "'recipient':'90-B3-D5-1F-30-00-00-02','originatorCounter':4001,"
         "'payload':{'alertCode':'8F89','dateTime':'2015-01-01T00:00:00.000Z',"
         "'deviceId':'00-DB-12-34-56-78-90-A4','firmwareVersion':'0123ABCD',"
         "'transferResponseCode':2,'result':'HardwareVersionMismatch'},"
         "'mac':null}"},
        {"cs06-8f67",
         "{'kind':'alert','useCase':'CS06','messageCode':'00CA',"
         "'originator':'00-DB-12-34-56-78-90-A0',"
         "'recipient':'90-B3-D5-1F-30-01-00-00','originatorCounter':2001,"
         "'payload':{'alertCode':'8F67',"
         "'executionDateTime':'2015-01-01T00:00:00.000Z',"
         "'originatorCounter':128,'activateImageResponseCode':3,"
         "'result':'activationFailure','firmwareVersion':'0123ABCD'},"
         "'mac':null}"},
        {"gcs38-error",
         "{'kind':'response','useCase':'GCS38','messageCode':'0084',"
         "'originator':'00-DB-12-34-56-78-90-A1',"
         "'recipient':'90-B3-D5-1F-30-01-00-00','originatorCounter':1000,"
         "'payload':{'zclStatus':192,'result':'HARDWARE_FAILURE'},"
         "'payloadOctets':'01090101070200060800010602C0','signature':null}"},
    };
    static const char *const octets[] = {"payloadOctets", "signature", "mac"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected_text[1024];
        size_t len = strlen(cases[i].expected);
        assert_true(len < sizeof expected_text);
        for (size_t at = 0; at <= len; at++)
            expected_text[at] =
                cases[i].expected[at] == '\'' ? '"' : cases[i].expected[at];
        json_t *expected = json_loads(expected_text, 0, NULL);
        json_t *got = shown(cases[i].sample);
        assert_non_null(expected);
        for (size_t k = 0; k < sizeof octets / sizeof *octets; k++)
            if (!json_object_get(expected, octets[k]))
                json_object_del(got, octets[k]);
        if (!json_equal(got, expected))
            fail_msg("%s: %s", cases[i].sample, json_dumps(got, 0));
        json_decref(got);
        json_decref(expected);
    }
}

static void signature_and_mac_are_shown_whole(void **state) {
    (void)state;
    json_t *json = shown("cs06-command");
    assert_int_equal(json_string_length(json_object_get(json, "signature")),
                     128);
    assert_int_equal(json_string_length(json_object_get(json, "mac")), 24);
    assert_true(json_integer_value(json_object_get(
                    json, "originatorCounter")) == 0x182AC7B5A07);
    json_decref(json);
}

static void long_counters_are_text(void **state) {
    (void)state;
    struct gbcs_message message = {
        .header = {.cra = GBCS_ALERT, .counter = UINT64_MAX, .code = 0x00C9}};
    struct gbcs_payload payload = {.kind = GBCS_OTHER, .alert_code = 0x8F3F};
    json_t *json = gbcs_to_json(&message, &payload);
    assert_string_equal(
        json_string_value(json_object_get(json, "originatorCounter")),
        "18446744073709551615");
    assert_true(json_is_null(json_object_get(json, "useCase")));
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(json, "payload"), "alertCode")),
                        "8F3F");
    json_decref(json);
    json = gbcs_to_json(&message, NULL);
    assert_true(json_is_null(json_object_get(json, "payload")));
    json_decref(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_are_read_and_written),
        cmocka_unit_test(cosem_date_times),
        cmocka_unit_test(generalized_times),
        cmocka_unit_test(every_field_is_shown),
        cmocka_unit_test(signature_and_mac_are_shown_whole),
        cmocka_unit_test(long_counters_are_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
