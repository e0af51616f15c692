/*
 * A DUIS document: octets as received -> the tree that is checked against the
 * schema, then verified, then read. One tree for all three, so that nothing
 * can be verified that is not what is read.
 *
 * Accepted: UTF-8, or UTF-16 with a byte order mark; no DOCTYPE, so no entity
 * but the five of XML; no CDATA section; no NUL; at most 1,024 pieces of markup
 * of at most 64 KiB each, nested at most 32 deep, with 128 attributes and
 * namespace declarations altogether; 2 MiB of text beside the image and 400,000
 * lines and references. A value (the text of an element) is one run of
 * characters: comments and processing instructions inside it are refused, so
 * that no reader can take a part of it for the whole. All of this is refused
 * before the schema is looked at.
 */
#ifndef FOTAD_DUIS_DOCUMENT_H
#define FOTAD_DUIS_DOCUMENT_H

#include "base/arena.h"
#include "base/span.h"

enum duis_parse_result {
    DUIS_PARSED = 0,
    DUIS_NOT_WELL_FORMED, /* HTTP 400: not XML, or not XML that we take */
    DUIS_NOT_VALID,       /* HTTP 400: XML, but not the schema's */
};

/* Why a document was refused, for problem+json. Line and column count from 1
 * in the document's characters and octets of UTF-8; 0 when the fault has no
 * place. `reason` is one line of at most 300 octets of UTF-8. */
struct duis_fault {
    unsigned line, column;
    const char *reason;
};

/* The root element that is asked for, and with it the schema. */
enum duis_root { DUIS_REQUEST, DUIS_RESPONSE };

struct _xmlDoc; /* libxml2's tree: for src/duis only */

struct duis_document {
    struct _xmlDoc *tree; /* belongs to the arena */
    struct span text;     /* as UTF-8; may be the caller's body */
};

/* Reads and validates `body`. The caller has already limited its length
 * ([user_gateway] max_body). On DUIS_PARSED the document is set and lives as
 * long as the arena; otherwise the fault is set, its text in the arena. */
enum duis_parse_result duis_document_parse(struct arena *arena,
                                           struct span body,
                                           enum duis_root root,
                                           struct duis_document *document,
                                           struct duis_fault *fault);

#endif
