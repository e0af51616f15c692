/* Commands to devices as work for CSPs. For this room only. */
#ifndef FOTAD_CSP_GATEWAY_COMMAND_H
#define FOTAD_CSP_GATEWAY_COMMAND_H

#include "csp_gateway/work.h"

extern const struct csp_work csp_commands;

/* A round of the task that ends commands whose device did not answer in time,
 * and those for a CSP that is configured no more: their Users hear so. The
 * context is the struct config. */
task_round csp_commands_end_overdue;

#endif
