/* The server over real sockets: what it answers, and what it refuses. */
#include "served.h"

/* The server most tests use; its port is *state. */
static struct http_listener *shared;

static int start_shared(void **state) {
    (void)state;
    struct http_options options = basic_options();
    shared = started(&options);
    set_gate(true);
    return 0;
}

static int stop_shared(void **state) {
    (void)state;
    http_close(shared);
    return atomic_load(&workers_alive);
}

static int shared_connect(void) {
    return wire_connect(http_port(shared));
}

/* ---- routes and their errors ---- */

static void every_request_gets_what_it_deserves(void **state) {
    (void)state;
    static const struct {
        const char *request;
        int status;
        const char *header, *body; /* parts of; NULL: does not matter */
    } cases[] = {
        {"GET /hello HTTP/1.1\r\n" HOST "\r\n", 200, "text/plain", "hello"},
        {"HEAD /nothing HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 404,
         "Content-Length: ", NULL},
        {"GET /hello?a=b HTTP/1.1\r\n" HOST "\r\n", 200, NULL, "hello"},
        {"GET /hello/ HTTP/1.1\r\n" HOST "\r\n", 404,
         "application/problem+json", "\"title\":\"Not Found\",\"status\":404"},
        {"GET /h%65llo HTTP/1.1\r\n" HOST "\r\n", 404, NULL, NULL},
        {"GET http://fotad.example/hello HTTP/1.1\r\n" HOST "\r\n", 200, NULL,
         "hello"},
        {"GET HTTPS://[2001:db8::1]:8079/hello?a=b HTTP/1.1\r\n" HOST "\r\n",
         200, NULL, "hello"},
        {"HEAD http://127.0.0.1/hello HTTP/1.1\r\n" HOST
         "Connection: close\r\n\r\n",
         200, "text/plain", NULL},
        {"OPTIONS http://127.0.0.1/hello HTTP/1.1\r\n" HOST "\r\n", 405,
         "Allow: GET, HEAD, PUT", NULL},
        {"GET http://127.0.0.1 HTTP/1.1\r\n" HOST "\r\n", 404, NULL, NULL},
        {"GET http://127.0.0.1/hello HTTP/1.1\r\n\r\n", 400, NULL, "Host"},
        {"GET http:///hello HTTP/1.1\r\n" HOST "\r\n", 400, NULL, "path"},
        {"GET http://:80/hello HTTP/1.1\r\n" HOST "\r\n", 400, NULL, "path"},
        {"GET http://me@127.0.0.1/hello HTTP/1.1\r\n" HOST "\r\n", 400, NULL,
         "path"},
        {"GET ftp://127.0.0.1/hello HTTP/1.1\r\n" HOST "\r\n", 404, NULL, NULL},
        {"POST http://127.0.0.1:8079/xml HTTP/1.1\r\n" HOST XML
         "Content-Length: 4\r\n\r\n<a/>",
         200, NULL, "<a/>"},
        {"POST /xml HTTP/1.1\r\n" HOST XML
         "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n<a/>",
         415, "Accept-Encoding: identity", "identity"},
        {"POST /xml HTTP/1.1\r\n" HOST XML
         "Content-Encoding: identity, br\r\nContent-Length: 4\r\n\r\n<a/>",
         415, "Accept-Encoding: identity", "identity"},
        {"POST /xml HTTP/1.1\r\n" HOST XML
         "Content-Encoding: Identity\r\nContent-Length: 4\r\n\r\n<a/>",
         200, NULL, "<a/>"},
        {"DELETE /hello HTTP/1.1\r\n" HOST "\r\n", 405, "Allow: GET, HEAD, PUT",
         "\"status\":405"},
        {"POST /xml HTTP/1.1\r\n" HOST XML "Content-Length: 4\r\n\r\n<a/>", 200,
         NULL, "<a/>"},
        {"POST /xml HTTP/1.1\r\n" HOST
         "Content-Type: Text/XML; charset=utf-8\r\n"
         "Content-Length: 4\r\n\r\n<a/>",
         200, NULL, "<a/>"},
        {"POST /xml HTTP/1.1\r\n" HOST
         "Content-Type: application/xmlx\r\n" EMPTY "\r\n",
         415, NULL, "must be application/xml or text/xml."},
        {"POST /xml HTTP/1.1\r\n" HOST EMPTY "\r\n", 415, NULL, NULL},
        {"GET /hello HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", 413, NULL,
         "up to 0 octets"},
        {"GET /fault HTTP/1.1\r\n" HOST "\r\n", 400, "application/problem+json",
         "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
         "\"detail\":\"not \\\"well\\\"\\u0009formed: \xc3\xa9\xef\xbf\xbd\","
         "\"line\":3,\"column\":14}\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int handle = shared_connect();
        struct wire_reply reply = ask(handle, cases[i].request);
        if (reply.status != cases[i].status ||
            (cases[i].header && !reply_has(&reply, cases[i].header)) ||
            (cases[i].body && !strstr(reply_text(&reply), cases[i].body)))
            fail_msg("%s gave %d\n%s\n%s", cases[i].request, reply.status,
                     reply.head, reply_text(&reply));
        reply_free(&reply);
        close(handle);
    }
}

/* RFC 9112, 6.3 and 11.2: what two readers may read differently */
static void ambiguous_framing_is_refused(void **state) {
    (void)state;
#define ANY "POST /any HTTP/1.1\r\n" HOST
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {ANY "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400},
        {ANY "Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello", 400},
        {ANY "Content-Length: 3\r\n" CHUNKED "\r\n0\r\n\r\n", 400},
        {ANY CHUNKED "Content-Length: 3\r\n\r\n0\r\n\r\n", 400},
        {ANY CHUNKED CHUNKED "\r\n0\r\n\r\n", 400},
        {ANY "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        {ANY "Transfer-Encoding: identity\r\n\r\n", 501},
        {ANY "Content-Length: +1\r\n\r\nx", 400},
        {ANY "Content-Length: 1, 1\r\n\r\nx", 400},
        {ANY "Content-Length: 0x1\r\n\r\nx", 400},
        {ANY "Content-Length: 99999999999999999999\r\n\r\n", 413},
        {ANY "Content-Length : 1\r\n\r\nx", 400},
        {ANY CHUNKED "\r\nx\r\n\r\n", 400},
        {"POST /any HTTP/1.0\r\n" CHUNKED "\r\n0\r\n\r\n", 400},
        {"GET /hello HTTP/1.1\r\n\r\n", 400},
        {"GET /hello there HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /h\xc3\xa9llo HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /hello HTTP/1.1\r\n" HOST HOST "\r\n", 400},
        {"GET /hello HTTP/1.1\r\n" HOST "nonsense\r\n\r\n", 400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int handle = shared_connect();
        struct wire_reply reply = ask(handle, cases[i].request);
        if (reply.status != cases[i].status)
            fail_msg("%s gave %d", cases[i].request, reply.status);
        if (!wire_ended(handle))
            fail_msg("%s left its connection open", cases[i].request);
        reply_free(&reply);
        close(handle);
    }
}

static void path_parameters_are_decoded_segments(void **state) {
    (void)state;
    static const struct {
        const char *path, *body; /* NULL: 404 */
    } cases[] = {
        {"/api/v1/devices/00-DB/status", "00-DB|-|-|-"},
        {"/api/v1/devices/a%3Ab%c3%A9/status", "a:b\xc3\xa9|-|-|-"},
        {"/api/v1/devices/x/status?p=1&q=a+b%26c", "x|a b&c|-|-"},
        {"/api/v1/devices/x/status?q", "x||-|-"},
        {"/api/v1/devices/x/status?q=", "x||-|-"},
        {"/api/v1/devices/x/status?q=%zz", "x||-|-"},
        {"/api/v1/devices//status", NULL},
        {"/api/v1/devices/./status", NULL},
        {"/api/v1/devices/../status", NULL},
        {"/api/v1/devices/%2e%2E/status", NULL},
        {"/api/v1/devices/a%2Fb/status", NULL},
        {"/api/v1/devices/..%2F..%2Fetc/status", NULL},
        {"/api/v1/devices/a%00b/status", NULL},
        {"/api/v1/devices/a%0Ab/status", NULL},
        {"/api/v1/devices/a%4/status", NULL},
        {"/api/v1/devices/a%zz/status", NULL},
        {"/api/v1/devices/a/b/status", NULL},
        {"/api/v1/devices/a/statu", NULL},
        {"/api/v1/devices/a/status/", NULL},
        {"/files/a/b%20c.js", "a/b c.js"},
        {"/files/", NULL},
        {"/files/a//b", NULL},
        {"/files/../secret", NULL},
        {"/files/a/..%2f..%2fsecret", NULL},
    };
    int handle = shared_connect();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char request[256];
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n" HOST "\r\n",
                 cases[i].path);
        struct wire_reply reply = ask(handle, request);
        bool found = reply.status == 200;
        if (found != (cases[i].body != NULL) ||
            (found && strcmp(reply_text(&reply), cases[i].body) != 0))
            fail_msg("%s gave %d %s", cases[i].path, reply.status,
                     reply_text(&reply));
        reply_free(&reply);
    }
    close(handle);
}

static void headers_and_cookies_are_found(void **state) {
    (void)state;
    int handle = shared_connect();
    struct wire_reply reply =
        ask(handle,
            "GET /api/v1/devices/x/status HTTP/1.1\r\n" HOST "X-NOTE: seen\r\n"
            "Cookie: a=b; session=s3\r\n\r\n");
    assert_string_equal(reply_text(&reply), "x|-|seen|s3");
    assert_true(reply_has(&reply, "Location: /api/v1/devices/x/status\n"));
    reply_free(&reply);
    close(handle);
}

/* ---- bodies ---- */

static char *request_of(size_t octets, bool chunked) {
    char *text = malloc(octets + 512);
    assert_non_null(text);
    int len = snprintf(text, 512, "POST /xml HTTP/1.1\r\n" HOST XML);
    if (chunked)
        len += snprintf(text + len, 256, CHUNKED "\r\n%zx\r\n", octets);
    else
        len += snprintf(text + len, 256, "Content-Length: %zu\r\n\r\n", octets);
    memset(text + len, 'x', octets);
    strcpy(text + len + octets, chunked ? "\r\n0\r\n\r\n" : "");
    return text;
}

static void bodies_are_taken_up_to_the_cap(void **state) {
    (void)state;
    static const struct {
        size_t octets;
        bool chunked;
        int status;
    } cases[] = {
        {0, false, 200},  {1, true, 200},  {63, false, 200}, {64, false, 200},
        {65, false, 413}, {64, true, 200}, {65, true, 413},  {60000, true, 413},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int handle = shared_connect();
        char *request = request_of(cases[i].octets, cases[i].chunked);
        struct wire_reply reply = ask(handle, request);
        if (reply.status != cases[i].status)
            fail_msg("%zu octets%s gave %d", cases[i].octets,
                     cases[i].chunked ? " in a chunk" : "", reply.status);
        if (reply.status == 200)
            assert_true(reply.body.len == cases[i].octets);
        reply_free(&reply);
        free(request);
        close(handle);
    }
}

/* A client that is still sending when it is refused reads its answer. */
static void a_refusal_survives_the_rest_of_the_body(void **state) {
    (void)state;
    int handle = shared_connect();
    char *body = calloc(1, 4000000);
    assert_true(wire_text(handle, "POST /xml HTTP/1.1\r\n" HOST XML
                                  "Content-Length: 4000000\r\n\r\n"));
    assert_true(wire_send(handle, body, 4000000));
    struct wire_reply reply = wire_reply(handle);
    assert_int_equal(reply.status, 413);
    assert_true(reply_has(&reply, "Connection: close"));
    assert_true(wire_ended(handle));
    reply_free(&reply);
    free(body);
    close(handle);
}

static void refusals_come_before_the_body(void **state) {
    (void)state;
    static const struct {
        const char *head;
        int status;
    } cases[] = {
        {"POST /nothing HTTP/1.1\r\n" HOST "Content-Length: 9\r\n", 404},
        {"POST /fault HTTP/1.1\r\n" HOST "Content-Length: 9\r\n", 405},
        {"POST /xml HTTP/1.1\r\n" HOST "Content-Length: 9\r\n", 415},
        {"POST /xml HTTP/1.1\r\n" HOST XML "Content-Length: 65\r\n", 413},
        {"POST /xml HTTP/1.1\r\n" HOST XML "Content-Length: 1099511627776\r\n",
         413},
    };
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        int handle = shared_connect();
        wire_text(handle, cases[i / 2].head);
        struct wire_reply reply =
            ask(handle, i % 2 ? "Expect: 100-continue\r\n\r\n" : "\r\n");
        assert_int_equal(reply.status, cases[i / 2].status);
        reply_free(&reply);
        close(handle);
    }
}

