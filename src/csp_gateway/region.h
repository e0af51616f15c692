/* Which CSP serves which region, as the database is asked. */
#ifndef FOTAD_CSP_GATEWAY_REGION_H
#define FOTAD_CSP_GATEWAY_REGION_H

#include "base/config.h"
#include "db/db.h"

/* Two array parameters that go together: the regions that are served
 * (csp_region[]), and the name of the CSP of each (text[]). They are put into
 * the parameters' arena. */
void csp_add_regions(struct db_params *params, const struct config *config);

#endif
