/* TLS: who is let in. Keys and certificates are made for each run. */
#include "served.h"

#include "http/client.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
    char *key_pem, *certificate_pem;
    char key_path[64], certificate_path[64];
};

static char folder[] = "/tmp/fotad-tls-XXXXXX";
static struct identity our_ca, other_ca, server, client_known, client_other;

static void add_extension(X509 *certificate, int kind, const char *value) {
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, kind, value);
    assert_non_null(e);
    X509_add_ext(certificate, e, -1);
    X509_EXTENSION_free(e);
}

static char *text_of(BIO *bio) {
    char *data = NULL;
    size_t len = (size_t)BIO_get_mem_data(bio, &data);
    char *text = calloc(1, len + 1);
    assert_non_null(text);
    memcpy(text, data, len);
    BIO_free(bio);
    return text;
}

static void write_file(char path[static 64], const char *name,
                       const char *suffix, const char *text) {
    snprintf(path, 64, "%s/%.16s.%s", folder, name, suffix);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void sign(struct identity *i, const char *name, int serial,
                 const struct identity *issuer) {
    i->certificate = X509_new();
    X509_set_version(i->certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(i->certificate), serial);
    X509_gmtime_adj(X509_getm_notBefore(i->certificate), -DAY / SECOND);
    X509_gmtime_adj(X509_getm_notAfter(i->certificate), DAY / SECOND);
    X509_set_pubkey(i->certificate, i->key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(i->certificate), "CN",
                               MBSTRING_ASC, (const unsigned char *)name, -1,
                               -1, 0);
    X509_set_issuer_name(i->certificate,
                         X509_get_subject_name(issuer->certificate));
    add_extension(i->certificate, NID_basic_constraints,
                  issuer == i ? "critical,CA:TRUE" : "CA:FALSE");
    add_extension(i->certificate, NID_subject_alt_name, "IP:127.0.0.1");
    assert_true(X509_sign(i->certificate, issuer->key, EVP_sha256()) > 0);
}

static void make(struct identity *i, const char *name, int serial,
                 const struct identity *issuer) {
    i->key = EVP_EC_gen("P-256");
    sign(i, name, serial, issuer);
    BIO *key = BIO_new(BIO_s_mem()), *certificate = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(key, i->key, NULL, NULL, 0, NULL, NULL);
    PEM_write_bio_X509(certificate, i->certificate);
    i->key_pem = text_of(key);
    i->certificate_pem = text_of(certificate);
    write_file(i->key_path, name, "key", i->key_pem);
    write_file(i->certificate_path, name, "pem", i->certificate_pem);
}

static int make_all(void **state) {
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    make(&our_ca, "our-ca", 1, &our_ca);
    make(&other_ca, "other-ca", 2, &other_ca);
    make(&server, "server", 3, &our_ca);
    make(&client_known, "known", 4, &our_ca);
    make(&client_other, "other", 5, &other_ca);
    return 0;
}

static int free_all(void **state) {
    (void)state;
    struct identity *const all[] = {&our_ca, &other_ca, &server, &client_known,
                                    &client_other};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        EVP_PKEY_free(all[i]->key);
        X509_free(all[i]->certificate);
        free(all[i]->key_pem);
        free(all[i]->certificate_pem);
        unlink(all[i]->key_path);
        unlink(all[i]->certificate_path);
    }
    return rmdir(folder);
}

static void answer_certificate(void *worker, const struct http_request *request,
                               struct http_response *response) {
    (void)worker;
    response->body = request->certificate;
}

static const struct http_route certificates[] = {
    {"GET", "/", NULL, 0, answer_certificate},
    {"POST", "/", "text/plain", 10, answer_certificate},
};

static struct http_options tls_options(const char *client_ca) {
    struct http_options options = basic_options();
    options.routes = certificates;
    options.route_count = 2;
    options.tls = (struct http_tls){
        .certificate = server.certificate_pem,
        .key = server.key_pem,
        .client_ca = client_ca,
    };
    return options;
}

static void clients_are_known_by_their_certificate(void **state) {
    (void)state;
    const struct {
        const char *server_asks_for;
        const struct identity *client, *client_trusts;
        unsigned status; /* 0: the client did not like the server */
        bool shown;
    } cases[] = {
        {NULL, NULL, &our_ca, 200, false},
        {NULL, NULL, &other_ca, 0, false},
        {our_ca.certificate_pem, &client_known, &our_ca, 200, true},
        {our_ca.certificate_pem, NULL, &our_ca, 403, false},
        {our_ca.certificate_pem, &client_other, &our_ca, 403, false},
        {other_ca.certificate_pem, &client_known, &our_ca, 403, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_options options = tls_options(cases[i].server_asks_for);
        struct http_listener *listener = started(&options);
        const struct identity *known = cases[i].client;
        struct http_client *client =
            http_client_new(&(struct http_client_options){
                .certificate = known ? known->certificate_path : NULL,
                .key = known ? known->key_path : NULL,
                .ca = cases[i].client_trusts->certificate_path,
            });
        char url[64];
        snprintf(url, sizeof url, "https://127.0.0.1:%u/", http_port(listener));
        struct http_message message = {.method = "GET", .url = url};
        for (int again = 0; again < 2; again++) {
            struct http_answer answer;
            http_client_send(client, &message, &answer);
            if (answer.status != cases[i].status)
                fail_msg("case %zu gave %u %s", i, answer.status, answer.error);
            unsigned char *der = NULL;
            int len = i2d_X509(client_known.certificate, &der);
            if (answer.status == 200)
                assert_true(
                    span_equal(buffer_span(&answer.body),
                               span_of(der, cases[i].shown ? (size_t)len : 0)));
            OPENSSL_free(der);
            http_answer_free(&answer);
        }
        http_client_free(client);
        http_close(listener);
    }
}

/* The refusal of a body that is still coming goes through TLS as well. */
static void refusals_are_readable(void **state) {
    (void)state;
    static char large[100000];
    static const char *const type[] = {"Content-Type: text/plain", NULL};
    struct http_options options = tls_options(NULL);
    struct http_listener *listener = started(&options);
    struct http_client *client = http_client_new(
        &(struct http_client_options){.ca = our_ca.certificate_path});
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", http_port(listener));
    struct http_message message = {"POST", url, type,
                                   span_of(large, sizeof large)};
    struct http_answer answer;
    http_client_send(client, &message, &answer);
    if (answer.status != 413)
        fail_msg("%u %s", answer.status, answer.error);
    http_answer_free(&answer);
    http_client_free(client);
    http_close(listener);
}

static void plain_http_is_not_taken(void **state) {
    (void)state;
    struct http_options options = tls_options(NULL);
    struct http_listener *listener = started(&options);
    int handle = wire_connect(http_port(listener));
    wire_text(handle, "GET / HTTP/1.1\r\n" HOST "\r\n");
    assert_true(wire_ended(handle));
    close(handle);
    http_close(listener);
}

static void key_and_certificate_must_fit(void **state) {
    (void)state;
    struct http_options options = tls_options(NULL);
    const char *reason = NULL;
    options.tls.key = client_known.key_pem;
    assert_null(http_listen(&options, &reason));
    assert_non_null(strstr(reason, "certificate and key"));
    options = tls_options("no certificate");
    assert_null(http_listen(&options, &reason));
    assert_non_null(strstr(reason, "clients' CAs"));
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_are_known_by_their_certificate),
        cmocka_unit_test(refusals_are_readable),
        cmocka_unit_test(plain_http_is_not_taken),
        cmocka_unit_test(key_and_certificate_must_fit),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
