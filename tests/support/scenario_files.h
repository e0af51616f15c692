/* The files that a scenario's fotad is fed with. */
#ifndef FOTAD_TESTS_SCENARIO_FILES_H
#define FOTAD_TESTS_SCENARIO_FILES_H

#include "support/scenario.h"
#include "support/wires.h"

enum { SCENARIO_IMAGE_OCTETS = 4096, SCENARIO_SEED = 1 };

/* Of the whole program: keys in pki/, cpl.csv and images in estate/. */
extern char scenario_home[64];
extern const char *scenario_clock_path;

/* Runs a verb of fotasim with the words of a line; did it end well? */
bool scenario_verb(int (*verb)(int, char **), const char *line);

/* Where the side of a line listens that is called. */
const char *scenario_host(const struct scenario *scenario,
                          enum scenario_line line);
/* With wires: what is started from now on is there. */
void scenario_enter(const struct scenario *scenario, enum wires_place place);

/* The ports of the fotads, and where they are found. */
void scenario_choose_ports(struct scenario *scenario);
/* The cutters, if there are to be any. */
void scenario_draw_lines(struct scenario *scenario);
/* fotad.conf of each. */
void scenario_write_configs(struct scenario *scenario);

/* smi.csv, users.csv and the certificates of bulk devices. */
void scenario_write_estate(struct scenario *scenario);

#endif
