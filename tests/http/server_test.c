/* The server over real sockets: what it refuses, what it bounds, how it ends.
 */
#include "support/check.h"

#include "http/server.h"

#include "wire.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

/* ---- the server under test ---- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_moved = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static int behind_gate;
static atomic_int workers_alive, streams_freed;

static void set_gate(bool open) {
    pthread_mutex_lock(&gate);
    gate_open = open;
    pthread_cond_broadcast(&gate_moved);
    pthread_mutex_unlock(&gate);
}

static void wait_behind_gate(int count) {
    pthread_mutex_lock(&gate);
    while (behind_gate < count)
        pthread_cond_wait(&gate_moved, &gate);
    pthread_mutex_unlock(&gate);
}

static void answer_gate(void *worker, const struct http_request *request,
                        struct http_response *response) {
    (void)worker;
    (void)request;
    pthread_mutex_lock(&gate);
    behind_gate++;
    pthread_cond_broadcast(&gate_moved);
    while (!gate_open)
        pthread_cond_wait(&gate_moved, &gate);
    behind_gate--;
    pthread_mutex_unlock(&gate);
    response->status = 202;
}

static void answer_hello(void *worker, const struct http_request *request,
                         struct http_response *response) {
    (void)request;
    assert_non_null(worker);
    response->content_type = "text/plain";
    response->body = span_text("hello");
}

static void answer_echo(void *worker, const struct http_request *request,
                        struct http_response *response) {
    (void)worker;
    struct buffer body = {0};
    buffer_add(&body, request->body);
    http_take_body(response, &body);
}

static void answer_device(void *worker, const struct http_request *request,
                          struct http_response *response) {
    (void)worker;
    const char *id = http_path_parameter(request, "id");
    const char *query = http_query(request, "q");
    const char *header = http_header(request, "x-note");
    const char *cookie = http_cookie(request, "session");
    response->body = span_text(
        arena_printf(request->arena, "%s|%s|%s|%s", id, query ? query : "-",
                     header ? header : "-", cookie ? cookie : "-"));
    http_add_header(response, "Location", request->path);
}

static void answer_file(void *worker, const struct http_request *request,
                        struct http_response *response) {
    (void)worker;
    response->body = span_text(http_path_parameter(request, "file"));
}

static void answer_fault(void *worker, const struct http_request *request,
                         struct http_response *response) {
    (void)worker;
    (void)request;
    http_problem_at(response, 400, 3, 14, "not \"well\"\tformed: %s",
                    "\xc3\xa9\xff");
}

static void answer_large(void *worker, const struct http_request *request,
                         struct http_response *response) {
    (void)worker;
    (void)request;
    struct buffer body = {0};
    memset(buffer_room(&body, 1000000), 'x', 1000000);
    body.len = 1000000;
    http_take_body(response, &body);
}

static enum http_more next_piece(void *worker, void *context,
                                 struct buffer *piece) {
    (void)worker;
    int *count = context;
    static const struct {
        const char *text;
        enum http_more more;
    } pieces[] = {
        {"one,", HTTP_STREAM_MORE}, {"", HTTP_STREAM_MORE},
        {"two,", HTTP_STREAM_WAIT}, {"", HTTP_STREAM_WAIT},
        {"three", HTTP_STREAM_END},
    };
    buffer_text(piece, pieces[*count].text);
    return pieces[(*count)++].more;
}

static enum http_more next_never(void *worker, void *context,
                                 struct buffer *piece) {
    (void)worker;
    int *count = context;
    if (*count == 0)
        buffer_text(piece, "begun");
    *count = 1;
    return HTTP_STREAM_WAIT;
}

static void free_count(void *context) {
    free(context);
    atomic_fetch_add(&streams_freed, 1);
}

static void answer_stream(void *worker, const struct http_request *request,
                          struct http_response *response) {
    (void)worker;
    bool ends = strcmp(request->path, "/stream") == 0;
    response->content_type = "text/event-stream";
    response->stream = (struct http_stream){
        .next = ends ? next_piece : next_never,
        .context = calloc(1, sizeof(int)),
        .free = free_count,
        .interval = 10 * MILLISECOND,
    };
}

static void answer_peer(void *worker, const struct http_request *request,
                        struct http_response *response) {
    (void)worker;
    response->body = span_text(request->peer);
}

static void answer_metrics(void *worker, const struct http_request *request,
                           struct http_response *response);

static const struct http_route routes[] = {
    {"GET", "/hello", NULL, 0, answer_hello},
    {"PUT", "/hello", NULL, 16, answer_echo},
    {"POST", "/xml", "application/xml text/xml", 64, answer_echo},
    {"POST", "/any", NULL, 1024 * 1024, answer_echo},
    {"POST", "/gate", NULL, 1024 * 1024, answer_gate},
    {"GET", "/api/v1/devices/{id}/status", NULL, 0, answer_device},
    {"GET", "/files/{file...}", NULL, 0, answer_file},
    {"GET", "/fault", NULL, 0, answer_fault},
    {"GET", "/large", NULL, 0, answer_large},
    {"GET", "/stream", NULL, 0, answer_stream},
    {"GET", "/endless", NULL, 0, answer_stream},
    {"GET", "/peer", NULL, 0, answer_peer},
    {"GET", "/metrics", NULL, 0, answer_metrics},
};

static void *start_worker(void *context, unsigned index) {
    atomic_fetch_add(&workers_alive, 1);
    assert_true(index < 2);
    return context;
}

static void stop_worker(void *worker) {
    assert_non_null(worker);
    atomic_fetch_sub(&workers_alive, 1);
}

static struct http_options basic_options(void) {
    static char database;
    return (struct http_options){
        .name = "test",
        .address = "127.0.0.1:0",
        .routes = routes,
        .route_count = sizeof routes / sizeof *routes,
        .retry_after = 7,
        .worker_start = start_worker,
        .worker_stop = stop_worker,
        .worker_context = &database,
    };
}

static struct http_listener *started(const struct http_options *options) {
    const char *reason = NULL;
    struct http_listener *listener = http_listen(options, &reason);
    if (!listener)
        fail_msg("%s", reason);
    return listener;
}

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

static struct reply ask(int handle, const char *request) {
    if (!wire_text(handle, request))
        fail_msg("the server has closed before %s", request);
    return wire_reply(handle);
}

/* ---- routes and their errors ---- */

