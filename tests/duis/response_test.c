/* Responses and DCC Alerts: to the octet, valid, and signed. */
#include "support/check.h"
#include "with_official.h"

#include "duis/document.h"
#include "duis/response.h"
#include "duis/signature.h"
#include "support/duis_signing.h"

#include <malloc.h>
#include <stdio.h>

#define REQUEST_ID "90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1000"
#define WHEN 1660751142790000 /* 2022-08-17T15:45:42.790Z */

static struct test_identity dsp;
static struct duis_signer *signer;

static int set_up(void **state) {
    const char *reason;
    int opened = open_beside_official(state);
    dsp = test_identity_new(arena, &(struct test_certificate){
                                       .id = 0x90B3D51F30000002, .role = "89"});
    signer = duis_signer_new(arena, dsp.key_pem, dsp.certificate_pem, &reason);
    return signer ? opened : -1;
}

static const eui64 IDS[] = {0x00DB1234567890A0, 0x00DB1234567890A1,
                            0x00DB1234567890A4};
static const struct duis_response_id RESPONSE_ID = {
    0x90B3D51F30000002, 0x90B3D51F30010000, 18446744073709551615u};
static const uint8_t PAYLOAD[] = {0xdf, 0x09, 0x02, 0x00};

#define HEAD                                                                   \
    .schema_version = "5.4", .request_id = REQUEST_ID,                         \
    .response_id = &RESPONSE_ID, .response_code = "I0",                        \
    .response_date_time = WHEN
#define SERVICE(number)                                                        \
    .service_reference = number, .service_reference_variant = number
#define ALERT_HEAD                                                             \
    .schema_version = "5.4", .response_id = &RESPONSE_ID,                      \
    .response_code = "I0", .response_date_time = WHEN,                         \
    .message = DUIS_DCC_ALERT

#define MESSAGE(number, element)                                               \
    "<sr:ResponseMessage><sr:ServiceReference>" number                         \
    "</sr:ServiceReference><sr:ServiceReferenceVariant>" number                \
    "</sr:ServiceReferenceVariant>" element "</sr:ResponseMessage>"
#define ALERT(code, element)                                                   \
    "<sr:DCCAlertMessage><sr:DCCAlertCode>" code                               \
    "</sr:DCCAlertCode><sr:DCCAlert>" element                                  \
    "</sr:DCCAlert></sr:DCCAlertMessage>"

