/*
 * A clock that was set while fotad runs. Forward, what is due then is done
 * now. Back, leases and pauses would last longer by as much: they are cut down
 * to what they would be had they begun now. Execution times and the times of
 * records stay as they are.
 */
#ifndef FOTAD_HOUSEKEEPING_CLOCK_WATCH_H
#define FOTAD_HOUSEKEEPING_CLOCK_WATCH_H

#include "base/config.h"
#include "db/db.h"

struct clock_watch {
    instant drift; /* clock_now() - clock_elapsed() */
    bool cut;      /* pauses are to be cut; at first as well, for the clock may
                      have been set while nobody ran */
};

/* Begins to watch. */
struct clock_watch clock_watch_begin(void);

/* To be called often. Says a jump of more than 10 s in the log, counts it, and
 * cuts what lasts too long; the outcome is that of the latter. */
enum outcome clock_watch_look(struct clock_watch *watch, struct db *db,
                              const struct config *config);

#endif
