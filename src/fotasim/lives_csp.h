/* The emulated CSPs of a run: they take images, jobs and commands. */
#ifndef FOTAD_FOTASIM_LIVES_CSP_H
#define FOTAD_FOTASIM_LIVES_CSP_H

#include "fotasim/lives_run.h"

/* They listen from now on; the program ends when they cannot. */
void lives_csps_start(struct lives_run *run);
void lives_csps_stop(struct lives_run *run);

/* Of lives that are over. */
void lives_forget_jobs(struct lives_run *run);

#endif
