/* Revocation lists: which are whole, by their issuing distribution point. */
#include "support/check.h"

#include "duis/revocation.h"
#include "support/shared.h"
#include "support/tls_pki.h"
#include "support/with_arena.h"

#include <openssl/x509v3.h>

static struct tls_identity ca;

static int make_ca(void **state) {
    (void)state;
    tls_make(&ca, &(struct tls_wish){.name = "ca", .serial = 1});
    return 0;
}

static int free_ca(void **state) {
    (void)state;
    tls_identity_free(&ca);
    tls_pki_remove();
    return 0;
}

/* A list with that extension, in the words of OpenSSL. */
static struct span list_with(const char *scope) {
    struct buffer plain = tls_crl(&ca, (const long[]){2, 0}, -1, 1);
    const unsigned char *at = plain.data;
    X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)plain.len);
    X509_EXTENSION *e =
        X509V3_EXT_conf_nid(NULL, NULL, NID_issuing_distribution_point, scope);
    assert_non_null(e);
    X509_CRL_add_ext(crl, e, -1);
    X509_EXTENSION_free(e);
    assert_true(X509_CRL_sign(crl, ca.key, EVP_sha256()) > 0);
    unsigned char *der = NULL;
    int len = i2d_X509_CRL(crl, &der);
    struct span copy = arena_copy(arena, span_of(der, (size_t)len));
    OPENSSL_free(der);
    X509_CRL_free(crl);
    buffer_free(&plain);
    return copy;
}

static void only_whole_lists_are_taken(void **state) {
    (void)state;
    static const struct {
        const char *scope;
        bool taken;
    } cases[] = {
        {"critical,onlyuser:TRUE", true},
        {"onlyuser:TRUE", true},
        {"critical,onlyCA:TRUE", false},
        {"critical,onlyAA:TRUE", false},
        {"critical,indirectCRL:TRUE", false},
        {"critical,onlyuser:TRUE,indirectCRL:TRUE", false},
        {"critical,onlysomereasons:keyCompromise", false},
        {"critical,fullname:URI:http://a.example/part-1", false},
        {"critical,onlyuser:TRUE,fullname:URI:http://a.example/part-1", false},
        {"critical,DER:0500", false},
        {"DER:0500", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct revocation_list list;
        const char *reason = "";
        bool taken = revocation_list_read(arena, list_with(cases[i].scope),
                                          &list, &reason);
        if (taken != cases[i].taken ||
            (!taken && !strstr(reason, "issuing distribution point")))
            fail_msg("%s: %s", cases[i].scope, reason);
    }
}

static void the_list_that_failed_is_taken(void **state) {
    (void)state;
    struct buffer pem = {0};
    if (!shared_read("cases/crl-idp.pem", &pem))
        skip();
    struct revocation_list list;
    const char *reason = "";
    if (!revocation_list_read(arena, buffer_span(&pem), &list, &reason))
        fail_msg("%s", reason);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.issuer, "CN=Test CA");
    buffer_free(&pem);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(only_whole_lists_are_taken),
        TEST(the_list_that_failed_is_taken),
    };
    return cmocka_run_group_tests(tests, make_ca, free_ca);
}
