/* Lives that went wrong are made as short as they can be: each event is left
 * out by turns, on a device of the same kind, for as long as it still goes
 * wrong. */
#ifndef FOTAD_FOTASIM_LIVES_SHRINK_H
#define FOTAD_FOTASIM_LIVES_SHRINK_H

#include "fotasim/lives_run.h"

enum { LIVES_MOST_SHRUNK = 8 };

/* Prints the shortest that was found of each (at most LIVES_MOST_SHRUNK). Uses
 * the devices of the estate that `spare` marks, each once. */
void lives_shrink(struct lives_run *run, struct life *const *wrong,
                  size_t count, bool *spare);

#endif
