/* The DUIS Response to a request. For the files of this room only. */
#ifndef FOTAD_REQUEST_COMPOSE_H
#define FOTAD_REQUEST_COMPOSE_H

#include "request/rq.h"

/* Composes and signs the answer to rq->condition into rq->answer. False when
 * signing failed. */
bool rq_compose(struct rq *rq);

/* The lists of a warning as the request's version of DUIS has them: the devices
 * of one that it does not have are in that which stands in for it, or in none.
 */
void rq_lists(const struct rq *rq, struct duis_devices lists[REFUSALS]);

#endif