static const struct {
    const char *what;
    struct duis_response response;
    const char *body; /* what is in sr:Body */
} CASES[] = {
    {"all devices accepted",
     {HEAD, .message = DUIS_NO_ELEMENT, SERVICE("11.1")},
     MESSAGE("11.1", "")},
    {"11.1 with a device in every list",
     {HEAD, .message = DUIS_FIRMWARE_WARNING, SERVICE("11.1"),
      .warning = {{IDS, 3}, {IDS, 1}, {IDS + 1, 1}, {IDS + 2, 1}, {IDS, 2}}},
     MESSAGE("11.1",
             "<sr:DSPUpdateFirmwareWarning><sr:InvalidDeviceIDList>"
             "00-DB-12-34-56-78-90-A0,00-DB-12-34-56-78-90-A1,"
             "00-DB-12-34-56-78-90-A4</sr:InvalidDeviceIDList>"
             "<sr:NotCommissionedDeviceIDList>00-DB-12-34-56-78-90-A0"
             "</sr:NotCommissionedDeviceIDList>"
             "<sr:NotApplicableFirmwareDeviceIDList>00-DB-12-34-56-78-90-A1"
             "</sr:NotApplicableFirmwareDeviceIDList>"
             "<sr:OtherRequestInProgressList>00-DB-12-34-56-78-90-A4"
             "</sr:OtherRequestInProgressList><sr:InvalidGBCSVersionList>"
             "00-DB-12-34-56-78-90-A0,00-DB-12-34-56-78-90-A1"
             "</sr:InvalidGBCSVersionList></sr:DSPUpdateFirmwareWarning>")},
    {"11.4 with one list",
     {HEAD, .message = DUIS_FIRMWARE_WARNING, SERVICE("11.4"),
      .warning = {[DUIS_OTHER_REQUEST_IN_PROGRESS] = {IDS + 2, 1}}},
     MESSAGE("11.4", "<sr:DSPUpdatePPMIDFirmwareWarning>"
                     "<sr:OtherRequestInProgressList>00-DB-12-34-56-78-90-A4"
                     "</sr:OtherRequestInProgressList>"
                     "</sr:DSPUpdatePPMIDFirmwareWarning>")},
    {"a device's response",
     {HEAD, .message = DUIS_GBCS_PAYLOAD, SERVICE("11.2"),
      .gbcs_payload = {PAYLOAD, 4}},
     MESSAGE("11.2", "<sr:GBCSPayload>3wkCAA==</sr:GBCSPayload>")},
    {"a Pre-Command",
     {HEAD, .message = DUIS_PRE_COMMAND, SERVICE("11.3"), .gbcs_version = "4.3",
      .gbcs_payload = {PAYLOAD, 4}},
     MESSAGE("11.3", "<sr:PreCommand><sr:GBCSVersion>4.3</sr:GBCSVersion>"
                     "<sr:GBCSPayload>3wkCAA==</sr:GBCSPayload>"
                     "</sr:PreCommand>")},
    {"a command for local delivery",
     {HEAD, .message = DUIS_LOCAL_COMMAND, SERVICE("11.2"),
      .gbcs_payload = {PAYLOAD, 4}},
     MESSAGE("11.2", "<sr:LocalCommand><sr:GBCSPayload>3wkCAA=="
                     "</sr:GBCSPayload></sr:LocalCommand>")},
    {"a future dated alert",
     {HEAD, .message = DUIS_FUTURE_DATED_DEVICE_ALERT, SERVICE("11.3"),
      .alert_code = 0x8F66, .gbcs_payload = {PAYLOAD, 4}},
     MESSAGE("11.3",
             "<sr:FutureDatedDeviceAlertMessage>"
             "<sr:FutureDatedAlertCode>8F66</sr:FutureDatedAlertCode>"
             "<sr:GBCSPayload>3wkCAA==</sr:GBCSPayload>"
             "<sr:InstructionNumber>1</sr:InstructionNumber>"
             "<sr:TotalCommandInstructions>1</sr:TotalCommandInstructions>"
             "</sr:FutureDatedDeviceAlertMessage>")},
    {"a device alert",
     {.schema_version = "5.4",
      .response_id = &RESPONSE_ID,
      .response_code = "I0",
      .response_date_time = WHEN,
      .message = DUIS_DEVICE_ALERT,
      .alert_code = 0x8F72,
      .gbcs_payload = {PAYLOAD, 4}},
     "<sr:DeviceAlertMessage><sr:AlertCode>8F72</sr:AlertCode>"
     "<sr:GBCSPayload>3wkCAA==</sr:GBCSPayload></sr:DeviceAlertMessage>"},
    {"N19",
     {ALERT_HEAD, .dcc_alert = {.code = "N19",
                                .kind = DUIS_FIRMWARE_DISTRIBUTION_FAILURE,
                                .request_id = REQUEST_ID,
                                .devices = {IDS, 2}}},
     ALERT("N19", "<sr:FirmwareDistributionFailure>"
                  "<sr:UpdateFirmwareRequestID>" REQUEST_ID
                  "</sr:UpdateFirmwareRequestID><sr:MeterIDs>"
                  "00-DB-12-34-56-78-90-A0,00-DB-12-34-56-78-90-A1"
                  "</sr:MeterIDs></sr:FirmwareDistributionFailure>")},
    {"N39",
     {ALERT_HEAD, .dcc_alert = {.code = "N39",
                                .kind = DUIS_PPMID_ALERT,
                                .device_id = 0x00DB1234567890A4,
                                .device_alert_code = 0x8F8B,
                                .time = {true, WHEN},
                                .firmware_version = 0x1234ABCD,
                                .success = true}},
     ALERT("N39",
           "<sr:PPMIDAlert><sr:DeviceID>00-DB-12-34-56-78-90-A4</sr:DeviceID>"
           "<sr:DeviceAlertCode>8F8B</sr:DeviceAlertCode>"
           "<sr:Timestamp>2022-08-17T15:45:42.790Z</sr:Timestamp>"
           "<sr:PPMIDFirmwareUpgradeAlert><sr:FirmwareVersion>1234ABCD"
           "</sr:FirmwareVersion><sr:ActivateImageResultCode>"
           "ActivationSuccess</sr:ActivateImageResultCode>"
           "</sr:PPMIDFirmwareUpgradeAlert></sr:PPMIDAlert>")},
    {"N39, failed, without a time",
     {ALERT_HEAD, .dcc_alert = {.code = "N39",
                                .kind = DUIS_PPMID_ALERT,
                                .device_id = 0x00DB1234567890A4,
                                .device_alert_code = 0x8F8B,
                                .firmware_version = 0x15}},
     ALERT("N39",
           "<sr:PPMIDAlert><sr:DeviceID>00-DB-12-34-56-78-90-A4</sr:DeviceID>"
           "<sr:DeviceAlertCode>8F8B</sr:DeviceAlertCode>"
           "<sr:PPMIDFirmwareUpgradeAlert><sr:FirmwareVersion>00000015"
           "</sr:FirmwareVersion><sr:ActivateImageResultCode>"
           "ActivationFailure</sr:ActivateImageResultCode>"
           "</sr:PPMIDFirmwareUpgradeAlert></sr:PPMIDAlert>")},
    {"N46",
     {ALERT_HEAD, .dcc_alert = {.code = "N46",
                                .kind = DUIS_QUARANTINED_REQUEST,
                                .breach = DUIS_USER_THRESHOLD_BREACH,
                                .request_id = REQUEST_ID,
                                .quarantine_event_ref = 42}},
     ALERT("N46", "<sr:QuarantinedRequest><sr:ADUserThresholdBreach>"
                  "<sr:RequestID>" REQUEST_ID "</sr:RequestID>"
                  "<sr:QuarantineEventRef>42</sr:QuarantineEventRef>"
                  "</sr:ADUserThresholdBreach></sr:QuarantinedRequest>")},
    {"N47",
     {ALERT_HEAD, .dcc_alert = {.code = "N47",
                                .kind = DUIS_QUARANTINED_REQUEST,
                                .breach = DUIS_DCC_THRESHOLD_BREACH,
                                .request_id = REQUEST_ID,
                                .quarantine_event_ref = UINT64_MAX}},
     ALERT("N47",
           "<sr:QuarantinedRequest><sr:ADDCCThresholdBreach>"
           "<sr:RequestID>" REQUEST_ID "</sr:RequestID><sr:QuarantineEventRef>"
           "18446744073709551615</sr:QuarantineEventRef>"
           "</sr:ADDCCThresholdBreach></sr:QuarantinedRequest>")},
    {"N49",
     {ALERT_HEAD, .dcc_alert = {.code = "N49",
                                .kind = DUIS_FIRMWARE_VERSION_MISMATCH,
                                .device_id = 0x00DB1234567890A0,
                                .device_type = "ESME",
                                .firmware_version_smi = 0x10,
                                .firmware_version = 0x0123ABCD}},
     ALERT("N49", "<sr:FirmwareVersionMismatch><sr:DeviceID>"
                  "00-DB-12-34-56-78-90-A0</sr:DeviceID>"
                  "<sr:DeviceType>ESME</sr:DeviceType>"
                  "<sr:FirmwareVersionSMI>00000010</sr:FirmwareVersionSMI>"
                  "<sr:FirmwareVersionDevice>0123ABCD"
                  "</sr:FirmwareVersionDevice></sr:FirmwareVersionMismatch>")},
    {"N59",
     {ALERT_HEAD, .dcc_alert = {.code = "N59",
                                .kind = DUIS_FIRMWARE_UPGRADE_REQUESTED,
                                .device_type = "PPMID",
                                .firmware_version = 0x0123ABCD,
                                .devices = {IDS + 2, 1}}},
     ALERT("N59", "<sr:FirmwareUpgradeRequested><sr:DeviceType>PPMID"
                  "</sr:DeviceType><sr:FirmwareVersion>0123ABCD"
                  "</sr:FirmwareVersion><sr:DeviceList>"
                  "00-DB-12-34-56-78-90-A4</sr:DeviceList>"
                  "</sr:FirmwareUpgradeRequested>")},
    {"N60",
     {ALERT_HEAD, .dcc_alert = {.code = "N60",
                                .kind = DUIS_CSP_FIRMWARE_DELIVERY_STATUS,
                                .request_id = REQUEST_ID,
                                .comms_hub_id = 0x00DB1234567890A2,
                                .device_id = 0x00DB1234567890A4,
                                .firmware_version = 0x0123ABCD,
                                .time = {true, WHEN}}},
     ALERT(
         "N60",
         "<sr:CSPFirmwareDeliveryStatus><sr:UpdateFirmwareRequestID>" REQUEST_ID
         "</sr:UpdateFirmwareRequestID>"
         "<sr:CommsHubDeviceID>00-DB-12-34-56-78-90-A2"
         "</sr:CommsHubDeviceID><sr:TargetDeviceID>"
         "00-DB-12-34-56-78-90-A4</sr:TargetDeviceID>"
         "<sr:FirmwareVersion>0123ABCD</sr:FirmwareVersion>"
         "<sr:TimeStamp>2022-08-17T15:45:42.790Z</sr:TimeStamp>"
         "<sr:CommsHubTransferStatus>Failure"
         "</sr:CommsHubTransferStatus>"
         "</sr:CSPFirmwareDeliveryStatus>")},
    {"N62",
     {ALERT_HEAD,
      .dcc_alert = {.code = "N62",
                    .kind = DUIS_COMMS_HUB_ALERT,
                    .comms_hub_id = 0x00DB1234567890A2,
                    .device_alert_code = 0x8F89,
                    .time = {true, WHEN},
                    .request_id = REQUEST_ID,
                    .device_id = 0x00DB1234567890A4,
                    .firmware_version = 0x0123ABCD,
                    .transfer_response = DUIS_HARDWARE_VERSION_MISMATCH}},
     ALERT("N62",
           "<sr:CommsHubAlert><sr:CommsHubDeviceID>"
           "00-DB-12-34-56-78-90-A2</sr:CommsHubDeviceID>"
           "<sr:AlertCode>8F89</sr:AlertCode><sr:TimeStamp>"
           "2022-08-17T15:45:42.790Z</sr:TimeStamp>"
           "<sr:FirmwareTransferAlert><sr:UpdateFirmwareRequestID>" REQUEST_ID
           "</sr:UpdateFirmwareRequestID>"
           "<sr:OtherDeviceID>00-DB-12-34-56-78-90-A4"
           "</sr:OtherDeviceID><sr:FirmwareVersion>0123ABCD"
           "</sr:FirmwareVersion><sr:TransferResponseCode>"
           "HardwareVersionMismatch</sr:TransferResponseCode>"
           "</sr:FirmwareTransferAlert></sr:CommsHubAlert>")},
    {"N62 without a request",
     {ALERT_HEAD,
      .dcc_alert = {.code = "N62",
                    .kind = DUIS_COMMS_HUB_ALERT,
                    .comms_hub_id = 0x00DB1234567890A2,
                    .device_alert_code = 0x8F8A,
                    .device_id = 0x00DB1234567890A4,
                    .firmware_version = 0x0123ABCD,
                    .transfer_response = DUIS_FILE_TRANSFER_SUCCESS}},
     ALERT("N62", "<sr:CommsHubAlert><sr:CommsHubDeviceID>"
                  "00-DB-12-34-56-78-90-A2</sr:CommsHubDeviceID>"
                  "<sr:AlertCode>8F8A</sr:AlertCode>"
                  "<sr:FirmwareTransferAlert><sr:OtherDeviceID>"
                  "00-DB-12-34-56-78-90-A4</sr:OtherDeviceID>"
                  "<sr:FirmwareVersion>0123ABCD</sr:FirmwareVersion>"
                  "<sr:TransferResponseCode>FileTransferSuccess"
                  "</sr:TransferResponseCode></sr:FirmwareTransferAlert>"
                  "</sr:CommsHubAlert>")},
};
enum { CASE_COUNT = sizeof CASES / sizeof *CASES };

