/* One round of housekeeping, and its steps: for this room only. */
#ifndef FOTAD_HOUSEKEEPING_ROUND_H
#define FOTAD_HOUSEKEEPING_ROUND_H

#include "db/task.h"
#include "housekeeping/housekeeping.h"

/* Rows that one transaction removes or releases at most. */
enum { ROUND_BATCH = 1000 };

struct round {
    struct task *task; /* NULL: nobody stops it */
    struct db *db;
    const struct config *config;
    instant now;         /* what is old or overdue is so as of now */
    bool sound;          /* the clock is: days and rows may be dropped */
    struct arena *arena; /* emptied by each step */
    struct housekeeping_report report;
    enum outcome worst; /* of its steps */
};

/* The worse of two outcomes; FAILED is the worst. */
static inline enum outcome round_worse(enum outcome one, enum outcome other) {
    return one > other ? one : other;
}

/* The steps. Each commits its work in small transactions and ends early, with
 * DONE, when the task is to stop. RETRY or FAILED as db_run() says. */

/* Releases the devices of jobs that their CSP took and never reported on, and
 * alarms the Service Desk. */
enum outcome round_silence(struct round *round);

/* Tells the lists that waited for the other jobs of their request. */
enum outcome round_collected(struct round *round);

/* Learns which versions devices said that they run while an import had their
 * rows. */
enum outcome round_versions(struct round *round);

/* Ends holds whose time is over, and orders that nobody decided on; makes so
 * what is not as the orders in force say. */
enum outcome round_orders(struct round *round);

/* Releases the devices whose time is up. */
enum outcome round_release(struct round *round);

/* Counts how long updates took that have ended, and works out from when on a
 * device is stuck. */
enum outcome round_durations(struct round *round);

/* Scores the forecasts that are known by now, and makes those that are due. */
enum outcome round_forecasts(struct round *round);

/* Looks at the rules of alarms whose time has come (sql/alarm.sql): raises and
 * ends alarms. */
enum outcome round_alarms(struct round *round);

/* Makes the partitions of today and the next days, and drops those of days
 * that are older than what is kept. */
enum outcome round_days(struct round *round);

/* Removes old rows of tables without partitions, and ends sign-ins. */
enum outcome round_clean(struct round *round);

/* Seals the Service Audit Trail: a hash over what was added to it, and what
 * retention drops of it. */
enum outcome round_seal(struct round *round);

/* Lists the days of the trail that have entries of a device or request, and
 * indexes those that are over. */
enum outcome round_history(struct round *round);

/* Adds a signed line for each new seal to the file of [sat] anchors. */
enum outcome round_anchors(struct round *round);

/* Counts what became of updates, day by day, where the count is old. */
enum outcome round_outcomes(struct round *round);

#endif
