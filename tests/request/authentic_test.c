/*
 * Is it a Service Request, and is it from whom it says (requirement A2)?
 * Everything that is not gets HTTP 400 or E1, and has no effect.
 */
#include "request/refusal.h"

#define DEVICE_ID "00-DB-12-00-00-00-00-05"
#define XML_DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
#define ENVELOPED "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
#define TRANSFORM(uri) "<ds:Transform Algorithm=\"" uri "\"/>"
#define EXCLUSIVE "http://www.w3.org/2001/10/xml-exc-c14n#"
#define EVIL_LIST "<sr:DeviceIDList>00-DB-12-00-00-00-01-02</sr:DeviceIDList>"

static const struct row XML_ROWS[] = {
    {.sent = "no XML at all",
     .after = {"<?xml", "hello"},
     .http = 400,
     .says = "well-formed"},
    {.sent = "broken XML: an end tag is missing",
     .after = {"</sr:Body>", ""},
     .http = 400,
     .says = "well-formed"},
    {.sent = "something after the root",
     .after = {"</sr:Request>", "</sr:Request><more/>"},
     .http = 400,
     .says = "well-formed"},
    {.sent = "an element that the schema does not know",
     .before = {"<sr:Body>", "<sr:Body><sr:Unknown/>"},
     .http = 400,
     .says = "Unknown"},
    {.sent = "another namespace",
     .before = {"www.dccinterface.co.uk/ServiceUserGateway", "example.org/"},
     .http = 400,
     .says = "schema"},
    {.sent = "a Response where a Request belongs",
     .before = {"<sr:Body>", "<sr:Body2>"},
     .signer = BY_NOBODY,
     .http = 400,
     .says = "well-formed"},
    {.sent = "no schemaVersion",
     .before = {" schemaVersion=\"5.4\"", ""},
     .http = 400,
     .says = "schemaVersion"},
    {.sent = "a DOCTYPE",
     .before = {"<sr:Request", "<!DOCTYPE x><sr:Request"},
     .http = 400,
     .says = "DOCTYPE"},
    {.sent = "an entity that names a file (XXE)",
     .signer = BY_NOBODY,
     .before = {"<sr:Request",
                "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>"
                "<sr:Request"},
     .after = {"0123ABCD", "&e;"},
     .http = 400,
     .says = "DOCTYPE"},
    {.sent = "an entity bomb",
     .signer = BY_NOBODY,
     .before = {"<sr:Request",
                "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaaaaaaaa\"><!ENTITY b "
                "\"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c "
                "\"&b;&b;&b;&b;&b;&b;&b;&b;\">]><sr:Request"},
     .after = {"0123ABCD", "&c;"},
     .http = 400,
     .says = "DOCTYPE"},
    {.sent = "an encoding other than UTF-8 and UTF-16",
     .before = {"UTF-8", "ISO-8859-1"},
     .http = 400,
     .says = "encoding"},
    {.sent = "counter 0",
     .request_id = ID_A ":" ACB ":0",
     .http = 400,
     .says = "counter is 0"},
    {.sent = "xsi:type on the root",
     .after = {"schemaVersion=",
               "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
               "xsi:type=\"sr:Request\" schemaVersion="},
     .http = 400,
     .says = "xsi:type is not accepted"},
    {.sent = "another namespace",
     .after = {"ServiceUserGateway", "/2"},
     .http = 400,
     .says = "not of its namespace, http"},
    {.sent = "two elements in the Body",
     .before = {"<sr:Body>", "<sr:Body><sr:ReadSchedule/>"},
     .http = 400,
     .says = "This element is not expected"},
    {.sent = "a counter with a leading zero",
     .request_id = ID_A ":" ACB ":01",
     .http = 400,
     .says = "two EUI-64 and a counter without leading zeros"},
    {.sent = "a RequestID without a counter",
     .request_id = ID_A ":" ACB,
     .http = 400,
     .says = "two EUI-64 and a counter without leading zeros"},
    {.sent = "CDATA",
     .after = {"0123ABCD", "<![CDATA[0123ABCD]]>"},
     .http = 400,
     .says = "a CDATA section is not accepted"},
    {.sent = "counter 2^64",
     .request_id = ID_A ":" ACB ":18446744073709551616",
     .http = 400,
     .says = "RequestID"},
    {.sent = "no Device IDs",
     .before = {"<sr:DeviceIDList>" DEVICE_ID, "<sr:DeviceIDList>"},
     .http = 400,
     .says = "DeviceIDList"},
    {.sent = "a Device ID that is none",
     .before = {DEVICE_ID, "00-DB-12-00-00-00-00-0G"},
     .http = 400,
     .says = "DeviceIDList"},
    {.sent = "spaces in the list of Device IDs",
     .before = {DEVICE_ID, DEVICE_ID ", 00-DB-12-00-00-00-01-05"},
     .http = 400,
     .says = "DeviceIDList"},
    {.sent = "an image that is not base64",
     .before = {"<sr:FirmwareImage>", "<sr:FirmwareImage>*"},
     .http = 400,
     .says = "FirmwareImage"},
    {.sent = "a FirmwareVersion of 9 characters",
     .firmware_version = "0123ABCD0",
     .http = 400,
     .says = "FirmwareVersion"},
};

