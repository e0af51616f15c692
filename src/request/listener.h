/* The Users' listener: Service Requests in over HTTP (interfaces.md, User
 * Gateway), each answered by a worker of request/pipeline.h. */
#ifndef FOTAD_REQUEST_LISTENER_H
#define FOTAD_REQUEST_LISTENER_H

#include "request/pipeline.h"

/* Listens at [user_gateway] listen; the rules must be in use by then.
 * `management` must live until http_close(), which ends it. NULL when it
 * cannot: then *reason says why, for the operator. */
struct http_listener *request_listen(struct request_management *management,
                                     const char **reason);

#endif
