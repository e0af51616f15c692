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

/* The ports of the fotads, and where they are found. */
void scenario_choose_ports(struct scenario *scenario);
/* The cutters, if there are to be any. */
void scenario_draw_lines(struct scenario *scenario);
/* fotad.conf of each. */
void scenario_write_configs(struct scenario *scenario);

/* smi.csv, users.csv and the certificates of bulk devices. */
void scenario_write_estate(struct scenario *scenario);

#endif
