/* Which CSP serves which region, as the configuration has it, for functions of
 * the database. */
#ifndef FOTAD_DB_REGIONS_H
#define FOTAD_DB_REGIONS_H

#include "base/config.h"
#include "db/db.h"

/* Adds two parameters, csp_region[] and text[], whose elements go together. The
 * texts are the configuration's. */
void db_regions(struct db_params *params, const struct config *config);

#endif
