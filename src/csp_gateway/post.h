/* Posts to a CSP, and what its answers mean. For this room only. */
#ifndef FOTAD_CSP_GATEWAY_POST_H
#define FOTAD_CSP_GATEWAY_POST_H

#include "csp_gateway/work.h"

/* A client for work of this kind for this CSP. Ended with
 * http_client_free(). */
struct http_client *csp_client(const struct csp_work *work,
                               const struct config *config,
                               const struct config_csp *csp);

/* `body` to {base_url}{path}; none without a media type. */
struct csp_post {
    const char *method, *path, *media_type;
    const char *key; /* Idempotency-Key or NULL */
    struct span body;
    const unsigned *good; /* statuses that are CSP_TAKEN; 0 ends them */
    /* NULL, or reads such an answer, into what item->said gets; NULL: it is
     * none after all. */
    const void *(*read)(const struct http_answer *answer, struct arena *arena);
};

/* It was not begun: another may have it, or has it. */
void csp_item_late(struct csp_item *item);

/* Makes the posts, which are at most as many as the client makes at once;
 * posts[i] is a try of items[i], in which it sets what that came to. */
void csp_post(const struct csp_round *round, const struct csp_post *posts,
              struct csp_item *items, size_t count);

#endif
