/* Sends prepared requests, as fast as the answers come back or at a steady
 * rate, and says how long each took: the generator of tools/bench. */
#include "fotasim/load_connection.h"
#include "fotasim/verbs.h"

#include "base/clock.h"
#include "base/memory.h"

#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_CONNECTIONS = 256, MOST_URL = 2048 };

struct load {
    const char *url, *method, *header, *bearer, *lines, *expect;
    uint64_t connections, rate, repeat;
    struct load_target target;
    struct arena *arena;  /* of the bodies */
    struct span *bodies;  /* with `get`: paths */
    size_t count, total;  /* bodies; how many are sent, repeats included */
    bool get;             /* bodies are paths below the URL */
    instant start, *took; /* by clock_elapsed() */
    atomic_size_t next, done, failed;
};

/* SIGTERM and SIGINT end it early; what was done counts. */
static atomic_bool ending;

static void end_early(int signal_number) {
    (void)signal_number;
    atomic_store(&ending, true);
}

/* ---- what is sent ---- */

static void add_body(struct load *load, struct span body) {
    if ((load->count & (load->count + 1)) == 0)
        load->bodies = memory_grow(load->bodies, 2 * (load->count + 1) *
                                                     sizeof *load->bodies);
    load->bodies[load->count++] = body;
}

static bool read_file(struct load *load, const char *path, struct span *text) {
    struct buffer octets = {0};
    if (!read_whole(path, &octets))
        return false;
    *text = arena_copy(load->arena, buffer_span(&octets));
    buffer_free(&octets);
    return true;
}

static bool read_lines(struct load *load) {
    struct span text;
    if (!read_file(load, load->lines, &text))
        return false;
    while (text.len) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) : text.len;
        if (len)
            add_body(load, span_of(text.data, len));
        text = span_of(text.data + len, text.len - len);
        if (text.len)
            text = span_of(text.data + 1, text.len - 1);
    }
    return true;
}

static bool read_bodies(struct load *load, char **files) {
    if (load->lines && !read_lines(load))
        return false;
    for (; *files; files++) {
        struct span body;
        if (!read_file(load, *files, &body))
            return false;
        add_body(load, body);
    }
    if (load->get && !load->count)
        add_body(load, span_text(""));
    if (!load->count)
        return refuse("load: there is nothing to send"), false;
    return true;
}

static void write_head(const struct load *load, struct span body,
                       struct buffer *head) {
    head->len = 0;
    buffer_printf(head, "%s %s", load->method, load->target.path);
    if (load->get)
        buffer_add(head, body);
    buffer_printf(head, " HTTP/1.1\r\nHost: %s\r\n", load->target.host);
    if (load->bearer)
        buffer_printf(head, "Authorization: Bearer %s\r\n", load->bearer);
    if (!load->get)
        buffer_printf(head, "%s\r\nContent-Length: %zu\r\n", load->header,
                      body.len);
    buffer_text(head, "\r\n");
}

/* ---- sending ---- */

/* The first failure is shown, for the others are likely the same. */
static void note_failure(struct load *load, unsigned status,
                         struct span answer) {
    if (atomic_fetch_add(&load->failed, 1))
        return;
    int len = answer.len < 400 ? (int)answer.len : 400;
    refuse("load: %s answered %u: %.*s", load->url, status, len,
           answer.len ? (const char *)answer.data : "");
}

static bool is_good(const struct load *load, unsigned status,
                    struct span answer) {
    return status / 100 == 2 &&
           (!load->expect || memmem(answer.data, answer.len, load->expect,
                                    strlen(load->expect)));
}

/* At a rate a request counts from when it was due, so that a slow answer does
 * not hide the wait of those behind it. */
static instant wait_until_due(const struct load *load, size_t number) {
    if (!load->rate)
        return clock_elapsed();
    instant due =
        load->start + (instant)(number * (uint64_t)SECOND / load->rate);
    for (instant left; (left = due - clock_elapsed()) > 0;) {
        if (atomic_load(&ending))
            break;
        nanosleep(&(struct timespec){.tv_sec = left / SECOND,
                                     .tv_nsec = left % SECOND * 1000},
                  NULL);
    }
    return due;
}

