#include "csp_gateway/gateway.h"

#include "base/log.h"
#include "base/memory.h"
#include "csp_gateway/denied.h"
#include "csp_gateway/listener.h"
#include "csp_gateway/send.h"
#include "http/configured.h"

#include <stdlib.h>

struct csp_gateway {
    struct http_listener *listener;
    struct csp_sender *sender;
};

static void gateway_warn(const struct config *config) {
    for (size_t i = 0; i < config->csp_count; i++)
        if (!*config->csps[i].inbound_token &&
            !*config->csps[i].inbound_certificate)
            log_warning("csp.no_token",
                        "csp=%s : [csp %s] has no inbound_token and no "
                        "inbound_certificate: its reports, "
                        "notifications and messages are answered 401",
                        config->csps[i].name, config->csps[i].name);
}

struct csp_gateway *csp_gateway_start(const struct config *config,
                                      const char **reason) {
    struct http_listener *listener = http_listen(
        &(struct http_options){.name = "csp_gateway",
                               HTTP_CONFIGURED(config, csp),
                               .queue_size = config->csp_queue,
                               .body_budget = config->csp_body_budget,
                               .routes = csp_routes(config->csp_max_body),
                               .route_count = csp_route_count,
                               .batch_handler = csp_take,
                               .workers = config->csp_workers,
                               .worker_start = csp_worker_start,
                               .worker_stop = csp_worker_stop,
                               .worker_context = (void *)(uintptr_t)config},
        reason);
    if (!listener)
        return NULL;
    gateway_warn(config);
    csp_denied_begin(config);
    struct csp_gateway *gateway = memory_alloc(sizeof *gateway);
    *gateway = (struct csp_gateway){listener, csp_send_start(config)};
    return gateway;
}

struct http_listener *csp_gateway_listener(struct csp_gateway *gateway) {
    return gateway->listener;
}

void csp_gateway_drain(struct csp_gateway *gateway) {
    http_drain(gateway->listener);
}

void csp_gateway_stop(struct csp_gateway *gateway) {
    if (!gateway)
        return;
    http_close(gateway->listener);
    csp_send_stop(gateway->sender);
    free(gateway);
}
