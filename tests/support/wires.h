/*
 * fotad, Users, CSPs and PostgreSQL in network namespaces of their own, with a
 * wire for each line between them. While a wire is cut, packets vanish and
 * nobody is told. Needs root; all of it is gone with the program.
 */
#ifndef FOTAD_TESTS_WIRES_H
#define FOTAD_TESTS_WIRES_H

#include "support/scenario.h"

enum wires_place {
    PLACE_FOTAD,
    PLACE_USERS,
    PLACE_CSPS,
    PLACE_DATABASE,
    PLACE_WIRES,
    PLACES
};

/* Makes them, once in a program and before any thread, and enters
 * PLACE_USERS. NULL when it is done, otherwise why it cannot be. */
const char *wires_open(void);

/* This thread, and what it starts from now on, is there. */
void wires_enter(enum wires_place place);

/* The address of the side of a line that is called, in the place where it
 * is. */
const char *wires_host(enum scenario_line line);

/* From any thread, which is in PLACE_WIRES afterwards. wires_mend() returns how
 * many packets have vanished. */
void wires_cut(enum scenario_line line);
unsigned long wires_mend(enum scenario_line line);

#endif
