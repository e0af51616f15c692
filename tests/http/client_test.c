/* The client against our server, and against peers that do everything wrong.
 */
#include "served.h"

#include "base/version.h"
#include "http/client.h"

/* ---- a peer that answers what it is told ---- */

struct peer {
    int socket;
    unsigned port;
    const char *answer; /* NULL: none, the connection stays open */
    pthread_t thread;
    atomic_bool over;
};

/* One connection after the other, one request on each. */
static void *answer_all(void *context) {
    struct peer *peer = context;
    int open[64], count = 0;
    while (count < 64) {
        int handle = accept(peer->socket, NULL, NULL);
        if (atomic_load(&peer->over)) {
            close(handle);
            break;
        }
        char line[512];
        while (wire_line(handle, line, sizeof line) && *line)
            continue;
        if (peer->answer) {
            wire_text(handle, peer->answer);
            close(handle);
        } else {
            open[count++] = handle;
        }
    }
    while (count)
        close(open[--count]);
    return NULL;
}

static unsigned bound_port(int handle) {
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t size = sizeof name;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(handle, (struct sockaddr *)&name, size), 0);
    assert_int_equal(getsockname(handle, (struct sockaddr *)&name, &size), 0);
    return ntohs(name.sin_port);
}

static void peer_start(struct peer *peer, const char *answer) {
    *peer = (struct peer){.answer = answer};
    peer->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    peer->port = bound_port(peer->socket);
    assert_int_equal(listen(peer->socket, 64), 0);
    pthread_create(&peer->thread, NULL, answer_all, peer);
}

static void peer_stop(struct peer *peer) {
    atomic_store(&peer->over, true);
    close(wire_connect(peer->port));
    pthread_join(peer->thread, NULL);
    close(peer->socket);
}

static struct http_client *client_with(struct http_client_options options) {
    return http_client_new(&options);
}

static struct http_answer get(struct http_client *client, unsigned port,
                              const char *path) {
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", port, path);
    struct http_message message = {.method = "GET", .url = url};
    struct http_answer answer;
    bool answered = http_client_send(client, &message, &answer);
    assert_true(answered == (answer.status != 0));
    assert_true(answered == !*answer.error);
    return answer;
}

/* ---- what comes back ---- */

static void answers_are_read(void **state) {
    (void)state;
    static const struct {
        const char *raw;
        unsigned status;
        const char *body;
        instant retry_after;
        bool truncated;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", 0, 0},
        {"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end", 0, 0},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "2\r\nok\r\n0\r\n\r\n",
         200, "ok", 0, 0},
        {"HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n",
         503, "", 120 * SECOND, 0},
        {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
         "Content-Length: 0\r\n\r\n",
         302, "", 0, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n0123456789abcdef", 200,
         "0123456789abcdef", 0, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n0123456789abcdefg", 200,
         "0123456789abcdef", 0, 1},
        {"HTTP/1.1 200 OK\r\n\r\n0123456789abcdefghi", 200, "0123456789abcdef",
         0, 1},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", 0, NULL, 0, 0},
        {"220 mail.example ESMTP\r\n", 0, NULL, 0, 0},
        {"\x16\x03\x01\x02", 0, NULL, 0, 0},
        {"<html>no head</html>", 0, NULL, 0, 0},
        {"", 0, NULL, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct peer peer;
        peer_start(&peer, cases[i].raw);
        struct http_client *client = client_with((struct http_client_options){
            .most_answer = 16, .total_timeout = 5 * SECOND});
        struct http_answer answer = get(client, peer.port, "/");
        const char *body =
            answer.body.len ? (const char *)answer.body.data : "";
        if (answer.status != cases[i].status ||
            answer.retry_after != cases[i].retry_after ||
            answer.truncated != cases[i].truncated ||
            (cases[i].body && strcmp(body, cases[i].body) != 0))
            fail_msg("%s gave %u \"%s\" %s", cases[i].raw, answer.status, body,
                     answer.error);
        http_answer_free(&answer);
        http_client_free(client);
        peer_stop(&peer);
    }
}

static void peers_that_are_not_there(void **state) {
    (void)state;
    struct http_client *client =
        client_with((struct http_client_options){.connect_timeout = SECOND});
    int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct http_answer answer = get(client, bound_port(handle), "/");
    assert_int_equal(answer.status, 0);
    assert_non_null(strstr(answer.error, "connect"));
    close(handle);
    static const char *const urls[] = {
        "ftp://127.0.0.1/", "file:///etc/passwd", "nonsense://", "http://", "",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct http_message message = {.method = "GET", .url = urls[i]};
        assert_false(http_client_send(client, &message, &answer));
        assert_true(*answer.error != '\0');
    }
    http_client_free(client);
}

