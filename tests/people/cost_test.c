/* What a request costs the screens before anybody knows who sent it, a password
 * that is looked at among them, in processor time of the server's threads. */
#include "support/cost.h"
#include "support/people.h"

#include "http/wire.h"

#include <signal.h>

static struct screens *screens;

static void begin(struct buffer *out, const char *method, const char *path) {
    buffer_printf(out, "%s /api/v1%s HTTP/1.1\r\nHost: x\r\n", method, path);
}

static void add_body(struct buffer *out, struct buffer *body) {
    begin(out, "POST", "/sign-in");
    buffer_printf(out,
                  "Content-Type: application/json\r\nContent-Length: %zu\r\n"
                  "Connection: close\r\n\r\n",
                  body->len);
    buffer_add(out, buffer_span(body));
    buffer_free(body);
}

static void add_end(struct buffer *out) {
    buffer_text(out, "Connection: close\r\n\r\n");
}

static void a_wrong_password(struct buffer *out) {
    struct buffer body = {0};
    buffer_text(&body, "{\"name\":\"otto\",\"password\":\"x\"}");
    add_body(out, &body);
}

static void the_longest_password(struct buffer *out) {
    struct buffer body = {0};
    buffer_text(&body, "{\"name\":\"nobody\",\"password\":\"");
    cost_repeat(&body, "x", 256);
    buffer_text(&body, "\"}");
    add_body(out, &body);
}

static void deep(struct buffer *out) {
    struct buffer body = {0};
    cost_repeat(&body, "[", 16 * 1024);
    add_body(out, &body);
}

static void many_members(struct buffer *out) {
    struct buffer body = {0};
    buffer_text(&body, "{");
    for (int i = 0; i < 1500; i++)
        buffer_printf(&body, "\"%d\":1,", i);
    buffer_text(&body, "\"a\":1}");
    add_body(out, &body);
}

static void many_values(struct buffer *out) {
    struct buffer body = {0};
    buffer_text(&body, "[");
    cost_repeat(&body, "0,", 8000);
    buffer_text(&body, "0]");
    add_body(out, &body);
}

static void many_parameters(struct buffer *out) {
    buffer_text(out, "GET /api/v1/requests?");
    cost_repeat(out, "%41=%42&", 900);
    buffer_text(out, " HTTP/1.1\r\nHost: x\r\n");
    add_end(out);
}

static void many_cookies(struct buffer *out) {
    begin(out, "GET", "/me");
    buffer_text(out, "Cookie: ");
    cost_repeat(out, "fotad=b; ", 800);
    buffer_text(out, "\r\n");
    add_end(out);
}

static void a_token_that_is_none(struct buffer *out) {
    begin(out, "GET", "/me");
    buffer_text(out, "Authorization: Bearer ");
    cost_repeat(out, "a", 7000);
    buffer_text(out, "\r\n");
    add_end(out);
}

static void a_long_path(struct buffer *out) {
    buffer_text(out, "GET /ssi/");
    cost_repeat(out, "%2e/", 1800);
    buffer_text(out, " HTTP/1.1\r\nHost: x\r\n");
    add_end(out);
}

static void request_send(struct span input) {
    wire_exchange(people_port(screens->people), input);
}

static void no_stranger_costs_more_than_the_budget(void **state) {
    (void)state;
#define CASE(make)                                                             \
    { #make, make }
    static const struct cost_case cases[] = {
        CASE(a_wrong_password),
        CASE(the_longest_password),
        CASE(deep),
        CASE(many_members),
        CASE(many_values),
        CASE(many_parameters),
        CASE(many_cookies),
        CASE(a_token_that_is_none),
        CASE(a_long_path),
    };
#undef CASE
    screens = screens_new();
    screens->gateway->config.people_lock_out_after = 1000;
    screens_open(screens);
    cost_check(cases, sizeof cases / sizeof *cases, cost_of_server,
               request_send);
    screens_free(screens);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_stranger_costs_more_than_the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
