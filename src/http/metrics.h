/* What the server counts. For the files of this room only. */
#ifndef FOTAD_HTTP_METRICS_H
#define FOTAD_HTTP_METRICS_H

#include "base/metrics.h"
#include "http/listener.h"

enum http_metric {
    HTTP_REQUESTS,
    HTTP_SECONDS,
    HTTP_QUEUE,
    HTTP_CONNECTIONS,
    HTTP_BODIES,
    HTTP_LIMITED,
    HTTP_CUT,
    HTTP_METRICS,
};
extern struct metric_family http_metrics[HTTP_METRICS];
/* The name of the exchange's route in metrics; "none" before it has one. */
const char *route_label(const struct http_exchange *exchange);

/* One more client met a limit. */
void limit_count(const struct http_listener *listener, enum limit limit);

#endif
