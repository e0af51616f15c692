/*
 * For how long fotad has run on its database: what retention goes by. Counted
 * by the monotonic clock of each fotad, and believed no further than
 * PostgreSQL's clock has moved meanwhile, so that neither clock can make what
 * is kept old at once. What no fotad watched (a stop of all of them) does not
 * count: what is kept is then kept for so much longer.
 */
#ifndef FOTAD_HOUSEKEEPING_RUNNING_TIME_H
#define FOTAD_HOUSEKEEPING_RUNNING_TIME_H

#include "base/clock.h"
#include "db/db.h"

struct running_time {
    bool known;   /* false: {0}, it was not heard yet */
    int64_t ran;  /* microseconds, as the database said */
    instant then; /* by clock_since_boot() */
};

/* Tells the database what has passed since it was last told, once a minute;
 * DONE, or what the database says. */
enum outcome running_time_pass(struct running_time *running, struct db *db);

#endif
