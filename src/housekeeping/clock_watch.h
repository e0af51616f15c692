/*
 * Keeps fotad at the clock of the system (db/system_clock.h): looks at it every
 * few seconds, says in the log what became of it, and when it went back has
 * times cut that were set by a clock that ran ahead (sql/ahead.sql), so that
 * nothing waits until it has come there again.
 */
#ifndef FOTAD_HOUSEKEEPING_CLOCK_WATCH_H
#define FOTAD_HOUSEKEEPING_CLOCK_WATCH_H

#include "base/config.h"
#include "db/task.h"

/* One look. RETRY or FAILED when the database did not let it: then what is to
 * be cut is cut after the next one. */
enum outcome clock_watch_look(struct db *db, const struct config *config);

/* The first look has been. A task (db/task.h) that does the next ones; `config`
 * must live until task_stop(). */
struct task *clock_watch_start(const struct config *config);

#endif
