/* The published reference data, which is no part of this tree: looked for at
 * $FOTAD_SHARED, else ../shared. */
#ifndef FOTAD_TESTS_SHARED_H
#define FOTAD_TESTS_SHARED_H

#include "base/buffer.h"

/* Appends the file `name` (a path below reference/) to `out`. False when it is
 * not there; the caller then skip()s. Says on stdout what was looked for. */
bool shared_read(const char *name, struct buffer *out);

#endif
