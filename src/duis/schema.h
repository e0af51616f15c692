/* For src/duis: the schemas of schemas/, compiled once. */
#ifndef FOTAD_DUIS_SCHEMA_H
#define FOTAD_DUIS_SCHEMA_H

#include "duis/document.h"

#include <libxml/tree.h>

/* Compiles the embedded schemas; false, with what was wrong in the log, when
 * one does not compile. Not to be called by two threads. */
bool schema_open(void);
void schema_close(void);

/* The first thing that is wrong with a tree. */
struct schema_fault {
    const xmlNode *node; /* where, NULL when unknown */
    const char *reason;  /* in the arena */
};

/* True when the tree is valid; the compiled schema is only read, so any number
 * of threads may validate at once. */
bool schema_validate(struct arena *arena, xmlDoc *tree, enum duis_root root,
                     struct schema_fault *fault);

#endif
