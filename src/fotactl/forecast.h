/* What is said of a forecast, as JSON has it (Forecast of
 * schemas/ssi-openapi.json). */
#ifndef FOTAD_FOTACTL_FORECAST_H
#define FOTAD_FOTACTL_FORECAST_H

#include "base/buffer.h"

#include <jansson.h>

/* Lines: all of it, then each CSP, device type and model, then how often P90
 * held lately, if that is there. NULL or null: that there is none yet. */
void forecast_print(struct buffer *out, const json_t *forecast);

#endif
