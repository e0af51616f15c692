/* Against what is published: the templates, a real signed response, the
 * official schema. All of it needs the reference data. */
#include "support/check.h"
#include "with_official.h"

#include "duis/certificate.h"
#include "duis/document.h"
#include "duis/request.h"
#include "duis/signature.h"
#include "support/duis_signing.h"
#include "support/duis_stage.h"
#include "support/shared.h"

#include <openssl/evp.h>

static bool reference(const char *name, struct span *text) {
    struct buffer file = {0};
    if (!shared_read(name, &file))
        return false;
    *text = arena_copy(arena, buffer_span(&file));
    buffer_free(&file);
    return true;
}

static const char *const TEMPLATES[] = {
    "duis-templates/11.1_UPDATE_FIRMWARE_REQUEST_DUIS.XML",
    "duis-templates/11.4_UPDATE_PPMID_FIRMWARE_REQUEST_DUIS.XML",
    "duis-templates/CS06_11.3_IMMEDIATE_SUCCESS_REQUEST_DUIS.XML",
    "duis-templates/CS08_11.2_SUCCESS_REQUEST_DUIS.XML",
    "duis-templates/ECS52_11.2_SUCCESS_REQUEST_DUIS.XML",
    "duis-templates/GCS38_11.2_SUCCESS_REQUEST_DUIS.XML",
};
enum { TEMPLATE_COUNT = sizeof TEMPLATES / sizeof *TEMPLATES };

static void signed_templates_are_good(void **state) {
    (void)state;
    struct test_identity user;
    if (!test_identity_reference(arena, "xml-sign-90B3D51F30010000-ds", &user))
        skip();
    struct certificate c;
    const char *reason = NULL;
    assert_true(certificate_read(arena, user.certificate_pem, &c, &reason));
    assert_true(c.id == 0x90B3D51F30010000);
    for (size_t i = 0; i < TEMPLATE_COUNT; i++) {
        struct span template;
        if (!reference(TEMPLATES[i], &template))
            skip();
        /* as published, digest and signature are the word "default" */
        assert_int_equal(stage_of(arena, template, c.key, &reason), SHAPE);
        struct buffer text = {0};
        test_sign(template, &(struct test_signing){.signer = &user}, &text);
        if (stage_of(arena, buffer_span(&text), c.key, &reason) != GOOD)
            fail_msg("%s: %s", TEMPLATES[i], reason);
        assert_int_not_equal(
            xmlsec1_verifies(buffer_span(&text), user.certificate_pem), 0);
        buffer_free(&text);
    }
}

static void templates_are_read(void **state) {
    (void)state;
    struct span text;
    struct duis_request request;
    struct duis_fault fault;
    if (!reference(TEMPLATES[0], &text))
        skip();
    assert_int_equal(duis_request_parse(arena, text, &request, &fault),
                     DUIS_PARSED);
    assert_int_equal(request.body, DUIS_UPDATE_FIRMWARE);
    assert_int_equal(request.image.len, 361);
    assert_string_equal(request.firmware_version.text, "00000000");
    assert_true(request.device_ids[0] == 0x00DB1234567890A0);
    assert_true(reference(TEMPLATES[1], &text));
    assert_int_equal(duis_request_parse(arena, text, &request, &fault),
                     DUIS_PARSED);
    assert_int_equal(request.body, DUIS_UPDATE_PPMID_FIRMWARE);
    assert_int_equal(request.image.len, 295);
}

static bool verifies(struct span text, EVP_PKEY *key) {
    struct duis_document document;
    struct duis_fault fault;
    const char *reason;
    return duis_document_parse(arena, text, DUIS_RESPONSE, &document, &fault) ==
               DUIS_PARSED &&
           duis_signature_verify(arena, &document, DUIS_STRICT, key, &reason);
}

/* A response that the DCC signed: its Reference names no C14N transform, and
 * its SignatureValue has a carriage return in it. */
static void the_real_response_verifies(void **state) {
    (void)state;
    struct span text, pem = {0};
    if (!reference("duis-templates/readfw-response.xml", &text) ||
        !reference("test-pki/dsp-xml-sign-90B3D51F30000002-ds-pre-1.4.1.pem",
                   &pem))
        skip();
    struct certificate c;
    struct duis_document document;
    struct duis_fault fault;
    struct duis_signer_name name;
    const char *reason;
    assert_true(certificate_read(arena, pem, &c, &reason));
    assert_int_equal(
        duis_document_parse(arena, text, DUIS_RESPONSE, &document, &fault),
        DUIS_PARSED);
    assert_true(
        duis_signature_shape(arena, &document, DUIS_STRICT, &name, &reason));
    assert_string_equal(name.issuer, c.issuer);
    assert_string_equal(name.serial, c.serial);
    assert_true(
        duis_signature_verify(arena, &document, DUIS_STRICT, c.key, &reason));
    struct buffer damaged = {0};
    test_replace(text, "15:45:42.790Z", "15:45:42.791Z", &damaged);
    assert_false(verifies(buffer_span(&damaged), c.key));
    buffer_free(&damaged);
}

