/*
 * Files that people name, read whole; and why one cannot be, in words that say
 * what to change.
 */
#ifndef FOTAD_BASE_FILE_H
#define FOTAD_BASE_FILE_H

#include "base/arena.h"
#include "base/span.h"

#include <stdbool.h>

/* Why `path` cannot be read as a file, without the path: what the system says,
 * or which user may not read it and whose it is; in the arena. NULL: it can. */
const char *file_fault(struct arena *arena, const char *path);

/* The same, why nothing can be written into the directory `path`. */
const char *directory_fault(struct arena *arena, const char *path);

/* All of `path`, of at most `most` octets, in the arena and followed by a NUL.
 * False with the reason as file_fault() has it, or that it is larger. */
bool file_load(struct arena *arena, const char *path, size_t most,
               struct span *octets, const char **reason);

#endif
