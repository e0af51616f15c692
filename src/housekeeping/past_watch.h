/* Looks every 3 s whether the database went back in time (sql/past.sql). */
#ifndef FOTAD_HOUSEKEEPING_PAST_WATCH_H
#define FOTAD_HOUSEKEEPING_PAST_WATCH_H

#include "base/config.h"
#include "db/task.h"

/* Begins to remember, with the first look; the start goes on whatever it finds.
 * False with the reason when it cannot. */
bool past_watch_begin(struct db *db, const struct config *config,
                      const char **reason);

struct task *past_watch_start(const struct config *config);

#endif
