/* fotactl import certificates: a directory of them into the table
 * (requirements I2 and R5). */
#include "support/check.h"
#include "support/duis_signing.h"
#include "support/shared.h"
#include "support/tool.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>

static struct arena *arena;

static int setup(void **state) {
    tool_setup(state);
    arena = arena_new();
    tool_directory(*state, "pki");
    return 0;
}

static int teardown(void **state) {
    arena_free(arena);
    return tool_teardown(state);
}

static struct test_identity user(const char *serial) {
    return test_identity_new(
        arena, &(struct test_certificate){.id = 0x90B3D51F30010000,
                                          .serial = serial,
                                          .not_before = "20200101000000Z",
                                          .not_after = "20300101000000Z"});
}

static struct test_identity device(const char *serial) {
    return test_identity_new(
        arena, &(struct test_certificate){.id = 0x00DB1234567890A0,
                                          .device = true,
                                          .usage = "critical,keyAgreement",
                                          .serial = serial,
                                          .not_before = "20200101000000Z",
                                          .not_after = "99991231235959Z"});
}

/* Of the name OU=unit. */
static struct test_identity authority(const char *unit) {
    return test_identity_new(
        arena, &(struct test_certificate){.no_id = true,
                                          .role = unit,
                                          .usage = "critical,keyCertSign",
                                          .basic = "critical,CA:TRUE"});
}

static X509 *read_pem(struct span pem) {
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(x509);
    return x509;
}

/* What openssl(1) writes as DER. */
static struct span der_of(struct span pem) {
    X509 *x509 = read_pem(pem);
    unsigned char *der = NULL;
    int len = i2d_X509(x509, &der);
    assert_true(len > 0);
    struct span copy = arena_copy(arena, span_of(der, (size_t)len));
    OPENSSL_free(der);
    X509_free(x509);
    return copy;
}

/* The same certificate, issued by `by`. */
static struct span issued(struct span pem, const struct test_identity *by) {
    X509 *x509 = read_pem(pem), *issuer = read_pem(by->certificate_pem);
    X509_set_issuer_name(x509, X509_get_subject_name(issuer));
    assert_true(X509_sign(x509, by->key, EVP_sha256()) > 0);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, x509);
    char *text;
    long len = BIO_get_mem_data(bio, &text);
    struct span copy = arena_copy(arena, span_of(text, (size_t)len));
    BIO_free(bio);
    X509_free(x509);
    X509_free(issuer);
    return copy;
}

static struct span both(struct span a, struct span b) {
    return span_text(arena_printf(arena, "A heading\n%.*s\nBetween\n%.*s\n",
                                  (int)a.len, (const char *)a.data, (int)b.len,
                                  (const char *)b.data));
}

static const char certificates[] =
    "select issuer, serial, eui64_text(eui64), role, usage, not_before,"
    " not_after from certificate order by serial";

/* ---- what is read ---- */

#define USER_ROW(serial)                                                       \
    "CN=Z1,OU=07|" serial "|90-B3-D5-1F-30-01-00-00|User|ds|"                  \
    "2020-01-01 00:00:00+00|2030-01-01 00:00:00+00"
#define DEVICE_ROW(serial)                                                     \
    "CN=Z1,OU=07|" serial "|00-DB-12-34-56-78-90-A0|Device|ka|"                \
    "2020-01-01 00:00:00+00|9999-12-31 23:59:59+00"

