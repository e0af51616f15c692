/* The Users of a run: what fotad sends to their addresses, by device. */
#ifndef FOTAD_FOTASIM_LIVES_TOLD_H
#define FOTAD_FOTASIM_LIVES_TOLD_H

#include "fotasim/lives_run.h"

/* They listen from now on; the program ends when they cannot. */
void lives_users_start(struct lives_run *run);
void lives_users_stop(struct lives_run *run);

#endif
