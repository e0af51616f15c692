/*
 * Who signs what fotad sends: the key and the certificate that names it
 * ([identity] xml_signing_key, xml_signing_certificate). One signer may be
 * used by many threads at once.
 */
#ifndef FOTAD_DUIS_SIGNER_H
#define FOTAD_DUIS_SIGNER_H

#include "base/buffer.h"
#include "duis/certificate.h"

struct duis_signer;

/* From the contents of two PEM files: a P-256 private key, not encrypted, and
 * its certificate, whose usage is digitalSignature. The signer belongs to the
 * arena. NULL with a reason (constant text) otherwise. */
struct duis_signer *duis_signer_new(struct arena *arena, struct span key_pem,
                                    struct span certificate_pem,
                                    const char **reason);

/* The same from files, the key by its file or its pkcs11: URI (base/hsm.h);
 * the reason names them. */
struct duis_signer *duis_signer_load(struct arena *arena, const char *key_path,
                                     const char *certificate_path,
                                     const char **reason);

/* From now on `signer` signs with the key and certificate of `fresh`, whose
 * arena may end; signatures in the making end as they began, and what they
 * began with ends with the last of them. One thread replaces. */
void duis_signer_replace(struct duis_signer *signer,
                         const struct duis_signer *fresh);

/* For dates and EUI-64; until the signer is replaced. */
const struct certificate *duis_signer_certificate(const struct duis_signer *);

/* `text` from `start` on is a whole document but for the root's end tag, in
 * inclusive C14N 1.0 as it stands; `end_tag` is that end tag. Appends the
 * ds:Signature and the end tag. False when the key does not sign: our own
 * fault; the buffer is then as it was. */
bool duis_signer_sign(const struct duis_signer *signer, struct buffer *text,
                      size_t start, const char *end_tag);

#endif