static void pem_and_der_are_read_and_other_files_are_not(void **state) {
    struct tool *tool = *state;
    struct test_identity first = user("1"), second = device("2"),
                         third = user("3"), fourth = device("4");
    tool_file(tool, "pki/a.pem",
              both(first.certificate_pem,
                   both(first.key_pem, second.certificate_pem)));
    tool_file(tool, "pki/b.CRT", third.certificate_pem);
    tool_file(tool, "pki/c.der", der_of(fourth.certificate_pem));
    tool_file(tool, "pki/README", span_text("none"));
    tool_file(tool, "pki/a.key", first.key_pem);
    tool_file(tool, "pki/.hidden.pem", span_text("none"));
    tool_expect(tool, "import certificates @pki", 0, "");
    assert_string_equal((char *)tool->out.data,
                        "certificates: 4 loaded: 4 added, 0 updated, 0 "
                        "removed, 0 as before.\n");
    tool_expect_rows(tool, certificates,
                     USER_ROW("1") "\n" DEVICE_ROW("2") "\n" USER_ROW(
                         "3") "\n" DEVICE_ROW("4"));
    tool_expect_rows(tool,
                     "select count(*) from certificate where"
                     " der = (select der from certificate where serial = 4)",
                     "1");
}

/* The published certificates of the reference data. */
static void the_published_certificates_are_read(void **state) {
    struct tool *tool = *state;
    static const char *const names[] = {
        "test-pki/dsp-xml-sign-90B3D51F30000002-ds-pre-1.4.1",
        "test-pki/dsp-xml-sign-90B3D51F30000002-ds",
        "test-pki/xml-sign-90B3D51F30010000-ds",
        "rtds/keys/00db1234567890a4-ds",
        "rtds/keys/00db1234567890a4-ka",
        "rtds/keys/90b3d51f30000002-ka",
        "rtds/keys/90b3d51f30010000-ds",
        "rtds/keys/90b3d51f30020000-ka",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct buffer pem = {0};
        if (!shared_read(arena_printf(arena, "%s.pem", names[i]), &pem))
            skip();
        tool_file(tool, arena_printf(arena, "pki/%zu.pem", i),
                  buffer_span(&pem));
        buffer_free(&pem);
    }
    tool_expect(tool, "import certificates @pki", 0, "");
    /* serials: openssl x509 -noout -serial, in decimal */
    tool_expect_rows(tool,
                     "select eui64_text(eui64), role, usage, issuer, serial"
                     " from certificate order by 1, 2, 3, serial",
                     "00-DB-12-34-56-78-90-A4|Device|ds|CN=E357|"
                     "72119424058103965276745519964518786767\n"
                     "00-DB-12-34-56-78-90-A4|Device|ka|CN=E357|"
                     "98546831674745780667197067843932045670\n"
                     "90-B3-D5-1F-30-00-00-02|DSP|ds|CN=Z1,OU=07|"
                     "50669612984035780968362471400449834504\n"
                     "90-B3-D5-1F-30-00-00-02|DSP|ds|CN=Z1,OU=07|"
                     "167048897159233642262001557408276884033\n"
                     "90-B3-D5-1F-30-00-00-02|ACB|ka|CN=Z1,OU=07|"
                     "74176869497284601865526639753608441552\n"
                     "90-B3-D5-1F-30-01-00-00|User|ds|CN=Z1,OU=07|"
                     "27572613927499351639968579586655397031\n"
                     "90-B3-D5-1F-30-01-00-00|Supplier|ds|CN=Z1,OU=07|"
                     "105986833131214866166891566273223584671\n"
                     "90-B3-D5-1F-30-02-00-00|NetworkOperator|ka|CN=Z1,OU=07|"
                     "100975650324440424410683132663933689085");
}

/* ---- what is refused ---- */

static void expect_refused(struct tool *tool, const char *file,
                           struct span octets, const char *where,
                           const char *reason) {
    char err[512], path[128];
    snprintf(path, sizeof path, "pki/%s", file);
    snprintf(err, sizeof err,
             "fotactl: @pki/%s: certificate %s: %s; take it away and import "
             "again: nothing was loaded\n",
             file, where, reason);
    tool_file(tool, path, octets);
    tool_expect(tool, "import certificates @pki", 1, err);
    snprintf(path, sizeof path, "%s/pki/%s", tool->directory, file);
    remove(path);
}

