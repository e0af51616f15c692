/* Independent judges of DUIS documents: the official schema, the xmlsec1
 * program, libxml2's canonical form. */
#ifndef FOTAD_TESTS_DUIS_CHECK_H
#define FOTAD_TESTS_DUIS_CHECK_H

#include "base/arena.h"
#include "base/buffer.h"

/* Compiles the official DUIS 5.4 schema from the reference data. To be called
 * before duis_open(), which lets libxml2 open nothing more. False when the
 * data is not there. */
bool official_schema_open(void);
void official_schema_close(void);

/* Is the document valid against it? official_schema_reason() then says why
 * not. */
bool official_schema_accepts(struct span document);
const char *official_schema_reason(void);

/* Does the xmlsec1 program verify the document with that certificate? 1 yes,
 * 0 no, -1 when there is no such program. */
int xmlsec1_verifies(struct span document, struct span certificate_pem);

/* Appends inclusive C14N 1.0 of the document without its ds:Signature. */
void canonical_without_signature(struct span document, struct buffer *out);

#endif
