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

/* n1.ppmid runs 0A000001 at first; it may be updated to either of these. */
#define NEW "0A000003"
#define OTHER "0A000002"

/* The CSP reports on jobs and then says nothing; hubs get nothing. */
#define QUIET                                                                  \
    { csp, "north silent 100" }
/* Supplier 1 asks for an update of n1.ppmid, and the CSP takes it. */
#define ASKED(version)                                                         \
    {sends, "1 11.4 ppmid-a-" version " n1.ppmid I99"}, {                      \
        is_told, "2 N59 n1.ppmid"                                              \
    }
/* The image of n1.ppmid's latest update, which is `update`, is at its hub. */
#define AT_HUB(update)                                                         \
    {notifies, "north n1.ppmid Success"}, {                                    \
        is_told_of, "1 N61 " update " n1.ppmid"                                \
    }
/* The hub says so, of `update` or of none. */
#define HUB_SAYS(alert, version, update)                                       \
    {says, "n1.hub " alert " n1.ppmid " version}, {                            \
        is_told_of, "1 N62 " update " n1.ppmid"                                \
    }
#define PPMID_SAYS(version) {says, "n1.ppmid 8F8B " version}, N39_TO_BOTH
#define N39_TO_BOTH                                                            \
    {is_told, "1 N39 n1.ppmid"}, {                                             \
        is_told, "2 N39 n1.ppmid"                                              \
    }
/* How many devices of an update have that status. */
#define COUNT(update, status, count)                                           \
    { shows, "statuses." status " " count " request " update }

#endif
