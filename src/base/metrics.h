/*
 * What the process counts, for Prometheus (text exposition format 0.0.4).
 *
 * A room declares its families in a static table and registers it once. A
 * family has up to METRIC_LABELS labels; each set of label values is a metric
 * of its own. Metrics never go away, so a pointer to one may be kept. Label
 * values must come from a small fixed set (routes, statuses, message kinds),
 * never from what a peer sent; past METRIC_MOST values a family counts
 * everything further under "other".
 *
 * All functions may be called from any thread; counting takes no lock.
 */
#ifndef FOTAD_BASE_METRICS_H
#define FOTAD_BASE_METRICS_H

#include "base/buffer.h"
#include "base/clock.h"

#include <stdatomic.h>

enum { METRIC_LABELS = 3, METRIC_MOST = 512 };

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric;

struct metric_family {
    const char *name; /* "fotad_http_requests_total" */
    const char *help; /* one line */
    enum metric_kind kind;
    const char *labels[METRIC_LABELS]; /* unused ones are NULL */
    /* owned by metrics.c */
    _Atomic(struct metric *) metrics;
    struct metric_family *next;
    atomic_bool registered;
};

/* Makes the families part of what metrics_render() writes. They must live as
 * long as the process. Registering a table again does nothing. A family
 * without labels is shown with 0 from now on. */
void metrics_register(struct metric_family *families, size_t count);

/* The metric of `family` with these label values, in the order of the labels;
 * made when it is new. Values past the family's labels are ignored; NULL is
 * an empty value. The values are copied. */
struct metric *metric_of(struct metric_family *family, const char *first,
                         const char *second, const char *third);

/* Counters (never negative) and gauges. */
void metric_add(struct metric *metric, int64_t more);
/* Gauges. */
void metric_set(struct metric *metric, int64_t value);
/* Histograms: how long something took. Shown in seconds, with buckets from
 * 1 ms to 10 s. */
void metric_observe(struct metric *metric, instant took);

/* All families in the order of registration. */
void metrics_render(struct buffer *out);

/* The media type of what metrics_render() writes. */
#define METRICS_MEDIA_TYPE "text/plain; version=0.0.4; charset=utf-8"

#endif
