/* Certificates of the SMKI: what is read of them, and what is refused. */
#include "support/check.h"

#include "duis/certificate.h"
#include "support/duis_signing.h"
#include "support/shared.h"
#include "support/with_arena.h"

#include <openssl/evp.h>

#define USER 0x90B3D51F30010000

static void made_certificates_are_read(void **state) {
    (void)state;
    static const struct {
        struct test_certificate about;
        int role;
        enum certificate_usage usage;
    } cases[] = {
        {{.id = USER}, CERTIFICATE_USER_XML_SIGN, 0},
        {{.id = USER, .role = "02"}, CERTIFICATE_SUPPLIER, 0},
        {{.id = USER, .role = "03"}, CERTIFICATE_NETWORK_OPERATOR, 0},
        {{.id = USER, .role = "89"}, CERTIFICATE_DSP_XML_SIGN, 0},
        {{.id = USER, .role = "137"}, CERTIFICATE_DSP_XML_SIGN, 0},
        {{.id = USER, .role = "04", .usage = "critical,keyAgreement"},
         CERTIFICATE_ACB,
         CERTIFICATE_KEY_AGREEMENT},
        {{.id = USER, .usage = "digitalSignature,nonRepudiation"},
         CERTIFICATE_USER_XML_SIGN,
         0},
        {{.id = USER, .device = true}, CERTIFICATE_DEVICE, 0},
        {{.id = USER, .device = true, .usage = "critical,keyAgreement"},
         CERTIFICATE_DEVICE,
         CERTIFICATE_KEY_AGREEMENT},
        {{.id = USER, .basic = "critical,CA:FALSE"},
         CERTIFICATE_USER_XML_SIGN,
         0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct test_identity made = test_identity_new(arena, &cases[i].about);
        struct certificate c;
        const char *reason = NULL;
        if (!certificate_read(arena, made.certificate_pem, &c, &reason))
            fail_msg("case %zu: %s", i, reason);
        assert_true(c.id == USER);
        assert_int_equal(c.role, cases[i].role);
        assert_int_equal(c.usage, cases[i].usage);
        assert_string_equal(c.issuer, "CN=Z1,OU=07");
        assert_string_equal(c.serial, made.serial);
        assert_true(EVP_PKEY_eq(c.key, made.key) == 1);
        EVP_PKEY *again = certificate_public_key(arena, c.public_key);
        assert_true(again && EVP_PKEY_eq(again, made.key) == 1);
    }
}

static void every_other_certificate_is_refused_by_name(void **state) {
    (void)state;
    static const struct {
        struct test_certificate about;
        const char *reason;
    } cases[] = {
        {{.id = USER, .basic = "critical,CA:TRUE"}, "is a CA certificate"},
        {{.id = USER, .usage = "critical,keyCertSign"}, "is a CA certificate"},
        {{.id = USER, .usage = ""}, "has no key usage"},
        {{.id = USER, .usage = "critical,keyEncipherment"},
         "is neither for digitalSignature nor for keyAgreement"},
        {{.id = USER, .usage = "critical,digitalSignature,keyAgreement"},
         "is for digitalSignature and keyAgreement at once"},
        {{.id = USER, .curve = "P-384"}, "curve is not P-256"},
        {{.id = USER, .curve = "secp256k1"}, "curve is not P-256"},
        {{.id = USER, .no_id = true}, "has no EUI-64"},
        {{.id = USER, .device = true, .no_id = true}, "has no EUI-64"},
        {{.id = USER, .role = ""}, "has no role: no subject OU in hex"},
        {{.id = USER, .role = "XML"}, "has no role: no subject OU in hex"},
        {{.id = USER, .serial = "0"},
         "serial number is not positive, or longer than 20 octets"},
        {{.id = USER, .serial = "-5"},
         "serial number is not positive, or longer than 20 octets"},
        {{.id = USER,
          .serial = "1461501637330902918203684832716283019655932542976"},
         "serial number is not positive, or longer than 20 octets"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct test_identity made = test_identity_new(arena, &cases[i].about);
        struct certificate c;
        const char *reason = NULL;
        if (certificate_read(arena, made.certificate_pem, &c, &reason))
            fail_msg("case %zu was taken", i);
        assert_string_equal(reason, cases[i].reason);
    }
}

static void serials_and_dates_keep_every_digit(void **state) {
    (void)state;
    struct test_identity made = test_identity_new(
        arena,
        &(struct test_certificate){
            .id = USER,
            .serial = "1461501637330902918203684832716283019655932542975",
            .not_before = "20151030000000Z",
            .not_after = "99991231235959Z"});
    struct certificate c;
    const char *reason;
    assert_true(certificate_read(arena, made.certificate_pem, &c, &reason));
    assert_string_equal(c.serial,
                        "1461501637330902918203684832716283019655932542975");
    assert_int_equal(c.serial_octets.len, 20);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(c.serial_octets.data[i], 0xff);
    char text[INSTANT_TEXT_SIZE];
    assert_string_equal(instant_format(c.not_before, text),
                        "2015-10-30T00:00:00.000Z");
    assert_string_equal(instant_format(c.not_after, text),
                        "9999-12-31T23:59:59.000Z");
}

static void der_is_read_to_its_last_octet(void **state) {
    (void)state;
    struct test_identity made =
        test_identity_new(arena, &(struct test_certificate){.id = USER});
    struct certificate c, again;
    const char *reason;
    assert_true(certificate_read(arena, made.certificate_pem, &c, &reason));
    assert_true(certificate_read(arena, c.der, &again, &reason));
    assert_true(span_equal(c.der, again.der));
    for (size_t len = 0; len < c.der.len; len++)
        assert_false(
            certificate_read(arena, span_of(c.der.data, len), &again, &reason));
    assert_string_equal(reason, "is not an X.509 certificate");
    char *more = arena_alloc(arena, c.der.len + 1);
    memcpy(more, c.der.data, c.der.len);
    more[c.der.len] = 0;
    assert_false(
        certificate_read(arena, span_of(more, c.der.len + 1), &again, &reason));
    assert_false(
        certificate_read(arena, span_text("-----BEGIN CERTIFICATE-----\nAA\n"),
                         &again, &reason));
}

static void issuers_have_one_form(void **state) {
    (void)state;
    static const struct {
        const char *text, *normal; /* NULL: no name */
    } cases[] = {
        {"CN=Z1,OU=07", "CN=Z1,OU=07"},
        {"CN=U1, OU=07", "CN=U1,OU=07"},
        {" cn = Z1 ;\n\tou = 07 ", "CN=Z1,OU=07"},
        {"2.5.4.3=Z1,OID.2.5.4.11=07", "CN=Z1,OU=07"},
        {"CN=\"Z1\",OU=07", "CN=Z1,OU=07"},
        {"CN=a  b\t c", "CN=a b c"},
        {"OU=07,CN=Z1", "OU=07,CN=Z1"},
        {"CN=z1,OU=07", "CN=z1,OU=07"},
        {"CN=Z1+OU=07", "CN=Z1+OU=07"},
        {"CN=a\\,b,OU=07", "CN=a\\,b,OU=07"},
        {"CN=\"a,b\",OU=07", "CN=a\\,b,OU=07"},
        {"CN=a\\2Cb,OU=07", "CN=a\\,b,OU=07"},
        {"CN=,OU=07", "CN=,OU=07"},
        {"", NULL},
        {"CN", NULL},
        {"CN=Z1,", NULL},
        {"=Z1", NULL},
        {"CN=Z1,,OU=07", NULL},
        {"CN=\"Z1", NULL},
        {"CN=\"Z1\"x,OU=07", NULL},
        {"CN=Z1\\", NULL},
        {"CN=a\\00b", NULL},
        {"CN=\\FF", NULL},
        {"CN=\\C3\\A9", "CN=\xc3\xa9"},
        {"CN=\\ED\\A0\\80", NULL},
        {"CN=\\F4\\90\\80\\80", NULL},
        {"CN=\\C0\\AF", NULL},
        {"2.5.4.5=#13023132,CN=ZJ", "SERIALNUMBER=12,CN=ZJ"},
        {"OID.2.5.4.5=#13023132 , CN=ZJ", "SERIALNUMBER=12,CN=ZJ"},
        {"2.5.4.3=#0c03612c62", "CN=a\\,b"},
        {"2.5.4.3=#1e0400610062", "CN=ab"},
        {"2.5.4.45=#03090090b3d51f30000001",
         "X500UNIQUEIDENTIFIER=#03090090B3D51F30000001"},
        {"2.5.4.45=#0309009", NULL},
        {"2.5.4.45=#", NULL},
        {"2.5.4.45=#030900", NULL},
        {"2.5.4.3=#0c0141ff", NULL},
        {"2.5.4.3=#0c01ff", "CN=#0C01FF"},
        {"2.5.4.3=#0500", "CN=#0500"},
        {"2.5.4.3=#0101ff", "CN=#0101FF"},
        {"CN=\\#0c0141", "CN=\\#0c0141"},
        {"CN=\"#0c0141\"", "CN=\\#0c0141"},
        {"CN=#zz", NULL},
        {"E=ca@example.org", "EMAILADDRESS=ca@example.org"},
        {"EMAILADDRESS=ca@example.org", "EMAILADDRESS=ca@example.org"},
        {"emailAddress=ca@example.org", "EMAILADDRESS=ca@example.org"},
        {"S=Kent", "ST=Kent"},
        {"G=a,SN=b,T=c,I=d", "GN=a,SN=b,TITLE=c,INITIALS=d"},
        {"2.5.4.42=a,2.5.4.4=b,2.5.4.12=c,2.5.4.43=d",
         "GN=a,SN=b,TITLE=c,INITIALS=d"},
        {"1.2.3.4.5=a", "1.2.3.4.5=a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got =
            certificate_issuer_normalise(arena, span_text(cases[i].text));
        if (!got != !cases[i].normal ||
            (got && strcmp(got, cases[i].normal) != 0))
            fail_msg("\"%s\" gave \"%s\"", cases[i].text, got ? got : "none");
    }
}

static void names_are_turned_round(void **state) {
    (void)state;
    static const struct {
        const char *name, *reversed;
    } cases[] = {
        {"CN=Z1,OU=07", "OU=07,CN=Z1"},
        {"CN=Z1", "CN=Z1"},
        {"CN=a\\,b,OU=c\\\\,O=d", "O=d,OU=c\\\\,CN=a\\,b"},
        {"CN=a+SN=b,OU=c", "OU=c,SN=b+CN=a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(certificate_issuer_reverse(arena, cases[i].name),
                            cases[i].reversed);
}

/* Names of issuers as Java and .NET write them, and certificates of such. */
static void names_that_failed_are_read(void **state) {
    (void)state;
    struct buffer names = {0};
    if (!shared_read("cases/issuer/names.txt", &names))
        skip();
    char *line = arena_text(arena, buffer_span(&names)), *rest = NULL;
    buffer_free(&names);
    for (line = strtok_r(line, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        char *tab = strchr(line, '\t');
        assert_non_null(tab);
        const char *got = certificate_issuer_normalise(
            arena, span_of(line, (size_t)(tab - line)));
        assert_non_null(got);
        assert_string_equal(got, tab + 1);
    }
    static const char *const files[][2] = {
        {"cases/issuer/email.pem", "EMAILADDRESS=ca@example.org,CN=ZJ,OU=07"},
        {"cases/issuer/serialnumber.pem", "SERIALNUMBER=12,CN=ZJ,OU=07"},
        {"cases/issuer/uid.pem",
         "X500UNIQUEIDENTIFIER=#03090090B3D51F30000001,CN=ZJ,OU=07"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct certificate c;
        const char *reason = NULL;
        struct buffer pem = {0};
        assert_true(shared_read(files[i][0], &pem));
        if (!certificate_read(arena, buffer_span(&pem), &c, &reason))
            fail_msg("%s %s", files[i][0], reason);
        buffer_free(&pem);
        assert_string_equal(c.issuer, files[i][1]);
        assert_string_equal(
            certificate_issuer_normalise(arena, span_text(c.issuer)), c.issuer);
    }
}

static void published_certificates_are_read(void **state) {
    (void)state;
    static const struct {
        const char *file;
        eui64 id;
        int role;
        enum certificate_usage usage;
        const char *issuer, *serial;
    } cases[] = {
        {"test-pki/dsp-xml-sign-90B3D51F30000002-ds.pem", 0x90B3D51F30000002,
         CERTIFICATE_DSP_XML_SIGN, CERTIFICATE_DIGITAL_SIGNATURE, "CN=Z1,OU=07",
         "167048897159233642262001557408276884033"},
        {"test-pki/dsp-xml-sign-90B3D51F30000002-ds-pre-1.4.1.pem",
         0x90B3D51F30000002, CERTIFICATE_DSP_XML_SIGN,
         CERTIFICATE_DIGITAL_SIGNATURE, "CN=Z1,OU=07",
         "50669612984035780968362471400449834504"},
        {"test-pki/xml-sign-90B3D51F30010000-ds.pem", 0x90B3D51F30010000,
         CERTIFICATE_USER_XML_SIGN, CERTIFICATE_DIGITAL_SIGNATURE,
         "CN=Z1,OU=07", "27572613927499351639968579586655397031"},
        {"rtds/keys/90b3d51f30020000-ds.pem", 0x90B3D51F30020000,
         CERTIFICATE_NETWORK_OPERATOR, CERTIFICATE_DIGITAL_SIGNATURE,
         "CN=Z1,OU=07", NULL},
        {"rtds/keys/90b3d51f30000002-ka.pem", 0x90B3D51F30000002,
         CERTIFICATE_ACB, CERTIFICATE_KEY_AGREEMENT, "CN=Z1,OU=07", NULL},
        {"rtds/keys/00db1234567890a2-ds.pem", 0x00DB1234567890A2,
         CERTIFICATE_DEVICE, CERTIFICATE_DIGITAL_SIGNATURE, "CN=E357", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer pem = {0};
        if (!shared_read(cases[i].file, &pem))
            skip();
        struct certificate c;
        const char *reason = NULL;
        if (!certificate_read(arena, buffer_span(&pem), &c, &reason))
            fail_msg("%s %s", cases[i].file, reason);
        assert_true(c.id == cases[i].id);
        assert_int_equal(c.role, cases[i].role);
        assert_int_equal(c.usage, cases[i].usage);
        assert_string_equal(c.issuer, cases[i].issuer);
        if (cases[i].serial)
            assert_string_equal(c.serial, cases[i].serial);
        buffer_free(&pem);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_certificates_are_read),
        cmocka_unit_test(every_other_certificate_is_refused_by_name),
        cmocka_unit_test(serials_and_dates_keep_every_digit),
        cmocka_unit_test(der_is_read_to_its_last_octet),
        cmocka_unit_test(issuers_have_one_form),
        cmocka_unit_test(names_are_turned_round),
        cmocka_unit_test(names_that_failed_are_read),
        cmocka_unit_test(published_certificates_are_read),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
