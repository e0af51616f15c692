/* Lives are lived: all of a run at the same time, step by step. */
#ifndef FOTAD_FOTASIM_LIVES_PASS_H
#define FOTAD_FOTASIM_LIVES_PASS_H

#include "fotasim/lives_run.h"

/* All that is planned for the lives that were set, to the end, when fotad has
 * told everybody. Then its records are read. Begins where the clock is. */
void lives_pass(struct lives_run *run);

#endif