#define HOST "Host: test\r\n"
#define XML "Content-Type: application/xml\r\n"
#define EMPTY "Content-Length: 0\r\n"

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
         415, NULL, "application/xml text/xml"},
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
        struct reply reply = ask(handle, cases[i].request);
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
#define CHUNKED "Transfer-Encoding: chunked\r\n"
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
        struct reply reply = ask(handle, cases[i].request);
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
        {"/api/v1/devices/x/status?q=%zz", "x|%zz|-|-"},
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
        struct reply reply = ask(handle, request);
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
    struct reply reply =
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
        struct reply reply = ask(handle, request);
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
    struct reply reply = wire_reply(handle);
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
        struct reply reply =
            ask(handle, i % 2 ? "Expect: 100-continue\r\n\r\n" : "\r\n");
        assert_int_equal(reply.status, cases[i / 2].status);
        reply_free(&reply);
        close(handle);
    }
}

static void a_client_may_ask_before_it_sends(void **state) {
    (void)state;
    int handle = shared_connect();
    struct reply reply =
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
        struct reply reply =
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
        struct reply reply = wire_reply(handle);
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply_text(&reply), bodies[i]);
        reply_free(&reply);
    }
    struct reply reply = wire_reply(handle);
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
        struct reply reply = wire_reply(handles[i]);
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply_text(&reply), body);
        reply_free(&reply);
        close(handles[i]);
    }
}

