/*
 * The server that the tests ask, and its handlers. A handler behind the gate
 * answers when the test opens it.
 */
#ifndef FOTAD_TESTS_HTTP_SERVED_H
#define FOTAD_TESTS_HTTP_SERVED_H

#include "support/check.h"

#include "base/metrics.h"
#include "http/server.h"

#include "wire.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define HOST "Host: test\r\n"
#define XML "Content-Type: application/xml\r\n"
#define EMPTY "Content-Length: 0\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

/* ---- the server under test ---- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_moved = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static int behind_gate;
static atomic_int workers_alive, streams_freed;

static inline void set_gate(bool open) {
    pthread_mutex_lock(&gate);
    gate_open = open;
    pthread_cond_broadcast(&gate_moved);
    pthread_mutex_unlock(&gate);
}

static inline void wait_behind_gate(int count) {
    pthread_mutex_lock(&gate);
    while (behind_gate < count)
        pthread_cond_wait(&gate_moved, &gate);
    pthread_mutex_unlock(&gate);
}

static inline void answer_gate(void *worker, const struct http_request *request,
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

static inline void answer_hello(void *worker,
                                const struct http_request *request,
                                struct http_response *response) {
    (void)request;
    assert_non_null(worker);
    response->content_type = "text/plain";
    response->body = span_text("hello");
}

static inline void answer_echo(void *worker, const struct http_request *request,
                               struct http_response *response) {
    (void)worker;
    struct buffer body = {0};
    buffer_add(&body, request->body);
    http_take_body(response, &body);
}

static inline void answer_device(void *worker,
                                 const struct http_request *request,
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

static inline void answer_file(void *worker, const struct http_request *request,
                               struct http_response *response) {
    (void)worker;
    response->body = span_text(http_path_parameter(request, "file"));
}

static inline void answer_fault(void *worker,
                                const struct http_request *request,
                                struct http_response *response) {
    (void)worker;
    (void)request;
    http_problem_at(response, 400, 3, 14, "not \"well\"\tformed: %s",
                    "\xc3\xa9\xff");
}

static inline void answer_large(void *worker,
                                const struct http_request *request,
                                struct http_response *response) {
    (void)worker;
    (void)request;
    struct buffer body = {0};
    memset(buffer_room(&body, 1000000), 'x', 1000000);
    body.len = 1000000;
    http_take_body(response, &body);
}

static inline enum http_more next_piece(void *worker, void *context,
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

static inline enum http_more next_never(void *worker, void *context,
                                        struct buffer *piece) {
    (void)worker;
    int *count = context;
    if (*count == 0)
        buffer_text(piece, "begun");
    *count = 1;
    return HTTP_STREAM_WAIT;
}

enum { WIDE = 64 * 1024 };

/* An export without end. */
static inline enum http_more next_wide(void *worker, void *context,
                                       struct buffer *piece) {
    (void)worker;
    (void)context;
    memset(buffer_room(piece, WIDE), 'x', WIDE);
    piece->len += WIDE;
    return HTTP_STREAM_MORE;
}

static inline void free_count(void *context) {
    free(context);
    atomic_fetch_add(&streams_freed, 1);
}

static inline void answer_stream(void *worker,
                                 const struct http_request *request,
                                 struct http_response *response) {
    (void)worker;
    bool ends = strcmp(request->path, "/stream") == 0;
    response->content_type = "text/event-stream";
    response->stream = (struct http_stream){
        .next = ends                                  ? next_piece
                : strcmp(request->path, "/wide") == 0 ? next_wide
                                                      : next_never,
        .context = calloc(1, sizeof(int)),
        .free = free_count,
        .interval = 10 * MILLISECOND,
    };
}

static inline void answer_peer(void *worker, const struct http_request *request,
                               struct http_response *response) {
    (void)worker;
    response->body = span_text(request->peer);
}

static inline void answer_metrics(void *worker,
                                  const struct http_request *request,
                                  struct http_response *response) {
    (void)worker;
    (void)request;
    struct buffer text = {0};
    metrics_render(&text);
    response->content_type = METRICS_MEDIA_TYPE;
    http_take_body(response, &text);
}

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
    {"GET", "/wide", NULL, 0, answer_stream},
    {"GET", "/peer", NULL, 0, answer_peer},
    {"GET", "/metrics", NULL, 0, answer_metrics},
};

static inline void *start_worker(void *context, unsigned index) {
    atomic_fetch_add(&workers_alive, 1);
    assert_true(index < 2);
    return context;
}

static inline void stop_worker(void *worker) {
    assert_non_null(worker);
    atomic_fetch_sub(&workers_alive, 1);
}

static inline struct http_options basic_options(void) {
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

static inline struct http_listener *started(
    const struct http_options *options) {
    const char *reason = NULL;
    struct http_listener *listener = http_listen(options, &reason);
    if (!listener)
        fail_msg("%s", reason);
    return listener;
}

static inline struct wire_reply ask(int handle, const char *request) {
    if (!wire_text(handle, request))
        fail_msg("the server has closed before %s", request);
    return wire_reply(handle);
}

/* Fails unless the metrics say that these limits were met; NULL at the end. */
static inline void expect_limit_met(const char *listener, const char *limit) {
    struct buffer text = {0};
    metrics_render(&text);
    char line[128];
    snprintf(line, sizeof line,
             "fotad_http_limited_total{listener=\"%s\",limit=\"%s\"} ",
             listener, limit);
    if (!memmem(text.data, text.len, line, strlen(line)))
        fail_msg("no %s in\n%.*s", line, (int)text.len,
                 (const char *)text.data);
    buffer_free(&text);
}

static inline void expect_limits_met(const char *const *limits) {
    for (; *limits; limits++)
        expect_limit_met("test", *limits);
}

#endif
