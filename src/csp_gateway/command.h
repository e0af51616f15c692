/* Commands to devices as work for CSPs. For this room only. */
#ifndef FOTAD_CSP_GATEWAY_COMMAND_H
#define FOTAD_CSP_GATEWAY_COMMAND_H

#include "csp_gateway/work.h"

extern const struct csp_work csp_commands;

struct csp_overdue {
    const struct config *config;
    instant said; /* clock_elapsed() when we said which CSPs we have */
};

/* A round of the task that ends commands whose device did not answer in time,
 * and those for a CSP that no fotad has any more (sections.h): their Users hear
 * so. The context is a struct csp_overdue. */
task_round csp_commands_end_overdue;

#endif
