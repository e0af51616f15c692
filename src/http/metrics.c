#include "http/metrics.h"

struct metric_family http_metrics[HTTP_METRICS] = {
    [HTTP_REQUESTS] = {.name = "fotad_http_requests_total",
                       .help = "Requests by how they were answered.",
                       .kind = METRIC_COUNTER,
                       .labels = {"listener", "route", "status"}},
    [HTTP_SECONDS] = {.name = "fotad_http_handler_seconds",
                      .help = "Time a worker took for a request.",
                      .kind = METRIC_HISTOGRAM,
                      .labels = {"listener", "route"}},
    [HTTP_QUEUE] = {.name = "fotad_http_queue_depth",
                    .help = "Requests that wait for a worker.",
                    .kind = METRIC_GAUGE,
                    .labels = {"listener"}},
    [HTTP_CONNECTIONS] = {.name = "fotad_http_connections",
                          .help = "Open connections.",
                          .kind = METRIC_GAUGE,
                          .labels = {"listener"}},
    [HTTP_BODIES] = {.name = "fotad_http_body_octets",
                     .help = "Octets of all request bodies in hand.",
                     .kind = METRIC_GAUGE,
                     .labels = {"listener"}},
    [HTTP_LIMITED] = {.name = "fotad_http_limited_total",
                      .help = "Connections and requests that met a limit.",
                      .kind = METRIC_COUNTER,
                      .labels = {"listener", "limit"}},
    [HTTP_CUT] = {.name = "fotad_http_answers_cut_total",
                  .help = "Answers that the other side did not wait for.",
                  .kind = METRIC_COUNTER,
                  .labels = {"listener", "route"}},
};

void limit_count(const struct http_listener *listener, enum limit limit) {
    static const char *const names[LIMITS] = {
        [LIMIT_CONNECTIONS] = "connections",
        [LIMIT_PEER_CONNECTIONS] = "peer_connections",
        [LIMIT_PEER_RATE] = "peer_rate",
        [LIMIT_HEADER] = "max_header",
        [LIMIT_HEADER_TIME] = "header_timeout",
        [LIMIT_BODY] = "max_body",
        [LIMIT_BODY_TIME] = "receive_timeout",
        [LIMIT_BODY_BUDGET] = "body_budget",
        [LIMIT_QUEUE] = "queue",
    };
    metric_add(metric_of(&http_metrics[HTTP_LIMITED], listener->options.name,
                         names[limit], NULL),
               1);
}

const char *route_label(const struct http_exchange *x) {
    const struct http_route *routes = x->listener->options.routes;
    return x->request.route
               ? x->listener->route_labels[x->request.route - routes]
               : "none";
}
