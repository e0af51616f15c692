/*
 * HTTP that comes in too large, too slowly, or several at once: refused or cut
 * in time, and others are served meanwhile.
 */
#include "hostile/siege.h"
#include "http/wire.h"

#include <signal.h>

#define POST "POST /api/v1/serviceD HTTP/1.1\r\nHost: x\r\n"
#define XML "Content-Type: application/xml\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

/* What is sent: the text before, the piece so often, the text after. */
struct flood {
    const char *name, *before, *piece;
    size_t piece_len, times;
    const char *after;
    unsigned pause; /* milliseconds between two pieces */
    int status;     /* 0: the connection just ends; -1: that or any refusal */
};

#define PIECE(text) (text), sizeof(text) - 1
#define NAME_OF_64                                                             \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct flood FLOODS[] = {
    {"a path of a megabyte", "POST /", PIECE(NAME_OF_64), 16384,
     " HTTP/1.1\r\nHost: x\r\n\r\n", 0, -1},
    {"a query of a megabyte", "POST /api/v1/serviceD?", PIECE(NAME_OF_64),
     16384, " HTTP/1.1\r\nHost: x\r\n\r\n", 0, -1},
    {"a method of a megabyte", "", PIECE(NAME_OF_64), 16384,
     " /api/v1/serviceD HTTP/1.1\r\nHost: x\r\n\r\n", 0, -1},
    {"a header's value of a megabyte", POST "X: ", PIECE(NAME_OF_64), 16384,
     "\r\n\r\n", 0, -1},
    {"a header's name of a megabyte", POST, PIECE(NAME_OF_64), 16384,
     ": x\r\n\r\n", 0, -1},
    {"100,000 headers", POST, PIECE("X: y\r\n"), 100000, "\r\n", 0, -1},
    {"100,000 cookies", POST "Cookie: ", PIECE("a=b; "), 100000, "\r\n\r\n", 0,
     -1},
    {"100,000 parameters", "POST /api/v1/serviceD?", PIECE("a=b&"), 100000,
     " HTTP/1.1\r\nHost: x\r\n\r\n", 0, -1},
    {"100,000 empty lines", "", PIECE("\r\n"), 100000, "x", 0, -1},
    {"lines that never become a request", "", PIECE("x\n"), 10000, "", 0, -1},
    {"a NUL in a header's value", POST XML "X: ", PIECE("a\0b"), 1,
     "\r\nContent-Length: 1\r\n\r\nx", 0, -1},
    {"a NUL in a header's name", POST XML, PIECE("X\0Y: z\r\n"), 1,
     "Content-Length: 1\r\n\r\nx", 0, -1},
    {"a NUL that hides an encoding",
     POST XML "X: ", PIECE("a\0\r\nTransfer-Encoding: chunked\r\n"), 1,
     "Content-Length: 1\r\n\r\nx", 0, -1},
    {"a NUL in the length", POST XML "Content-Length: ",
     PIECE("1\0"
           "0"),
     1, "\r\n\r\nx", 0, -1},
    {"a NUL in the path", "POST /api/v1/serviceD", PIECE("\0x"), 1,
     " HTTP/1.1\r\nHost: x\r\n" XML "Content-Length: 1\r\n\r\nx", 0, -1},
    {"a NUL in the method", "", PIECE("POST\0 /api/v1/serviceD HTTP/1.1"), 1,
     "\r\nHost: x\r\n" XML "Content-Length: 1\r\n\r\nx", 0, -1},
    {"nothing but NULs", "", PIECE("\0\0\0\0\0\0\0\0"), 10000, "", 0, -1},
    {"2 megabytes with a length", POST XML "Content-Length: 2097152\r\n\r\n",
     PIECE(NAME_OF_64), 32768, "", 0, 413},
    {"2 megabytes in a chunk", POST XML CHUNKED "\r\n200000\r\n",
     PIECE(NAME_OF_64), 32768, "\r\n0\r\n\r\n", 0, 413},
    {"2 megabytes in chunks of 64", POST XML CHUNKED "\r\n",
     PIECE("40\r\n" NAME_OF_64 "\r\n"), 32768, "0\r\n\r\n", 0, -1},
    {"10,000 chunks of one octet", POST XML CHUNKED "\r\n", PIECE("1\r\nx\r\n"),
     10000, "0\r\n\r\n", 0, 400},
    /* libmicrohttpd's own answer to what is longer than its buffer */
    {"an extension of a megabyte", POST XML CHUNKED "\r\n1;", PIECE(NAME_OF_64),
     16384, "\r\nx\r\n0\r\n\r\n", 0, 500},
    {"100,000 trailers", POST XML CHUNKED "\r\n1\r\nx\r\n0\r\n",
     PIECE("X: y\r\n"), 100000, "\r\n", 0, -1},
    {"a size of a megabyte of zeros", POST XML CHUNKED "\r\n",
     PIECE("0000000000000000000000000000000000000000000000000000000000000000"),
     16384, "1\r\nx\r\n0\r\n\r\n", 0, 500},
    {"a slow request line", "POST /", PIECE("a"), 1000, "", 20, 0},
    {"a slow header", POST "X: ", PIECE("a"), 1000, "", 20, 0},
    {"slow headers", POST, PIECE("X: y\r\n"), 1000, "", 20, 0},
    {"a slow body", POST XML "Content-Length: 100000\r\n\r\n", PIECE("a"), 1000,
     "", 20, 408},
    {"slow chunks", POST XML CHUNKED "\r\n", PIECE("1\r\na\r\n"), 1000, "", 20,
     408},
    {"a slow chunk", POST XML CHUNKED "\r\n10000\r\n", PIECE("a"), 1000, "", 20,
     408},
    {"a slow extension", POST XML CHUNKED "\r\n1;", PIECE("a"), 1000, "", 20,
     408},
    {"slow trailers", POST XML CHUNKED "\r\n1\r\na\r\n0\r\n", PIECE("X: y\r\n"),
     1000, "", 20, 408},
};

