/* The functions of steps.def, for the files that have them. What each does
 * stands there, beside it. */
#ifndef FOTAD_REQUEST_STEP_H
#define FOTAD_REQUEST_STEP_H

#include "request/rq.h"

#define STEP(part, name, function, ...) enum outcome function(struct rq *rq);
#define BATCH_STEP(part, name, function, ...)                                  \
    enum outcome function(const struct rq_batch *batch);
#include "request/steps.def"

#endif
