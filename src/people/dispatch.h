/* The routes of the listener: every call comes through them. */
#ifndef FOTAD_PEOPLE_DISPATCH_H
#define FOTAD_PEOPLE_DISPATCH_H

#include "http/server.h"

extern const struct http_route *const people_http_routes;
extern const size_t people_http_route_count;

/* The most octets of a body that is not JSON; of JSON 16 KiB. Once, before the
 * routes are used. */
void people_set_max_body(size_t max_body);

#endif