static void a_client_may_ask_before_it_sends(void **state) {
    (void)state;
    int handle = shared_connect();
    struct wire_reply reply =
        ask(handle, "POST /xml HTTP/1.1\r\n" HOST XML
                    "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    assert_int_equal(reply.status, 100);
    reply_free(&reply);
    reply = ask(handle, "<b/>");
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply_text(&reply), "<b/>");
    reply_free(&reply);
    close(handle);
}

/* ---- keep-alive ---- */

static void many_requests_share_a_connection(void **state) {
    (void)state;
    int handle = shared_connect();
    for (int i = 0; i < 500; i++) {
        struct wire_reply reply =
            ask(handle, i % 2 ? "GET /hello HTTP/1.1\r\n" HOST "\r\n"
                              : "GET /nothing HTTP/1.1\r\n" HOST "\r\n");
        assert_int_equal(reply.status, i % 2 ? 200 : 404);
        reply_free(&reply);
    }
    close(handle);
}

static void pipelined_requests_are_answered_in_order(void **state) {
    (void)state;
    int handle = shared_connect();
    assert_true(wire_text(
        handle, "POST /any HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\none"
                "GET /hello HTTP/1.1\r\n" HOST "\r\n"
                "POST /any HTTP/1.1\r\n" HOST CHUNKED "\r\n2\r\ntw\r\n"
                "1\r\no\r\n0\r\n\r\n"
                "GET /nothing HTTP/1.1\r\n" HOST "\r\n"));
    static const char *const bodies[] = {"one", "hello", "two"};
    for (int i = 0; i < 3; i++) {
        struct wire_reply reply = wire_reply(handle);
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply_text(&reply), bodies[i]);
        reply_free(&reply);
    }
    struct wire_reply reply = wire_reply(handle);
    assert_int_equal(reply.status, 404);
    reply_free(&reply);
    close(handle);
}

