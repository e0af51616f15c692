/* The transaction of a request, alone or in a batch. For the files of this
 * room only. */
#ifndef FOTAD_REQUEST_BATCH_H
#define FOTAD_REQUEST_BATCH_H

#include "request/rq.h"

/* Runs EFFECT and ANSWER of steps.def in one transaction, shared with other
 * small update requests that wait at the same time: the worker of one of them
 * does it for all. DONE when it is committed and rq->answer stands; REFUSED
 * when the RequestID was used with other content; FAILED with rq->error. */
enum outcome batch_transact(struct rq *rq);

#endif
