/* For src/duis: what is looked at before an XML parser sees the octets. */
#ifndef FOTAD_DUIS_TEXT_H
#define FOTAD_DUIS_TEXT_H

#include "duis/document.h"

#include <libxml/tree.h>

/* The body as UTF-8 without a byte order mark: `body` itself or, from UTF-16,
 * a copy in the arena. False with a fault when it is in another encoding or
 * says so, holds a NUL, or has more or longer markup than a DUIS document
 * needs: with these limits the tree stays small, libxml2's checks that compare
 * every attribute of a tag with every other stay quick, and so does what it
 * reads octet by octet (names, attributes, comments, instructions). */
bool duis_text(struct arena *arena, struct span body, struct span *text,
               struct duis_fault *fault);

/* Sets the fault: the place is `offset` in the text. */
void duis_fault_at(struct duis_fault *fault, struct span text, size_t offset,
                   const char *reason);

/* Sets the fault: the place is the start of the element's tag, as document.c
 * noted it; none when `node` is no element or attribute. */
void duis_fault_in(struct duis_fault *fault, struct span text,
                   const xmlNode *node, const char *reason);

/* A library's message as a fault's reason: one line, of bounded length, and
 * without the braces that libxml2 puts round namespaces. */
const char *duis_reason(struct arena *arena, const char *message);

#endif
