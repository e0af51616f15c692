/*
 * Request Management (§4.8): the way of one Service Request through
 * named steps, run from top to bottom by one worker that owns one database
 * connection.
 */
#ifndef FOTAD_REQUEST_PIPELINE_H
#define FOTAD_REQUEST_PIPELINE_H

#include "base/config.h"
#include "device/keys.h"
#include "duis/signer.h"
#include "http/server.h"
#include "request/rules.h"

/* What all workers share; lives as long as they do. */
struct request_management {
    const struct config *config;
    const struct duis_signer *signer;
    struct acb_key *acb; /* MACs of commands to devices */
};

/* Sets the rules that requests use from now on; takes over the caller's
 * reference. Those in hand finish with the rules they began with. */
void request_use_rules(struct rules *rules);

/* The rules of the moment; give them back with rules_release(). */
struct rules *request_hold_rules(void);

/* For struct http_options: a worker's context is its database connection.
 * `context` is a struct request_management. */
void *request_worker_start(void *context, unsigned index);
void request_worker_stop(void *worker);

/* The routes of the User listener: the three service URLs, with a body of at
 * most `max_body` octets. Static; call once. */
const struct http_route *request_routes(size_t max_body);
extern const size_t request_route_count;

#endif