static void the_real_error_is_valid_and_unsigned(void **state) {
    (void)state;
    struct span text;
    struct duis_document document;
    struct duis_fault fault;
    struct duis_signer_name name;
    const char *reason;
    if (!reference("duis-templates/acknowledgement-error.xml", &text))
        skip();
    assert_int_equal(
        duis_document_parse(arena, text, DUIS_RESPONSE, &document, &fault),
        DUIS_PARSED);
    assert_false(
        duis_signature_shape(arena, &document, DUIS_STRICT, &name, &reason));
    assert_string_equal(reason, "there is no signature");
}

/* One change to a template; both schemas must say the same. */
struct change {
    int template;
    const char *from, *to;
};

static void expect_agreement(const struct change *change, bool *valid) {
    struct span template;
    if (!reference(TEMPLATES[change->template], &template))
        skip();
    struct buffer text = {0};
    test_replace(template, change->from, change->to, &text);
    struct duis_document document;
    struct duis_fault fault = {0};
    *valid = official_schema_accepts(buffer_span(&text));
    enum duis_parse_result ours = duis_document_parse(
        arena, buffer_span(&text), DUIS_REQUEST, &document, &fault);
    if (ours != (*valid ? DUIS_PARSED : DUIS_NOT_VALID))
        fail_msg("%s -> %s: official %s, ours %d: %s", change->from, change->to,
                 *valid ? "valid" : "not valid", ours,
                 fault.reason ? fault.reason : "");
    buffer_free(&text);
}

#define ID "90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:"
#define HASH "AA758690730934FF0685AA758690730934FF0685657788990011223344556677"
#define AFTER_ID "</sr:RequestID>"

