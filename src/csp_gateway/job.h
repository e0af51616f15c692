/* Jobs as work for CSPs: firmware for devices of one request and type. For
 * this room only. */
#ifndef FOTAD_CSP_GATEWAY_JOB_H
#define FOTAD_CSP_GATEWAY_JOB_H

#include "csp_gateway/work.h"

extern const struct csp_work csp_jobs;

#endif