static void large_answers_arrive_whole(void **state) {
    (void)state;
    int handle = shared_connect();
    struct reply reply = ask(handle, "GET /large HTTP/1.1\r\n" HOST "\r\n");
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
    struct reply reply = ask(handle, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
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

/* ---- limits ---- */

static const char GATE[] = "POST /gate HTTP/1.1\r\n" HOST EMPTY "\r\n";

static void a_full_queue_says_come_back(void **state) {
    (void)state;
    struct http_options options = basic_options();
    options.queue_size = 2;
    set_gate(false);
    struct http_listener *listener = started(&options);
    int handles[4];
    for (int i = 0; i < 4; i++) {
        handles[i] = wire_connect(http_port(listener));
        wire_text(handles[i], GATE);
        if (i < 2)
            wait_behind_gate(i + 1);
    }
    /* two with the workers, two in the queue; the queue is seen as full once
     * both have been read */
    int fifth = wire_connect(http_port(listener));
    struct reply reply;
    for (int tries = 0;; tries++) {
        reply = ask(fifth, "GET /nothing HTTP/1.1\r\n" HOST "\r\n");
        reply_free(&reply);
        if (tries == 20)
            break;
    }
    reply = ask(fifth, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(reply.status, 503);
    assert_true(reply_has(&reply, "Retry-After: 7\n"));
    assert_true(reply_has(&reply, "application/problem+json"));
    reply_free(&reply);
    set_gate(true);
    for (int i = 0; i < 4; i++) {
        reply = wire_reply(handles[i]);
        assert_int_equal(reply.status, 202);
        reply_free(&reply);
        close(handles[i]);
    }
    reply = ask(fifth, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(reply.status, 200);
    reply_free(&reply);
    close(fifth);
    http_close(listener);
}

static void bodies_share_a_budget(void **state) {
    (void)state;
    struct http_options options = basic_options();
    options.body_budget = 1000;
    struct http_listener *listener = started(&options);
    int first = wire_connect(http_port(listener));
    char body[1000];
    memset(body, 'x', sizeof body);
    struct reply reply =
        ask(first, "POST /any HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
                   "Content-Length: 1000\r\n\r\n");
    assert_int_equal(reply.status, 100);
    reply_free(&reply);
    wire_send(first, body, 999);
    /* answered, so the 999 octets have been read before the next request */
    for (int i = 0; i < 20; i++) {
        int other = wire_connect(http_port(listener));
        reply = ask(other, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
        assert_int_equal(reply.status, 200);
        reply_free(&reply);
        close(other);
    }
    int second = wire_connect(http_port(listener));
    reply = ask(second,
                "POST /any HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nxx");
    assert_int_equal(reply.status, 503);
    assert_true(reply_has(&reply, "Retry-After: 7\n"));
    reply_free(&reply);
    close(second);
    wire_send(first, body, 1);
    reply = wire_reply(first);
    assert_int_equal(reply.status, 200);
    assert_true(reply.body.len == 1000);
    reply_free(&reply);
    reply =
        ask(first, "POST /any HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nxx");
    assert_int_equal(reply.status, 200);
    reply_free(&reply);
    close(first);
    http_close(listener);
}

/* Sends an octet every 20 ms; how long until the server had enough. */
static instant trickle(unsigned port, const char *head, struct reply *reply) {
    int handle = wire_connect(port);
    instant start = clock_elapsed();
    wire_text(handle, head);
    struct pollfd wait = {.fd = handle, .events = POLLIN};
    for (int i = 0; i < 500 && poll(&wait, 1, 20) == 0; i++)
        wire_send(handle, "x", 1);
    instant took = clock_elapsed() - start;
    *reply = wire_reply(handle);
    assert_true(wire_ended(handle));
    close(handle);
    return took;
}

static void tricklers_are_cut_off(void **state) {
    (void)state;
    static const struct {
        const char *head;
        int status; /* 0: just cut */
    } cases[] = {
        {"POST /any HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n", 408},
        {"GET /hello HTTP/1.1\r\n" HOST "X-Slow: ", 0},
        {"GET /", 0},
    };
    struct http_options options = basic_options();
    options.receive_timeout = 300 * MILLISECOND;
    struct http_listener *listener = started(&options);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reply reply;
        instant took = trickle(http_port(listener), cases[i].head, &reply);
        assert_int_equal(reply.status, cases[i].status);
        assert_true(took >= 300 * MILLISECOND && took < 3 * SECOND);
        reply_free(&reply);
    }
    http_close(listener);
}

static void handlers_may_take_longer_than_clients(void **state) {
    (void)state;
    struct http_options options = basic_options();
    options.receive_timeout = 100 * MILLISECOND;
    set_gate(false);
    struct http_listener *listener = started(&options);
    int handle = wire_connect(http_port(listener));
    wire_text(handle, GATE);
    usleep(400 * 1000);
    set_gate(true);
    struct reply reply = wire_reply(handle);
    assert_int_equal(reply.status, 202);
    reply_free(&reply);
    close(handle);
    http_close(listener);
}

/* ---- the end ---- */

static void *close_listener(void *listener) {
    http_close(listener);
    return NULL;
}

/* Also: close with suspended connections, one handled and one waiting. */
static void draining_finishes_what_is_in_hand(void **state) {
    (void)state;
    struct http_options options = basic_options();
    options.workers = 1;
    set_gate(false);
    struct http_listener *listener = started(&options);
    int handled = wire_connect(http_port(listener));
    wire_text(handled, GATE);
    wait_behind_gate(1);
    int queued = wire_connect(http_port(listener));
    wire_text(queued, GATE);
    int late = wire_connect(http_port(listener));
    struct reply reply;
    for (int i = 0; i < 20; i++) {
        reply = ask(late, "GET /nothing HTTP/1.1\r\n" HOST "\r\n");
        reply_free(&reply);
    }
    http_drain(listener);
    reply = ask(late, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(reply.status, 503);
    assert_true(reply_has(&reply, "Retry-After: 7\n"));
    assert_true(reply_has(&reply, "Connection: close"));
    assert_true(wire_ended(late));
    reply_free(&reply);
    pthread_t closer;
    pthread_create(&closer, NULL, close_listener, listener);
    usleep(50 * 1000);
    set_gate(true);
    for (int i = 0; i < 2; i++) {
        reply = wire_reply(i ? queued : handled);
        assert_int_equal(reply.status, 202);
        assert_true(reply_has(&reply, "Connection: close"));
        reply_free(&reply);
    }
    pthread_join(closer, NULL);
    close(handled);
    close(queued);
    close(late);
}

static void closing_ends_streams(void **state) {
    (void)state;
    struct http_options options = basic_options();
    struct http_listener *listener = started(&options);
    int freed = atomic_load(&streams_freed);
    int handle = wire_connect(http_port(listener));
    wire_text(handle, "GET /endless HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(wire_octet(handle), 'H');
    http_close(listener);
    assert_int_equal(atomic_load(&streams_freed), freed + 1);
    assert_true(wire_ended(handle));
    close(handle);
}

static void closing_does_not_wait_for_idle_or_half_sent(void **state) {
    (void)state;
    struct http_options options = basic_options();
    struct http_listener *listener = started(&options);
    int idle = wire_connect(http_port(listener));
    int half = wire_connect(http_port(listener));
    wire_text(half, "POST /any HTTP/1.1\r\n" HOST
                    "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n");
    struct reply reply = wire_reply(half);
    assert_int_equal(reply.status, 100);
    reply_free(&reply);
    instant start = clock_elapsed();
    http_close(listener);
    assert_true(clock_elapsed() - start < 2 * SECOND);
    close(idle);
    close(half);
}

/* ---- addresses ---- */

static void addresses_that_cannot_be_listened_on(void **state) {
    (void)state;
    char taken[32];
    snprintf(taken, sizeof taken, "127.0.0.1:%u", http_port(shared));
    const char *const bad[] = {
        taken,   "127.0.0.1",        "127.0.0.1:",      "::1:80",    "1.2.3:x",
        "unix:", "unix:/nowhere/at", "127.0.0.1:70000", "[::1]8080",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_options options = basic_options();
        options.address = bad[i];
        const char *reason = NULL;
        if (http_listen(&options, &reason) || !strstr(reason, bad[i]))
            fail_msg("%s: %s", bad[i], reason ? reason : "listens");
    }
}

static void unix_sockets_are_served(void **state) {
    (void)state;
    char folder[] = "/tmp/fotad-http-XXXXXX", address[64];
    assert_non_null(mkdtemp(folder));
    snprintf(address, sizeof address, "unix:%s/s", folder);
    struct http_options options = basic_options();
    options.address = address;
    struct http_listener *listener = started(&options);
    assert_int_equal(http_port(listener), 0);
    struct sockaddr_un {
        sa_family_t family;
        char path[108];
    } to = {.family = AF_UNIX};
    snprintf(to.path, sizeof to.path, "%s", address + 5);
    int handle = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(handle, (struct sockaddr *)&to, sizeof to), 0);
    struct reply reply = ask(handle, "GET /peer HTTP/1.1\r\n" HOST "\r\n");
    assert_string_equal(reply_text(&reply), "unix");
    reply_free(&reply);
    close(handle);
    http_close(listener);
    assert_int_equal(access(address + 5, F_OK), -1);
    rmdir(folder);
}

/* ---- metrics ---- */

#include "base/metrics.h"

static void answer_metrics(void *worker, const struct http_request *request,
                           struct http_response *response) {
    (void)worker;
    (void)request;
    struct buffer text = {0};
    metrics_render(&text);
    response->content_type = METRICS_MEDIA_TYPE;
    http_take_body(response, &text);
}

static void requests_are_counted(void **state) {
    (void)state;
    struct http_options options = basic_options();
    options.name = "counted";
    struct http_listener *listener = started(&options);
    int handle = wire_connect(http_port(listener));
    for (int i = 0; i < 3; i++) {
        struct reply reply =
            ask(handle, i ? "GET /hello HTTP/1.1\r\n" HOST "\r\n"
                          : "GET /no HTTP/1.1\r\n" HOST "\r\n");
        reply_free(&reply);
    }
    struct reply reply = ask(handle, "GET /metrics HTTP/1.1\r\n" HOST "\r\n");
    static const char *const lines[] = {
        "# TYPE fotad_http_requests_total counter\n",
        "fotad_http_requests_total{listener=\"counted\",route=\"GET /hello\","
        "status=\"200\"} 2\n",
        "fotad_http_requests_total{listener=\"counted\",route=\"none\","
        "status=\"404\"} 1\n",
        "fotad_http_handler_seconds_count{listener=\"counted\","
        "route=\"GET /hello\"} 2\n",
        "fotad_http_queue_depth{listener=\"counted\"} 0\n",
        "fotad_http_connections{listener=\"counted\"} 1\n",
        "fotad_http_body_octets{listener=\"counted\"} 0\n",
    };
    assert_true(reply_has(&reply, "text/plain; version=0.0.4"));
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(reply_text(&reply), lines[i]))
            fail_msg("no %sin\n%s", lines[i], reply_text(&reply));
    reply_free(&reply);
    close(handle);
    http_close(listener);
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
        cmocka_unit_test(a_full_queue_says_come_back),
        cmocka_unit_test(bodies_share_a_budget),
        cmocka_unit_test(tricklers_are_cut_off),
        cmocka_unit_test(handlers_may_take_longer_than_clients),
        cmocka_unit_test(draining_finishes_what_is_in_hand),
        cmocka_unit_test(closing_ends_streams),
        cmocka_unit_test(closing_does_not_wait_for_idle_or_half_sent),
        cmocka_unit_test(addresses_that_cannot_be_listened_on),
        cmocka_unit_test(unix_sockets_are_served),
        cmocka_unit_test(requests_are_counted),
    };
    return cmocka_run_group_tests(tests, start_shared, stop_shared);
}