static void what_is_no_usable_certificate_is_named(void **state) {
    struct tool *tool = *state;
    struct test_identity good = user("1"), ca = authority("07");
    struct span pem = good.certificate_pem;
    struct span cut = span_of(pem.data, pem.len / 2);
    static const char none[] = "is not an X.509 certificate";
    tool_file(tool, "pki/good.pem", pem);
    expect_refused(tool, "empty.pem", span_text(""), "1", none);
    expect_refused(tool, "text.pem", span_text("hello\n"), "1", none);
    expect_refused(tool, "key.pem", good.key_pem, "1", none);
    expect_refused(tool, "cut.pem", cut, "1", none);
    expect_refused(tool, "cut.der", span_of(der_of(pem).data, 100), "1", none);
    expect_refused(tool, "ca.cer", ca.certificate_pem, "1",
                   "is a CA certificate");
    expect_refused(tool, "two.pem", both(pem, ca.certificate_pem), "2",
                   "is a CA certificate");
    expect_refused(tool, "three.pem", both(pem, both(good.key_pem, cut)), "2",
                   none);
    tool_expect_rows(tool, "select count(*) from certificate", "0");
    tool_expect(tool, "import certificates @pki", 0, "");
    tool_expect_rows(tool, "select count(*) from certificate", "1");
}

static void a_directory_without_any_is_refused(void **state) {
    struct tool *tool = *state;
    tool_expect(tool, "import certificates @pki --replace", 1,
                "fotactl: @pki: there is no certificate file in it (*.pem, "
                "*.crt, *.cer, *.der)\n");
    tool_expect(tool, "import certificates @none", 1,
                "fotactl: @none: No such file or directory\n");
    tool_directory(tool, "pki/deep.pem");
    tool_expect(tool, "import certificates @pki", 1,
                "fotactl: @pki/deep.pem: Is a directory\n");
}

/* ---- adding, updating, replacing ---- */

static void the_same_certificate_may_come_twice(void **state) {
    struct tool *tool = *state;
    struct test_identity one = user("1"), other = user("1");
    tool_file(tool, "pki/a.pem", one.certificate_pem);
    tool_file(tool, "pki/b.pem",
              both(one.certificate_pem, one.certificate_pem));
    tool_expect(tool, "import certificates @pki", 0, "");
    assert_string_equal((char *)tool->out.data,
                        "certificates: 1 loaded: 1 added, 0 updated, 0 "
                        "removed, 0 as before.\n");
    tool_file(tool, "pki/c.pem", other.certificate_pem);
    tool_expect(tool, "import certificates @pki", 1,
                "fotactl: @pki: two certificates that differ have issuer "
                "CN=Z1,OU=07 and serial 1; take one away and import again: "
                "nothing was loaded\n");
}

static void a_revocation_outlives_an_import(void **state) {
    struct tool *tool = *state;
    struct test_identity one = user("1"), two = user("2");
    tool_file(tool, "pki/a.pem", one.certificate_pem);
    tool_file(tool, "pki/b.pem", two.certificate_pem);
    tool_expect(tool, "import certificates @pki", 0, "");
    tool_sql(tool, "update certificate set revoked_at = '2026-11-21 00:00:00Z'"
                   " where serial = 1");
    tool_file(tool, "pki/b.pem", user("3").certificate_pem);
    tool_expect(tool, "import certificates @pki", 0, "");
    static const char ask[] = "select serial, revoked_at is not null"
                              " from certificate order by 1";
    tool_expect_rows(tool, ask, "1|t\n2|f\n3|f");
    tool_expect(tool, "import certificates @pki --replace", 0, "");
    tool_expect_rows(tool, ask, "1|t\n3|f");
}

/* What could not be checked for want of a certificate is looked at again, of
 * that device alone. */