static struct span compose(size_t i) {
    struct buffer out = {0};
    assert_true(duis_response_compose(&out, signer, &CASES[i].response));
    struct span copy = arena_copy(arena, buffer_span(&out));
    buffer_free(&out);
    return copy;
}

/* The document without its signature. */
static const char *expected(size_t i) {
    const char *request_id = CASES[i].response.request_id
                                 ? "<sr:RequestID>" REQUEST_ID "</sr:RequestID>"
                                 : "";
    return arena_printf(
        arena,
        "<sr:Response "
        "xmlns:sr=\"http://www.dccinterface.co.uk/ServiceUserGateway\" "
        "schemaVersion=\"5.4\"><sr:Header>%s<sr:ResponseID>"
        "90-B3-D5-1F-30-00-00-02:90-B3-D5-1F-30-01-00-00:"
        "18446744073709551615</sr:ResponseID>"
        "<sr:ResponseCode>I0</sr:ResponseCode>"
        "<sr:ResponseDateTime>2022-08-17T15:45:42.790Z</sr:ResponseDateTime>"
        "</sr:Header><sr:Body>%s</sr:Body></sr:Response>",
        request_id, CASES[i].body);
}

static void responses_are_to_the_octet(void **state) {
    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct buffer canonical = {0};
        canonical_without_signature(compose(i), &canonical);
        const char *want = expected(i);
        if (!span_equal(buffer_span(&canonical), span_text(want)))
            fail_msg("%s:\n%.*s\nnot\n%s", CASES[i].what, (int)canonical.len,
                     (const char *)canonical.data, want);
        buffer_free(&canonical);
    }
}

