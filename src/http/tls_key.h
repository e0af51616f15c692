/*
 * TLS with a private key that is in an HSM (base/hsm.h), on P-256: for GnuTLS,
 * which has the listeners, and for OpenSSL, which libcurl has. For the files of
 * this room only.
 */
#ifndef FOTAD_HTTP_TLS_KEY_H
#define FOTAD_HTTP_TLS_KEY_H

#include "base/hsm.h"

#include <gnutls/gnutls.h>
#include <openssl/ssl.h>

/* Adds the certificates of a PEM file, the first of which is of that key, which
 * ends with the credentials, or now if that fails. An error of GnuTLS, or 0. */
int tls_key_serve(gnutls_certificate_credentials_t credentials,
                  const char *certificate, struct hsm_key *key);

/* The same for a client's context, which lives no longer than the key. */
bool tls_key_call(SSL_CTX *context, const char *certificate,
                  struct hsm_key *key);

#endif
