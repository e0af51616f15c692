/* A reload takes all of the new configuration and files that it can take, or
 * nothing, and says what waits for a restart. */
#include "support/check.h"
#include "support/scenario.h"
#include "support/scenario_files.h"
#include "support/tls_pki.h"

#include "fotasim/verbs.h"
#include "http/client.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static struct tls_identity our_ca, other_ca, server, renewed;

static int make_all(void **state) {
    (void)state;
    tls_make(&our_ca, &(struct tls_wish){.name = "our-ca", .serial = 1});
    tls_make(&other_ca, &(struct tls_wish){.name = "other-ca", .serial = 2});
    tls_make(&server, &(struct tls_wish){
                          .name = "server", .serial = 3, .issuer = &our_ca});
    tls_make(&renewed, &(struct tls_wish){.name = "renewed",
                                          .serial = 4,
                                          .issuer = &other_ca});
    return 0;
}

static int free_all(void **state) {
    (void)state;
    tls_identity_free(&our_ca);
    tls_identity_free(&other_ca);
    tls_identity_free(&server);
    tls_identity_free(&renewed);
    tls_pki_remove();
    return 0;
}

/* What the User listener shows now: is it of that CA? */
static bool is_shown(const struct scenario *s, const struct tls_identity *ca) {
    char url[64];
    struct http_answer answer;
    struct http_client *client = http_client_new(
        &(struct http_client_options){.ca = ca->certificate_path});
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", s->fotads[0].user_port);
    struct http_message message = {.method = "GET", .url = url};
    bool shown = http_client_send(client, &message, &answer);
    http_answer_free(&answer);
    http_client_free(client);
    return shown;
}

static void say_so(struct scenario *s, const struct tls_identity *who,
                   const char *more) {
    s->wish.config = arena_printf(s->arena,
                                  "[user_gateway]\ncertificate = %s\n"
                                  "key = %s\n[people]\nlisten = unix:%s\n%s",
                                  who->certificate_path, who->key_path,
                                  scenario_path(s, "people"), more);
    scenario_write_configs(s);
}

/* SIGHUP, and the line that tells how it went. */
static void reload(struct scenario *s, const char *event) {
    size_t before = scenario_lines(s, event, "");
    kill(s->fotads[0].pid, SIGHUP);
    for (struct scenario_wait wait = {0};
         scenario_lines(s, event, "") == before;)
        assert_true(scenario_again(&wait));
}

static struct scenario *begin(void) {
    struct scenario_wish wish = {.config = "[log]\nlevel = info\n"};
    struct scenario *s = scenario_open(&wish);
    scenario_stop_fotad(s, SIGTERM);
    say_so(s, &server, "");
    scenario_launch(s, 0, NULL);
    assert_true(scenario_wait_ready(s, 0));
    assert_true(is_shown(s, &our_ca));
    return s;
}

/* In the file, in a certificate, in the rules of the database: each alone keeps
 * all others from being used. */
static void nothing_is_taken_of_what_is_wrong_in_part(void **state) {
    (void)state;
    struct scenario *s = begin();
    const char *const wrong[] = {
        "[log]\nlevel = loud\n",
        "[delivery]\nretry_first = 20m\n",
        arena_printf(s->arena, "[people]\ncertificate = %s\nkey = /nowhere\n",
                     server.certificate_path),
        arena_printf(s->arena, "[identity]\nxml_signing_key = %s\n",
                     server.certificate_path),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        say_so(s, &renewed, wrong[i]);
        reload(s, "fotad.not_reloaded");
        assert_true(is_shown(s, &our_ca));
        assert_false(is_shown(s, &other_ca));
    }
    say_so(s, &renewed, "");
    scenario_tell(s, "delete from response_code where condition = 'accepted'");
    reload(s, "fotad.not_reloaded");
    assert_true(is_shown(s, &our_ca));
    assert_int_equal(scenario_lines(s, "fotad.reloaded", ""), 0);
    scenario_end(s);
}

/* A new path counts, and the old file may be gone. */
static void new_paths_are_read(void **state) {
    (void)state;
    struct scenario *s = begin();
    say_so(s, &renewed, "[log]\nlevel = debug\n");
    remove(server.certificate_path);
    remove(server.key_path);
    reload(s, "fotad.reloaded");
    assert_true(is_shown(s, &other_ca));
    assert_false(is_shown(s, &our_ca));
    assert_int_equal(scenario_lines(s, "config.waits", ""), 0);
    scenario_end(s);
    make_all(NULL);
}

static void what_waits_for_a_restart_is_one_line(void **state) {
    (void)state;
    struct scenario *s = begin();
    say_so(s, &server,
           "[delivery]\nretry_most = 1m\n[people]\nlisten = 127.0.0.1:1\n"
           "[csp north]\nbase_url = http://127.0.0.1:1\n");
    reload(s, "fotad.reloaded");
    assert_int_equal(
        scenario_lines(s, "warning config.waits",
                       "only after a restart: [people] listen, [delivery] "
                       "retry_most, [csp north] base_url"),
        1);
    say_so(s, &server, "");
    reload(s, "fotad.reloaded");
    assert_int_equal(scenario_lines(s, "config.waits", ""), 1);
    scenario_end(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_taken_of_what_is_wrong_in_part),
        cmocka_unit_test(what_waits_for_a_restart_is_one_line),
        cmocka_unit_test(new_paths_are_read),
    };
    return scenario_tests(tests, make_all, free_all);
}
