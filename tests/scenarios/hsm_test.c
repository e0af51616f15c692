/* fotad with its keys in an HSM (SoftHSM): updates and commands to their end,
 * in several threads; the token goes and comes back; the PIN is nowhere. */
#include "steps.h"
#include "support/scenario_files.h"
#include "support/tls_pki.h"
#include "support/token.h"

#include "base/hsm.h"
#include "device/keys.h"
#include "http/client.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *unable;
static const char *xml_key, *ka_key;

static void need_token(void) {
    if (unable) {
        print_message("skipped: %s\n", unable);
        skip();
    }
}

static void keys_import(void) {
    char path[128];
    if (xml_key)
        return;
    snprintf(path, sizeof path, "%s/pki/keys/dsp-xml-sign.key", scenario_home);
    xml_key = token_import(path, "xml");
    snprintf(path, sizeof path, "%s/pki/keys/acb-ka.key", scenario_home);
    ka_key = token_import(path, "ka");
}

/* With the ACB's key in the token, and perhaps the one that signs. */
static struct scenario *begin(bool signs_there) {
    static char config[1024];
    need_token();
    keys_import();
    snprintf(config, sizeof config,
             "[identity]\nkey_agreement_key = %s\n%s%s\n"
             "[delivery]\nretry_most = 2s\n[log]\nlevel = debug\n",
             ka_key, signs_there ? "xml_signing_key = " : "",
             signs_there ? xml_key : "");
    return scenario_open(
        &(struct scenario_wish){.config = config, .repeats = true});
}

static void steps(struct scenario *s, const struct scenario_step *step) {
    for (; step->act; step++)
        scenario_do(s, step->act, step->words);
}
#define STEPS(...) steps(s, (const struct scenario_step[]){__VA_ARGS__, END})

static void expect_readiness(struct scenario *s, unsigned wanted,
                             const char *words) {
    unsigned status = 0;
    const char *text = NULL;
    for (struct scenario_wait wait = {0};
         status != wanted || !text || !strstr(text, words);) {
        if (!scenario_again(&wait))
            fail_msg("'%s' is not in %u %s", words, status, text ? text : "");
        text = scenario_get(s, 0, "/readyz", &status);
    }
}

/* Neither in the log nor among the process's words and environment. */
static void pin_is_nowhere(struct scenario *s) {
    assert_int_equal(scenario_lines(s, TOKEN_PIN, ""), 0);
    static const char *const files[] = {"cmdline", "environ"};
    for (size_t i = 0; i < 2; i++) {
        static char text[65536];
        FILE *file = fopen(arena_printf(s->arena, "/proc/%d/%s",
                                        (int)s->fotads[0].pid, files[i]),
                           "r");
        assert_non_null(file);
        size_t len = fread(text, 1, sizeof text, file);
        fclose(file);
        assert_true(len > 0);
        assert_null(memmem(text, len, TOKEN_PIN, strlen(TOKEN_PIN)));
    }
}

static void updates_and_commands(void **state) {
    (void)state;
    struct scenario *s = begin(true);
    STEPS({sends, "1 11.4 " PPMID_IMAGE " n1.ppmid,n2.ppmid,c1.ppmid I99"},
          {is, "n1.ppmid,n2.ppmid,c1.ppmid FIRMWARE_ACTIVATED"},
          {reads, "1 n1.ppmid"}, {is_told, "1 I0/GBCSPayload n1.ppmid"},
          {reads, "1 c1.ppmid"}, {is_told, "1 I0/GBCSPayload c1.ppmid"});
    pin_is_nowhere(s);
    scenario_settle(s);
    assert_int_equal(sim_users_counts(s->users, 0).wrong, 0);
    scenario_end(s);
}

static void expect_refusal(struct scenario *s, const char *service,
                           struct span request, const char *status) {
    assert_null(scenario_post(s, service, request));
    if (strncmp(s->refusal, status, 3) != 0)
        fail_msg("%s, not %s", s->refusal, status);
}

/* What was asked meanwhile is not half done: its sender is told to come again,
 * it is done once then, and what was to be said is said. */
