/* The files that a scenario's fotad is fed with. */
#ifndef FOTAD_TESTS_SCENARIO_FILES_H
#define FOTAD_TESTS_SCENARIO_FILES_H

#include "support/scenario.h"

enum { SCENARIO_IMAGE_OCTETS = 4096, SCENARIO_SEED = 1 };

/* Of the whole program: keys in pki/, cpl.csv and images in estate/. */
extern char scenario_home[64];
extern const char *scenario_clock_path;
extern int64_t *scenario_clock; /* the offset, in microseconds */

/* Runs a verb of fotasim with the words of a line; did it end well? */
bool scenario_verb(int (*verb)(int, char **), const char *line);

/* smi.csv, users.csv and the certificates of bulk devices. */
void scenario_write_estate(struct scenario *scenario);

#endif
