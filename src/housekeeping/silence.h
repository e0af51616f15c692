/* CSPs that took a job and never reported on it. */
#ifndef FOTAD_HOUSEKEEPING_SILENCE_H
#define FOTAD_HOUSEKEEPING_SILENCE_H

#include "base/config.h"

/* Shows the metric of each CSP with 0, once. */
void silence_begin(const struct config *config);

#endif
