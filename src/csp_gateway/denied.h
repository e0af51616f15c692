/*
 * CSPs that do not let us in (401 or 403 to a post): nothing is refused by it,
 * for it says nothing about devices, but a person has to mend it.
 */
#ifndef FOTAD_CSP_GATEWAY_DENIED_H
#define FOTAD_CSP_GATEWAY_DENIED_H

#include "base/config.h"
#include "csp_gateway/send.h"

/* Shows the metric of each CSP with 0, before any is asked for. */
void csp_denied_begin(const struct config *config);

/* A CSP answered posts of that kind, in the end with this status: 401 and 403
 * are logged and stand until there is another. From any thread. */
void csp_answered(const struct config *config, const struct config_csp *csp,
                  enum csp_kind kind, unsigned status);

/* The status that the CSP at this index of config->csps denies us with, or 0.
 * From any thread. */
unsigned csp_denied(size_t index);

#endif
