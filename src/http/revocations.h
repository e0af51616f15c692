/* Certificate Revocation Lists for the clients of all listeners. */
#ifndef FOTAD_HTTP_REVOCATIONS_H
#define FOTAD_HTTP_REVOCATIONS_H

#include "base/span.h"

#include <gnutls/x509.h>

/* Certificate Revocation Lists (DER) for the clients of all listeners, instead
 * of those given before. Whoever gives them has verified them. They are
 * copied; what cannot be read is left out. Returns how many were taken. */
size_t http_use_revocations(const struct span *lists, size_t count);

/* The number of the lists of the moment: from 1, rising when others are given.
 * From any thread, without a lock. */
uint64_t revocations_number(void);

/* Whether the lists of the moment have any certificate of this chain (DER).
 * What it costs does not grow with the lists. From any thread. */
bool revocations_have(const gnutls_datum_t *chain, unsigned count);

#endif
