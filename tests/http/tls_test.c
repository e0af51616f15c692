/* TLS: who is let in. Keys and certificates are made for each run. */
#include "served.h"

#include "base/hsm.h"
#include "http/client.h"
#include "http/revocations.h"
#include "support/logged.h"
#include "support/tls_pki.h"
#include "support/token.h"

#include <gnutls/gnutls.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <time.h>
#include <unistd.h>

enum { REVOKED_SERIAL = 9 };

static struct tls_identity our_ca, other_ca, server, elsewhere, old_server,
    known, stranger, expired, future, revoked, namesake, narrow_ca, inside,
    outside, for_servers, for_code, for_mail, for_anything, for_clients,
    organisation;

static const struct made {
    struct tls_identity *identity;
    struct tls_wish wish;
} all[] = {
    {&our_ca, {.name = "our-ca", .serial = 1}},
    {&other_ca, {.name = "other-ca", .serial = 2}},
    {&server, {.name = "server", .serial = 3, .issuer = &our_ca}},
    {&elsewhere,
     {.name = "elsewhere",
      .serial = 4,
      .issuer = &our_ca,
      .for_another_host = true}},
    {&old_server,
     {.name = "old", .serial = 5, .issuer = &our_ca, .from = -9, .to = -1}},
    {&known,
     {.name = "known",
      .serial_number = "90-B3-D5-1F-30-01-00-00",
      .serial = 6,
      .issuer = &our_ca}},
    {&stranger, {.name = "stranger", .serial = 6, .issuer = &other_ca}},
    {&expired,
     {.name = "expired", .serial = 7, .issuer = &our_ca, .from = -9, .to = -1}},
    {&future,
     {.name = "future", .serial = 8, .issuer = &our_ca, .from = 1, .to = 9}},
    {&revoked,
     {.name = "revoked", .serial = REVOKED_SERIAL, .issuer = &our_ca}},
    {&narrow_ca,
     {.name = "narrow-ca",
      .serial = 10,
      .name_constraints = "critical,permitted;IP:127.0.0.0/255.0.0.0,"
                          "permitted;DNS:inside.example"}},
    {&inside, {.name = "a.inside.example", .serial = 11, .issuer = &narrow_ca}},
    {&outside,
     {.name = "outside",
      .serial = 12,
      .issuer = &narrow_ca,
      .for_another_host = true}},
#define FOR(identity, number, usage)                                           \
    {                                                                          \
        &identity, {                                                           \
            .name = #identity, .serial = number, .issuer = &our_ca,            \
            .extended_usage = usage                                            \
        }                                                                      \
    }
    FOR(for_servers, 13, "serverAuth"),
    FOR(for_code, 14, "codeSigning"),
    FOR(for_mail, 15, "critical,emailProtection"),
    FOR(for_anything, 16, "anyExtendedKeyUsage"),
    FOR(for_clients, 17, "critical,serverAuth,clientAuth"),
#undef FOR
    {&organisation,
     {.name = "organisation",
      .serial = 18,
      .issuer = &our_ca,
      .unique_identifier = {0x90, 0xb3, 0xd5, 0x1f, 0x30, 1, 0, 0}}},
};

/* Their keys are RSA's. */
static struct tls_identity usual_rsa, dear_rsa;

/* A CA of the same name as ours, with a key of its own. */
static struct tls_identity false_ca;

static int make_all(void **state) {
    (void)state;
    tls_make(&false_ca, &(struct tls_wish){.name = "our-ca", .serial = 1});
    tls_make(&namesake, &(struct tls_wish){.name = "known-too",
                                           .serial = 6,
                                           .issuer = &false_ca});
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        tls_make(all[i].identity, &all[i].wish);
    tls_make(&usual_rsa, &(struct tls_wish){.name = "usual",
                                            .serial = 20,
                                            .issuer = &our_ca,
                                            .exponent = 17});
    tls_make(&dear_rsa, &(struct tls_wish){.name = "dear",
                                           .serial = 21,
                                           .issuer = &our_ca,
                                           .exponent = 200});
    return 0;
}

