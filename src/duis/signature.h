/*
 * The signature of a DUIS document. Strict is the shape of the DCC's own:
 *
 * - one ds:Signature in the document, the last child of the root;
 * - SignedInfo canonicalised with exclusive C14N 1.0; ecdsa-sha256;
 * - one Reference with URI="", one transform (enveloped-signature), SHA-256.
 *   No C14N transform is named, so the digest is over inclusive C14N 1.0;
 * - SignatureValue is r and s, 32 octets each;
 * - KeyInfo is one X509IssuerSerial;
 * - no other element, attribute, or text anywhere in it.
 *
 * Common is what libraries in use make of it besides, none of which is used:
 *
 * - SignedInfo canonicalised with C14N 1.0 or 1.1; one of the three as a second
 *   transform, after enveloped-signature;
 * - an Id on Signature, SignedInfo, Reference, SignatureValue, KeyInfo or
 * Object, a Type on Reference, one Object with nothing in it;
 * - KeyName, KeyValue and, in any X509Data, X509Certificate, X509SubjectName
 * and X509SKI beside the one X509IssuerSerial;
 * - the issuer in the order of the certificate's own name.
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

/* The document up to its signature, which is last in it: the same octets when a
 * request is signed again. All of it when it is not signed. */
struct span duis_up_to_signature(const struct duis_document *document);

enum duis_shape { DUIS_COMMON, DUIS_STRICT };

/* Which certificate signed: the key of the look-up in the store. */
struct duis_signer_name {
    const char *issuer;   /* as certificate_issuer_normalise() writes it */
    const char *reversed; /* the same the other way round; NULL: strict */
    const char *serial;   /* decimal digits, no zeros in front */
};

/* True when the document is signed in an accepted shape; `name` is then set
 * (from the arena). Otherwise `reason` names what offends (in the arena, one
 * line, with text of the document in it: see base/safe_text.h). Says nothing
 * about whether the signature is good. */
bool duis_signature_shape(struct arena *arena,
                          const struct duis_document *document,
                          enum duis_shape accepted,
                          struct duis_signer_name *name, const char **reason);

/* True when `key` (P-256, public; not consumed) made the document's signature.
 * Checks the shape again, so that it cannot be forgotten. Otherwise `reason`
 * says why not (in the arena). */
bool duis_signature_verify(struct arena *arena,
                           const struct duis_document *document,
                           enum duis_shape accepted, EVP_PKEY *key,
                           const char **reason);

#endif