static void messages_that_waited_for_it_are_tried_again(void **state) {
    struct tool *tool = *state;
    tool_sql(tool,
             "insert into gbcs_message (csp, message_id, received, chf_id,"
             " originator, recipient, cra, code, counter, state, detail,"
             " wants_certificate, payload) select 'north', n, now(),"
             " '00db1234567890a1', originator::macaddr8, '90b3d51f30000002',"
             " 3, 298, 1, 'unverified', 'why', wants, n::bytea from (values"
             " ('1', '00db1234567890a0', true), ('2', '00db1234567890a0',"
             " false), ('3', '00db1234567890a5', true))"
             " as x (n, originator, wants)");
    static const char ask[] = "select message_id, state, detail is null,"
                              " wants_certificate from gbcs_message order by 1";
    tool_file(tool, "pki/a.pem", user("1").certificate_pem);
    tool_expect(tool, "import certificates @pki", 0, "");
    tool_expect_rows(tool, ask,
                     "1|unverified|f|t\n2|unverified|f|f\n3|unverified|f|t");
    tool_file(tool, "pki/b.pem", device("2").certificate_pem);
    tool_expect(tool, "import certificates @pki", 0, "");
    tool_expect_rows(tool, ask,
                     "1|waiting|t|f\n2|unverified|f|f\n3|unverified|f|t");
}

/* ---- trust ---- */

static void use_anchors(struct tool *tool, const char *path) {
    struct buffer text = {0};
    buffer_printf(&text,
                  "[database]\nconninfo = %s\n"
                  "[identity]\ntrust_anchors = %s/%s\n",
                  tool->conninfo, tool->directory, path);
    tool_file(tool, "trust.conf", buffer_span(&text));
    buffer_free(&text);
}

static void with_anchors_a_certificate_must_chain(void **state) {
    struct tool *tool = *state;
    static const char import[] =
        "--config @trust.conf import certificates @pki";
    struct test_identity ca = authority("07"), other = authority("08");
    use_anchors(tool, "anchors.pem");
    tool_expect(tool, import, 1,
                "fotactl: [identity] trust_anchors @anchors.pem: No such file "
                "or directory\n");
    tool_file(tool, "anchors.pem", ca.key_pem);
    tool_expect(tool, import, 1,
                "fotactl: [identity] trust_anchors @anchors.pem: there is no "
                "PEM certificate in it\n");
    tool_file(tool, "anchors.pem",
              both(other.certificate_pem, ca.certificate_pem));
    /* one that has expired, and one that never will */
    struct test_identity old = test_identity_new(
        arena, &(struct test_certificate){.id = 0x90B3D51F30010000,
                                          .not_before = "20200101000000Z",
                                          .not_after = "20210101000000Z"});
    tool_file(tool, "pki/a.pem", issued(old.certificate_pem, &ca));
    tool_file(tool, "pki/b.pem", issued(device("2").certificate_pem, &ca));
    tool_expect(tool, import, 0, "");
    tool_expect_rows(tool, "select count(*) from certificate", "2");
    tool_file(tool, "pki/c.pem", user("9").certificate_pem);
    tool_expect(tool, import, 1,
                "fotactl: @pki/c.pem: certificate 1: unable to get local "
                "issuer certificate; take it away and import again: nothing "
                "was loaded\n");
    /* the anchor's name under another signature */
    struct span forged = issued(user("9").certificate_pem, &ca);
    struct test_identity liar = {.key = other.key,
                                 .certificate_pem = ca.certificate_pem};
    tool_file(tool, "pki/c.pem", issued(forged, &liar));
    tool_expect(tool, import, 1,
                "fotactl: @pki/c.pem: certificate 1: certificate signature "
                "failure; take it away and import again: nothing was "
                "loaded\n");
    tool_expect_rows(tool, "select count(*) from certificate", "2");
}

#define WITH_DIRECTORY(test)                                                   \
    cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_DIRECTORY(pem_and_der_are_read_and_other_files_are_not),
        WITH_DIRECTORY(the_published_certificates_are_read),
        WITH_DIRECTORY(what_is_no_usable_certificate_is_named),
        WITH_DIRECTORY(a_directory_without_any_is_refused),
        WITH_DIRECTORY(the_same_certificate_may_come_twice),
        WITH_DIRECTORY(a_revocation_outlives_an_import),
        WITH_DIRECTORY(messages_that_waited_for_it_are_tried_again),
        WITH_DIRECTORY(with_anchors_a_certificate_must_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