static void a_hundred_connections_at_once(void **state) {
    (void)state;
    int handles[100];
    for (int i = 0; i < 100; i++) {
        handles[i] = shared_connect();
        wire_text(handles[i], "POST /any HTTP/1.1\r\n" HOST);
    }
    for (int i = 0; i < 100; i++) {
        char rest[64];
        snprintf(rest, sizeof rest, "Content-Length: 3\r\n\r\n%03d", i);
        wire_text(handles[i], rest);
    }
    for (int i = 99; i >= 0; i--) {
        char body[12];
        snprintf(body, sizeof body, "%03d", i);
        struct wire_reply reply = wire_reply(handles[i]);
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply_text(&reply), body);
        reply_free(&reply);
        close(handles[i]);
    }
}

static void large_answers_arrive_whole(void **state) {
    (void)state;
    int handle = shared_connect();
    struct wire_reply reply =
        ask(handle, "GET /large HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(reply.status, 200);
    assert_true(reply.body.len == 1000000);
    reply_free(&reply);
    reply = ask(handle,
                "HEAD /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_int_equal(reply.status, 200);
    assert_true(reply_has(&reply, "Content-Length: 5"));
    assert_true(reply.body.len == 0);
    reply_free(&reply);
    close(handle);
}

static void streams_come_in_pieces(void **state) {
    (void)state;
    int freed = atomic_load(&streams_freed);
    int handle = shared_connect();
    struct wire_reply reply =
        ask(handle, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(reply.status, 200);
    assert_true(reply_has(&reply, "text/event-stream"));
    assert_string_equal(reply_text(&reply), "one,two,three");
    reply_free(&reply);
    reply = ask(handle, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(reply.status, 200);
    assert_int_equal(atomic_load(&streams_freed), freed + 1);
    reply_free(&reply);
    close(handle);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_gets_what_it_deserves),
        cmocka_unit_test(ambiguous_framing_is_refused),
        cmocka_unit_test(path_parameters_are_decoded_segments),
        cmocka_unit_test(headers_and_cookies_are_found),
        cmocka_unit_test(bodies_are_taken_up_to_the_cap),
        cmocka_unit_test(a_refusal_survives_the_rest_of_the_body),
        cmocka_unit_test(refusals_come_before_the_body),
        cmocka_unit_test(a_client_may_ask_before_it_sends),
        cmocka_unit_test(many_requests_share_a_connection),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(a_hundred_connections_at_once),
        cmocka_unit_test(large_answers_arrive_whole),
        cmocka_unit_test(streams_come_in_pieces),
    };
    return cmocka_run_group_tests(tests, start_shared, stop_shared);
}