/* What is sent is what is signed, with the signature put in. */
static void responses_are_their_own_canonical_form(void **state) {
    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct span text = compose(i);
        const char *want = expected(i);
        size_t head = strlen(want) - strlen("</sr:Response>");
        const char *root = memmem(text.data, text.len, "<sr:Response", 12);
        assert_memory_equal(root, want, head);
        assert_memory_equal(root + head, "<ds:Signature ", 14);
        assert_memory_equal(text.data + text.len - 29,
                            "</ds:Signature></sr:Response>", 29);
    }
}

static void responses_are_valid_and_signed(void **state) {
    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct duis_document document;
        struct duis_fault fault;
        struct duis_signer_name name;
        const char *reason = "not valid";
        if (duis_document_parse(arena, compose(i), DUIS_RESPONSE, &document,
                                &fault) != DUIS_PARSED)
            fail_msg("%s: %s", CASES[i].what, fault.reason);
        if (!duis_signature_shape(arena, &document, DUIS_STRICT, &name,
                                  &reason) ||
            !duis_signature_verify(arena, &document, DUIS_STRICT, dsp.key,
                                   &reason))
            fail_msg("%s: %s", CASES[i].what, reason);
        assert_string_equal(name.issuer, "CN=Z1,OU=07");
        assert_string_equal(name.serial, dsp.serial);
    }
}

