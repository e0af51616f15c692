/* The load generator's connection, against the emulators' receiver. */
#include "fotasim/load_connection.h"
#include "fotasim/receiver.h"
#include "support/check.h"

#include <arpa/inet.h>
#include <stdio.h>

static void reads_where_to(void **state) {
    (void)state;
    static const struct {
        const char *url;
        bool good;
        unsigned port;
        const char *path;
    } cases[] = {
        {"http://127.0.0.1:8079/api/v1/serviceD", true, 8079,
         "/api/v1/serviceD"},
        {"http://127.0.0.1:1", true, 1, "/"},
        {"http://127.0.0.1:65535/", true, 65535, "/"},
        {"http://127.0.0.1:65536/", false, 0, NULL},
        {"http://127.0.0.1:0/", false, 0, NULL},
        {"http://127.0.0.1/", false, 0, NULL},
        {"http://localhost:80/", false, 0, NULL},
        {"https://127.0.0.1:80/", false, 0, NULL},
        {"http://127.0.0.1:80x", false, 0, NULL},
        {"", false, 0, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct load_target target;
        assert_int_equal(load_target_read(cases[i].url, &target),
                         cases[i].good);
        if (!cases[i].good)
            continue;
        assert_int_equal(ntohs(target.address.sin_port), cases[i].port);
        assert_string_equal(target.path, cases[i].path);
    }
}

/* Says what came; "/none" without a body, "/cut" breaks off. */
static struct reply echo(void *context, const struct received *request) {
    (void)context;
    struct reply reply = {.status = 200, .body = request->body};
    if (strcmp(request->path, "/none") == 0)
        reply = (struct reply){.status = 204};
    if (strcmp(request->path, "/cut") == 0)
        reply.kind = REPLY_CLOSE;
    return reply;
}

static struct receiver *echo_start(struct load_target *target) {
    static char url[64]; /* the target's path is in it */
    const char *reason = "";
    struct receiver *receiver =
        receiver_start("127.0.0.1:0", echo, NULL, &reason);
    assert_non_null(receiver);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", receiver_port(receiver));
    assert_true(load_target_read(url, target));
    return receiver;
}

static unsigned exchange(struct load_connection *connection, const char *path,
                         const char *body, struct span *answer) {
    char head[256];
    snprintf(head, sizeof head,
             "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", path,
             strlen(body));
    return load_connection_exchange(connection, span_text(head),
                                    span_text(body), answer);
}

static void gets_answers(void **state) {
    (void)state;
    static const struct {
        const char *path, *body;
        unsigned status;
        const char *answer;
    } cases[] = {
        {"/", "one", 200, "one"},   {"/none", "two", 204, ""},
        {"/", "", 200, ""},         {"/cut", "three", 0, ""},
        {"/", "four", 200, "four"},
    };
    struct load_target target;
    struct receiver *receiver = echo_start(&target);
    struct load_connection connection = LOAD_CONNECTION(&target);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct span answer;
        assert_int_equal(
            exchange(&connection, cases[i].path, cases[i].body, &answer),
            cases[i].status);
        if (cases[i].status)
            assert_true(span_equal(answer, span_text(cases[i].answer)));
    }
    load_connection_close(&connection);
    receiver_stop(receiver);
}

/* A peer may close a connection while it is idle: then it is opened again. */
static void comes_back(void **state) {
    (void)state;
    struct load_target target;
    struct receiver *receiver = echo_start(&target);
    struct load_connection connection = LOAD_CONNECTION(&target);
    struct span answer;
    assert_int_equal(exchange(&connection, "/", "a", &answer), 200);
    assert_true(receiver_switch(receiver, false));
    assert_int_equal(exchange(&connection, "/", "b", &answer), 0);
    assert_true(receiver_switch(receiver, true));
    assert_int_equal(exchange(&connection, "/", "c", &answer), 200);
    assert_true(receiver_switch(receiver, false));
    assert_true(receiver_switch(receiver, true));
    assert_int_equal(exchange(&connection, "/", "d", &answer), 200);
    load_connection_close(&connection);
    receiver_stop(receiver);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_where_to),
        cmocka_unit_test(gets_answers),
        cmocka_unit_test(comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
