/* What a request costs the server before anybody knows who sent it: headers
 * and bodies at their worst, in processor time of the server's threads. */
#include "served.h"

#include "support/cost.h"

enum { MOST_BODY = 16 * 1024 * 1024 };

static const struct http_route widest[] = {
    {"POST", "/any", NULL, MOST_BODY, answer_peer},
    {"GET", "/hello", NULL, 0, answer_hello},
    {"GET", "/api/v1/devices/{id}/status", NULL, 0, answer_device},
    {"GET", "/files/{file...}", NULL, 0, answer_file},
};

static void begin(struct buffer *out, const char *path) {
    buffer_printf(out, "POST %s HTTP/1.1\r\n" HOST "Connection: close\r\n",
                  path);
}

static void many_headers(struct buffer *out) {
    begin(out, "/any");
    cost_repeat(out, "a:\r\n", 1500);
    buffer_text(out, "\r\n");
}

static void many_cookies(struct buffer *out) {
    begin(out, "/api/v1/devices/1/status");
    buffer_text(out, "Cookie: ");
    cost_repeat(out, "a=b; ", 1500);
    buffer_text(out, "\r\n\r\n");
}

static void long_path(struct buffer *out) {
    buffer_text(out, "GET /files/");
    cost_repeat(out, "a/", 3500);
    buffer_text(out, " HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
}

static void many_parameters(struct buffer *out) {
    buffer_text(out, "GET /hello?");
    cost_repeat(out, "%41=%42&", 900);
    buffer_text(out, " HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
}

static void long_line(struct buffer *out) {
    begin(out, "/any");
    buffer_text(out, "a: ");
    cost_repeat(out, "b", 7000);
    buffer_text(out, "\r\n\r\n");
}

static void headers_without_end(struct buffer *out) {
    begin(out, "/any");
    cost_repeat(out, "a: b\r\n", 20000);
}

static void one_octet_chunks(struct buffer *out) {
    begin(out, "/any");
    buffer_text(out, CHUNKED "\r\n");
    cost_repeat(out, "1\r\na\r\n", MOST_BODY);
    buffer_text(out, "0\r\n\r\n");
}

static void chunks_with_zeros(struct buffer *out) {
    begin(out, "/any");
    buffer_text(out, CHUNKED "\r\n");
    cost_repeat(out, "000000000001\r\na\r\n", MOST_BODY / 4);
    buffer_text(out, "0\r\n\r\n");
}

/* As small as is taken. */
static void chunks_of_64(struct buffer *out) {
    begin(out, "/any");
    buffer_text(out, CHUNKED "\r\n");
    struct buffer chunk = {0};
    buffer_text(&chunk, "40\r\n");
    cost_repeat(&chunk, "a", 64);
    buffer_text(&chunk, "\r\n");
    cost_repeat(out, (const char *)chunk.data, MOST_BODY / 64);
    buffer_text(out, "0\r\n\r\n");
    buffer_free(&chunk);
}

static void a_large_body(struct buffer *out) {
    begin(out, "/any");
    buffer_text(out, "Content-Length: 16777216\r\n\r\n");
    cost_repeat(out, "a", MOST_BODY);
}

static struct http_listener *listener;

static void send_whole(struct span input) {
    wire_exchange(http_port(listener), input);
}

static void no_request_costs_more_than_the_budget(void **state) {
    (void)state;
#define CASE(make)                                                             \
    { #make, make }
    static const struct cost_case cases[] = {
        CASE(many_headers),     CASE(many_cookies),
        CASE(long_path),        CASE(many_parameters),
        CASE(long_line),        CASE(headers_without_end),
        CASE(one_octet_chunks), CASE(chunks_with_zeros),
        CASE(chunks_of_64),     CASE(a_large_body),
    };
#undef CASE
    struct http_options options = basic_options();
    options.routes = widest;
    options.route_count = sizeof widest / sizeof *widest;
    listener = started(&options);
    cost_check(cases, sizeof cases / sizeof *cases, cost_of_server, send_whole);
    http_close(listener);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_request_costs_more_than_the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