static void the_official_schema_accepts_responses(void **state) {
    (void)state;
    if (!has_official_schema)
        skip();
    for (size_t i = 0; i < CASE_COUNT; i++)
        if (!official_schema_accepts(compose(i)))
            fail_msg("%s: %s", CASES[i].what, official_schema_reason());
}

static void xmlsec1_verifies_responses(void **state) {
    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        int verified = xmlsec1_verifies(compose(i), dsp.certificate_pem);
        if (verified < 0) {
            print_message("skipped: no program xmlsec1\n");
            skip();
        }
        if (!verified)
            fail_msg("%s", CASES[i].what);
    }
}

static void texts_are_escaped(void **state) {
    (void)state;
    struct duis_response response = CASES[4].response; /* a Pre-Command */
    response.gbcs_version = "<&>\r\"' \xc3\xa9";
    struct buffer out = {0}, canonical = {0};
    assert_true(duis_response_compose(&out, signer, &response));
    canonical_without_signature(buffer_span(&out), &canonical);
    const char *escaped = "<sr:GBCSVersion>&lt;&amp;&gt;&#xD;\"' \xc3\xa9"
                          "</sr:GBCSVersion>";
    assert_non_null(
        memmem(canonical.data, canonical.len, escaped, strlen(escaped)));
    assert_non_null(memmem(out.data, out.len, escaped, strlen(escaped)));
    assert_true(xmlsec1_verifies(buffer_span(&out), dsp.certificate_pem));
    buffer_free(&out);
    buffer_free(&canonical);
}

static void responses_are_appended(void **state) {
    (void)state;
    struct buffer out = {0};
    buffer_text(&out, "before");
    assert_true(duis_response_compose(&out, signer, &CASES[0].response));
    assert_true(duis_response_compose(&out, signer, &CASES[1].response));
    assert_memory_equal(out.data, "before<?xml version=\"1.0\"", 25);
    buffer_free(&out);
}

