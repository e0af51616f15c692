/*
 * What time does to the records (requirement C4, §4.8): devices of which
 * nothing more is heard are released, days are made ahead and dropped, old rows
 * go, the Service Audit Trail is sealed (requirement H1). All in small
 * transactions that step around what others hold, so that several fotad may do
 * it and nobody waits for it.
 *
 * What is kept for how long since it was inserted, from the configuration, by
 * running time (running_time.h):
 *   tracked updates that ended,      tracking_memory(): while something may
 *     identifiers and device           still be heard of them
 *     messages of CSPs
 *   the Service Audit Trail          [sat] retention
 *   answers to Service Requests,     [user_gateway] keep_answers; the row of a
 *     jobs, OTA Upgrade Images       RequestID stays for ever
 */
#ifndef FOTAD_HOUSEKEEPING_HOUSEKEEPING_H
#define FOTAD_HOUSEKEEPING_HOUSEKEEPING_H

#include "base/config.h"
#include "db/task.h"

struct housekeeping_report {
    int64_t released; /* devices */
    int64_t made;     /* days */
    int64_t dropped;  /* days */
    int64_t removed;  /* rows, or the octets in them */
};

/* Does all of it once, as of `now`. RETRY or FAILED when the database did not
 * let it; what was done until then is done. */
enum outcome housekeeping_run(struct db *db, const struct config *config,
                              instant now, struct housekeeping_report *report);

/* The partitions that `now` is in, before anything is written to them: made
 * later they turn away, once, each statement at work (db/error.c, rerouted).
 * RETRY or FAILED as db_run() says; those that are busy are left to a round. */
enum outcome housekeeping_make_days(struct db *db, instant now);

/* A task (db/task.h) that does it every [tracking] housekeeping by fotad's
 * clock, or leaves it to another fotad; it also has the database plan anew when
 * tables have grown.
 * `config` must live until task_stop(), which finishes the step in hand. */
struct task *housekeeping_start(const struct config *config);

#endif
