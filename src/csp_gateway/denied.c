#include "csp_gateway/denied.h"

#include "base/log.h"
#include "base/metrics.h"

#include <stdatomic.h>

static struct metric_family families[] = {
    {.name = "fotad_csp_denied",
     .help = "1: the CSP answers our posts with 401 or 403",
     .kind = METRIC_GAUGE,
     .labels = {"csp"}},
};

static _Atomic unsigned statuses[CONFIG_MOST_CSPS][CSP_KINDS];

unsigned csp_denied(size_t index) {
    unsigned status = 0;
    for (enum csp_kind kind = 0; kind < CSP_KINDS && !status; kind++)
        status = atomic_load(&statuses[index][kind]);
    return status;
}

void csp_denied_begin(const struct config *config) {
    metrics_register(families, sizeof families / sizeof *families);
    for (size_t i = 0; i < config->csp_count; i++)
        (void)metric_of(families, config->csps[i].name, NULL, NULL);
}

void csp_answered(const struct config *config, const struct config_csp *csp,
                  enum csp_kind kind, unsigned status) {
    size_t index = (size_t)(csp - config->csps);
    bool denied = status == 401 || status == 403;
    atomic_store(&statuses[index][kind], denied ? status : 0);
    metric_set(metric_of(families, csp->name, NULL, NULL),
               csp_denied(index) != 0);
    if (denied)
        log_error("csp.denied",
                  "csp=%s status=%u : it does not let fotad in. Are token or "
                  "certificate and key of [csp %s] those that it knows? What "
                  "is for it waits, and is given up in the end",
                  csp->name, status, csp->name);
}
