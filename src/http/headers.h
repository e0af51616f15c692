/* What is judged by the headers alone. For the files of this room only. */
#ifndef FOTAD_HTTP_HEADERS_H
#define FOTAD_HTTP_HEADERS_H

#include "http/listener.h"

/* Everything that can be refused by looking at the headers: then false, and
 * exchange->response says why. Otherwise the exchange has its route, and its
 * connection knows the client. */
bool headers_are_good(struct http_exchange *exchange, const char *version);

#endif
