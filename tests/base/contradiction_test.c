/* Two keys that say against each other are refused, with the lines of both. */
#include "support/check.h"

#include "base/config.h"
#include "fotasim/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CSP "[csp n]\nregions = North\nbase_url = http://n\n"
#define SECURE "[csp n]\nregions = North\nbase_url = https://n\n"

/* `says`: what is refused, FILE for the path and a colon; NULL: it is read. */
struct row {
    const char *text, *says;
};

static void check_row(const struct row *row) {
    struct arena *arena = arena_new();
    char path[] = "/tmp/fotad-config-XXXXXX";
    struct config config;
    const char *reason = NULL;
    close(mkstemp(path));
    assert_true(write_whole(path, span_text(row->text)));
    bool good = config_read(&config, path, arena, &reason);
    remove(path);
    const char *told = good ? "" : reason;
    for (const char *at; (at = strstr(told, path));)
        told = arena_printf(arena, "%.*sFILE%s", (int)(at - told), told,
                            at + strlen(path));
    if (strcmp(told, row->says ? row->says : "") != 0)
        fail_msg("%s: %s", row->text, good ? "it is read" : told);
    arena_free(arena);
}

static const struct row rows[] = {
    {"[delivery]\nretry_first = 2m\nretry_most = 1m\n",
     "FILE:2: [delivery] retry_first is longer than [delivery] retry_most "
     "(FILE:3)"},
    {"[delivery]\nretry_first = 16m\n",
     "FILE:2: [delivery] retry_first is longer than [delivery] retry_most (its "
     "default is 15m)"},
    {"[people]\nbody_budget = 1m\n",
     "FILE:2: [people] max_body (its default is 16m) is more than [people] "
     "body_budget (FILE:2)"},
    {"[user_gateway]\nmax_body = 1g\n",
     "FILE:2: [user_gateway] max_body is more than [user_gateway] body_budget "
     "(its default is 96m)"},
    {"[csp_gateway]\nmax_body = 1g\nbody_budget = 1g\n", NULL},
    {"[image]\nmax_octets = 16m\n", "FILE:2: [image] max_octets in base64 is "
                                    "more than [user_gateway] max_body "
                                    "(its default is 16m)"},
    {"[delivery]\ncertificate = /c\n",
     "FILE:2: [delivery] certificate needs [delivery] key (it is not set)"},
    {"[delivery]\nkey = /c\n",
     "FILE:2: [delivery] key needs [delivery] certificate (it is not set)"},
    {SECURE "certificate = /c\n",
     "FILE:4: [csp n] certificate needs [csp n] key (it is not set)"},
    {SECURE "key = /c\n",
     "FILE:4: [csp n] key needs [csp n] certificate (it is not set)"},
    {SECURE "certificate = /c\nkey = /k\nca = /a\ncrl = /l\n", NULL},
    {CSP "certificate = /c\nkey = /k\n",
     "FILE:4: [csp n] certificate is shown to nobody without https in [csp n] "
     "base_url (FILE:3)"},
    {CSP "ca = /c\n",
     "FILE:4: [csp n] ca checks nobody without https in [csp n] base_url "
     "(FILE:3)"},
    {CSP "inbound_certificate = c\n",
     "FILE:4: [csp n] inbound_certificate needs [csp_gateway] client_ca (it is "
     "not set)"},
    {CSP "busy_give_up = 6d\n[tracking]\ntimeout = 5d\n",
     "FILE:4: [csp n] busy_give_up is longer, so that a device would be "
     "released while its job is still being tried, than [tracking] timeout "
     "(FILE:6)"},
    {CSP "timeout = 40s\n[operations]\nstuck_after = 20s\n",
     "FILE:4: [csp n] timeout is more than half of [operations] stuck_after "
     "(FILE:6)"},
    {CSP "timeout = 31s\n[operations]\nstuck_after = 1m\n",
     "FILE:4: [csp n] timeout is more than half of [operations] stuck_after "
     "(FILE:6)"},
    {CSP "timeout = 30s\n[operations]\nstuck_after = 1m\n", NULL},
    {"[operations]\nstuck_after = 1s\n", NULL},
    {"[operations]\nstuck_after = 50s\n[mail]\nserver = smtps://m\nfrom = "
     "a@b\n",
     "FILE:2: [mail] timeout (its default is 30s) is more than half of "
     "[operations] stuck_after (FILE:2)"},
    {"[user_gateway]\nclient_is_originator = yes\n",
     "FILE:2: [user_gateway] client_is_originator needs [user_gateway] "
     "client_ca (it is not set)"},
    {"[people]\nproxy_header = X-Name\n",
     "FILE:2: [people] proxy_header needs a Unix socket (unix:/path), for at "
     "an address anybody could send it: [people] listen (its default is "
     "127.0.0.1:8082)"},
    {"[people]\nproxy_header = X-Name\nlisten = unix:/p\n", NULL},
    {"[mail]\nserver = smtps://m\n",
     "FILE:2: [mail] server needs a sender: [mail] from (it is not set)"},
    {"[mail]\nserver = smtp://m\nfrom = a@b\nuser = u\ntls = off\n",
     "FILE:4: [mail] user would be shown to anybody on the way with [mail] tls "
     "(FILE:5)"},
    {"[csp n]\nregions = North\n", "FILE:1: [csp n] has no base_url"},
    {"\n[csp n]\nbase_url = http://n\n", "FILE:2: [csp n] has no regions"},
    {CSP "[csp s]\nregions = South, North\nbase_url = http://n\n",
     "FILE:5: [csp s] regions has 'North', as has [csp n] regions (FILE:2)"},
    {CSP "inbound_token = t\n[csp s]\nregions = South\nbase_url = http://n\n"
         "inbound_token = t\n",
     "FILE:8: [csp s] inbound_token is the same as [csp n] inbound_token "
     "(FILE:4)"},
    {"[csp_gateway]\nclient_ca = /a\ncertificate = /c\nkey = /k\n" CSP
     "inbound_certificate = t\n[csp s]\nregions = South\nbase_url = http://n\n"
     "inbound_certificate = t\n",
     "FILE:12: [csp s] inbound_certificate is the same as [csp n] "
     "inbound_certificate (FILE:8)"},
    {"[people]\nlisten = 127.0.0.1:8079\n",
     "FILE:2: [user_gateway] listen (its default is 127.0.0.1:8079) is the "
     "same place as [people] listen (FILE:2)"},
    {"[people]\nlisten = 0.0.0.0:8083\ntls = off\n",
     "FILE:2: [people] listen is the same place as [operations] listen (its "
     "default is 127.0.0.1:8083)"},
};

