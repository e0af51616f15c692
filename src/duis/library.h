/*
 * The libraries under this room (libxml2, xmlsec1) and the compiled schemas:
 * opened once per process, before threads start; everything else in src/duis
 * may then be called from any number of threads at once.
 *
 * From duis_open() on libxml2 opens no file and no address in this process:
 * its loader knows the embedded schemas only.
 */
#ifndef FOTAD_DUIS_LIBRARY_H
#define FOTAD_DUIS_LIBRARY_H

#include <stdbool.h>

/* False, with what was wrong in the log, when a library or an embedded schema
 * does not load: our own fault, and nothing else of this room may be used. */
bool duis_open(void);

/* Ends what duis_open() began. No other thread may be in this room. */
void duis_close(void);

#endif
