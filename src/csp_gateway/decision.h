/* What goes to a CSP next, decided by src/dispatch and done in the database.
 * For this room only. */
#ifndef FOTAD_CSP_GATEWAY_DECISION_H
#define FOTAD_CSP_GATEWAY_DECISION_H

#include "csp_gateway/work.h"

/* Jobs that are made together, at most. */
enum { DECISION_MOST_JOBS = 16 };

/* Once a second: what the plans of requests let go now. */
enum outcome decision_plans(const struct csp_round *round);

/* Puts devices that wait for round->csp into jobs, as far as they may go now;
 * one fotad at a time for each CSP. *made: there are jobs to be leased. */
enum outcome decision_make(const struct csp_round *round, bool *made);

/* The CSP has answered the posts of the round. */
enum outcome decision_learn(const struct csp_round *round);

#endif
