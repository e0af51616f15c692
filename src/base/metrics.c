#include "base/metrics.h"

#include "base/memory.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

enum { BUCKETS = 13 };

static const struct {
    instant most;
    const char *le; /* the same in seconds */
} buckets[BUCKETS] = {
    {1 * MILLISECOND, "0.001"},  {2500, "0.0025"},
    {5 * MILLISECOND, "0.005"},  {10 * MILLISECOND, "0.01"},
    {25 * MILLISECOND, "0.025"}, {50 * MILLISECOND, "0.05"},
    {100 * MILLISECOND, "0.1"},  {250 * MILLISECOND, "0.25"},
    {500 * MILLISECOND, "0.5"},  {1 * SECOND, "1"},
    {2500 * MILLISECOND, "2.5"}, {5 * SECOND, "5"},
    {10 * SECOND, "10"},
};

static const char *const kind_names[] = {
    [METRIC_COUNTER] = "counter",
    [METRIC_GAUGE] = "gauge",
    [METRIC_HISTOGRAM] = "histogram",
};

struct metric {
    _Atomic(struct metric *) next;
    char *values[METRIC_LABELS];
    _Atomic int64_t value; /* of a histogram: the sum, in microseconds */
    _Atomic uint64_t counts[BUCKETS + 1]; /* the last one is +Inf */
};

/* Guards the lists of families and metrics against two writers; readers of a
 * family's metrics need no lock, because metrics are only ever appended. */
static pthread_mutex_t writers = PTHREAD_MUTEX_INITIALIZER;
static struct metric_family *first_family;

/* ---- metrics of a family ---- */

static struct metric *metric_find(_Atomic(struct metric *) *list,
                                  const char *const values[METRIC_LABELS]) {
    struct metric *metric = atomic_load(list);
    for (; metric; metric = atomic_load(&metric->next)) {
        int label = 0;
        while (label < METRIC_LABELS &&
               strcmp(metric->values[label], values[label]) == 0)
            label++;
        if (label == METRIC_LABELS)
            return metric;
    }
    return NULL;
}

static struct metric *metric_new(const char *const values[METRIC_LABELS]) {
    struct metric *metric = memory_alloc(sizeof *metric);
    memset(metric, 0, sizeof *metric);
    for (int label = 0; label < METRIC_LABELS; label++)
        metric->values[label] = memory_text(values[label]);
    return metric;
}

/* With `writers` held. */
static struct metric *metric_append(struct metric_family *family,
                                    const char *values[METRIC_LABELS]) {
    _Atomic(struct metric *) *end = &family->metrics;
    size_t count = 0;
    for (struct metric *m; (m = atomic_load(end)) != NULL; end = &m->next)
        count++;
    for (int label = 0; count >= METRIC_MOST && label < METRIC_LABELS; label++)
        values[label] = family->labels[label] ? "other" : "";
    struct metric *metric = metric_find(&family->metrics, values);
    if (!metric) {
        metric = metric_new(values);
        atomic_store(end, metric);
    }
    return metric;
}

struct metric *metric_of(struct metric_family *family, const char *first,
                         const char *second, const char *third) {
    const char *values[METRIC_LABELS] = {first, second, third};
    for (int label = 0; label < METRIC_LABELS; label++)
        if (!values[label] || !family->labels[label])
            values[label] = "";
    struct metric *metric = metric_find(&family->metrics, values);
    if (metric)
        return metric;
    pthread_mutex_lock(&writers);
    metric = metric_find(&family->metrics, values);
    if (!metric)
        metric = metric_append(family, values);
    pthread_mutex_unlock(&writers);
    return metric;
}

void metrics_register(struct metric_family *families, size_t count) {
    pthread_mutex_lock(&writers);
    struct metric_family **end = &first_family;
    while (*end)
        end = &(*end)->next;
    for (struct metric_family *f = families; f < families + count; f++) {
        if (atomic_exchange(&f->registered, true))
            continue;
        *end = f;
        end = &f->next;
    }
    pthread_mutex_unlock(&writers);
    for (struct metric_family *f = families; f < families + count; f++)
        if (!f->labels[0])
            metric_of(f, NULL, NULL, NULL);
}

/* ---- counting ---- */

void metric_add(struct metric *metric, int64_t more) {
    atomic_fetch_add_explicit(&metric->value, more, memory_order_relaxed);
}

void metric_set(struct metric *metric, int64_t value) {
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

void metric_observe(struct metric *metric, instant took) {
    int bucket = 0;
    while (bucket < BUCKETS && took > buckets[bucket].most)
        bucket++;
    atomic_fetch_add_explicit(&metric->counts[bucket], 1, memory_order_relaxed);
    metric_add(metric, took);
}

/* ---- text ---- */

static void add_escaped(struct buffer *out, const char *value) {
    for (; *value; value++) {
        if (*value == '\n')
            buffer_text(out, "\\n");
        else if (*value == '"' || *value == '\\')
            buffer_printf(out, "\\%c", *value);
        else
            buffer_add(out, span_of(value, 1));
    }
}

/* name_suffix{labels,le="..."} and a space; `le` may be NULL. */
static void add_name(struct buffer *out, const struct metric_family *family,
                     const char *suffix, const struct metric *metric,
                     const char *le) {
    const char *before = "{";
    buffer_printf(out, "%s%s", family->name, suffix);
    for (int i = 0; i < METRIC_LABELS && family->labels[i]; i++) {
        buffer_printf(out, "%s%s=\"", before, family->labels[i]);
        add_escaped(out, metric->values[i]);
        buffer_text(out, "\"");
        before = ",";
    }
    if (le)
        buffer_printf(out, "%sle=\"%s\"", before, le);
    buffer_text(out, le || family->labels[0] ? "} " : " ");
}

static void add_histogram(struct buffer *out,
                          const struct metric_family *family,
                          const struct metric *metric) {
    uint64_t count = 0;
    for (int bucket = 0; bucket <= BUCKETS; bucket++) {
        count += atomic_load(&metric->counts[bucket]);
        add_name(out, family, "_bucket", metric,
                 bucket < BUCKETS ? buckets[bucket].le : "+Inf");
        buffer_printf(out, "%" PRIu64 "\n", count);
    }
    int64_t sum = atomic_load(&metric->value);
    add_name(out, family, "_sum", metric, NULL);
    buffer_printf(out, "%" PRId64 ".%06" PRId64 "\n", sum / SECOND,
                  sum % SECOND);
    add_name(out, family, "_count", metric, NULL);
    buffer_printf(out, "%" PRIu64 "\n", count);
}

static void add_family(struct buffer *out, struct metric_family *family) {
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name,
                  family->help, family->name, kind_names[family->kind]);
    struct metric *metric = atomic_load(&family->metrics);
    for (; metric; metric = atomic_load(&metric->next)) {
        if (family->kind == METRIC_HISTOGRAM) {
            add_histogram(out, family, metric);
            continue;
        }
        add_name(out, family, "", metric, NULL);
        buffer_printf(out, "%" PRId64 "\n", atomic_load(&metric->value));
    }
}

void metrics_render(struct buffer *out) {
    pthread_mutex_lock(&writers);
    for (struct metric_family *f = first_family; f; f = f->next)
        add_family(out, f);
    pthread_mutex_unlock(&writers);
}
