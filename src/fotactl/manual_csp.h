/* fotad-csp(7): the contract with the CSPs, as a page of the manual. */
#ifndef FOTAD_FOTACTL_MANUAL_CSP_H
#define FOTAD_FOTACTL_MANUAL_CSP_H

#include "base/buffer.h"

/* All that schemas/csp-gateway-openapi.json says. */
void manual_csp(struct buffer *out);

#endif
