/* Small requests that wait are handed over together, in their order; they,
 * those of another route and large ones do not hold each other up. */
#include "served.h"
#include "support/queue_depth.h"

enum { MOST_SENT = HTTP_MOST_IN_BATCH + 2, KIB = 1024 };

/* "place/count" in the set */
static void answer_set(void *worker,
                       const struct http_request *const requests[],
                       struct http_response *const responses[], size_t count) {
    assert_non_null(worker);
    if (strcmp(requests[0]->path, "/held") == 0)
        answer_gate(worker, requests[0], responses[0]);
    for (size_t i = 0; i < count; i++)
        responses[i]->body = span_text(
            arena_printf(requests[i]->arena, "%zu/%zu", i + 1, count));
}

static const struct http_route set_routes[] = {
    {"POST", "/gate", NULL, 0, answer_gate},
    {"POST", "/a", NULL, 32 * KIB, NULL},
    {"POST", "/b", NULL, 32 * KIB, NULL},
    {"POST", "/held", NULL, 32 * KIB, NULL},
    {"POST", "/alone", NULL, 0, answer_hello},
};

static struct http_listener *start(unsigned workers) {
    struct http_options options = basic_options();
    options.name = "together";
    options.routes = set_routes;
    options.route_count = sizeof set_routes / sizeof *set_routes;
    options.batch_handler = answer_set;
    options.workers = workers;
    options.queue_size = MOST_SENT;
    return started(&options);
}

static int send_to(unsigned port, const char *path, int octets) {
    char head[200];
    int handle = wire_connect(port);
    snprintf(head, sizeof head,
             "POST %s HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n", path,
             octets);
    wire_text(handle, head);
    for (char zeros[KIB] = {0}; octets > 0; octets -= KIB)
        wire_send(handle, zeros, octets < KIB ? (size_t)octets : KIB);
    return handle;
}

static void expect_reply(int handle, const char *expected) {
    struct wire_reply reply = wire_reply(handle);
    if (reply.status != 200 || strcmp(reply_text(&reply), expected) != 0)
        fail_msg("%d %s instead of %s", reply.status, reply_text(&reply),
                 expected);
    reply_free(&reply);
    close(handle);
}

static int occupy_by(unsigned port, const char *path, int octets) {
    set_gate(false);
    int handle = send_to(port, path, octets);
    wait_behind_gate(1);
    return handle;
}

static int occupy_the_worker(unsigned port) {
    return occupy_by(port, "/gate", 0);
}

static void let_go(int handle) {
    set_gate(true);
    struct wire_reply reply = wire_reply(handle);
    assert_int_equal(reply.status, 202);
    reply_free(&reply);
    close(handle);
}

static void what_waits_comes_together(void **state) {
    (void)state;
    static const struct {
        const char *what;
        struct {
            const char *path;
            int octets;
            const char *answer;
        } sent[5];
    } cases[] = {
        {"one", {{"/a", 1, "1/1"}}},
        {"several of a route",
         {{"/a", 1, "1/3"}, {"/a", 0, "2/3"}, {"/a", 9, "3/3"}}},
        {"a route by itself",
         {{"/a", 1, "1/3"},
          {"/a", 1, "2/3"},
          {"/b", 1, "1/1"},
          {"/a", 1, "3/3"}}},
        {"not what has its own handler",
         {{"/a", 1, "1/2"}, {"/alone", 0, "hello"}, {"/a", 1, "2/2"}}},
        {"bodies of 16 KiB",
         {{"/a", 16 * KIB, "1/2"}, {"/a", 16 * KIB, "2/2"}}},
        {"a larger one alone",
         {{"/a", 16 * KIB + 1, "1/1"}, {"/a", 1, "1/2"}, {"/a", 1, "2/2"}}},
    };
    struct http_listener *listener = start(1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int gate_handle = occupy_the_worker(http_port(listener)), handles[5];
        int count = 0;
        for (; count < 5 && cases[i].sent[count].path; count++) {
            handles[count] =
                send_to(http_port(listener), cases[i].sent[count].path,
                        cases[i].sent[count].octets);
            wait_for_queue("together", count + 1);
        }
        let_go(gate_handle);
        print_message("%s\n", cases[i].what);
        for (int j = 0; j < count; j++)
            expect_reply(handles[j], cases[i].sent[j].answer);
    }
    http_close(listener);
}

static void a_set_has_a_largest_size(void **state) {
    (void)state;
    struct http_listener *listener = start(1);
    int gate_handle = occupy_the_worker(http_port(listener));
    int handles[MOST_SENT];
    for (int i = 0; i < MOST_SENT; i++) {
        handles[i] = send_to(http_port(listener), "/a", 0);
        wait_for_queue("together", i + 1);
    }
    let_go(gate_handle);
    for (int i = 0; i < MOST_SENT; i++) {
        bool first = i < HTTP_MOST_IN_BATCH;
        char expected[32];
        snprintf(expected, sizeof expected, "%d/%d",
                 first ? i + 1 : i + 1 - HTTP_MOST_IN_BATCH,
                 first ? HTTP_MOST_IN_BATCH : MOST_SENT - HTTP_MOST_IN_BATCH);
        expect_reply(handles[i], expected);
    }
    http_close(listener);
}

/* Of two workers one has what is held. */
static void others_pass_what_is_held(void **state) {
    (void)state;
    enum { SMALL = 1, LARGE = 16 * KIB + 1 };
    static const struct {
        int held, waits, passes;
    } cases[] = {
        {SMALL, SMALL, LARGE}, {SMALL, SMALL, SMALL}, {LARGE, LARGE, SMALL}};
    struct http_listener *listener = start(2);
    unsigned port = http_port(listener);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int held = occupy_by(port, "/held", cases[i].held);
        int waits = send_to(port, "/held", cases[i].waits);
        wait_for_queue("together", 1);
        expect_reply(send_to(port, "/a", cases[i].passes), "1/1");
        wait_for_queue("together", 1);
        let_go(held);
        let_go(waits);
    }
    http_close(listener);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_comes_together),
        cmocka_unit_test(a_set_has_a_largest_size),
        cmocka_unit_test(others_pass_what_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
