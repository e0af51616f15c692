/* What one peer and one request may have, and how it is told. */
#include "served.h"

/* ---- what one peer may have ---- */

static void too_many_connections_are_told_so(void **state) {
    (void)state;
    enum { MOST = 3 };
    static const struct {
        const char *what;
        bool by_peer, limit_local;
        int status; /* of one more than MOST */
    } cases[] = {
        {"of all", false, false, 503},
        {"of one address", true, true, 429},
        {"loopback is not one peer", true, false, 200},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_options options = basic_options();
        *(cases[i].by_peer ? &options.peer_connections
                           : &options.max_connections) = MOST;
        options.limit_local = cases[i].limit_local;
        struct http_listener *listener = started(&options);
        static const char hello[] = "GET /hello HTTP/1.1\r\n" HOST "\r\n";
        int handles[MOST + 1];
        for (int n = 0; n <= MOST; n++) {
            handles[n] = wire_connect(http_port(listener));
            struct wire_reply reply = ask(handles[n], hello);
            int status = n < MOST ? 200 : cases[i].status;
            if (reply.status != status)
                fail_msg("%s: connection %d: %d", cases[i].what, n,
                         reply.status);
            if (status != 200) {
                assert_true(reply_has(&reply, "Retry-After: 7\n"));
                assert_true(reply_has(&reply, "application/problem+json"));
                assert_true(wire_ended(handles[n]));
            }
            reply_free(&reply);
        }
        /* once one has gone, another may come */
        close(handles[0]);
        close(handles[MOST]);
        int status = 0;
        for (int tries = 0; tries < 200 && status != 200; tries++) {
            int again = wire_connect(http_port(listener));
            struct wire_reply reply = ask(again, hello);
            status = reply.status;
            reply_free(&reply);
            close(again);
            usleep(10 * 1000);
        }
        assert_int_equal(status, 200);
        for (int n = 1; n < MOST; n++)
            close(handles[n]);
        http_close(listener);
    }
}

/* A second's worth may come at once; then they come at the rate. */
static void too_fast_is_told_so(void **state) {
    (void)state;
    enum { RATE = 20 };
    static const char hello[] = "GET /hello HTTP/1.1\r\n" HOST "\r\n";
    struct http_options options = basic_options();
    options.peer_rate = RATE;
    options.limit_local = true;
    struct http_listener *listener = started(&options);
    instant start = clock_elapsed();
    int good = 0, refused = 0;
    for (int i = 0; i < 3 * RATE; i++) {
        /* a new connection does not help */
        int handle = wire_connect(http_port(listener));
        struct wire_reply reply = ask(handle, hello);
        good += reply.status == 200;
        if (reply.status == 429) {
            refused++;
            assert_true(reply_has(&reply, "Retry-After: 7\n"));
        }
        reply_free(&reply);
        close(handle);
    }
    instant took = clock_elapsed() - start;
    assert_int_equal(good + refused, 3 * RATE);
    assert_true(good >= RATE);
    assert_true(good <= RATE + 2 + RATE * took / SECOND);
    usleep(1200 * 1000);
    int handle = wire_connect(http_port(listener));
    struct wire_reply reply = ask(handle, hello);
    assert_int_equal(reply.status, 200);
    reply_free(&reply);
    close(handle);
    http_close(listener);
}

/* ---- one request ---- */

static void each_size_has_its_answer(void **state) {
    (void)state;
    static char large[3000];
    memset(large, 'x', sizeof large - 1);
    static const struct {
        const char *what, *head;
        bool large; /* 3000 octets follow the head */
        const char *tail;
        int status;
    } cases[] = {
        {"a header", "GET /hello HTTP/1.1\r\n" HOST "X-Large: ", true,
         "\r\n\r\n", 431},
        {"the path", "GET /", true, " HTTP/1.1\r\n" HOST "\r\n", 431},
        {"a cookie", "GET /hello HTTP/1.1\r\n" HOST "Cookie: a=", true,
         "\r\n\r\n", 431},
        {"within", "GET /hello HTTP/1.1\r\n" HOST, false, "\r\n", 200},
        {"a body, by its length",
         "POST /xml HTTP/1.1\r\n" HOST XML "Content-Length: 65\r\n", false,
         "\r\n", 413},
        {"a body, by its chunks",
         "POST /xml HTTP/1.1\r\n" HOST XML CHUNKED "\r\nBB7\r\n", true,
         "\r\n0\r\n\r\n", 413},
    };
    struct http_options options = basic_options();
    options.max_header = 2048;
    struct http_listener *listener = started(&options);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int handle = wire_connect(http_port(listener));
        wire_text(handle, cases[i].head);
        if (cases[i].large)
            wire_text(handle, large);
        struct wire_reply reply = ask(handle, cases[i].tail);
        if (reply.status != cases[i].status)
            fail_msg("%s: %d", cases[i].what, reply.status);
        if (reply.status != 200)
            assert_true(reply_has(&reply, "application/problem+json"));
        reply_free(&reply);
        close(handle);
    }
    http_close(listener);
}

/* All the tests before have met their limits. */
static void limits_are_counted(void **state) {
    (void)state;
    expect_limits_met((const char *const[]){"connections", "peer_connections",
                                            "peer_rate", "max_header",
                                            "max_body", NULL});
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_many_connections_are_told_so),
        cmocka_unit_test(too_fast_is_told_so),
        cmocka_unit_test(each_size_has_its_answer),
        cmocka_unit_test(limits_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