static int free_all(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        tls_identity_free(all[i].identity);
    tls_identity_free(&false_ca);
    tls_identity_free(&namesake);
    tls_identity_free(&usual_rsa);
    tls_identity_free(&dear_rsa);
    tls_pki_remove();
    return 0;
}

/* ---- the server and its clients ---- */

static void answer_certificate(void *worker, const struct http_request *request,
                               struct http_response *response) {
    (void)worker;
    response->body = request->certificate;
}

static void answer_name(void *worker, const struct http_request *request,
                        struct http_response *response) {
    (void)worker;
    char id[EUI64_TEXT_SIZE];
    response->body = span_text(
        arena_printf(request->arena, "%s %s",
                     request->peer_name ? request->peer_name : "nobody",
                     eui64_format(request->peer_id, id)));
}

static const struct http_route certificates[] = {
    {"GET", "/", NULL, 0, answer_certificate},
    {"GET", "/name", NULL, 0, answer_name},
    {"POST", "/", "text/plain", 10, answer_certificate},
    {"POST", "/gate", NULL, 10, answer_gate},
};

static struct http_options tls_options(const struct tls_identity *who,
                                       const struct tls_identity *client_ca) {
    struct http_options options = basic_options();
    options.routes = certificates;
    options.route_count = sizeof certificates / sizeof *certificates;
    options.tls = (struct http_tls){
        .certificate = who->certificate_path,
        .key = who->key_path,
        .client_ca = client_ca ? client_ca->certificate_path : NULL,
    };
    return options;
}

static struct http_client *client_of(const struct tls_identity *who,
                                     const struct tls_identity *trusted) {
    return http_client_new(&(struct http_client_options){
        .certificate = who ? who->certificate_path : NULL,
        .key = who ? who->key_path : NULL,
        .ca = trusted->certificate_path,
    });
}

static struct http_answer get(struct http_client *client, unsigned port,
                              const char *path) {
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%u%s", port, path);
    struct http_message message = {.method = "GET", .url = url};
    struct http_answer answer;
    http_client_send(client, &message, &answer);
    return answer;
}

static bool holds(const struct http_answer *answer, const char *text) {
    return memmem(answer->body.data, answer->body.len, text, strlen(text)) !=
           NULL;
}

static void use_list(const long *serials, int to) {
    struct buffer list = tls_crl(&our_ca, serials, -1, to);
    struct span octets = buffer_span(&list);
    assert_int_equal(http_use_revocations(&octets, 1), 1);
    buffer_free(&list);
}

/* ---- who is let in ---- */

static void clients_are_known_by_their_certificate(void **state) {
    (void)state;
    static const struct {
        const char *what;
        const struct tls_identity *client_ca, *client;
        unsigned status;
        const char *says; /* in the body of a 403 */
    } cases[] = {
        {"nobody is asked", NULL, NULL, 200, NULL},
        {"right", &our_ca, &known, 200, NULL},
        {"no certificate", &our_ca, NULL, 403, "no certificate was shown"},
        {"wrong CA", &our_ca, &stranger, 403, "of no accepted CA"},
        {"another CA is asked for", &other_ca, &known, 403, "no accepted CA"},
        {"a CA of the same name", &our_ca, &namesake, 403, "certificate"},
        {"expired", &our_ca, &expired, 403, "has expired"},
        {"not yet valid", &our_ca, &future, 403, "is not valid yet"},
        {"revoked", &our_ca, &revoked, 403, "is revoked"},
        {"the CA itself", &our_ca, &our_ca, 200, NULL},
        {"for servers", &our_ca, &for_servers, 403, "not for TLS clients"},
        {"for code", &our_ca, &for_code, 403, "not for TLS clients"},
        {"for mail", &our_ca, &for_mail, 403, "not for TLS clients"},
        {"for anything", &our_ca, &for_anything, 200, NULL},
        {"for clients and servers", &our_ca, &for_clients, 200, NULL},
        {"a key of RSA", &our_ca, &usual_rsa, 200, NULL},
        /* the owner of a public key chooses what using it costs us */
        {"a dear key of RSA", &our_ca, &dear_rsa, 0, NULL},
        {"its CA may", &narrow_ca, &inside, 200, NULL},
        {"its CA may not", &narrow_ca, &outside, 403, "name constraints"},
    };
    use_list((const long[]){REVOKED_SERIAL, 0}, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        logged_begin(LOG_LEVEL_WARNING);
        struct http_options options = tls_options(&server, cases[i].client_ca);
        struct http_listener *listener = started(&options);
        struct http_client *client = client_of(cases[i].client, &our_ca);
        for (int again = 0; again < 2; again++) {
            struct http_answer answer =
                get(client, http_port(listener), "/name");
            if (answer.status != cases[i].status ||
                (cases[i].says && !holds(&answer, cases[i].says)))
                fail_msg("%s: %u %s %.*s", cases[i].what, answer.status,
                         answer.error, (int)answer.body.len,
                         (const char *)answer.body.data);
            http_answer_free(&answer);
        }
        http_client_free(client);
        http_close(listener);
        if (cases[i].says)
            logged_end("warning tls.refused", cases[i].says);
        else
            logged_pass();
    }
}

