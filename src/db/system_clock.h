/*
 * The clock of the system: the database's (sql/clock.sql), which clock_now()
 * follows. A look asks for it once, and its offset to a clock that nobody sets
 * (CLOCK_BOOTTIME) is kept until the next one; so no request asks, and a leap
 * of either clock moves clock_now() only when the database believes it.
 */
#ifndef FOTAD_DB_SYSTEM_CLOCK_H
#define FOTAD_DB_SYSTEM_CLOCK_H

#include "base/config.h"
#include "db/db.h"

/* What the latest look has found. */
struct clock_reading {
    char doubt[8];  /* why the clock is in doubt: "early", "behind", "leapt",
                       "gap"; "": it is not */
    instant clock;  /* what the database's clock said */
    instant apart;  /* how far this machine's own clock is ahead of it */
    instant error;  /* how far it may be from what was read: half of the time
                       that the answer took, and what clocks drift since */
    instant moved;  /* how far clock_now() moved with the look; 0: the first */
    bool went_back; /* times ahead are to be cut (housekeeping/clock_watch.h) */
};

/* For a program that runs: looks, moves the mark, and has clock_now() follow
 * and clock_state() say what is known. RETRY or FAILED as db_run() says: then
 * the time is counted on. One thread at a time. */
enum outcome system_clock_look(struct db *db, const struct config *config,
                               struct clock_reading *reading);

/* For a program that comes and goes: the same without moving the mark. */
enum outcome system_clock_read(struct db *db, const struct config *config,
                               struct clock_reading *reading);

/* The latest reading; from any thread. */
struct clock_reading system_clock_latest(void);

/* For people, in the arena: why nothing is done that cannot be undone, and what
 * to do; NULL: it is done. `config` says how far clocks may be apart. */
const char *system_clock_fault(const struct config *config,
                               struct arena *arena);

#endif
