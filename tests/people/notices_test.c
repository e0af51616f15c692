/* What a person is told by e-mail, as the person sets it. */
#include "support/check.h"
#include "support/people.h"

#include <stdio.h>

static int setup(void **state) {
    *state = screens_start();
    return 0;
}

static int teardown(void **state) {
    screens_free(*state);
    return 0;
}

static struct told set(struct screens *s, enum who who, const char *body) {
    return ask(s, &(struct ask){.method = "PUT",
                                .path = "/me/notices",
                                .body = body,
                                .who = who});
}

struct notices_case {
    const char *body;
    unsigned http;
    const char *mail, *wishes, *detail; /* NULL: not looked at */
};

#define ADDRESS "\"mail\":\"ann@example.org\""
static const struct notices_case cases[] = {
    {"{\"wishes\":[]}", 200, "null", "[]", NULL},
    {"{" ADDRESS ",\"wishes\":[\"request_finished\",\"quarantine\"]}", 200,
     "ann@example.org", "[\"request_finished\",\"quarantine\"]", NULL},
    /* a refusal leaves it as it was */
    {"{\"mail\":\"ann\",\"wishes\":[]}", 400, "ann@example.org",
     "[\"request_finished\",\"quarantine\"]",
     "That is no e-mail address in ASCII; nothing was changed."},
    {"{\"mail\":\"a@b\\r\\nBcc: c@d\",\"wishes\":[]}", 400, "ann@example.org",
     NULL, "That is no e-mail address in ASCII; nothing was changed."},
    {"{\"mail\":null,\"wishes\":[\"quarantine\"]}", 400, "ann@example.org",
     NULL, "Account anne has no e-mail address yet: give one as well."},
    {"{\"mail\":\"\",\"wishes\":[\"quarantine\"]}", 400, "ann@example.org",
     NULL, "Account anne has no e-mail address yet: give one as well."},
    {"{" ADDRESS ",\"wishes\":[\"everything\"]}", 400, NULL, NULL,
     "What may be told is request_finished, failure_share, quarantine, "
     "csp_silent, steering and alarm."},
    {"{" ADDRESS ",\"wishes\":[7]}", 400, NULL, NULL,
     "What may be told is request_finished, failure_share, quarantine, "
     "csp_silent, steering and alarm."},
    {"{" ADDRESS ",\"wishes\":[\"quarantine\",\"quarantine\",\"quarantine\","
     "\"quarantine\",\"quarantine\",\"quarantine\",\"quarantine\"]}",
     400, NULL, NULL,
     "What may be told is request_finished, failure_share, quarantine, "
     "csp_silent, steering and alarm."},
    {"{" ADDRESS "}", 400, NULL, NULL, NULL},
    {"{" ADDRESS ",\"wishes\":\"quarantine\"}", 400, NULL, NULL, NULL},
    {"{" ADDRESS ",\"wishes\":[],\"more\":1}", 400, NULL, NULL, NULL},
    {"{" ADDRESS ",\"wishes\":[\"quarantine\",\"quarantine\"]}", 200,
     "ann@example.org", "[\"quarantine\"]", NULL},
    {"{" ADDRESS ",\"wishes\":[]}", 200, "ann@example.org", "[]", NULL},
    {"{\"mail\":null,\"wishes\":[]}", 200, "null", "[]", NULL},
};

static void a_person_sets_address_and_wishes(void **state) {
    struct screens *s = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct notices_case *c = &cases[i];
        struct told told = set(s, A, c->body);
        if (told.http != c->http ||
            (c->detail && strcmp(told_at(s, &told, "detail"), c->detail) != 0))
            fail_msg("%s: %u %s", c->body, told.http, told.text);
        told = look(s, A, "/me/notices");
        if (c->mail)
            told_expect(s, &told, "mail", c->mail);
        if (c->wishes)
            told_expect(s, &told, "wishes", c->wishes);
    }
    struct told other = look(s, B, "/me/notices");
    told_expect(s, &other, "mail", "null");
}

static void it_is_in_the_audit_trail(void **state) {
    struct screens *s = *state;
    set(s, DESK,
        "{\"mail\":\"dora@example.org\",\"wishes\":"
        "[\"failure_share\"]}");
    assert_string_equal(
        gateway_ask(s->gateway, "select concat_ws('|', person, code, detail)"
                                " from sat_entry where kind = 'person'"),
        arena_printf(s->arena,
                     "%s|e-mail set|%s: dora@example.org, failure_share",
                     who_name(DESK), who_name(DESK)));
}

/* A page of somebody else cannot have a person's e-mail sent elsewhere. */
static void another_site_cannot_set_it(void **state) {
    struct screens *s = *state;
    struct signed_in dora = sign_in(s, who_name(DESK), PASSWORD);
    struct ask order = {.method = "PUT",
                        .path = "/me/notices",
                        .body = "{\"mail\":\"e@evil.example\",\"wishes\":"
                                "[\"quarantine\"]}",
                        .cookie = dora.cookie};
    assert_int_equal(ask(s, &order).http, 403);
    order.csrf = "0000";
    assert_int_equal(ask(s, &order).http, 403);
    assert_string_equal(
        gateway_ask(s->gateway, "select count(mail) from account"), "0");
    order.csrf = dora.csrf;
    assert_int_equal(ask(s, &order).http, 200);
}

static void it_says_whether_anything_is_sent(void **state) {
    struct screens *s = *state;
    struct told told = look(s, A, "/me/notices");
    told_expect(s, &told, "sends", "false");
    screens_close(s);
    s->gateway->config.mail_server = "smtp://localhost";
    screens_open(s);
    told = look(s, A, "/me/notices");
    told_expect(s, &told, "sends", "true");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_person_sets_address_and_wishes),
        TEST(it_is_in_the_audit_trail),
        TEST(another_site_cannot_set_it),
        TEST(it_says_whether_anything_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
