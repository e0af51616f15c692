#include "csp_gateway/gateway.h"

#include "base/log.h"
#include "base/memory.h"
#include "csp_gateway/listener.h"
#include "csp_gateway/send.h"
#include "http/configured.h"

#include <stdlib.h>

struct csp_gateway {
    struct http_listener *listener;
    struct csp_sender *sender;
};

static bool credential_is_same(const char *a, const char *b) {
    return *a && strcmp(a, b) == 0;
}

/* What tells one CSP from another. */
static const char *same_credential(const struct config_csp *a,
                                   const struct config_csp *b) {
    if (credential_is_same(a->inbound_token, b->inbound_token))
        return "inbound_token";
    if (credential_is_same(a->inbound_certificate, b->inbound_certificate))
        return "inbound_certificate";
    return NULL;
}

/* What one section lacks or has too much of. */
static const char *csp_fault(const struct config *config,
                             const struct config_csp *csp) {
    if (csp->busy_give_up > config->tracking_timeout)
        return "busy_give_up is longer than [tracking] timeout: a device would "
               "be released while its job is still being tried";
    if (!*csp->regions)
        return "has no regions";
    if (!*csp->base_url)
        return "has no base_url";
    if (*csp->inbound_certificate && !*config->csp_client_ca)
        return "has an inbound_certificate, which needs [csp_gateway] "
               "client_ca";
    if (!*csp->certificate != !*csp->key)
        return "has a certificate without key, or a key without certificate";
    return NULL;
}

const char *csp_gateway_contradiction(const struct config *config,
                                      struct arena *arena) {
    for (size_t i = 0; i < config->csp_count; i++) {
        const struct config_csp *csp = &config->csps[i];
        const char *fault = csp_fault(config, csp);
        if (fault)
            return arena_printf(arena, "[csp %s] %s", csp->name, fault);
        for (size_t j = 0; j < i; j++)
            if ((fault = same_credential(csp, &config->csps[j])))
                return arena_printf(arena,
                                    "[csp %s] and [csp %s] have the same %s",
                                    config->csps[j].name, csp->name, fault);
    }
    return NULL;
}

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
    struct csp_gateway *gateway = memory_alloc(sizeof *gateway);
    *gateway = (struct csp_gateway){listener, csp_send_start(config)};
    return gateway;
}

bool csp_gateway_reload(struct csp_gateway *gateway, const char **reason) {
    return http_reload(gateway->listener, reason);
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