static void both_lines_are_named(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(&rows[i]);
}

/* The same for every listener: after its [section], whose name %s is. */
static const struct row listeners[] = {
    {"listen = 127.0.0.1:1\n", NULL},
    {"listen = [::1]:1\n", NULL},
    {"listen = localhost:1\n", NULL},
    {"listen = unix:/run/fotad/s\n", NULL},
    {"listen = 10.0.0.1:1\ntls = off\n", NULL},
    {"listen = 10.0.0.1:1\ncertificate = /c\nkey = /k\n", NULL},
    {"listen = 10.0.0.1:1\ncertificate = /c\nkey = /k\nclient_ca = /a\n", NULL},
    {"listen = 127.0.0.1:1\ncertificate = /c\nkey = /k\nclient_ca = /a\n",
     NULL},
    {"listen = 10.0.0.1:1\n",
     "FILE:2: [%1$s] listen is not a loopback address: it needs tls = off, or "
     "key and [%1$s] certificate (it is not set)"},
    {"listen = 0.0.0.0:1\n",
     "FILE:2: [%1$s] listen is not a loopback address: it needs tls = off, or "
     "key and [%1$s] certificate (it is not set)"},
    {"listen = [::]:1\n",
     "FILE:2: [%1$s] listen is not a loopback address: it needs tls = off, or "
     "key and [%1$s] certificate (it is not set)"},
    {"certificate = /c\nkey = /k\ntls = off\n",
     "FILE:4: [%1$s] tls is off, but there is a [%1$s] certificate (FILE:2)"},
    {"certificate = /c\n",
     "FILE:2: [%1$s] certificate needs [%1$s] key (it is not set)"},
    {"key = /k\n",
     "FILE:2: [%1$s] key needs [%1$s] certificate (it is not set)"},
    {"client_ca = /a\n",
     "FILE:2: [%1$s] client_ca needs certificate and key: [%1$s] certificate "
     "(it is not set)"},
    {"key = /k\ncertificate = /c\nlisten = unix:/s\n",
     "FILE:3: [%1$s] certificate is for TLS, and there is none on the Unix "
     "socket of [%1$s] listen (FILE:4)"},
};