static const struct row SIGNATURE_ROWS[] = {
    {.sent = "no signature", .signer = BY_NOBODY, .http = 200, .says = "E1"},
    {.sent = "the wrong key",
     .signer = BY_WRONG_KEY,
     .http = 200,
     .says = "E1"},
    {.sent = "an altered octet: another firmware version",
     .after = {"0123ABCD", "0123ABCE"},
     .http = 200,
     .says = "E1"},
    {.sent = "an altered octet: another device",
     .after = {DEVICE_ID, "00-DB-12-00-00-00-01-05"},
     .http = 200,
     .says = "E1"},
    {.sent = "an altered octet: another RequestID",
     .after = {"30-00-00-02:", "30-00-00-02:9"},
     .http = 200,
     .says = "E1"},
    {.sent = "an altered octet: white space between elements",
     .after = {"</sr:Header>", "</sr:Header> "},
     .http = 200,
     .says = "E1"},
    {.sent = "a second Reference",
     .signing.more_reference =
         "<ds:Reference URI=\"\"><ds:Transforms>" TRANSFORM(
             ENVELOPED) "</ds:Transforms><ds:DigestMethod Algorithm=\""
                        "http://www.w3.org/2001/04/xmlenc#sha256\"/"
                        "><ds:DigestValue>AAAA"
                        "</ds:DigestValue></ds:Reference>",
     .http = 200,
     .says = "E1"},
    {.sent = "a Reference to an element by its Id",
     .signing.reference = "URI=\"#body\"",
     .http = 200,
     .says = "E1"},
    {.sent = "a Reference without a URI",
     .signing.reference = "Type=\"x\"",
     .http = 200,
     .says = "E1"},
    {.sent = "a second transform",
     .signing.transforms = TRANSFORM(ENVELOPED) TRANSFORM(EXCLUSIVE),
     .http = 200,
     .says = "E1"},
    {.sent = "another signature method",
     .signing.signature_method = "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
     .http = 200,
     .says = "E1"},
    {.sent = "another digest method",
     .signing.digest_method = "http://www.w3.org/2000/09/xmldsig#sha1",
     .http = 200,
     .says = "E1"},
    {.sent = "another canonicalisation of SignedInfo",
     .signing.canonicalisation =
         "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
     .http = 200,
     .says = "E1"},
    {.sent = "a KeyInfo that brings its own key",
     .signing.key_info = "<ds:KeyName>mine</ds:KeyName>",
     .http = 200,
     .says = "E1"},
    {.sent = "an Object in the signature",
     .signing.object = "<ds:Object/>",
     .http = 200,
     .says = "E1"},
    {.sent = "wrapped: the signed Body in an Object, another in its place",
     .signing.object = "<ds:Object><sr:Body><sr:UpdatePPMIDFirmware/>"
                       "</sr:Body></ds:Object>",
     .ppmid = true,
     .http = 200,
     .says = "E1"},
    {.sent = "wrapped: a second DeviceIDList before the signed one",
     .after = {"<sr:DeviceIDList>", EVIL_LIST "<sr:DeviceIDList>"},
     .http = 400,
     .says = "DeviceIDList"},
    {.sent = "wrapped: a second Body before the signed one",
     .after = {"<sr:Body>", "<sr:Body/><sr:Body>"},
     .http = 400,
     .says = "Body"},
    {.sent = "wrapped: the signed request in the Body of another",
     .after = {"<sr:Body>", "<sr:Body><sr:Request><sr:Body>"},
     .http = 400,
     .says = "well-formed"},
    {.sent = "a comment cuts the FirmwareVersion in two",
     .after = {"0123ABCD", "0123<!-- -->ABCD"},
     .http = 400,
     .says = "inside a value"},
};