static void send_one(struct load *load, struct load_connection *connection,
                     struct buffer *head, size_t number) {
    struct span body = load->bodies[number % load->count], answer;
    write_head(load, body, head);
    instant due = wait_until_due(load, number);
    if (atomic_load(&ending))
        return;
    if (load->get)
        body.len = 0;
    unsigned status =
        load_connection_exchange(connection, buffer_span(head), body, &answer);
    instant took = clock_elapsed() - due;
    if (!is_good(load, status, answer))
        note_failure(load, status, answer);
    load->took[atomic_fetch_add(&load->done, 1)] = took;
}

static void *send_some(void *context) {
    struct load *load = context;
    struct load_connection connection = LOAD_CONNECTION(&load->target);
    struct buffer head = {0};
    for (size_t i; (i = atomic_fetch_add(&load->next, 1)) < load->total &&
                   !atomic_load(&ending);)
        send_one(load, &connection, &head, i);
    load_connection_close(&connection);
    buffer_free(&head);
    return NULL;
}

static instant send_all(struct load *load) {
    pthread_t threads[MOST_CONNECTIONS] = {0};
    load->start = clock_elapsed();
    for (size_t i = 0; i < load->connections; i++)
        if (pthread_create(&threads[i], NULL, send_some, load) != 0)
            abort();
    for (size_t i = 0; i < load->connections; i++)
        pthread_join(threads[i], NULL);
    return clock_elapsed() - load->start;
}

/* ---- how it went ---- */

static int by_time(const void *a, const void *b) {
    const instant *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static double to_milliseconds(instant took) {
    return (double)took / 1000.0;
}

static void load_report(struct load *load, instant total) {
    size_t done = atomic_load(&load->done);
    qsort(load->took, done, sizeof *load->took, by_time);
    json_t *result = json_pack(
        "{s:I, s:I, s:f, s:f, s:f, s:f, s:f}", "requests", (json_int_t)done,
        "failed", (json_int_t)atomic_load(&load->failed), "seconds",
        (double)total / 1e6, "per_second", (double)done * 1e6 / (double)total,
        "median_ms", to_milliseconds(load->took[done / 2]), "p99_ms",
        to_milliseconds(load->took[(done * 99 - 1) / 100]), "most_ms",
        to_milliseconds(load->took[done - 1]));
    char *text = json_dumps(result, JSON_REAL_PRECISION(6));
    puts(text);
    free(text);
    json_decref(result);
}

static int load_run(struct load *load) {
    load->total = load->count * load->repeat;
    load->took = memory_alloc(load->total * sizeof *load->took);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, end_early);
    signal(SIGINT, end_early);
    instant total = send_all(load);
    if (!atomic_load(&load->done))
        return refuse("load: nothing was sent");
    load_report(load, total);
    return atomic_load(&load->failed) ? 1 : 0;
}

static bool is_complete(struct load *load) {
    if (load->url && load_target_read(load->url, &load->target) &&
        load->connections && load->connections <= MOST_CONNECTIONS &&
        load->repeat)
        return true;
    refuse("load: --url http://127.0.0.1:PORT/... is wanted, with 1 to %d "
           "connections",
           MOST_CONNECTIONS);
    return false;
}

int verb_load(int argc, char **argv) {
    struct load load = {.method = "POST",
                        .header = "Content-Type: application/xml",
                        .connections = 1,
                        .repeat = 1};
    const struct option_row rows[] = {
        {"url", OPTION_TEXT, &load.url},
        {"method", OPTION_TEXT, &load.method},
        {"header", OPTION_TEXT, &load.header},
        {"bearer", OPTION_TEXT, &load.bearer},
        {"lines", OPTION_TEXT, &load.lines},
        {"expect", OPTION_TEXT, &load.expect},
        {"connections", OPTION_COUNT, &load.connections},
        {"rate", OPTION_COUNT, &load.rate},
        {"repeat", OPTION_COUNT, &load.repeat},
    };
    char **files;
    if (!read_options(argc, argv, rows, sizeof rows / sizeof *rows, &files) ||
        !is_complete(&load))
        return 2;
    load.get = strcmp(load.method, "GET") == 0;
    load.arena = arena_new();
    int status = read_bodies(&load, files) ? load_run(&load) : 1;
    free(load.took);
    free(load.bodies);
    arena_free(load.arena);
    return status;
}
