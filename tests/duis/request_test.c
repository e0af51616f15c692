/* Service Requests: what is read, and what is answered with HTTP 400. */
#include "support/check.h"

#include "duis/parsed.h"

#include <stdio.h>

static enum duis_parse_result build_and_parse(const struct test_request *r) {
    struct buffer text = {0};
    test_request_build(r, &text);
    struct span body = arena_copy(arena, buffer_span(&text));
    buffer_free(&text);
    return parse(body);
}

static void update_firmware_is_read(void **state) {
    (void)state;
    assert_int_equal(build_and_parse(&UPDATE), DUIS_PARSED);
    assert_string_equal(request.schema_version, "5.4");
    assert_string_equal(request.request_id, REQUEST_ID);
    assert_true(request.originator == 0x90B3D51F30010000);
    assert_true(request.target == 0x90B3D51F30000002);
    assert_true(request.counter == 1000);
    assert_int_equal(request.command_variant, 8);
    assert_string_equal(request.service_reference, "11.1");
    assert_string_equal(request.service_reference_variant, "11.1");
    assert_int_equal(request.body, DUIS_UPDATE_FIRMWARE);
    assert_true(span_equal(request.image, span_text("image")));
    assert_int_equal(request.device_id_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(request.device_ids[i] == DEVICES[i]);
    assert_false(request.has_execution_date_time);
}

static void every_body_is_read(void **state) {
    (void)state;
    struct test_request r = UPDATE;
    r.body = DUIS_UPDATE_PPMID_FIRMWARE;
    assert_int_equal(build_and_parse(&r), DUIS_PARSED);
    assert_int_equal(request.body, DUIS_UPDATE_PPMID_FIRMWARE);
    assert_true(span_equal(request.image, span_text("image")));

    r = (struct test_request){.request_id = REQUEST_ID,
                              .body = DUIS_READ_FIRMWARE_VERSION,
                              .command_variant = "3"};
    assert_int_equal(build_and_parse(&r), DUIS_PARSED);
    assert_int_equal(request.body, DUIS_READ_FIRMWARE_VERSION);
    assert_int_equal(request.command_variant, 3);

    r = (struct test_request){
        .request_id = REQUEST_ID,
        .body = DUIS_ACTIVATE_FIRMWARE,
        .execution_date_time = "3000-12-31T00:00:00.00Z",
        .firmware_hash = "AA758690730934FF0685AA758690730934FF06856577889900"
                         "11223344556677"};
    assert_int_equal(build_and_parse(&r), DUIS_PARSED);
    assert_int_equal(request.body, DUIS_ACTIVATE_FIRMWARE);
    assert_int_equal(request.firmware_hash[0], 0xAA);
    assert_int_equal(request.firmware_hash[31], 0x77);
    char text[INSTANT_TEXT_SIZE];
    assert_true(request.has_execution_date_time);
    assert_string_equal(instant_format(request.execution_date_time, text),
                        "3000-12-31T00:00:00.000Z");

    r = (struct test_request){.request_id = REQUEST_ID,
                              .body = DUIS_SIGNED_PRE_COMMAND,
                              .gbcs_payload = {(const uint8_t *)"\xdf\x09", 2}};
    assert_int_equal(build_and_parse(&r), DUIS_PARSED);
    assert_int_equal(request.body, DUIS_SIGNED_PRE_COMMAND);
    assert_true(span_equal(request.gbcs_payload, span_text("\xdf\x09")));
}

static void firmware_versions_are_padded_when_hex(void **state) {
    (void)state;
    static const struct {
        const char *given, *text;
        bool is_hex;
        uint32_t number;
    } cases[] = {
        {"0123abcd", "0123ABCD", true, 0x0123ABCD},
        {"9001", "00009001", true, 0x9001},
        {"0", "00000000", true, 0},
        {"FFFFFFFF", "FFFFFFFF", true, 0xFFFFFFFF},
        {"v1.2", "v1.2", false, 0},
        {" 9001", " 9001", false, 0},
        {"\xc3\xa9", "\xc3\xa9", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct test_request r = UPDATE;
        r.firmware_version = cases[i].given;
        assert_int_equal(build_and_parse(&r), DUIS_PARSED);
        assert_string_equal(request.firmware_version.text, cases[i].text);
        assert_int_equal(request.firmware_version.is_hex, cases[i].is_hex);
        assert_true(request.firmware_version.number == cases[i].number);
    }
}

static void execution_times_are_read_as_the_schema_has_them(void **state) {
    (void)state;
    static const struct {
        const char *given, *utc; /* NULL: refused */
    } cases[] = {
        {"2026-11-21T09:15:00Z", "2026-11-21T09:15:00.000Z"},
        {"2026-11-21T09:15:00+01:00", "2026-11-21T08:15:00.000Z"},
        {"2026-11-21T24:00:00Z", "2026-11-22T00:00:00.000Z"},
        {"2026-02-30T00:00:00Z", NULL},
        {"2026-11-21", NULL},
        {"12026-11-21T09:15:00Z", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct test_request r = {.request_id = REQUEST_ID,
                                 .body = DUIS_READ_FIRMWARE_VERSION,
                                 .execution_date_time = cases[i].given};
        char text[INSTANT_TEXT_SIZE];
        enum duis_parse_result got = build_and_parse(&r);
        if (got != (cases[i].utc ? DUIS_PARSED : DUIS_NOT_VALID))
            fail_msg("\"%s\" gave %d: %s", cases[i].given, got, fault.reason);
        if (cases[i].utc)
            assert_string_equal(
                instant_format(request.execution_date_time, text),
                cases[i].utc);
    }
}

static void request_ids_keep_their_text(void **state) {
    (void)state;
    static const struct {
        const char *given, *text; /* NULL: refused */
        uint64_t counter;
    } cases[] = {
        {REQUEST_ID, REQUEST_ID, 1000},
        {" \n" REQUEST_ID "\t", REQUEST_ID, 1000},
        {"90-b3-d5-1f-30-01-00-00:90-B3-D5-1F-30-00-00-02:1",
         "90-b3-d5-1f-30-01-00-00:90-B3-D5-1F-30-00-00-02:1", 1},
        {"90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:"
         "18446744073709551615",
         "90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:"
         "18446744073709551615",
         UINT64_MAX},
        {"90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:"
         "18446744073709551616",
         NULL, 0},
        {"90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:0", NULL, 0},
        {"90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:01", NULL, 0},
        {"90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:", NULL, 0},
        {"90-B3-D5-1F-30-01-00-00:1", NULL, 0},
        {"", NULL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct test_request r = UPDATE;
        r.request_id = cases[i].given;
        enum duis_parse_result got = build_and_parse(&r);
        if (got != (cases[i].text ? DUIS_PARSED : DUIS_NOT_VALID))
            fail_msg("\"%s\" gave %d: %s", cases[i].given, got, fault.reason);
        if (!cases[i].text)
            continue;
        assert_string_equal(request.request_id, cases[i].text);
        assert_true(request.counter == cases[i].counter);
    }
}

/* A header that its body is not: for the caller to answer with E12. */
static void header_and_body_may_disagree(void **state) {
    (void)state;
    static const char *const services[] = {"11.4", "8.1", "1.1", "14.1"};
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        struct test_request r = UPDATE;
        r.service_reference = services[i];
        assert_int_equal(build_and_parse(&r), DUIS_PARSED);
        assert_string_equal(request.service_reference, services[i]);
        assert_int_equal(request.body, DUIS_UPDATE_FIRMWARE);
    }
    struct test_request r = UPDATE;
    r.service_reference_variant = "8.14.1";
    assert_int_equal(build_and_parse(&r), DUIS_PARSED);
}

/* One change each to the sound 11.1, whose text has two lines. */
static void every_defect_is_refused_with_its_reason(void **state) {
    (void)state;
    static const struct {
        const char *from, *to;
        enum duis_parse_result result;
        const char *reason; /* part of it */
    } cases[] = {
        /* not XML */
        {"</sr:Request>", "", DUIS_NOT_WELL_FORMED, "Request"},
        {"</sr:Header>", "</sr:Haeder>", DUIS_NOT_WELL_FORMED, "mismatch"},
        {"</sr:Request>", "</sr:Request><x/>", DUIS_NOT_WELL_FORMED,
         "Extra content"},
        {"</sr:Request>", "</sr:Request>x", DUIS_NOT_WELL_FORMED,
         "Extra content"},
        {"<sr:Header>", "<sr:Header a=\"1\" a=\"2\">", DUIS_NOT_WELL_FORMED,
         "redefined"},
        {"<sr:Header>", "<xx:Header>", DUIS_NOT_WELL_FORMED, ""},
        {"0123ABCD", "0123&#0;CD", DUIS_NOT_WELL_FORMED, ""},
        {"0123ABCD", "0123\x01", DUIS_NOT_WELL_FORMED, ""},
        {"0123ABCD", "\xff\xfe", DUIS_NOT_WELL_FORMED, ""},
        {"0123ABCD", "&unknown;", DUIS_NOT_WELL_FORMED, "not defined"},
        /* XML that is not taken */
        {"<sr:Request", "<!DOCTYPE sr:Request>\n<sr:Request",
         DUIS_NOT_WELL_FORMED, "DOCTYPE"},
        {"<sr:Request",
         "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><sr:Request",
         DUIS_NOT_WELL_FORMED, "DOCTYPE"},
        {"<sr:Request",
         "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b "
         "\"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]>"
         "<sr:Request",
         DUIS_NOT_WELL_FORMED, "DOCTYPE"},
        {"<sr:Request",
         "<!DOCTYPE r SYSTEM \"http://127.0.0.1:1/x.dtd\"><sr:Request",
         DUIS_NOT_WELL_FORMED, "DOCTYPE"},
        {"0123ABCD", "<![CDATA[0123ABCD]]>", DUIS_NOT_WELL_FORMED, "CDATA"},
        {"0123ABCD", "0123<!-- -->ABCD", DUIS_NOT_WELL_FORMED,
         "inside a value"},
        {"0123ABCD", "<!-- -->0123ABCD", DUIS_NOT_WELL_FORMED,
         "inside a value"},
        {"0123ABCD", "0123ABCD<?x y?>", DUIS_NOT_WELL_FORMED, "inside a value"},
        {"A1,00", "A1<!---->,00", DUIS_NOT_WELL_FORMED, "inside a value"},
        {":1000<", ":1<!---->000<", DUIS_NOT_WELL_FORMED, "inside a value"},
        {"UTF-8", "ISO-8859-1", DUIS_NOT_WELL_FORMED, "encoding"},
        {"UTF-8", "UTF-16", DUIS_NOT_WELL_FORMED, "encoding"},
        {"UTF-8", "UTF-7", DUIS_NOT_WELL_FORMED, "encoding"},
        /* not the schema's */
        {"<sr:FirmwareVersion>0123ABCD</sr:FirmwareVersion>", "",
         DUIS_NOT_VALID, "DeviceIDList"},
        {"0123ABCD", "", DUIS_NOT_VALID, "FirmwareVersion"},
        {"0123ABCD", "0123ABCDE", DUIS_NOT_VALID, "FirmwareVersion"},
        {"<sr:CommandVariant>8", "<sr:CommandVariant>10", DUIS_NOT_VALID,
         "CommandVariant"},
        {"<sr:CommandVariant>8", "<sr:CommandVariant>0", DUIS_NOT_VALID,
         "CommandVariant"},
        {"<sr:ServiceReference>11.1", "<sr:ServiceReference>11", DUIS_NOT_VALID,
         "ServiceReference"},
        {"A1,00", "A1, 00", DUIS_NOT_VALID, "DeviceIDList"},
        {"A1,00", "A1,,00", DUIS_NOT_VALID, "DeviceIDList"},
        {"A1,00", "A1;00", DUIS_NOT_VALID, "DeviceIDList"},
        {"A1,00", "AG,00", DUIS_NOT_VALID, "DeviceIDList"},
        {"schemaVersion=\"5.4\"", "", DUIS_NOT_VALID, "schemaVersion"},
        {"schemaVersion=\"5.4\"", "schemaVersion=\"five\"", DUIS_NOT_VALID,
         "schemaVersion"},
        {"<sr:Body>", "<sr:Body xml:space=\"preserve\">", DUIS_NOT_VALID,
         "Body"},
        {"ServiceUserGateway", "SomethingElse", DUIS_NOT_VALID, "namespace"},
        {"</sr:Request>", "<sr:Body/></sr:Request>", DUIS_NOT_VALID, "Body"},
        {"</sr:Request>", "<ds:Object/></sr:Request>", DUIS_NOT_VALID,
         "Object"},
        /* base64 that libxml2 lets pass */
        {"aW1hZ2U=", "aW1h!Z2U=", DUIS_NOT_VALID, "FirmwareImage"},
        {"aW1hZ2U=", "aW1hZ2U", DUIS_NOT_VALID, "FirmwareImage"},
        {"aW1hZ2U=", "aW1hZ2V=", DUIS_NOT_VALID, "FirmwareImage"},
        {"aW1hZ2U=", "aW1hZ2U=aW1h", DUIS_NOT_VALID, "FirmwareImage"},
        {"aW1hZ2U=", "aW1h-_==", DUIS_NOT_VALID, "FirmwareImage"},
    };
    struct buffer sound = {0};
    test_request_build(&UPDATE, &sound);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer text = {0};
        test_replace(buffer_span(&sound), cases[i].from, cases[i].to, &text);
        enum duis_parse_result got = parse(buffer_span(&text));
        if (got != cases[i].result)
            fail_msg("%s -> %s gave %d: %s", cases[i].from, cases[i].to, got,
                     fault.reason);
        if (!fault.reason[0] || !strstr(fault.reason, cases[i].reason))
            fail_msg("%s -> %s: %s", cases[i].from, cases[i].to, fault.reason);
        buffer_free(&text);
    }
    buffer_free(&sound);
}

static void what_xml_allows_is_taken(void **state) {
    (void)state;
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"<sr:Header>", "<!-- x --><sr:Header>\n  "},
        {"<sr:Request", "<?x y?><sr:Request"},
        {"UTF-8", "utf-8"},
        {" encoding=\"UTF-8\"", ""},
        {"<?xml version=\"1.0\" encoding=\"UTF-8\"?>", ""},
        {"<?xml", "\xef\xbb\xbf<?xml"},
        {"aW1hZ2U=", "aW1h\n  Z2U="},
        {"0123ABCD", "&#x30;123ABCD"},
        {"A1,00", "A1&#x2C;00"},
        {"</sr:Request>", "</sr:Request>\n<!-- end -->\n"},
        {"schemaVersion=\"5.4\"", "schemaVersion=' 5.4 '"},
    };
    struct buffer sound = {0};
    test_request_build(&UPDATE, &sound);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer text = {0};
        test_replace(buffer_span(&sound), cases[i].from, cases[i].to, &text);
        if (parse(buffer_span(&text)) != DUIS_PARSED)
            fail_msg("%s -> %s: %s", cases[i].from, cases[i].to, fault.reason);
        assert_true(span_equal(request.image, span_text("image")));
        assert_string_equal(request.firmware_version.text, "0123ABCD");
        assert_int_equal(request.device_id_count, 3);
        assert_string_equal(request.schema_version, "5.4");
        buffer_free(&text);
    }
    buffer_free(&sound);
}

