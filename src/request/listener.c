#include "request/listener.h"

#include "http/configured.h"

struct http_listener *request_listen(struct request_management *management,
                                     const char **reason) {
    const struct config *config = management->config;
    return http_listen(
        &(struct http_options){.name = "user_gateway",
                               HTTP_CONFIGURED(config, user),
                               .routes = request_routes(config->user_max_body),
                               .route_count = request_route_count,
                               .workers = config->user_workers,
                               .queue_size = config->user_queue,
                               .body_budget = config->user_body_budget,
                               .worker_start = request_worker_start,
                               .worker_stop = request_worker_stop,
                               .worker_context = management},
        reason);
}
