/* What people and Users of a run do: requests, resets, changes of the
 * inventory, commands. */
#ifndef FOTAD_FOTASIM_LIVES_ASK_H
#define FOTAD_FOTASIM_LIVES_ASK_H

#include "fotasim/lives_run.h"

/* Does what is planned to be done to the lives by `now`, a time of a step. */
void lives_ask_due(struct lives_run *run, instant now);

#endif
