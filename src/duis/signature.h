/*
 * The signature of a DUIS document, in the one shape that is accepted:
 *
 * - one ds:Signature in the document, the last child of the root;
 * - SignedInfo canonicalised with exclusive C14N 1.0; ecdsa-sha256;
 * - one Reference with URI="", one transform (enveloped-signature), SHA-256.
 *   No C14N transform is named, so the digest is over inclusive C14N 1.0;
 * - SignatureValue is r and s, 32 octets each;
 * - KeyInfo is one X509IssuerSerial;
 * - no other element, attribute, or text anywhere in it.
 *
 * Any other form is refused, even if sound. Two steps, because the certificate
 * that the first one names has to be looked up: shape, then cryptography on
 * the same tree.
 */
#ifndef FOTAD_DUIS_SIGNATURE_H
#define FOTAD_DUIS_SIGNATURE_H

#include "duis/document.h"

#include <openssl/types.h>

/* Is there a ds:Signature anywhere in the document, of whatever form? */
bool duis_is_signed(const struct duis_document *document);

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
bool duis_signature_verify(const struct duis_document *document, EVP_PKEY *key,
                           const char **reason);

#endif
