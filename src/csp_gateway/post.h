/* One call to a CSP, and what its answer means. For this room only. */
#ifndef FOTAD_CSP_GATEWAY_POST_H
#define FOTAD_CSP_GATEWAY_POST_H

#include "base/config.h"
#include "http/client.h"

enum csp_verdict {
    CSP_TAKEN,
    CSP_BUSY,       /* 503 */
    CSP_UNANSWERED, /* no answer, or one that says nothing */
    CSP_REFUSED,    /* 4xx */
};

struct csp_answer {
    enum csp_verdict verdict;
    const char *reason;  /* reasonCode as given; "" when there was none */
    const char *detail;  /* for people: what was met */
    instant retry_after; /* from now on; 0: not told */
};

/* A client for what goes to this CSP. */
struct http_client *csp_client(const struct config_csp *csp);

/* Sends `body` to {base_url}{path}; any of the statuses in `good` (which ends
 * with 0) is CSP_TAKEN. `key` is the Idempotency-Key or NULL. */
struct csp_answer csp_post(struct http_client *client,
                           const struct config_csp *csp, struct arena *arena,
                           const char *method, const char *path,
                           const char *media_type, const char *key,
                           struct span body, const unsigned *good);

#endif
