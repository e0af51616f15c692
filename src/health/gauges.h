/* What /metrics says of the tables: sql/gauges.sql. */
#ifndef FOTAD_HEALTH_GAUGES_H
#define FOTAD_HEALTH_GAUGES_H

#include "base/config.h"
#include "db/db.h"

/* Sets them as the database has it now; while it cannot be asked they stay.
 * Their labels are the Users that messages were for, and the CSPs. */
void gauges_measure(struct db *db, const struct config *config,
                    struct arena *arena);

#endif
