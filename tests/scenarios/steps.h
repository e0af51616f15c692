/* What the scenarios are written with. */
#ifndef FOTAD_TESTS_SCENARIOS_STEPS_H
#define FOTAD_TESTS_SCENARIOS_STEPS_H

#include "support/check.h"
#include "support/scenario.h"

#define END                                                                    \
    { NULL, NULL }
/* The steps, in a world of their own that is as usual. */
#define RUN(...)                                                               \
    scenario_run(NULL, (const struct scenario_step[]){__VA_ARGS__, END})

/* Images of the sample catalogue. */
#define PPMID_IMAGE "ppmid-a-0A000003"
#define ESME_IMAGE "esme-a-01020000"
#define HCALCS_IMAGE "hcalcs-a-00000002"

#endif
