/* Counting, its text for Prometheus, and the queue between threads. */
#include "support/check.h"

#include "base/metrics.h"
#include "base/queue.h"

#include <pthread.h>
#include <stdio.h>

static struct metric_family families[] = {
    {.name = "plain_total", .help = "Plain.", .kind = METRIC_COUNTER},
    {.name = "level",
     .help = "Level.",
     .kind = METRIC_GAUGE,
     .labels = {"where"}},
    {.name = "took_seconds",
     .help = "Time.",
     .kind = METRIC_HISTOGRAM,
     .labels = {"route"}},
    {.name = "crowd_total",
     .help = "Crowd.",
     .kind = METRIC_COUNTER,
     .labels = {"a", "b"}},
};

static void text_is_what_prometheus_reads(void **state) {
    (void)state;
    metrics_register(families, 3);
    metrics_register(families, 3);
    struct buffer text = {0};
    metrics_render(&text);
    assert_string_equal((const char *)text.data,
                        "# HELP plain_total Plain.\n"
                        "# TYPE plain_total counter\nplain_total 0\n"
                        "# HELP level Level.\n# TYPE level gauge\n"
                        "# HELP took_seconds Time.\n"
                        "# TYPE took_seconds histogram\n");
    text.len = 0;
    metric_add(metric_of(&families[0], NULL, NULL, NULL), 2);
    metric_set(metric_of(&families[1], "a\"\\\nb", "ignored", NULL), -5);
    static const instant times[] = {
        0, 1 * MILLISECOND, 1001, 10 * SECOND, 10 * SECOND + 1, 3 * MINUTE,
    };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        metric_observe(metric_of(&families[2], "r", NULL, NULL), times[i]);
    metrics_render(&text);
    assert_string_equal((const char *)text.data,
                        "# HELP plain_total Plain.\n"
                        "# TYPE plain_total counter\nplain_total 2\n"
                        "# HELP level Level.\n# TYPE level gauge\n"
                        "level{where=\"a\\\"\\\\\\nb\"} -5\n"
                        "# HELP took_seconds Time.\n"
                        "# TYPE took_seconds histogram\n"
                        "took_seconds_bucket{route=\"r\",le=\"0.001\"} 2\n"
                        "took_seconds_bucket{route=\"r\",le=\"0.0025\"} 3\n"
                        "took_seconds_bucket{route=\"r\",le=\"0.005\"} 3\n"
                        "took_seconds_bucket{route=\"r\",le=\"0.01\"} 3\n"
                        "took_seconds_bucket{route=\"r\",le=\"0.025\"} 3\n"
                        "took_seconds_bucket{route=\"r\",le=\"0.05\"} 3\n"
                        "took_seconds_bucket{route=\"r\",le=\"0.1\"} 3\n"
                        "took_seconds_bucket{route=\"r\",le=\"0.25\"} 3\n"
                        "took_seconds_bucket{route=\"r\",le=\"0.5\"} 3\n"
                        "took_seconds_bucket{route=\"r\",le=\"1\"} 3\n"
                        "took_seconds_bucket{route=\"r\",le=\"2.5\"} 3\n"
                        "took_seconds_bucket{route=\"r\",le=\"5\"} 3\n"
                        "took_seconds_bucket{route=\"r\",le=\"10\"} 4\n"
                        "took_seconds_bucket{route=\"r\",le=\"+Inf\"} 6\n"
                        "took_seconds_sum{route=\"r\"} 200.002002\n"
                        "took_seconds_count{route=\"r\"} 6\n");
    buffer_free(&text);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *count_crowd(void *unused) {
    for (int i = 0; i < ROUNDS; i++) {
        char value[2] = {(char)('a' + i % 5)};
        metric_add(metric_of(&families[3], value, "x", NULL), 1);
    }
    return unused;
}

static void threads_lose_no_count(void **state) {
    (void)state;
    metrics_register(families + 3, 1);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, count_crowd, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    struct buffer text = {0};
    metrics_render(&text);
    const char *all = (const char *)text.data;
    for (int c = 'a'; c <= 'e'; c++) {
        char line[64];
        snprintf(line, sizeof line, "crowd_total{a=\"%c\",b=\"x\"} %d\n", c,
                 THREADS * ROUNDS / 5);
        assert_non_null(strstr(all, line));
    }
    buffer_free(&text);
}

static void a_crowd_of_values_is_bounded(void **state) {
    (void)state;
    struct metric *other = NULL;
    for (int i = 0; i < METRIC_MOST + 50; i++) {
        char value[16];
        snprintf(value, sizeof value, "%d", i);
        other = metric_of(&families[3], value, value, NULL);
    }
    assert_ptr_equal(other, metric_of(&families[3], "other", "other", NULL));
    assert_ptr_equal(other, metric_of(&families[3], "one", "more", NULL));
}

/* ---- queue ---- */

static void a_queue_is_bounded_and_in_order(void **state) {
    (void)state;
    int items[5];
    struct queue *queue = queue_new(3);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5; i++)
            assert_true(queue_try_push(queue, &items[i], NULL) == (i < 3));
        assert_int_equal(queue_depth(queue), 3);
        for (int i = 0; i < 3 - (round == 2); i++)
            assert_ptr_equal(queue_pop(queue, NULL, NULL), &items[i]);
    }
    queue_close(queue);
    assert_false(queue_try_push(queue, &items[0], NULL));
    assert_ptr_equal(queue_pop(queue, NULL, NULL), &items[2]);
    assert_null(queue_pop(queue, NULL, NULL));
    assert_null(queue_pop(queue, NULL, NULL));
    queue_free(queue);
}

static struct queue *busy;

static void *push_all(void *items) {
    char *item = items;
    for (int i = 0; i < ROUNDS; i++)
        while (!queue_try_push(busy, item + i, NULL))
            sched_yield();
    return NULL;
}

static void *pop_all(void *sum) {
    uint64_t *count = sum;
    while (queue_pop(busy, NULL, NULL))
        ++*count;
    return NULL;
}

static void threads_lose_no_item(void **state) {
    (void)state;
    static char items[ROUNDS];
    uint64_t counts[THREADS] = {0}, total = 0;
    pthread_t in[THREADS], out[THREADS];
    busy = queue_new(8);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&out[i], NULL, pop_all, &counts[i]);
        pthread_create(&in[i], NULL, push_all, items);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(in[i], NULL);
    queue_close(busy);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(out[i], NULL);
        total += counts[i];
    }
    assert_true(total == THREADS * ROUNDS);
    queue_free(busy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_what_prometheus_reads),
        cmocka_unit_test(threads_lose_no_count),
        cmocka_unit_test(a_crowd_of_values_is_bounded),
        cmocka_unit_test(a_queue_is_bounded_and_in_order),
        cmocka_unit_test(threads_lose_no_item),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