/* `text` with the name in place of each %1$s. */
static const char *of_section(struct arena *arena, const char *text,
                              const char *name) {
    static const char mark[] = "%1$s";
    for (const char *at; (at = strstr(text, mark));)
        text = arena_printf(arena, "%.*s%s%s", (int)(at - text), text, name,
                            at + strlen(mark));
    return text;
}

static void every_listener_is_protected(void **state) {
    (void)state;
    static const char *const sections[] = {"user_gateway", "csp_gateway",
                                           "people", "operations"};
    struct arena *arena = arena_new();
    for (size_t s = 0; s < 4; s++)
        for (size_t i = 0; i < sizeof listeners / sizeof *listeners; i++)
            check_row(&(struct row){
                arena_printf(arena, "[%s]\n%s", sections[s], listeners[i].text),
                listeners[i].says
                    ? of_section(arena, listeners[i].says, sections[s])
                    : NULL});
    arena_free(arena);
}

/* ---- what a reload does not take ---- */

static void what_waits_for_a_restart_is_named(void **state) {
    (void)state;
    static const struct {
        const char *before, *after, *waiting;
    } changes[] = {
        {CSP, CSP, ""},
        {"[log]\nlevel = info\n", "[log]\nlevel = debug\n", ""},
        {"[identity]\nxml_signing_key = /a\n",
         "[identity]\nxml_signing_key = /b\nxml_signing_certificate = /c\n",
         ""},
        {"[identity]\n", "[identity]\nkey_agreement_key = /b\n",
         "[identity] key_agreement_key"},
        {"[people]\ncertificate = /a\nkey = /b\n",
         "[people]\ncertificate = /c\nkey = /d\nclient_ca = /e\n", ""},
        {"[people]\n", "[people]\ncertificate = /c\nkey = /d\n",
         "[people] certificate, [people] key"},
        {"[people]\ncertificate = /c\nkey = /d\n", "[people]\n",
         "[people] certificate, [people] key"},
        {"", "[people]\nlisten = 127.0.0.1:1\n[delivery]\nretry_most = 1m\n",
         "[people] listen, [delivery] retry_most"},
        {CSP, CSP "token = t\ntimeout = 5s\n",
         "[csp n] token, [csp n] timeout"},
        {CSP, "", "[csp n]"},
        {"", CSP, "[csp n]"},
        {"[tracking]\ntimeout = 1d\n", "[tracking]\ntimeout = 24h\n", ""},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct arena *arena = arena_new();
        char path[] = "/tmp/fotad-config-XXXXXX";
        struct config before, after;
        const char *reason = NULL;
        close(mkstemp(path));
        assert_true(write_whole(path, span_text(changes[i].before)));
        assert_true(config_read(&before, path, arena, &reason));
        assert_true(write_whole(path, span_text(changes[i].after)));
        assert_true(config_read(&after, path, arena, &reason));
        assert_string_equal(config_waiting(&before, &after, arena),
                            changes[i].waiting);
        remove(path);
        arena_free(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_lines_are_named),
        cmocka_unit_test(every_listener_is_protected),
        cmocka_unit_test(what_waits_for_a_restart_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