static void servers_are_known_by_their_certificate(void **state) {
    (void)state;
    static const struct {
        const char *what;
        const struct tls_identity *server, *trusted;
        unsigned status; /* 0: the client did not like the server */
    } cases[] = {
        {"right", &server, &our_ca, 200},
        {"wrong CA", &server, &other_ca, 0},
        {"another host's", &elsewhere, &our_ca, 0},
        {"expired", &old_server, &our_ca, 0},
        {"not yet valid", &future, &our_ca, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_options options = tls_options(cases[i].server, NULL);
        struct http_listener *listener = started(&options);
        struct http_client *client = client_of(NULL, cases[i].trusted);
        struct http_answer answer = get(client, http_port(listener), "/");
        if (answer.status != cases[i].status)
            fail_msg("%s: %u %s", cases[i].what, answer.status, answer.error);
        http_answer_free(&answer);
        http_client_free(client);
        http_close(listener);
    }
}

/* ---- keys in an HSM ---- */

static bool is_known(struct http_client *client, unsigned port) {
    struct http_answer answer = get(client, port, "/name");
    bool known_by_name =
        answer.status == 200 && holds(&answer, "90-B3-D5-1F-30-01-00-00");
    http_answer_free(&answer);
    return known_by_name;
}

/* Both sides' keys, for GnuTLS and for OpenSSL: they are who their certificates
 * say, while the token is there; when it comes back, by themselves. */
static void keys_may_be_in_an_hsm(void **state) {
    (void)state;
    const char *unable = token_open();
    if (unable) {
        print_message("skipped: %s\n", unable);
        skip();
    }
    struct arena *arena = arena_new();
    struct http_options options = tls_options(&server, &our_ca);
    const struct http_client_options calls = {
        .certificate = known.certificate_path,
        .key = token_import(known.key_path, "known"),
        .ca = our_ca.certificate_path};
    const char *reason = NULL;
    options.tls.key = calls.key;
    assert_null(http_listen(&options, &reason));
    assert_non_null(strstr(reason, "certificate and key"));
    /* nobody is logged in any more, or this would not work */
    options.tls.key = token_import(server.key_path, "server");
    struct http_listener *listener = started(&options);
    for (int i = 0; i < 3; i++) { /* each with a connection of its own */
        struct http_client *client = http_client_new(&calls);
        assert_true(is_known(client, http_port(listener)));
        http_client_free(client);
    }
    assert_null(hsm_fault(arena));
    struct http_client *client = http_client_new(&calls);
    token_hide(true);
    assert_false(is_known(client, http_port(listener)));
    assert_non_null(strstr(hsm_fault(arena), "the token of the HSM"));
    token_hide(false);
    int tries = 0;
    while (!is_known(client, http_port(listener)) && tries++ < 100)
        usleep(100000);
    assert_true(tries < 100);
    assert_null(hsm_fault(arena));
    http_client_free(client);
    http_close(listener);
    arena_free(arena);
    token_remove();
}

/* With a list for its CA a client refuses a revoked server. */
static void revoked_servers_are_refused(void **state) {
    (void)state;
    for (int is_revoked = 0; is_revoked < 2; is_revoked++) {
        X509_CRL *crl = NULL;
        struct buffer list = tls_crl(
            &our_ca, is_revoked ? (const long[]){3, 0} : (const long[]){4, 0},
            -1, 1);
        const unsigned char *at = list.data;
        crl = d2i_X509_CRL(NULL, &at, (long)list.len);
        BIO *bio = BIO_new(BIO_s_mem());
        PEM_write_bio_X509_CRL(bio, crl);
        char *pem = NULL;
        size_t len = (size_t)BIO_get_mem_data(bio, &pem);
        const char *path = tls_write("servers.crl", span_of(pem, len));
        struct http_options options = tls_options(&server, NULL);
        struct http_listener *listener = started(&options);
        struct http_client *client =
            http_client_new(&(struct http_client_options){
                .ca = our_ca.certificate_path, .crl = path});
        struct http_answer answer = get(client, http_port(listener), "/");
        if (answer.status != (is_revoked ? 0 : 200))
            fail_msg("%d: %u %s", is_revoked, answer.status, answer.error);
        http_answer_free(&answer);
        http_client_free(client);
        http_close(listener);
        buffer_free(&list);
        X509_CRL_free(crl);
        BIO_free(bio);
    }
}

static void handlers_are_told_who_it_is(void **state) {
    (void)state;
    struct http_options options = tls_options(&server, &our_ca);
    struct http_listener *listener = started(&options);
    struct http_client *client = client_of(&organisation, &our_ca);
    struct http_answer answer = get(client, http_port(listener), "/name");
    assert_true(holds(&answer, "organisation 90-B3-D5-1F-30-01-00-00"));
    http_answer_free(&answer);
    http_client_free(client);
    client = client_of(&known, &our_ca);
    answer = get(client, http_port(listener), "/name");
    assert_true(holds(&answer, "known 90-B3-D5-1F-30-01-00-00"));
    http_answer_free(&answer);
    answer = get(client, http_port(listener), "/");
    unsigned char *der = NULL;
    int len = i2d_X509(known.certificate, &der);
    assert_true(
        span_equal(buffer_span(&answer.body), span_of(der, (size_t)len)));
    OPENSSL_free(der);
    http_answer_free(&answer);
    http_client_free(client);
    http_close(listener);
}

/* Whether the server goes on with a client of these versions; it is the server
 * who ends it, not the client's library. */
static bool shake_hands(unsigned port, const char *priority) {
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    gnutls_certificate_allocate_credentials(&credentials);
    gnutls_init(&session, GNUTLS_CLIENT);
    assert_int_equal(gnutls_priority_set_direct(session, priority, NULL), 0);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
    int handle = wire_connect(port);
    gnutls_transport_set_int(session, handle);
    gnutls_handshake_set_timeout(session, WIRE_PATIENCE);
    int error;
    do
        error = gnutls_handshake(session);
    while (error < 0 && !gnutls_error_is_fatal(error));
    if (error < 0 && error != GNUTLS_E_FATAL_ALERT_RECEIVED &&
        error != GNUTLS_E_PREMATURE_TERMINATION)
        fail_msg("%s: %s", priority, gnutls_strerror(error));
    gnutls_deinit(session);
    gnutls_certificate_free_credentials(credentials);
    close(handle);
    return error == 0;
}

static void old_versions_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *priority;
        bool taken;
    } cases[] = {
        {"NORMAL:-VERS-ALL:+VERS-TLS1.3", true},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.2", true},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.1", false},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.0", false},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ANON-ECDH", false},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+3DES-CBC", false},
    };
    struct http_options options = tls_options(&server, NULL);
    struct http_listener *listener = started(&options);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (shake_hands(http_port(listener), cases[i].priority) !=
            cases[i].taken)
            fail_msg("%s", cases[i].priority);
    }
    http_close(listener);
}

