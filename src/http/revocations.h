/* Certificate Revocation Lists for the clients of all listeners. */
#ifndef FOTAD_HTTP_REVOCATIONS_H
#define FOTAD_HTTP_REVOCATIONS_H

#include "base/span.h"

#include <gnutls/x509.h>

/* Certificate Revocation Lists (DER) for the clients of all listeners, instead
 * of those given before. Whoever gives them has verified them. They are
 * copied; what cannot be read is left out. Returns how many were taken. */
size_t http_use_revocations(const struct span *lists, size_t count);

/* Whether the lists of the moment have this certificate. From any thread. */
bool revocations_have(gnutls_x509_crt_t certificate);

#endif
