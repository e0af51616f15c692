/* How many file descriptors are left: without one nobody can connect, to us or
 * to the database. */
#ifndef FOTAD_HEALTH_DESCRIPTORS_H
#define FOTAD_HEALTH_DESCRIPTORS_H

#include "base/arena.h"

/* Looks, sets the metrics, and says so in the log when fewer than a tenth are
 * left, at most once a minute. By one thread. */
void descriptors_watch(void);

/* What is wrong, in the arena, or NULL; by what was seen last. */
const char *descriptors_warning(struct arena *arena);

#endif
