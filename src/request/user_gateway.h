/*
 * What the User listener serves: Service Requests to the three service URLs,
 * each on its way through the steps of steps.def by one worker that owns one
 * database connection.
 */
#ifndef FOTAD_REQUEST_USER_GATEWAY_H
#define FOTAD_REQUEST_USER_GATEWAY_H

#include "http/server.h"
#include "request/management.h"

/* For struct http_options: a worker's context is its database connection.
 * `context` is a struct request_management. */
void *request_worker_start(void *context, unsigned index);
void request_worker_stop(void *worker);

/* The routes of the User listener, with a body of at most `max_body` octets.
 * Static; call once. */
const struct http_route *request_routes(size_t max_body);
extern const size_t request_route_count;

/* Listens at [user_gateway] listen; the rules must be in use by then.
 * `management` must live until http_close(), which ends it. NULL when it
 * cannot: then *reason says why, for the operator. */
struct http_listener *request_listen(struct request_management *management,
                                     const char **reason);

#endif
