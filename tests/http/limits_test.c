/* What the server bounds, how it ends, and what it counts. */
#include "served.h"

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
    struct wire_reply reply;
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
    struct wire_reply reply =
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

static long metric_value(const char *line) {
    struct buffer text = {0};
    metrics_render(&text);
    const char *at = memmem(text.data, text.len, line, strlen(line));
    long value = at ? atol(at + strlen(line)) : -1;
    buffer_free(&text);
    return value;
}

static void slow_readers_share_a_budget(void **state) {
    (void)state;
    enum { MOST_READERS = 1000, BUDGET = 16 * WIDE, WORKERS = 2 };
    const char *wish = getenv("HOLD_READERS");
    int readers = wish ? atoi(wish) : 40;
    assert_in_range(readers, 1, MOST_READERS);
    struct http_options options = basic_options();
    options.name = "slow";
    options.body_budget = BUDGET;
    options.send_timeout = 2 * SECOND;
    struct http_listener *listener = started(&options);
    int handles[MOST_READERS], small = 1;
    long most = 0;
    for (int i = 0; i < readers; i++) {
        handles[i] = wire_connect(http_port(listener));
        setsockopt(handles[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        wire_text(handles[i], "GET /wide HTTP/1.1\r\n" HOST "\r\n");
    }
    instant begun = clock_elapsed();
    while (clock_elapsed() - begun < SECOND) {
        long now = metric_value("fotad_http_body_octets{listener=\"slow\"} ");
        most = now > most ? now : most;
        usleep(5000);
    }
    printf("%d slow readers: %ld KiB at most, of a budget of %d\n", readers,
           most / 1024, BUDGET / 1024);
    /* half of it, and a piece (with its NUL) of each worker */
    assert_in_range(most, BUDGET / 4, BUDGET / 2 + WORKERS * 2 * WIDE);
    /* meanwhile others send and are answered */
    int other = wire_connect(http_port(listener));
    struct wire_reply reply =
        ask(other, "POST /any HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nxx");
    assert_int_equal(reply.status, 200);
    reply_free(&reply);
    close(other);
    /* who takes nothing of a piece in time is cut off */
    usleep((useconds_t)(3 * SECOND * patience()));
    assert_true(metric_value("fotad_http_connections{listener=\"slow\"} ") <
                readers);
    for (int i = 0; i < readers; i++)
        close(handles[i]);
    http_close(listener);
    assert_int_equal(metric_value("fotad_http_body_octets{listener=\"slow\"} "),
                     0);
}

/* Sends an octet every 20 ms; how long until the server had enough. */
static instant trickle(unsigned port, const char *head,
                       struct wire_reply *reply) {
    instant start = clock_elapsed();
    int handle = wire_connect(port);
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
    options.header_timeout = options.receive_timeout = 300 * MILLISECOND;
    struct http_listener *listener = started(&options);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire_reply reply;
        instant took = trickle(http_port(listener), cases[i].head, &reply);
        assert_int_equal(reply.status, cases[i].status);
        assert_true(took >= 300 * MILLISECOND &&
                    took < 3 * SECOND * patience());
        reply_free(&reply);
    }
    http_close(listener);
}

/* A body that stalls is told so and counted, however short the time is that a
 * connection may be kept without a request. */
static void idle_timeout_is_between_requests(void **state) {
    (void)state;
    struct http_options options = basic_options();
    options.name = "idle";
    options.idle_timeout = SECOND;
    options.receive_timeout = 2500 * MILLISECOND;
    struct http_listener *listener = started(&options);
    instant start = clock_elapsed();
    int handle = wire_connect(http_port(listener));
    wire_text(handle,
              "POST /any HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nbegun");
    struct wire_reply reply = wire_reply(handle);
    assert_int_equal(reply.status, 408);
    assert_true(clock_elapsed() - start >= options.receive_timeout);
    reply_free(&reply);
    close(handle);
    expect_limit_met("idle", "receive_timeout");
    handle = wire_connect(http_port(listener));
    reply = ask(handle, "GET /nothing HTTP/1.1\r\n" HOST "\r\n");
    reply_free(&reply);
    start = clock_elapsed();
    assert_true(wire_ended(handle));
    instant took = clock_elapsed() - start;
    assert_true(took >= SECOND / 2 && took < 2400 * MILLISECOND * patience());
    close(handle);
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
    struct wire_reply reply = wire_reply(handle);
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
    struct wire_reply reply;
    for (int i = 0; i < 20; i++) {
        reply = ask(late, "GET /nothing HTTP/1.1\r\n" HOST "\r\n");
        reply_free(&reply);
    }
    http_drain(listener);
    wire_text(late, GATE); /* on a connection that was kept */
    pthread_t closer;
    pthread_create(&closer, NULL, close_listener, listener);
    usleep(50 * 1000);
    set_gate(true);
    const int all[] = {handled, queued, late};
    for (int i = 0; i < 3; i++) {
        reply = wire_reply(all[i]);
        assert_int_equal(reply.status, 202);
        assert_true(reply_has(&reply, "Connection: close"));
        assert_true(wire_ended(all[i]));
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

static void closing_waits_little_for_idle_and_half_sent(void **state) {
    (void)state;
    struct http_options options = basic_options();
    struct http_listener *listener = started(&options);
    int idle = wire_connect(http_port(listener));
    int half = wire_connect(http_port(listener));
    wire_text(half, "POST /any HTTP/1.1\r\n" HOST
                    "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n");
    struct wire_reply reply = wire_reply(half);
    assert_int_equal(reply.status, 100);
    reply_free(&reply);
    instant start = clock_elapsed();
    http_close(listener);
    assert_true(clock_elapsed() - start < patience() * 8 * SECOND);
    reply = wire_reply(half);
    assert_int_equal(reply.status, 408);
    reply_free(&reply);
    close(idle);
    close(half);
}

/* What came in before is answered, what comes later is refused: nobody is
 * reset. */
static void *connect_and_ask(void *port) {
    uintptr_t broken = 0;
    for (;;) {
        int handle = wire_connect_or_not((unsigned)(uintptr_t)port);
        if (handle < 0)
            return (void *)broken;
        wire_text(handle, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
        struct wire_reply reply = wire_reply(handle);
        broken += reply.status == 0;
        reply_free(&reply);
        close(handle);
    }
}

static void closing_breaks_no_answer(void **state) {
    (void)state;
    enum { CLIENTS = 4, TIMES = 3 };
    for (int i = 0; i < TIMES; i++) {
        struct http_options options = basic_options();
        struct http_listener *listener = started(&options);
        pthread_t clients[CLIENTS];
        for (int c = 0; c < CLIENTS; c++)
            pthread_create(&clients[c], NULL, connect_and_ask,
                           (void *)(uintptr_t)http_port(listener));
        usleep(20000);
        http_close(listener);
        for (int c = 0; c < CLIENTS; c++) {
            void *broken;
            pthread_join(clients[c], &broken);
            assert_ptr_equal(broken, NULL);
        }
    }
}

/* ---- addresses ---- */

static void addresses_that_cannot_be_listened_on(void **state) {
    (void)state;
    struct http_options good = basic_options();
    struct http_listener *listener = started(&good);
    char taken[32];
    snprintf(taken, sizeof taken, "127.0.0.1:%u", http_port(listener));
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
    http_close(listener);
}

static int unix_connect(const char *path) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    int handle = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(handle, (struct sockaddr *)&to, sizeof to), 0);
    return handle;
}

/* One that a process serves is not taken away from it; one that was left behind
 * is replaced. */
static void unix_sockets_are_one_process_s(void **state) {
    (void)state;
    char folder[] = "/tmp/fotad-http-XXXXXX", address[64];
    assert_non_null(mkdtemp(folder));
    snprintf(address, sizeof address, "unix:%s/s", folder);
    struct sockaddr_un left = {.sun_family = AF_UNIX};
    snprintf(left.sun_path, sizeof left.sun_path, "%s", address + 5);
    int handle = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(handle, (struct sockaddr *)&left, sizeof left), 0);
    close(handle);
    struct http_options options = basic_options();
    options.address = address;
    struct http_listener *listener = started(&options);
    const char *reason = NULL;
    assert_null(http_listen(&options, &reason));
    assert_non_null(strstr(reason, "Address already in use"));
    handle = unix_connect(address + 5);
    struct wire_reply reply = ask(handle, "GET /peer HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(reply.status, 200);
    reply_free(&reply);
    close(handle);
    http_close(listener);
    rmdir(folder);
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
    int handle = unix_connect(address + 5);
    struct wire_reply reply = ask(handle, "GET /peer HTTP/1.1\r\n" HOST "\r\n");
    assert_string_equal(reply_text(&reply), "unix");
    reply_free(&reply);
    close(handle);
    http_close(listener);
    assert_int_equal(access(address + 5, F_OK), -1);
    rmdir(folder);
}

/* ---- metrics ---- */

/* All the tests before have met their limits. */
static void limits_are_counted(void **state) {
    (void)state;
    expect_limits_met((const char *const[]){
        "queue", "body_budget", "header_timeout", "receive_timeout", NULL});
}

static void requests_are_counted(void **state) {
    (void)state;
    struct http_options options = basic_options();
    options.name = "counted";
    struct http_listener *listener = started(&options);
    int handle = wire_connect(http_port(listener));
    for (int i = 0; i < 3; i++) {
        struct wire_reply reply =
            ask(handle, i ? "GET /hello HTTP/1.1\r\n" HOST "\r\n"
                          : "GET /no HTTP/1.1\r\n" HOST "\r\n");
        reply_free(&reply);
    }
    struct wire_reply reply =
        ask(handle, "GET /metrics HTTP/1.1\r\n" HOST "\r\n");
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

/* Nothing has happened, but it is counted. */
static void what_ends_in_the_middle_is_counted(void **state) {
    (void)state;
    struct http_options options = basic_options();
    options.name = "halves";
    struct http_listener *listener = started(&options);
    static const char half[] =
        "POST /any HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nhalf";
    static const char line[] =
        "fotad_http_requests_total{listener=\"halves\",route=\"POST /any\","
        "status=\"aborted\"} 1\n";
    int handle = wire_connect(http_port(listener));
    assert_true(wire_send(handle, half, strlen(half)));
    usleep(50000);
    close(handle);
    instant end = clock_elapsed() + 10 * SECOND;
    bool is_counted = false;
    while (!is_counted && clock_elapsed() < end) {
        struct buffer metrics = {0};
        usleep(10000);
        metrics_render(&metrics);
        is_counted = strstr((const char *)metrics.data, line) != NULL;
        buffer_free(&metrics);
    }
    assert_true(is_counted);
    http_close(listener);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_queue_says_come_back),
        cmocka_unit_test(bodies_share_a_budget),
        cmocka_unit_test(slow_readers_share_a_budget),
        cmocka_unit_test(tricklers_are_cut_off),
        cmocka_unit_test(idle_timeout_is_between_requests),
        cmocka_unit_test(handlers_may_take_longer_than_clients),
        cmocka_unit_test(draining_finishes_what_is_in_hand),
        cmocka_unit_test(closing_ends_streams),
        cmocka_unit_test(closing_waits_little_for_idle_and_half_sent),
        cmocka_unit_test(closing_breaks_no_answer),
        cmocka_unit_test(addresses_that_cannot_be_listened_on),
        cmocka_unit_test(unix_sockets_are_served),
        cmocka_unit_test(unix_sockets_are_one_process_s),
        cmocka_unit_test(limits_are_counted),
        cmocka_unit_test(requests_are_counted),
        cmocka_unit_test(what_ends_in_the_middle_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
