/* The route of a request. For the files of this room only. */
#ifndef FOTAD_HTTP_ROUTE_H
#define FOTAD_HTTP_ROUTE_H

#include "http/listener.h"

/* The first row for the exchange's method and path, with its parameters
 * set. Without one: NULL, and *allow is NULL (no such path) or the methods
 * the path has, "GET, HEAD, POST". */
const struct http_route *route_find(struct http_exchange *exchange,
                                    const char **allow);
/* Whether `type` (a Content-Type) is one of the route's. */
bool route_takes(const struct http_route *route, struct span type);
/* Percent-decodes; false when it cannot be, or gives control characters. */
bool percent_decode(struct arena *arena, struct span text, const char **out);

#endif