static void lists_of_50000_devices_are_written(void **state) {
    (void)state;
    enum { MANY = 50000 };
    eui64 *ids = arena_alloc(arena, MANY * sizeof *ids);
    for (size_t i = 0; i < MANY; i++)
        ids[i] = 0x00DB123400000000 + i;
    struct duis_response response = {
        HEAD, .message = DUIS_FIRMWARE_WARNING, SERVICE("11.1"),
        .warning = {[DUIS_INVALID_DEVICE_ID] = {ids, MANY}}};
    struct buffer out = {0};
    assert_true(duis_response_compose(&out, signer, &response));
    struct duis_document document;
    struct duis_fault fault;
    const char *reason;
    assert_int_equal(duis_document_parse(arena, buffer_span(&out),
                                         DUIS_RESPONSE, &document, &fault),
                     DUIS_PARSED);
    assert_true(
        duis_signature_verify(arena, &document, DUIS_STRICT, dsp.key, &reason));
    const char *last = "00-DB-12-34-00-00-C3-4F</sr:InvalidDeviceIDList>";
    assert_non_null(memmem(out.data, out.len, last, strlen(last)));
    buffer_free(&out);
}

static void signers_need_a_key_and_its_certificate(void **state) {
    (void)state;
    struct test_identity other = test_identity_new(
        arena, &(struct test_certificate){.id = 1, .role = "89"});
    struct test_identity agrees = test_identity_new(
        arena, &(struct test_certificate){.id = 1, .usage = "keyAgreement"});
    struct test_identity ca = test_identity_new(
        arena, &(struct test_certificate){.id = 1, .basic = "CA:TRUE"});
    const struct {
        struct span key, certificate;
        const char *reason;
    } cases[] = {
        {other.key_pem, dsp.certificate_pem,
         "is not the key of the certificate"},
        {dsp.certificate_pem, dsp.certificate_pem,
         "is not a private key in PEM without a password"},
        {span_text(""), dsp.certificate_pem,
         "is not a private key in PEM without a password"},
        {dsp.key_pem, dsp.key_pem,
         "the certificate is not an X.509 certificate"},
        {agrees.key_pem, agrees.certificate_pem,
         "the certificate is not for digitalSignature"},
        {ca.key_pem, ca.certificate_pem, "the certificate is a CA certificate"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *reason = NULL;
        assert_null(duis_signer_new(arena, cases[i].key, cases[i].certificate,
                                    &reason));
        assert_string_equal(reason, cases[i].reason);
    }
    const char *reason = NULL;
    assert_null(duis_signer_load(arena, "/nonexistent.key", "/nonexistent.pem",
                                 &reason));
    assert_string_equal(reason, "/nonexistent.key: No such file or directory");
    assert_true(duis_signer_certificate(signer)->id == 0x90B3D51F30000002);
}

/* What a signer had before goes when it is replaced; OpenSSL and malloc keep a
 * little, but not with each. */
static void replacing_leaves_nothing_behind(void **state) {
    (void)state;
    enum { WARM = 5, TIMES = 100, OCTETS = 1024 };
    size_t before = 0;
    struct mallinfo2 all;
    for (int i = 0; i < WARM + TIMES; i++) {
        all = mallinfo2();
        if (i == WARM)
            before = all.uordblks + all.hblkhd;
        struct arena *own = arena_new();
        const char *reason;
        struct duis_signer *fresh =
            duis_signer_new(own, dsp.key_pem, dsp.certificate_pem, &reason);
        assert_non_null(fresh);
        duis_signer_replace(signer, fresh);
        arena_free(own);
    }
    assert_true(all.uordblks + all.hblkhd < before + TIMES * OCTETS);
    struct buffer text = {0};
    buffer_text(&text, "<a>");
    assert_true(duis_signer_sign(signer, &text, 0, "</a>"));
    buffer_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(responses_are_to_the_octet),
        cmocka_unit_test(responses_are_their_own_canonical_form),
        cmocka_unit_test(responses_are_valid_and_signed),
        cmocka_unit_test(the_official_schema_accepts_responses),
        cmocka_unit_test(xmlsec1_verifies_responses),
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(responses_are_appended),
        cmocka_unit_test(lists_of_50000_devices_are_written),
        cmocka_unit_test(signers_need_a_key_and_its_certificate),
        cmocka_unit_test(replacing_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, set_up, close_beside_official);
}