static void both_schemas_say_the_same(void **state) {
    (void)state;
    if (!has_official_schema)
        skip();
    static const struct change changes[] = {
        {0, "schemaVersion=\"5.4\"", "schemaVersion=\"5\""},
        {0, "schemaVersion=\"5.4\"", "schemaVersion=\" -5.40 \""},
        {0, "schemaVersion=\"5.4\"", "schemaVersion=\"5,4\""},
        {0, "schemaVersion=\"5.4\"", ""},
        {0, "schemaVersion=\"5.4\"", "schemaVersion=\"5.4\" x=\"y\""},
        {0, ID "1000", ID "0"},
        {0, ID "1000", " " ID "1000 "},
        {0, ID "1000", ID "18446744073709551615"},
        {0, ID "1000", ID "18446744073709551616"},
        {0, ID "1000", ID "18446744073709551609"},
        {0, ID "1000", ID "18446744073709551599"},
        {0, ID "1000", ID "18446744073709549999"},
        {0, ID "1000", ID "18446744080000000000"},
        {0, ID "1000", ID "17999999999999999999"},
        {0, ID "1000", ID "9999999999999999999"},
        {0, ID "1000", ID "19000000000000000000"},
        {0, ID "1000", ID "99999999999999999999"},
        {0, ID "1000", ID "00"},
        {0, ID "1000", ID "1 000"},
        {0, ID "1000", "90-b3-d5-1f-30-01-00-00:90-b3-d5-1f-30-00-00-02:7"},
        {0, AFTER_ID, AFTER_ID "<sr:FirstInSequence>true</sr:FirstInSequence>"},
        {0, AFTER_ID, AFTER_ID "<sr:FirstInSequence>2</sr:FirstInSequence>"},
        {0, AFTER_ID,
         AFTER_ID "<sr:FirstInSequence>1</sr:FirstInSequence>"
                  "<sr:PrecedingServiceRequestID>" ID
                  "999</sr:PrecedingServiceRequestID>"},
        {0, AFTER_ID,
         AFTER_ID "<sr:PrecedingServiceRequestID>" ID
                  "999</sr:PrecedingServiceRequestID>"
                  "<sr:FirstInSequence>1</sr:FirstInSequence>"},
        {0, "<sr:CommandVariant>8", "<sr:CommandVariant>9"},
        {0, "<sr:CommandVariant>8", "<sr:CommandVariant>10"},
        {0, "<sr:CommandVariant>8", "<sr:CommandVariant>0"},
        {0, "<sr:CommandVariant>8", "<sr:CommandVariant>+08"},
        {0, "<sr:CommandVariant>8", "<sr:CommandVariant> 8 "},
        {0, "<sr:CommandVariant>8", "<sr:CommandVariant>eight"},
        {0, "<sr:ServiceReference>11.1", "<sr:ServiceReference>11.4"},
        {0, "<sr:ServiceReference>11.1", "<sr:ServiceReference> 11.1"},
        {0, "<sr:ServiceReference>11.1", "<sr:ServiceReference>6.2"},
        {0, "Variant>11.1<", "Variant>6.2.10<"},
        {0, "Variant>11.1<", "Variant>11.01<"},
        {0, "<sr:FirmwareVersion>00000000", "<sr:FirmwareVersion>"},
        {0, "<sr:FirmwareVersion>00000000", "<sr:FirmwareVersion>9001"},
        {0, "<sr:FirmwareVersion>00000000", "<sr:FirmwareVersion>        "},
        {0, "<sr:FirmwareVersion>00000000", "<sr:FirmwareVersion>000000000"},
        {0, "<sr:FirmwareVersion>00000000",
         "<sr:FirmwareVersion>\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
         "\xc3\xa9\xc3\xa9"},
        {0, "00-DB-12-34-56-78-90-A0<", "00-db-12-34-56-78-90-a0<"},
        {0, "00-DB-12-34-56-78-90-A0<",
         "00-DB-12-34-56-78-90-A0,00-DB-12-34-56-78-90-A0<"},
        {0, "00-DB-12-34-56-78-90-A0<", "00-DB-12-34-56-78-90-A0,<"},
        {0, "00-DB-12-34-56-78-90-A0<", ",00-DB-12-34-56-78-90-A0<"},
        {0, "00-DB-12-34-56-78-90-A0<", " 00-DB-12-34-56-78-90-A0<"},
        {0, "00-DB-12-34-56-78-90-A0<", "<"},
        {0, "sr:UpdateFirmware>\n  </sr:Body>",
         "sr:UpdateFirmware><sr:ReadFirmwareVersion/>\n  </sr:Body>"},
        {1, "<sr:FirmwareVersion>", "<sr:Firmware/><sr:FirmwareVersion>"},
        {2, HASH, "AA" HASH},
        {2, HASH, ""},
        {2, HASH,
         "aa758690730934ff0685aa758690730934ff06856577889900112233445566ff"},
        {2, HASH,
         "zz758690730934ff0685aa758690730934ff06856577889900112233445566ff"},
        {2, "<sr:FirmwareHash>",
         "<sr:ExecutionDateTime>2026-11-21T09:15:00Z</sr:ExecutionDateTime>"
         "<sr:FirmwareHash>"},
        {2, "<sr:FirmwareHash>",
         "<sr:ExecutionDateTime>2026-11-31T09:15:00Z</sr:ExecutionDateTime>"
         "<sr:FirmwareHash>"},
        {3, "<sr:ReadFirmwareVersion/>",
         "<sr:ReadFirmwareVersion><sr:ExecutionDateTime>"
         "2026-11-21T09:15:00.123+01:00</sr:ExecutionDateTime>"
         "</sr:ReadFirmwareVersion>"},
        {3, "<sr:ReadFirmwareVersion/>",
         "<sr:ReadFirmwareVersion>x</sr:ReadFirmwareVersion>"},
        {3, "<sr:ReadFirmwareVersion/>",
         "<sr:SignedPreCommand><sr:GBCSPayload>3wkCAA==</sr:GBCSPayload>"
         "</sr:SignedPreCommand>"},
        {3, "<sr:ReadFirmwareVersion/>",
         "<sr:SignedPreCommand><sr:GBCSPayload/></sr:SignedPreCommand>"},
        {3, "<sr:ReadFirmwareVersion/>", "<sr:SignedPreCommand/>"},
        {3, "<sr:ReadFirmwareVersion/>", ""},
        {3, "<sr:Body>", "<sr:Body xmlns:x=\"urn:x\">"},
        /* the signature, beyond the shape that we accept */
        {3, "<ds:Signature ", "<ds:Signature Id=\"a\" "},
        {3, "<ds:Signature ", "<ds:Signature Id=\"1\" "},
        {3, "<ds:Reference URI=\"\">", "<ds:Reference>"},
        {3, "<ds:Reference URI=\"\">", "<ds:Reference URI=\"\" x=\"\">"},
        {3, "</ds:X509Data>", "</ds:X509Data><ds:KeyName>x</ds:KeyName>"},
        {3, "</ds:X509Data>", "</ds:X509Data><ds:NoName>x</ds:NoName>"},
        {3, "</ds:X509Data>", "</ds:X509Data><x xmlns=\"urn:x\"/>"},
        {3, "</ds:X509Data>", "<ds:X509SKI>AAAA</ds:X509SKI></ds:X509Data>"},
        {3, "</ds:KeyInfo>", "</ds:KeyInfo><ds:Object><x/>y</ds:Object>"},
        {3, "<ds:DigestMethod ", "<ds:NoMethod/><ds:DigestMethod "},
        {3, "1234567890", "1234567890123456789012345678901234567890"},
        {3, "1234567890", "12x"},
    };
    size_t accepted = 0, count = sizeof changes / sizeof *changes;
    for (size_t i = 0; i < count; i++) {
        bool valid;
        expect_agreement(&changes[i], &valid);
        accepted += valid;
    }
    /* both answers occur often enough to mean something */
    assert_in_range(accepted, count / 4, count * 3 / 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_are_read),
        cmocka_unit_test(signed_templates_are_good),
        cmocka_unit_test(the_real_response_verifies),
        cmocka_unit_test(the_real_error_is_valid_and_unsigned),
        cmocka_unit_test(both_schemas_say_the_same),
    };
    return cmocka_run_group_tests(tests, open_beside_official,
                                  close_beside_official);
}
