/*
 * For src/duis: the shapes of a signature that are accepted. Checked on the
 * tree before any cryptography, so that every known way of wrapping, hiding or
 * weakening a signature fails here, whatever a library would make of it.
 */
#ifndef FOTAD_DUIS_SHAPE_H
#define FOTAD_DUIS_SHAPE_H

#include "duis/signature.h"

#include <libxml/tree.h>

/* Octets of the text of DigestValue and SignatureValue. */
enum { SHAPE_MOST_VALUE = 1024 };

/* The signature's only element of each kind. */
struct shape {
    xmlNode *signature;
    const xmlNode *digest_value, *signature_value, *issuer, *serial;
    int canonicalisation; /* of SignedInfo: xmlC14NMode */
};

/* False with a reason that names what offends (in the arena) when the tree is
 * not signed, or not in this shape. DigestValue is then 32 octets of base64,
 * SignatureValue 64, and r and s are within 1 to the order of P-256 less 1. */
bool shape_check(struct arena *arena, const struct duis_document *document,
                 enum duis_shape accepted, struct shape *shape,
                 const char **reason);

#endif
