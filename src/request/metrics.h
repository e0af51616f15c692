/* What Request Management counts. For the files of this room only. */
#ifndef FOTAD_REQUEST_METRICS_H
#define FOTAD_REQUEST_METRICS_H

#include "request/rq.h"

/* Makes it part of /metrics. The rules are in use. */
void request_metrics_register(void);

/* How long a step took, for each of `count` requests. */
void request_observe_step(const char *name, instant took, size_t count);

/* A request that was answered, by what it ended in. */
void request_count_answer(const struct rq *rq);
/* "accepted" or "replayed", what it ended in */
const char *request_ended_in(const struct rq *rq);

#endif
