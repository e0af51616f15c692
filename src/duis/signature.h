/*
 * The enveloped signature of a DUIS document (XML Signature, enveloped,
 * ecdsa-sha256 over exclusive C14N; see docs on the one accepted shape in
 * shape.c). Two steps, because the certificate that the first one names has
 * to be looked up: shape, then cryptography on the same tree.
 */
#ifndef FOTAD_DUIS_SIGNATURE_H
#define FOTAD_DUIS_SIGNATURE_H

#include "duis/document.h"

#include <openssl/types.h>

/* Which certificate signed: the key of the look-up in the store. */
struct duis_signer_name {
    const char *issuer; /* as certificate_issuer_normalise() writes it */
    const char *serial; /* decimal digits, no zeros in front */
};

/* True when the document is signed in the only shape that is accepted; `name`
 * is then set (from the arena). Otherwise `reason` is a constant text. Says
 * nothing about whether the signature is good. */
bool duis_signature_shape(struct arena *arena,
                          const struct duis_document *document,
                          struct duis_signer_name *name, const char **reason);

/* True when `key` (P-256, public; not consumed) made the document's signature.
 * Checks the shape again, so that it cannot be forgotten. Otherwise `reason`
 * is a constant text. */
bool duis_signature_verify(struct arena *arena,
                           const struct duis_document *document, EVP_PKEY *key,
                           const char **reason);

#endif
