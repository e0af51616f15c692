/* The official DUIS 5.4 schema of the reference data, in the form that libxml2
 * can use (xsd-libxml2). */
#ifndef FOTAD_TESTS_OFFICIAL_SCHEMA_H
#define FOTAD_TESTS_OFFICIAL_SCHEMA_H

#include "base/span.h"

/* Compiles it if it is there; says on stdout when it is not. Call it before
 * duis_open(), after which libxml2 opens no files. */
void official_schema_open(void);

/* Is the document valid? True when there is no official schema. The reason is
 * one line, valid until the next call; one thread at a time. */
bool official_schema_valid(struct span document, const char **reason);

#endif
