/* For src/duis: names of issuers, from certificates and from text, in one
 * form (RFC 2253: the last part of the X.500 name comes first). */
#ifndef FOTAD_DUIS_ISSUER_H
#define FOTAD_DUIS_ISSUER_H

#include "base/arena.h"

#include <openssl/types.h>

/* The certificate's name in the form of certificate_issuer_normalise(); NULL
 * when it holds no name. */
const char *issuer_of_name(struct arena *arena, const X509_NAME *name);

#endif
