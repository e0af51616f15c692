/* What a trial needs besides a database: keys, an estate, and CSPs in
 * fotad.conf that fotasim plays. */
#ifndef FOTAD_FOTACTL_SETUP_TRIAL_H
#define FOTAD_FOTACTL_SETUP_TRIAL_H

#include "fotactl/verb_run.h"

/* Makes them in the directory --trial by the program fotasim, imports the
 * estate by run->db, and puts keys where [identity] has them, unless there are
 * any. Says how to start the emulators. */
enum outcome trial_set_up(struct verb_run *run);

#endif