/* The refusal of a body that is still coming goes through TLS as well. */
static void refusals_are_readable(void **state) {
    (void)state;
    static char large[100000];
    static const char *const type[] = {"Content-Type: text/plain", NULL};
    struct http_options options = tls_options(&server, NULL);
    struct http_listener *listener = started(&options);
    struct http_client *client = client_of(NULL, &our_ca);
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", http_port(listener));
    struct http_message message = {.method = "POST",
                                   .url = url,
                                   .headers = type,
                                   .body = span_of(large, sizeof large)};
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
    struct http_options options = tls_options(&server, NULL);
    struct http_listener *listener = started(&options);
    int handle = wire_connect(http_port(listener));
    wire_text(handle, "GET / HTTP/1.1\r\n" HOST "\r\n");
    assert_true(wire_ended(handle));
    close(handle);
    http_close(listener);
}

static void key_and_certificate_must_fit(void **state) {
    (void)state;
    struct http_options options = tls_options(&server, NULL);
    const char *reason = NULL;
    options.tls.key = known.key_path;
    assert_null(http_listen(&options, &reason));
    assert_non_null(strstr(reason, "certificate and key"));
    options = tls_options(&server, NULL);
    options.tls.client_ca = server.key_path;
    assert_null(http_listen(&options, &reason));
    assert_non_null(strstr(reason, "clients' CAs"));
}

