/* The beginning and the end of a run. */
#ifndef FOTAD_FOTASIM_LIVES_START_H
#define FOTAD_FOTASIM_LIVES_START_H

#include "fotasim/lives_run.h"

/* All that a run needs, with `count` devices of the estate; the lives are not
 * drawn yet. The program ends when something is not there. */
void lives_start(struct lives_run *run, const struct lives_options *options,
                 size_t count);
void lives_stop(struct lives_run *run);

/* The devices of some lives, which are all zeros otherwise, from now on. */
void lives_set(struct lives_run *run, struct life *lives, size_t count);

#endif
