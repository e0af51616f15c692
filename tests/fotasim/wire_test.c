/* The load generator's connection, against the emulators' receiver. */
#include "fotasim/receiver.h"
#include "fotasim/wire.h"
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
        struct wire_target target;
        assert_int_equal(wire_target_read(cases[i].url, &target),
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

static unsigned exchange(struct wire *wire, const char *path, const char *body,
                         struct span *answer) {
    char head[256];
    snprintf(head, sizeof head,
             "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", path,
             strlen(body));
    return wire_exchange(wire, span_text(head), span_text(body), answer);
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
    const char *reason = "";
    struct receiver *receiver =
        receiver_start("127.0.0.1:0", echo, NULL, &reason);
    assert_non_null(receiver);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", receiver_port(receiver));
    struct wire_target target;
    assert_true(wire_target_read(url, &target));
    struct wire wire = WIRE(&target);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct span answer;
        assert_int_equal(exchange(&wire, cases[i].path, cases[i].body, &answer),
                         cases[i].status);
        if (cases[i].status)
            assert_true(span_equal(answer, span_text(cases[i].answer)));
    }
    wire_close(&wire);
    receiver_stop(receiver);
}

/* A peer may close a connection while it is idle: then it is opened again. */
static void comes_back(void **state) {
    (void)state;
    const char *reason = "";
    struct receiver *receiver =
        receiver_start("127.0.0.1:0", echo, NULL, &reason);
    assert_non_null(receiver);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", receiver_port(receiver));
    struct wire_target target;
    assert_true(wire_target_read(url, &target));
    struct wire wire = WIRE(&target);
    struct span answer;
    assert_int_equal(exchange(&wire, "/", "a", &answer), 200);
    assert_true(receiver_switch(receiver, false));
    assert_int_equal(exchange(&wire, "/", "b", &answer), 0);
    assert_true(receiver_switch(receiver, true));
    assert_int_equal(exchange(&wire, "/", "c", &answer), 200);
    assert_true(receiver_switch(receiver, false));
    assert_true(receiver_switch(receiver, true));
    assert_int_equal(exchange(&wire, "/", "d", &answer), 200);
    wire_close(&wire);
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