/* ---- revocation ---- */

/* A certificate is looked at before each request, not once. */
static void revocation_ends_a_connection_that_lasts(void **state) {
    (void)state;
    static const struct {
        const char *what;
        long serials[2];
        int to; /* days from now */
        unsigned status;
    } steps[] = {
        {"none", {77, 0}, 1, 200},
        {"revoked", {6, 0}, 1, 403},
        {"no longer", {77, 0}, 1, 200},
        {"an overdue list revokes", {6, 0}, 0, 403},
        {"an overdue list refuses nobody else", {77, 0}, 0, 200},
    };
    struct http_options options = tls_options(&server, &our_ca);
    struct http_listener *listener = started(&options);
    struct http_client *client = client_of(&known, &our_ca);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        use_list(steps[i].serials, steps[i].to);
        struct http_answer answer = get(client, http_port(listener), "/name");
        if (answer.status != steps[i].status)
            fail_msg("%s: %u", steps[i].what, answer.status);
        http_answer_free(&answer);
    }
    http_client_free(client);
    http_close(listener);
}

static instant processor_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (instant)now.tv_sec * SECOND + now.tv_nsec / 1000;
}

/* What requests on one connection cost with a list of that many others; the
 * least of a few rounds. */
static instant cost_with_entries(size_t count) {
    enum { ROUNDS = 3, REQUESTS = 300 };
    long *serials = calloc(count + 1, sizeof *serials);
    for (size_t i = 0; i < count; i++)
        serials[i] = 1000 + (long)i;
    use_list(serials, 1);
    free(serials);
    struct http_options options = tls_options(&server, &our_ca);
    struct http_listener *listener = started(&options);
    struct http_client *client = client_of(&known, &our_ca);
    instant least = INT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        instant start = processor_time(), wall = clock_elapsed();
        for (int i = 0; i < REQUESTS; i++) {
            struct http_answer answer =
                get(client, http_port(listener), "/name");
            assert_int_equal(answer.status, 200);
            http_answer_free(&answer);
        }
        instant cost = processor_time() - start;
        least = cost < least ? cost : least;
        wall = clock_elapsed() - wall;
        printf(
            "  %6zu entries: %4ld us of processor time for a request and its "
            "client, %5.0f a second\n",
            count, (long)(cost / REQUESTS), REQUESTS * 1e6 / (double)wall);
    }
    http_client_free(client);
    http_close(listener);
    return least;
}

static void long_lists_cost_no_more_than_short_ones(void **state) {
    (void)state;
    instant none = cost_with_entries(1);
    assert_true(cost_with_entries(10000) < 5 * none);
    assert_true(cost_with_entries(200000) < 5 * none);
    use_list((const long[]){6, 0}, 1);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_are_known_by_their_certificate),
        cmocka_unit_test(servers_are_known_by_their_certificate),
        cmocka_unit_test(keys_may_be_in_an_hsm),
        cmocka_unit_test(revoked_servers_are_refused),
        cmocka_unit_test(handlers_are_told_who_it_is),
        cmocka_unit_test(old_versions_are_refused),
        cmocka_unit_test(refusals_are_readable),
        cmocka_unit_test(plain_http_is_not_taken),
        cmocka_unit_test(key_and_certificate_must_fit),
        cmocka_unit_test(revocation_ends_a_connection_that_lasts),
        cmocka_unit_test(long_lists_cost_no_more_than_short_ones),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
