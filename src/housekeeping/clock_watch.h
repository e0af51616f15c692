/*
 * A clock that was set while fotad runs. Forward, what is due then is done
 * now. Back, leases and pauses would last longer by as much: they are cut down
 * to what they would be had they begun now. Execution times and the times of
 * records stay as they are. A start cuts nothing unless the clock was set back
 * while nobody ran: what a User or a CSP asked for by Retry-After is kept.
 */
#ifndef FOTAD_HOUSEKEEPING_CLOCK_WATCH_H
#define FOTAD_HOUSEKEEPING_CLOCK_WATCH_H

#include "base/config.h"
#include "db/db.h"

struct clock_watch {
    instant drift; /* clock_now() - clock_elapsed() */
    bool asks;     /* the database is to be asked whether the clock was set back
                      while nobody ran */
    bool cut;      /* pauses are to be cut */
};

/* Begins to watch. */
struct clock_watch clock_watch_begin(void);

/* To be called often. Says a jump of more than 10 s in the log, counts it, and
 * cuts what lasts too long; the outcome is that of the latter. */
enum outcome clock_watch_look(struct clock_watch *watch, struct db *db,
                              const struct config *config);

#endif
