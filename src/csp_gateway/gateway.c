#include "csp_gateway/gateway.h"

#include "base/log.h"
#include "base/memory.h"
#include "csp_gateway/notify.h"
#include "csp_gateway/send.h"

#include <stdlib.h>

struct csp_gateway {
    struct http_listener *listener;
    struct csp_sender *sender;
};

/* The token is all that tells one CSP from another. */
static bool same_token(const struct config_csp *a, const struct config_csp *b) {
    return *a->inbound_token && strcmp(a->inbound_token, b->inbound_token) == 0;
}

const char *csp_gateway_contradiction(const struct config *config,
                                      struct arena *arena) {
    for (size_t i = 0; i < config->csp_count; i++) {
        const struct config_csp *csp = &config->csps[i];
        if (!*csp->base_url)
            return arena_printf(arena, "[csp %s] has no base_url", csp->name);
        for (size_t j = 0; j < i; j++)
            if (same_token(csp, &config->csps[j]))
                return arena_printf(
                    arena, "[csp %s] and [csp %s] have the same inbound_token",
                    config->csps[j].name, csp->name);
    }
    return NULL;
}

static void warn(const struct config *config) {
    for (size_t i = 0; i < config->csp_count; i++)
        if (!*config->csps[i].inbound_token)
            log_warning("csp.no_token",
                        "csp=%s : [csp %s] has no inbound_token: its reports, "
                        "notifications and messages are answered 401",
                        config->csps[i].name, config->csps[i].name);
}

struct csp_gateway *csp_gateway_start(const struct config *config,
                                      const char **reason) {
    struct http_listener *listener = http_listen(
        &(struct http_options){.name = "csp_gateway",
                               .address = config->csp_listen,
                               .routes = csp_routes(config->csp_max_body),
                               .route_count = csp_route_count,
                               .set_handler = csp_take,
                               .workers = config->csp_workers,
                               .worker_start = csp_worker_start,
                               .worker_stop = csp_worker_stop,
                               .worker_context = (void *)(uintptr_t)config},
        reason);
    if (!listener)
        return NULL;
    warn(config);
    struct csp_gateway *gateway = memory_alloc(sizeof *gateway);
    *gateway = (struct csp_gateway){listener, csp_send_start(config)};
    return gateway;
}

void csp_gateway_stop(struct csp_gateway *gateway) {
    if (!gateway)
        return;
    http_close(gateway->listener);
    csp_send_stop(gateway->sender);
    free(gateway);
}