static void the_token_goes_and_comes_back(void **state) {
    (void)state;
    struct scenario *s = begin(true);
    STEPS({csp, "north delivery_delay 3000"},
          {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"});
    token_hide(true);
    eui64 device = scenario_device(s, "n2.ppmid");
    struct span update = scenario_update(s, 1, PPMID_IMAGE, &device, 1),
                read = scenario_read(s, 1, scenario_device(s, "n3.ppmid"));
    expect_refusal(s, "serviceD", update, "503");
    assert_true(s->retry_after > 0);
    expect_refusal(s, "serviceS", read, "503");
    assert_true(s->retry_after > 0);
    expect_readiness(s, 503, "of the HSM");
    sql_expect_soon(s->sql, "2",
                    "select count(*) from sat_entry where detail like"
                    " '%% signer_away, %%'");
    sql_expect(s->sql, "1|0",
               "select (select count(*) from service_request where condition"
               " = 'accepted'), (select count(*) from device_command)");
    /* devices speak, and what they said waits for its check */
    sql_expect_soon(s->sql, "t",
                    "select count(*) > 0 from alert where state = 'waiting'");
    scenario_logged(s, "hsm.trouble", "");
    unsigned status;
    assert_non_null(strstr(scenario_get(s, 0, "/metrics", &status),
                           "\nfotad_hsm_away 1\n"));
    usleep(4000000);
    assert_int_equal(scenario_lines(s, "delivery.given_up", ""), 0);
    token_hide(false);
    expect_readiness(s, 200, "\"ready\": true");
    scenario_logged(s, "hsm.there_again", "");
    assert_non_null(strstr(scenario_get(s, 0, "/metrics", &status),
                           "\nfotad_hsm_away 0\n"));
    assert_non_null(strstr(scenario_post(s, "serviceD", update), "I99"));
    assert_non_null(strstr(scenario_post(s, "serviceS", read), "I99"));
    STEPS({is, "n1.ppmid,n2.ppmid FIRMWARE_ACTIVATED"},
          {is_told, "1 N39 n1.ppmid"}, {is_told, "1 N39 n2.ppmid"},
          {is_told, "1 I0/GBCSPayload n3.ppmid"});
    scenario_settle(s);
    sql_expect(s->sql, "0",
               "select count(*) from gbcs_message where state = 'unverified'");
    assert_int_equal(sim_users_counts(s->users, 0).wrong, 0);
    pin_is_nowhere(s);
    scenario_end(s);
}

/* What needs no MAC goes on; what does is answered E100, and nothing is done.
 */
static void only_the_key_of_the_acb_goes(void **state) {
    (void)state;
    struct scenario *s = begin(false);
    token_hide(true);
    struct span read = scenario_read(s, 1, scenario_device(s, "n3.ppmid"));
    expect_refusal(s, "serviceS", read, "500");
    expect_readiness(s, 503, "of the HSM");
    sql_expect(s->sql, "0", "select count(*) from device_command");
    STEPS({sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"});
    token_hide(false);
    expect_readiness(s, 200, "\"ready\": true");
    assert_non_null(strstr(scenario_post(s, "serviceS", read), "I99"));
    STEPS({is_told, "1 I0/GBCSPayload n3.ppmid"},
          {is, "n1.ppmid FIRMWARE_ACTIVATED"});
    scenario_settle(s);
    scenario_end(s);
}

/* A screen over TLS with its key there. */
static unsigned screen_status(unsigned port, const struct tls_identity *ca) {
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%u/ssmi/", port);
    struct http_client *client = http_client_new(
        &(struct http_client_options){.ca = ca->certificate_path});
    struct http_answer answer;
    http_client_send(
        client, &(struct http_message){.method = "GET", .url = url}, &answer);
    http_answer_free(&answer);
    http_client_free(client);
    return answer.status;
}

/* A listener's key in the same token: nobody connects while it is away, and no
 * key keeps another from being found again. */
static void a_listener_has_its_key_there_too(void **state) {
    (void)state;
    static struct tls_identity ca, server;
    static char config[1024];
    need_token();
    tls_make(&ca, &(struct tls_wish){.name = "ca", .serial = 1});
    tls_make(&server,
             &(struct tls_wish){.name = "server", .serial = 2, .issuer = &ca});
    unsigned port = scenario_free_port();
    keys_import();
    snprintf(config, sizeof config,
             "[identity]\nxml_signing_key = %s\nkey_agreement_key = %s\n"
             "[people]\nlisten = 127.0.0.1:%u\ncertificate = %s\nkey = %s\n",
             xml_key, ka_key, port, server.certificate_path,
             token_import(server.key_path, "tls"));
    struct scenario *s =
        scenario_open(&(struct scenario_wish){.config = config});
    assert_int_not_equal(screen_status(port, &ca), 0);
    token_hide(true);
    assert_int_equal(screen_status(port, &ca), 0);
    expect_readiness(s, 503, "of the HSM");
    eui64 device = scenario_device(s, "n1.ppmid");
    struct span update = scenario_update(s, 1, PPMID_IMAGE, &device, 1);
    expect_refusal(s, "serviceD", update, "503");
    token_hide(false);
    expect_readiness(s, 200, "\"ready\": true");
    assert_int_not_equal(screen_status(port, &ca), 0);
    assert_non_null(strstr(scenario_post(s, "serviceD", update), "I99"));
    scenario_settle(s);
    scenario_end(s);
    tls_identity_free(&ca);
    tls_identity_free(&server);
    tls_pki_remove();
}

/* ---- the keys alone ---- */

static EVP_PKEY *key_of_file(const char *name) {
    char path[128];
    snprintf(path, sizeof path, "%s/pki/keys/%s.key", scenario_home, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    assert_non_null(key);
    return key;
}

enum { THREADS = 4, TIMES = 50 };

static void *agree_often(void *context) {
    uint8_t z[HSM_SECRET], expected[HSM_SECRET], point[65];
    size_t len;
    EVP_PKEY *own = key_of_file("acb-ka");
    intptr_t good = 0;
    for (int i = 0; i < TIMES; i++) {
        EVP_PKEY *device = EVP_EC_gen("P-256");
        EVP_PKEY_get_octet_string_param(device, "encoded-pub-key", point,
                                        sizeof point, &len);
        good += gbcs_shared_secret(own, device, expected) &&
                hsm_agree(context, span_of(point, len), z) &&
                memcmp(z, expected, sizeof z) == 0;
        EVP_PKEY_free(device);
    }
    EVP_PKEY_free(own);
    return (void *)good;
}

/* Several sessions at once get what the key in a file would give. */
static void sessions_agree_at_once(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const char *reason;
    need_token();
    keys_import();
    struct hsm_key *key = hsm_key_open(ka_key, arena, &reason);
    pthread_t threads[THREADS];
    if (!key)
        fail_msg("%s", reason);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, agree_often, key);
    for (int i = 0; i < THREADS; i++) {
        void *good;
        pthread_join(threads[i], &good);
        assert_int_equal((intptr_t)good, TIMES);
    }
    hsm_key_close(key);
    arena_free(arena);
}

/* One that p11-kit has not been told of, or that is not there. */
static void a_module_is_named_by_its_path(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const char *reason;
    need_token();
    keys_import();
    struct hsm_key *key = hsm_key_open(
        arena_printf(arena, "%s&module-path=" TOKEN_MODULE, ka_key), arena,
        &reason);
    if (!key)
        fail_msg("%s", reason);
    assert_int_equal((intptr_t)agree_often(key), TIMES);
    hsm_key_close(key);
    assert_null(
        hsm_key_open(arena_printf(arena, "%s&module-path=/none.so", ka_key),
                     arena, &reason));
    assert_string_equal(reason, "the token of the HSM is not there");
    arena_free(arena);
}

/* Processor time of a signature, in microseconds: the least of five rounds in
 * turns, for others are at work here, too. */
static void a_signature_costs_little_more_there(void **state) {
    (void)state;
    enum { ROUNDS = 5, SIGNATURES = 200 };
    char paths[2][128];
    need_token();
    keys_import();
    struct arena *arena = arena_new();
    const char *reason, *keys[2] = {paths[0], xml_key};
    double least[2] = {1e9, 1e9};
    snprintf(paths[0], sizeof *paths, "%s/pki/keys/dsp-xml-sign.key",
             scenario_home);
    snprintf(paths[1], sizeof *paths, "%s/pki/certificates/dsp-xml-sign.pem",
             scenario_home);
    for (int i = 0; i < 2 * ROUNDS; i++) {
        struct duis_signer *signer =
            duis_signer_load(arena, keys[i % 2], paths[1], &reason);
        assert_non_null(signer);
        clock_t begun = clock();
        for (int j = 0; j < SIGNATURES; j++) {
            struct buffer text = {0};
            buffer_text(&text, "<a>");
            assert_true(duis_signer_sign(signer, &text, 0, "</a>"));
            buffer_free(&text);
        }
        double each =
            1e6 * (double)(clock() - begun) / CLOCKS_PER_SEC / SIGNATURES;
        if (each < least[i % 2])
            least[i % 2] = each;
    }
    print_message("a signature: %.0f us with the key in a file, %.0f us with "
                  "SoftHSM\n",
                  least[0], least[1]);
    assert_true(least[1] < 20 * least[0]);
    arena_free(arena);
}

static void uris_are_refused_with_a_reason(void **state) {
    (void)state;
    assert_non_null(strstr(hsm_uri_fault("pkcs11:to%ken"), "RFC 7512"));
    assert_non_null(strstr(
        hsm_uri_fault("pkcs11:token=a?pin-value=1234&pin-source=file:/p"),
        "has a PIN in it"));
    assert_non_null(strstr(hsm_uri_fault("pkcs11:token=a"), "pin-source"));
    assert_null(hsm_uri_fault("pkcs11:token=a?pin-source=file:/p"));
    need_token();
    keys_import();
    struct arena *arena = arena_new();
    const char *reason;
    assert_null(
        hsm_key_open("pkcs11:token=other?pin-source=file:/p", arena, &reason));
    assert_string_equal(reason, "the token of the HSM is not there");
    assert_null(hsm_key_open("pkcs11:token=fotad?pin-source=file:/nonexistent",
                             arena, &reason));
    assert_non_null(strstr(reason, "does not take the PIN"));
    const char *none = arena_printf(arena, "pkcs11:token=fotad;object=none%s",
                                    strchr(ka_key, '?'));
    assert_null(hsm_key_open(none, arena, &reason));
    assert_non_null(strstr(reason, "does not have the key"));
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uris_are_refused_with_a_reason),
        cmocka_unit_test(sessions_agree_at_once),
        cmocka_unit_test(a_module_is_named_by_its_path),
        cmocka_unit_test(a_signature_costs_little_more_there),
        cmocka_unit_test(updates_and_commands),
        cmocka_unit_test(the_token_goes_and_comes_back),
        cmocka_unit_test(only_the_key_of_the_acb_goes),
        cmocka_unit_test(a_listener_has_its_key_there_too),
    };
    unable = token_open();
    int failed = scenario_tests(tests, NULL, NULL);
    token_remove();
    return failed;
}
