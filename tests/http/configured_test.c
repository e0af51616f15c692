/* Which listeners may run without TLS, and which sections contradict
 * themselves. */
#include "support/check.h"

#include "http/configured.h"

struct row {
    const char *listen, *tls, *certificate, *key, *client_ca, *says;
};

/* The same for every listener; `says` is in the reason, NULL: it is good. */
static const struct row rows[] = {
    {"127.0.0.1:1", "", "", "", "", NULL},
    {"[::1]:1", "", "", "", "", NULL},
    {"localhost:1", "", "", "", "", NULL},
    {"unix:/run/fotad/s", "", "", "", "", NULL},
    {"10.0.0.1:1", "", "", "", "", "loopback"},
    {"0.0.0.0:1", "", "", "", "", "loopback"},
    {"[::]:1", "", "", "", "", "loopback"},
    {"10.0.0.1:1", "off", "", "", "", NULL},
    {"10.0.0.1:1", "", "c.pem", "c.key", "", NULL},
    {"127.0.0.1:1", "", "c.pem", "c.key", "ca.pem", NULL},
    {"10.0.0.1:1", "", "c.pem", "c.key", "ca.pem", NULL},
    {"10.0.0.1:1", "off", "c.pem", "c.key", "", "there is a certificate"},
    {"10.0.0.1:1", "", "c.pem", "", "", "go together"},
    {"10.0.0.1:1", "", "", "c.key", "", "go together"},
    {"127.0.0.1:1", "", "", "", "ca.pem", "client_ca needs"},
    {"unix:/run/fotad/s", "", "c.pem", "c.key", "", "Unix socket"},
    {"127.0.0.1:1", "no", "", "", "", "off or empty"},
};

static void set(struct config *c, int listener, const struct row *row) {
    const char **const fields[][5] = {
#define LISTENER(prefix)                                                       \
    {&c->prefix##_listen, &c->prefix##_tls, &c->prefix##_certificate,          \
     &c->prefix##_key, &c->prefix##_client_ca}
        LISTENER(user), LISTENER(csp), LISTENER(people), LISTENER(operations)};
#undef LISTENER
    const char *const values[] = {row->listen, row->tls, row->certificate,
                                  row->key, row->client_ca};
    for (size_t i = 0; i < 5; i++)
        *fields[listener][i] = values[i];
}

static void every_listener_is_protected(void **state) {
    (void)state;
    static const char *const sections[] = {"[user_gateway]", "[csp_gateway]",
                                           "[people]", "[operations]"};
    struct arena *arena = arena_new();
    for (int listener = 0; listener < 4; listener++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            struct config config;
            const char *reason = NULL;
            assert_true(config_read(&config, NULL, arena, &reason));
            set(&config, listener, &rows[i]);
            const char *why = http_contradiction(&config, arena);
            bool right = rows[i].says ? why && strstr(why, rows[i].says) &&
                                            strstr(why, sections[listener])
                                      : !why;
            if (!right)
                fail_msg("%s case %zu: %s", sections[listener], i,
                         why ? why : "accepted");
        }
    arena_free(arena);
}

static void an_originator_needs_a_certificate_to_be_known_by(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct config config;
    const char *reason = NULL;
    assert_true(config_read(&config, NULL, arena, &reason));
    config.user_client_is_originator = true;
    const char *why = http_contradiction(&config, arena);
    assert_true(why && strstr(why, "client_is_originator = yes needs"));
    set(&config, 0, &(struct row){"127.0.0.1:1", "", "c", "k", "ca", NULL});
    assert_null(http_contradiction(&config, arena));
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_listener_is_protected),
        cmocka_unit_test(an_originator_needs_a_certificate_to_be_known_by),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
