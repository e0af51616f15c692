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

/* `body` to {base_url}{path}. */
struct csp_call {
    const char *method, *path, *media_type;
    const char *key; /* Idempotency-Key or NULL */
    struct span body;
    const unsigned *good; /* statuses that are CSP_TAKEN; 0 ends them */
};

/* Makes the calls, at most CSP_AT_ONCE, together; answers[i] belongs to
 * calls[i]. */
enum { CSP_AT_ONCE = 16 };
void csp_post(struct http_client *client, const struct config_csp *csp,
              struct arena *arena, const struct csp_call *calls,
              struct csp_answer *answers, size_t count);

#endif
