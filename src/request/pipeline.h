/*
 * Request Management (section 4.8): the way of a Service Request through the
 * steps of steps.def. For the files of this room only.
 */
#ifndef FOTAD_REQUEST_PIPELINE_H
#define FOTAD_REQUEST_PIPELINE_H

#include "request/rq.h"

/* The parts of the way, see steps.def. */
enum part { EXAMINE, EFFECT, ANSWER, COMMITTED, REFUSAL };

/* Runs a part of the way that all requests of the batch go; more than one only
 * where each step is a BATCH_STEP. DONE, or what the first step said that did
 * not. Statements of a new request outside of the transaction are tried again
 * after RETRY. */
enum outcome pipeline_run(enum part part, const struct rq_batch *batch);

#endif
