/* The radio cells of CSP North, in the estate and in the emulated CSP. */
#ifndef FOTAD_FOTASIM_RADIO_CELL_H
#define FOTAD_FOTASIM_RADIO_CELL_H

#include <stdint.h>

/* The hubs are spread over so many cells (above 0), always the same way: the
 * one of the hub, whose EUI-64 is as eui64_format() writes it. */
uint64_t sim_radio_cell(const char *hub, uint64_t cells);

#endif
