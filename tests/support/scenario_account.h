/* What Users were told of each device of a campaign that supplier 1 began with
 * an 11.4 for the bulk devices of a scenario. */
#ifndef FOTAD_TESTS_SCENARIO_ACCOUNT_H
#define FOTAD_TESTS_SCENARIO_ACCOUNT_H

#include "support/scenario.h"

enum scenario_told {
    TOLD_REJECTED, /* N18 to N22, supplier 1 */
    TOLD_N59,      /* supplier 2 */
    TOLD_N60,      /* supplier 1, and so are the next ones */
    TOLD_N61,
    TOLD_N62,
    TOLD_N39,
    TOLD_N39_TOO, /* supplier 2 */
    TOLDS
};

struct scenario_account {
    size_t count;
    bool others; /* of whom anything may be said */
    eui64 *ids;  /* sorted */
    unsigned (*told)[TOLDS];
    size_t strange;   /* messages and devices that are none of these */
    size_t repeats;   /* not counted in `told` */
    size_t responses; /* messages that are no alerts */
};

/* Everything is in the scenario's arena. */
struct scenario_account scenario_account(struct scenario *scenario);

/* The place of a Device ID as DUIS writes it; SIZE_MAX when it is not of the
 * campaign. */
size_t scenario_account_place(const struct scenario_account *account,
                              const char *device_id);

#endif
