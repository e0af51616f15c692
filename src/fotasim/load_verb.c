/* Sends prepared requests as fast as the answers come back, and says how long
 * each took: the generator of tools/bench. */
#include "fotasim/verbs.h"

#include "base/clock.h"
#include "base/memory.h"
#include "http/client.h"

#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct load {
    const char *url, *type, *bearer;
    char **files;
    size_t count;
    atomic_size_t next, failed;
    instant *took;
};

static void *send_some(void *context) {
    struct load *load = context;
    struct http_client *client = http_client_new(
        &(struct http_client_options){.total_timeout = 60 * SECOND,
                                      .most_answer = 4 << 20,
                                      .bearer = load->bearer});
    const char *const headers[] = {load->type, NULL};
    for (size_t i; (i = atomic_fetch_add(&load->next, 1)) < load->count;) {
        struct buffer body = {0};
        struct http_answer answer;
        bool ok = read_whole(load->files[i], &body);
        instant start = clock_elapsed();
        ok = ok && http_client_send(
                       client,
                       &(struct http_message){.method = "POST",
                                              .url = load->url,
                                              .headers = headers,
                                              .body = buffer_span(&body)},
                       &answer);
        load->took[i] = clock_elapsed() - start;
        if (!ok || answer.status != 200)
            atomic_fetch_add(&load->failed, 1);
        if (ok)
            http_answer_free(&answer);
        buffer_free(&body);
    }
    http_client_free(client);
    return NULL;
}

static int by_time(const void *a, const void *b) {
    const instant *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static double milliseconds(instant took) {
    return (double)took / 1000.0;
}

static void report(struct load *load, instant total) {
    qsort(load->took, load->count, sizeof *load->took, by_time);
    json_t *result = json_pack(
        "{s:I, s:I, s:f, s:f, s:f, s:f}", "requests", (json_int_t)load->count,
        "failed", (json_int_t)atomic_load(&load->failed), "seconds",
        (double)total / 1e6, "per_second",
        (double)load->count * 1e6 / (double)total, "median_ms",
        milliseconds(load->took[load->count / 2]), "p99_ms",
        milliseconds(load->took[(load->count * 99 - 1) / 100]));
    char *text = json_dumps(result, JSON_REAL_PRECISION(6));
    puts(text);
    free(text);
    json_decref(result);
}

enum { MOST_CONNECTIONS = 256 };

int verb_load(int argc, char **argv) {
    uint64_t connections = 1;
    struct load load = {.type = "Content-Type: application/xml"};
    const struct option_row rows[] = {
        {"url", OPTION_TEXT, &load.url},
        {"header", OPTION_TEXT, &load.type},
        {"bearer", OPTION_TEXT, &load.bearer},
        {"connections", OPTION_COUNT, &connections},
    };
    if (!read_options(argc, argv, rows, sizeof rows / sizeof *rows,
                      &load.files))
        return 2;
    while (load.files[load.count])
        load.count++;
    if (!load.url || !load.count || connections > MOST_CONNECTIONS)
        return refuse("load needs --url and files, and has at most %d "
                      "connections",
                      MOST_CONNECTIONS);
    signal(SIGPIPE, SIG_IGN);
    load.took = memory_alloc(load.count * sizeof *load.took);
    pthread_t threads[MOST_CONNECTIONS];
    instant start = clock_elapsed();
    for (size_t i = 0; i < connections; i++)
        pthread_create(&threads[i], NULL, send_some, &load);
    for (size_t i = 0; i < connections; i++)
        pthread_join(threads[i], NULL);
    report(&load, clock_elapsed() - start);
    free(load.took);
    return atomic_load(&load.failed) ? 1 : 0;
}