static void faults_have_their_place(void **state) {
    (void)state;
    static const struct {
        const char *from, *to;
        unsigned line, column;
    } cases[] = {
        {"<sr:Header>", "\n\n   <sr:Haeder>", 4, 0},
        {"<sr:CommandVariant>8", "\n  <sr:CommandVariant>x", 3, 3},
        {"<sr:FirmwareImage>aW1h", "\n\n<sr:FirmwareImage\n>!W1h", 4, 1},
        {"<sr:Request", "\n\n<!DOCTYPE x><sr:Request", 4, 0},
        {"<sr:FirmwareVersion>0", "\n <sr:FirmwareVersion>0<!---->", 3, 2},
    };
    struct buffer sound = {0};
    test_request_build(&UPDATE, &sound);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer text = {0};
        test_replace(buffer_span(&sound), cases[i].from, cases[i].to, &text);
        assert_int_not_equal(parse(buffer_span(&text)), DUIS_PARSED);
        if (fault.line != cases[i].line ||
            (cases[i].column && fault.column != cases[i].column))
            fail_msg("%s: line %u, column %u: %s", cases[i].to, fault.line,
                     fault.column, fault.reason);
        buffer_free(&text);
    }
    buffer_free(&sound);
}

static void device_lists_end_at_50000(void **state) {
    (void)state;
    enum { MOST = 50000 };
    eui64 *ids = arena_alloc(arena, (MOST + 1) * sizeof *ids);
    for (size_t i = 0; i <= MOST; i++)
        ids[i] = 0x00DB123400000000 + i;
    struct test_request r = UPDATE;
    r.device_ids = ids;
    r.device_id_count = 0;
    assert_int_equal(build_and_parse(&r), DUIS_NOT_VALID);
    r.device_id_count = MOST;
    assert_int_equal(build_and_parse(&r), DUIS_PARSED);
    assert_int_equal(request.device_id_count, MOST);
    assert_memory_equal(request.device_ids, ids, MOST * sizeof *ids);
    r.device_id_count = MOST + 1;
    assert_int_equal(build_and_parse(&r), DUIS_NOT_VALID);
    assert_non_null(strstr(fault.reason, "DeviceIDList"));
    assert_true(strlen(fault.reason) <= 300);
}

