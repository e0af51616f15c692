/* The threads that run handlers. For the files of this room only. */
#ifndef FOTAD_HTTP_WORKER_H
#define FOTAD_HTTP_WORKER_H

#include "http/listener.h"

void workers_start(struct http_listener *listener);
/* Is a worker to be woken for this struct http_exchange? Not for a small
 * request while one has a batch of them in hand, for then it takes the next. */
bool worker_is_wanted(const void *exchange);

/* Closes the queue and waits for them. */
void workers_stop(struct http_listener *listener);

#endif
