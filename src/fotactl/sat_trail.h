/* The Service Audit Trail of the database, passed on as an export is: to be
 * verified, or to become one. */
#ifndef FOTAD_FOTACTL_SAT_TRAIL_H
#define FOTAD_FOTACTL_SAT_TRAIL_H

#include "fotactl/verb_run.h"
#include "trail/trail.h"

/* Passes on the head, the seals there are now with their entries, and what is
 * not sealed yet: some seals at a time, for neither memory nor the server's
 * locks hold all days at once. REFUSED with a problem when retention drops
 * something meanwhile. */
enum outcome sat_trail_pass(struct verb_run *run, struct trail_sink *sink);

#endif
