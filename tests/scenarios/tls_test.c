/* The program over TLS: CSPs by certificate, revocation, and certificates that
 * are replaced while it is at work. */
#include "support/askers.h"
#include "support/check.h"
#include "support/scenario.h"
#include "support/scenario_files.h"
#include "support/tls_pki.h"

#include "fotasim/verbs.h"

#include "http/client.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static struct tls_identity ca, server, second, north, south;

static int make_all(void **state) {
    (void)state;
    tls_make(&ca, &(struct tls_wish){.name = "ca", .serial = 1});
    const struct {
        struct tls_identity *identity;
        const char *name;
    } rest[] = {{&server, "server"},
                {&second, "second"},
                {&north, "north.csp.example"},
                {&south, "south.csp.example"}};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        tls_make(rest[i].identity, &(struct tls_wish){.name = rest[i].name,
                                                      .serial = 2 + (long)i,
                                                      .issuer = &ca});
    return 0;
}

static int free_all(void **state) {
    (void)state;
    struct tls_identity *const all[] = {&ca, &server, &second, &north, &south};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        tls_identity_free(all[i]);
    tls_pki_remove();
    return 0;
}

/* ---- fotad ---- */

/* The files that fotad reads. */
static void use(struct scenario *s, const struct tls_identity *who) {
    const char *const from[] = {who->certificate_path, who->key_path};
    const char *const to[] = {"used.pem", "used.key"};
    for (size_t i = 0; i < 2; i++) {
        char text[8192];
        FILE *file = fopen(from[i], "re");
        assert_non_null(file);
        size_t len = fread(text, 1, sizeof text, file);
        fclose(file);
        if (!write_whole(
                arena_printf(s->arena, "%s/%s", tls_pki_folder(), to[i]),
                span_of(text, len)))
            scenario_fail(s, "%s cannot be written", to[i]);
    }
}

static struct scenario *open_scenario(void) {
    static char config[2048];
    const char *folder = tls_pki_folder();
    snprintf(config, sizeof config,
             "[user_gateway]\ncertificate = %1$s/used.pem\n"
             "key = %1$s/used.key\n"
             "[csp_gateway]\ncertificate = %1$s/used.pem\n"
             "key = %1$s/used.key\nclient_ca = %2$s\n"
             "[csp north]\ninbound_certificate = north.csp.example\n"
             "[csp south-and-central]\ninbound_token =\n"
             "inbound_certificate = south.csp.example\n",
             folder, ca.certificate_path);
    tls_write("used.pem", span_text(""));
    /* before fotad starts */
    struct scenario early = {.arena = arena_new()};
    use(&early, &server);
    arena_free(early.arena);
    return scenario_open(&(struct scenario_wish){.config = config});
}

static unsigned notify(struct scenario *s, const struct tls_identity *who,
                       const char *token) {
    struct http_client *client = http_client_new(&(struct http_client_options){
        .certificate = who ? who->certificate_path : NULL,
        .key = who ? who->key_path : NULL,
        .ca = ca.certificate_path,
        .bearer = token});
    struct http_message message = {
        .method = "POST",
        .url = arena_printf(
            s->arena, "https://127.0.0.1:%u/csp/v1/delivery-notifications",
            s->csp_port),
        .headers =
            (const char *const[]){"Content-Type: application/json", NULL},
        .body = span_text("[]")};
    struct http_answer answer;
    http_client_send(client, &message, &answer);
    unsigned status = answer.status;
    if (!status)
        print_message("no answer: %s\n", answer.error);
    http_answer_free(&answer);
    http_client_free(client);
    return status;
}

static void a_csp_is_known_by_its_certificate(void **state) {
    (void)state;
    static const struct {
        const char *what;
        const struct tls_identity *who;
        const char *token;
        unsigned status;
    } cases[] = {
        {"both, where both are configured", &north, "of-north", 200},
        {"certificate without token", &north, NULL, 401},
        {"another's token", &north, "of-south", 401},
        {"another's certificate", &south, "of-north", 200},
        {"certificate, where it alone is configured", &south, NULL, 200},
        {"nobody's certificate", &second, "of-north", 401},
        {"no certificate", NULL, "of-north", 403},
    };
    struct scenario *s = open_scenario();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned status = notify(s, cases[i].who, cases[i].token);
        if (status != cases[i].status)
            fail_msg("%s: %u", cases[i].what, status);
    }
    scenario_end(s);
}

/* ---- reloading ---- */

static const char *operations(struct scenario *s, const char *path) {
    struct http_answer answer;
    http_client_send(
        s->http,
        &(struct http_message){
            .method = "GET",
            .url = arena_printf(s->arena, "http://127.0.0.1:%u%s",
                                s->fotads[0].operations_port, path)},
        &answer);
    const char *text = arena_text(s->arena, buffer_span(&answer.body));
    http_answer_free(&answer);
    return text;
}

static void import_list(struct scenario *s, const long *serials, int to) {
    struct buffer list = tls_crl(&ca, serials, -1, to);
    const char *path = tls_write("import.crl", buffer_span(&list));
    buffer_free(&list);
    if (scenario_program(s, (const char *const[]){"fotactl", "--config",
                                                  s->config_path, "import",
                                                  "crl", path, NULL}) != 0)
        scenario_fail(s, "the list is not imported");
    kill(s->fotads[0].pid, SIGHUP);
}

static void revoked_clients_are_refused_after_a_reload(void **state) {
    (void)state;
    struct scenario *s = open_scenario();
    assert_int_equal(notify(s, &south, NULL), 200);
    import_list(s, (const long[]){5, 0}, 1);
    for (struct scenario_wait wait = {0}; notify(s, &south, NULL) != 403;)
        if (!scenario_again(&wait))
            scenario_fail(s, "a revoked CSP is not refused");
    assert_int_equal(notify(s, &north, "of-north"), 200);
    assert_non_null(
        strstr(operations(s, "/metrics"), "\nfotad_crl_overdue 0\n"));
    /* overdue: told, and nobody else is refused */
    import_list(s, (const long[]){5, 0}, 0);
    assert_non_null(
        strstr(operations(s, "/metrics"), "\nfotad_crl_overdue 1\n"));
    const char *ready = operations(s, "/readyz");
    assert_non_null(strstr(ready, "\"ready\": true"));
    assert_non_null(strstr(strstr(ready, "the revocation list of "),
                           " is overdue: run fotactl import crl"));
    assert_int_equal(notify(s, &north, "of-north"), 200);
    assert_int_equal(notify(s, &south, NULL), 403);
    scenario_end(s);
}

static void reloading_under_load_drops_nothing(void **state) {
    (void)state;
    enum { RELOADS = 20 };
    struct scenario *s = open_scenario();
    /* 405 is fotad's own answer, by way of everything that a request meets */
    struct askers askers = {.ca = ca.certificate_path, .expected = 405};
    snprintf(askers.url, sizeof askers.url,
             "https://127.0.0.1:%u/api/v1/serviceD", s->user_port);
    askers_start(&askers);
    for (int i = 0; i < RELOADS; i++) {
        use(s, i % 2 ? &server : &second);
        kill(s->fotads[0].pid, SIGHUP);
        usleep(50 * 1000);
    }
    askers_stop(&askers);
    scenario_stop_fotad(s, SIGTERM);
    scenario_end(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_csp_is_known_by_its_certificate),
        cmocka_unit_test(revoked_clients_are_refused_after_a_reload),
        cmocka_unit_test(reloading_under_load_drops_nothing),
    };
    return scenario_tests(tests, make_all, free_all);
}