static void a_peer_that_hangs_is_left(void **state) {
    (void)state;
    struct peer peer;
    peer_start(&peer, NULL);
    struct http_client *client = client_with(
        (struct http_client_options){.total_timeout = 200 * MILLISECOND});
    instant start = clock_elapsed();
    struct http_answer answer = get(client, peer.port, "/");
    instant took = clock_elapsed() - start;
    assert_int_equal(answer.status, 0);
    assert_non_null(strstr(answer.error, "timed out"));
    assert_true(took >= 190 * MILLISECOND && took < 3 * SECOND);
    http_client_free(client);
    peer_stop(&peer);
}

/* ---- what is sent ---- */

#define AGENT "fotad/" FOTAD_VERSION

static void answer_mirror(void *worker, const struct http_request *request,
                          struct http_response *response) {
    (void)worker;
    const char *names[] = {"authorization",   "content-type",   "expect",
                           "idempotency-key", "content-length", "user-agent"};
    struct buffer body = {0};
    buffer_text(&body, request->method);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = http_header(request, names[i]);
        buffer_printf(&body, "|%s", value ? value : "-");
    }
    buffer_text(&body, "|");
    buffer_add(&body, request->body);
    http_take_body(response, &body);
}

static const struct http_route mirrors[] = {
    {"GET", "/", NULL, 4000, answer_mirror},
    {"POST", "/", NULL, 4000, answer_mirror},
    {"PUT", "/", NULL, 4000, answer_mirror},
    {"DELETE", "/", NULL, 4000, answer_mirror},
};

static void requests_arrive_as_asked(void **state) {
    (void)state;
    static const char *const headers[] = {"Content-Type: application/json",
                                          "Idempotency-Key: 7", NULL};
    static const struct {
        const char *method, *body;
        const char *const *headers;
        const char *mirror;
    } cases[] = {
        {"GET", "", NULL, "GET|Bearer t0|-|-|-|-|" AGENT "|"},
        {"POST", "{}", headers,
         "POST|Bearer t0|application/json|-|7|2|" AGENT "|{}"},
        {"PUT", "{}", headers,
         "PUT|Bearer t0|application/json|-|7|2|" AGENT "|{}"},
        {"POST", "", NULL, "POST|Bearer t0|-|-|-|0|" AGENT "|"},
        {"GET", "", NULL, "GET|Bearer t0|-|-|-|-|" AGENT "|"},
        {"DELETE", "", NULL, "DELETE|Bearer t0|-|-|-|0|" AGENT "|"},
    };
    struct http_options options = basic_options();
    options.routes = mirrors;
    options.route_count = sizeof mirrors / sizeof *mirrors;
    struct http_listener *listener = started(&options);
    struct http_client *client =
        client_with((struct http_client_options){.bearer = "t0"});
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", http_port(listener));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_message message = {.method = cases[i].method,
                                       .url = url,
                                       .headers = cases[i].headers,
                                       .body = span_text(cases[i].body)};
        struct http_answer answer;
        http_client_send(client, &message, &answer);
        assert_int_equal(answer.status, 200);
        assert_string_equal((const char *)answer.body.data, cases[i].mirror);
        http_answer_free(&answer);
    }
    http_client_free(client);
    http_close(listener);
}

/* Nothing of it is sent when its time is over, over a kept connection or a new
 * one; begun says whether the other side may have heard. */
