/* Connections and their deadlines. For the files of this room only. */
#ifndef FOTAD_HTTP_CONNECTION_H
#define FOTAD_HTTP_CONNECTION_H

#include "http/listener.h"

void connection_notify(void *listener, struct MHD_Connection *mhd,
                       void **context,
                       enum MHD_ConnectionNotificationCode what);
/* Ends it at `after` from now; 0: never. */
void connection_limit(struct connection *connection, instant after);
/* The connection ends when nothing comes or goes for `after`; 0: whatever its
 * deadline is. To be called by its poller. */
void connection_idle(struct MHD_Connection *mhd, instant after);
/* The stream is to be asked again after its interval. */
void connection_wait(struct connection *connection,
                     struct http_exchange *exchange);
/* Ends it now, with 408 when a body is still coming in. Under the lock. */
void connection_cut_off(struct connection *connection);
/* The thread that keeps the deadlines of all connections. */
void *connection_clock(void *listener);

#endif
