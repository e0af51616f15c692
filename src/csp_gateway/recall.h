/* Recalls of jobs as work for CSPs. For this room only. */
#ifndef FOTAD_CSP_GATEWAY_RECALL_H
#define FOTAD_CSP_GATEWAY_RECALL_H

#include "csp_gateway/work.h"

extern const struct csp_work csp_recalls;

#endif