static void images_end_at_10240000_octets(void **state) {
    (void)state;
    enum { MOST = 10240000 };
    struct test_request r = UPDATE;
    uint8_t *image = arena_zero(arena, MOST + 1, 1);
    r.image = span_of(image, MOST);
    assert_int_equal(build_and_parse(&r), DUIS_PARSED);
    assert_int_equal(request.image.len, MOST);
    r.image = span_of(image, MOST + 1);
    assert_int_equal(build_and_parse(&r), DUIS_NOT_VALID);
    assert_non_null(strstr(fault.reason, "FirmwareImage"));
    r.image = span_of(image, 0);
    assert_int_equal(build_and_parse(&r), DUIS_PARSED);
    assert_int_equal(request.image.len, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(update_firmware_is_read),
        TEST(every_body_is_read),
        TEST(firmware_versions_are_padded_when_hex),
        TEST(execution_times_are_read_as_the_schema_has_them),
        TEST(request_ids_keep_their_text),
        TEST(header_and_body_may_disagree),
        TEST(every_defect_is_refused_with_its_reason),
        TEST(what_xml_allows_is_taken),
        TEST(faults_have_their_place),
        TEST(device_lists_end_at_50000),
        TEST(images_end_at_10240000_octets),
    };
    return cmocka_run_group_tests(tests, open_room, close_room);
}