static void nothing_is_begun_too_late(void **state) {
    (void)state;
    struct http_options options = basic_options();
    struct http_listener *listener = started(&options);
    struct http_client *client = client_with((struct http_client_options){0});
    char url[64], nowhere[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/peer", http_port(listener));
    snprintf(nowhere, sizeof nowhere, "http://127.0.0.1:1/peer");
    const struct {
        const char *url;
        instant left; /* 0: no limit */
        bool begun, late;
    } cases[] = {{url, -1, false, true},
                 {url, HOUR, true, false},
                 {url, -1, false, true},
                 {url, 0, true, false},
                 {nowhere, 0, false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_message message = {.method = "GET", .url = cases[i].url};
        if (cases[i].left)
            message.begin_until = clock_since_boot() + cases[i].left;
        struct http_answer answer;
        http_client_send(client, &message, &answer);
        assert_int_equal(answer.status, cases[i].begun ? 200 : 0);
        assert_int_equal(answer.begun, cases[i].begun);
        assert_int_equal(answer.late, cases[i].late);
        http_answer_free(&answer);
    }
    http_client_free(client);
    http_close(listener);
}

static void connections_are_kept(void **state) {
    (void)state;
    struct http_options options = basic_options();
    struct http_listener *listener = started(&options);
    struct http_client *client = client_with((struct http_client_options){0});
    struct http_answer first = get(client, http_port(listener), "/peer");
    for (int i = 0; i < 50; i++) {
        struct http_answer next = get(client, http_port(listener), "/peer");
        assert_true(
            span_equal(buffer_span(&first.body), buffer_span(&next.body)));
        http_answer_free(&next);
    }
    http_answer_free(&first);
    http_close(listener);
    http_client_free(client);
}

/* The server drops the kept connection; the next request does not notice. */
static void a_dead_kept_connection_is_replaced(void **state) {
    (void)state;
    struct http_options options = basic_options();
    options.idle_timeout = SECOND;
    struct http_listener *listener = started(&options);
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", http_port(listener));
    struct http_client *client = client_with((struct http_client_options){0});
    for (int i = 0; i < 3; i++) {
        struct http_answer answer = get(client, http_port(listener), "/hello");
        assert_int_equal(answer.status, 200);
        http_answer_free(&answer);
        http_close(listener);
        options.address = address;
        listener = started(&options);
    }
    http_close(listener);
    http_client_free(client);
}

/* ---- many at once ---- */

enum { MANY = 600 };

static void many_answers_find_their_requests(void **state) {
    (void)state;
    struct http_options options = basic_options();
    struct http_listener *one = started(&options), *two = started(&options);
    struct http_client *client = client_with(
        (struct http_client_options){.most_at_once = 20, .most_per_host = 8});
    static struct http_message messages[MANY];
    static struct http_answer answers[MANY];
    static char urls[MANY][96];
    for (int i = 0; i < MANY; i++) {
        snprintf(urls[i], sizeof urls[i],
                 "http://127.0.0.1:%u/api/v1/devices/%d/status",
                 http_port(i % 3 ? one : two), i);
        messages[i] = (struct http_message){.method = "GET", .url = urls[i]};
    }
    for (int round = 0; round < 2; round++) {
        size_t count = http_client_send_many(client, messages, answers, MANY);
        assert_int_equal(count, MANY);
        for (int i = 0; i < MANY; i++) {
            char body[32];
            snprintf(body, sizeof body, "%d|-|-|-", i);
            assert_int_equal(answers[i].status, 200);
            assert_string_equal((const char *)answers[i].body.data, body);
            http_answer_free(&answers[i]);
        }
    }
    assert_int_equal(http_client_send_many(client, messages, answers, 0), 0);
    http_client_free(client);
    http_close(one);
    http_close(two);
}

static void a_hanging_host_holds_up_nobody(void **state) {
    (void)state;
    struct http_options options = basic_options();
    struct http_listener *good = started(&options);
    struct peer bad;
    peer_start(&bad, NULL);
    struct http_client *client = client_with((struct http_client_options){
        .total_timeout = 400 * MILLISECOND, .most_per_host = 2});
    struct http_message messages[40];
    struct http_answer answers[40];
    char urls[2][64];
    snprintf(urls[0], sizeof urls[0], "http://127.0.0.1:%u/hello", bad.port);
    snprintf(urls[1], sizeof urls[1], "http://127.0.0.1:%u/hello",
             http_port(good));
    for (int i = 0; i < 40; i++)
        messages[i] =
            (struct http_message){.method = "GET", .url = urls[i >= 20]};
    instant start = clock_elapsed();
    assert_int_equal(http_client_send_many(client, messages, answers, 40), 20);
    assert_true(clock_elapsed() - start < patience() * 3 * SECOND);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(answers[i].status, i < 20 ? 0 : 200);
        const char *why = i < 2 ? "timed out" : "not tried";
        if (i < 20 && !strstr(answers[i].error, why))
            fail_msg("%d: %s", i, answers[i].error);
        if (i >= 20)
            assert_true(answers[i].took < 400 * MILLISECOND);
        http_answer_free(&answers[i]);
    }
    http_client_free(client);
    peer_stop(&bad);
    http_close(good);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(peers_that_are_not_there),
        cmocka_unit_test(a_peer_that_hangs_is_left),
        cmocka_unit_test(requests_arrive_as_asked),
        cmocka_unit_test(nothing_is_begun_too_late),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(a_dead_kept_connection_is_replaced),
        cmocka_unit_test(many_answers_find_their_requests),
        cmocka_unit_test(a_hanging_host_holds_up_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