#define C14N "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define COMMON(name, field, value)                                             \
    { .sent = (name), .signing.field = (value), .http = 200 }
#define KEY_INFO(from, to)                                                     \
    { .sent = (to), .after = {(from), (to)}, .http = 200 }
static const struct row COMMON_ROWS[] = {
    COMMON("C14N 1.0 as a second transform", transforms,
           TRANSFORM(ENVELOPED) TRANSFORM(C14N)),
    COMMON("exclusive C14N as a second transform", transforms,
           TRANSFORM(ENVELOPED) TRANSFORM(EXCLUSIVE)),
    COMMON("SignedInfo in C14N 1.0", canonicalisation, C14N),
    COMMON("Id and Type of the Reference", reference,
           "URI=\"\" Id=\"r\" Type=\""
           "http://www.w3.org/2000/09/xmldsig#"
           "Object\""),
    COMMON("an Id of the signature", attributes, " Id=\"s\""),
    COMMON("an empty Object", object, "<ds:Object/>"),
    KEY_INFO("</ds:X509IssuerSerial>",
             "</ds:X509IssuerSerial><ds:X509Certificate>AAAA"
             "</ds:X509Certificate>"),
    KEY_INFO("<ds:X509Data>", "<ds:KeyName>A</ds:KeyName><ds:X509Data>"),
    KEY_INFO("CN=Z1,OU=07", "OU=07, CN=Z1"),
};

static const struct row CERTIFICATE_ROWS[] = {
    {.sent = "a certificate that is not known",
     .signer = BY_UNKNOWN_CERTIFICATE,
     .http = 200,
     .says = "E1"},
    {.sent = "an expired certificate",
     .signer = BY_EXPIRED,
     .http = 200,
     .says = "E1"},
    {.sent = "a certificate that is not valid yet",
     .signer = BY_FUTURE,
     .http = 200,
     .says = "E1"},
    {.sent = "a revoked certificate",
     .signer = BY_REVOKED,
     .http = 200,
     .says = "E1"},
    {.sent = "a certificate for key agreement",
     .signer = BY_KEY_AGREEMENT,
     .http = 200,
     .says = "E1"},
    {.sent = "a supplier's certificate for devices",
     .signer = BY_SUPPLIER_ROLE,
     .http = 200,
     .says = "E1"},
    {.sent = "a certificate of the DSP",
     .signer = BY_DSP_ROLE,
     .http = 200,
     .says = "E1"},
    {.sent = "a device's certificate",
     .signer = BY_DEVICE,
     .http = 200,
     .says = "E1"},
    {.sent = "a signer who is not the originator",
     .signer = BY_B,
     .request_id = ID_A ":" ACB ":77",
     .http = 200,
     .says = "E1"},
};

TEST_ROWS(what_is_no_valid_xml_gets_400, XML_ROWS)
TEST_ROWS_IN(a_signature_in_another_form_is_not_authentic, SIGNATURE_ROWS,
             "strict")

/* As it is without the key. */
static void what_libraries_in_use_sign_is_authentic(void **state) {
    (void)state;
    struct scene scene = set_scene(NULL);
    for (size_t i = 0; i < sizeof COMMON_ROWS / sizeof *COMMON_ROWS; i++) {
        struct row row = COMMON_ROWS[i];
        row.says = i ? "W110101" : "I99"; /* its device is being updated */
        struct span body = prepare(&scene, &row);
        struct answer answer = gateway_post(scene.gateway, "serviceD", body);
        check_says(scene.gateway, &row, &answer);
    }
    gateway_free(scene.gateway);
}

TEST_ROWS(an_unfit_certificate_is_not_authentic, CERTIFICATE_ROWS)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_valid_xml_gets_400),
        cmocka_unit_test(a_signature_in_another_form_is_not_authentic),
        cmocka_unit_test(what_libraries_in_use_sign_is_authentic),
        cmocka_unit_test(an_unfit_certificate_is_not_authentic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
