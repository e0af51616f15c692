/* What one address has. For the files of this room only. */
#ifndef FOTAD_HTTP_PEER_H
#define FOTAD_HTTP_PEER_H

#include "http/options.h"

#include <sys/socket.h>

struct peers *peers_new(const struct http_options *options);
void peers_free(struct peers *peers);
/* One more connection of that address. NULL when it is not limited. */
struct peer *peer_enter(struct peers *peers, const struct sockaddr *address,
                        bool *too_many);
/* One less; NULL is allowed. */
void peer_leave(struct peers *peers, struct peer *peer);
/* Whether one more request now is within its rate; counts it then. NULL: it
 * is not limited. */
bool peer_may_ask(struct peers *peers, struct peer *peer);

#endif
