/* Files of the source tree that travel inside the program: sql/, schemas/,
 * web/. */
#ifndef FOTAD_BASE_EMBEDDED_H
#define FOTAD_BASE_EMBEDDED_H

#include "base/span.h"

struct embedded_file {
    const char *name; /* "sql/0001-base.sql" */
    struct span text; /* followed by a NUL that does not count */
};

/* Sorted by name; the last entry has a NULL name. */
extern const struct embedded_file embedded_files[];

/* The file of that name; a span of length 0 when there is none. */
struct span embedded_file(const char *name);

#endif
