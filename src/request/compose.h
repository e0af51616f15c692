/* The DUIS Response to a request. For the files of this room only. */
#ifndef FOTAD_REQUEST_COMPOSE_H
#define FOTAD_REQUEST_COMPOSE_H

#include "request/rq.h"

/* Composes and signs the answer to rq->condition into rq->answer. False when
 * signing failed. */
bool rq_compose(struct rq *rq);

#endif