/* Until the server has had enough. */
static void pour(int handle, const struct flood *f) {
    struct pollfd answered = {.fd = handle, .events = POLLIN};
    wire_text(handle, f->before);
    if (!f->pause) {
        struct buffer all = {0};
        for (size_t i = 0; i < f->times; i++)
            buffer_add(&all, span_of(f->piece, f->piece_len));
        wire_send(handle, all.data, all.len);
        buffer_free(&all);
    }
    for (size_t i = 0; f->pause && i < f->times; i++)
        if (poll(&answered, 1, (int)f->pause) != 0 ||
            !wire_send(handle, f->piece, f->piece_len))
            break;
    wire_text(handle, f->after);
}

static void strike(struct siege *s, const struct flood *f) {
    int handle = wire_connect(http_port(s->gateway->listener));
    struct timeval patience_of_send = {.tv_sec = 5};
    setsockopt(handle, SOL_SOCKET, SO_SNDTIMEO, &patience_of_send,
               sizeof patience_of_send);
    instant start = clock_elapsed();
    pour(handle, f);
    struct wire_reply reply = wire_reply(handle);
    int got = reply.status;
    bool refusal = got == 0 || (got >= 400 && got < 600 && got != 500);
    if (f->status == -1 ? !refusal : got != f->status)
        fail_msg("%s: %d, not %d", f->name, got, f->status);
    reply_free(&reply);
    if (clock_elapsed() - start > patience() * 5 * SECOND)
        fail_msg("%s: took too long", f->name);
    close(handle);
    siege_holds(s, f->name);
}

static struct gateway *impatient(void) {
    struct gateway *g = gateway_new();
    g->config.user_max_body = 1 << 20;
    g->config.user_header_timeout = patience() * 300 * MILLISECOND;
    g->config.user_receive_timeout = patience() * 300 * MILLISECOND;
    gateway_open(g);
    return g;
}

static void floods(void **state) {
    (void)state;
    struct siege s;
    siege_begin(&s, impatient());
    for (size_t i = 0; i < sizeof FLOODS / sizeof *FLOODS; i++)
        strike(&s, &FLOODS[i]);
    siege_end(&s);
    gateway_free(s.gateway);
}

/* ---- one behind the other ---- */

static void add_post(struct buffer *out, struct span body) {
    buffer_printf(out, POST XML "Content-Length: %zu\r\n\r\n", body.len);
    buffer_add(out, body);
}

/* Each of many requests sent at once gets the answer that is its own. */
static void pipelined(void **state) {
    (void)state;
    enum { ROUNDS = 20 };
    struct siege s;
    siege_begin(&s, impatient());
    struct buffer all = {0};
    for (int i = 0; i < ROUNDS; i++) {
        add_post(&all, s.good);
        add_post(&all, span_text("<not/>"));
        buffer_text(&all, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    int handle = wire_connect(http_port(s.gateway->listener));
    wire_send(handle, all.data, all.len);
    static const int expected[] = {200, 400, 404};
    for (int i = 0; i < 3 * ROUNDS; i++) {
        struct wire_reply reply = wire_reply(handle);
        assert_int_equal(reply.status, expected[i % 3]);
        if (reply.status == 200)
            assert_true(span_equal(buffer_span(&reply.body), s.answer));
        reply_free(&reply);
    }
    close(handle);
    buffer_free(&all);
    siege_holds(&s, "pipelined");
    siege_end(&s);
    gateway_free(s.gateway);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floods),
        cmocka_unit_test(pipelined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
