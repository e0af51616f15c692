/* Test keys. */
#ifndef FOTAD_TESTS_GBCS_KEYS_H
#define FOTAD_TESTS_GBCS_KEYS_H

#include "base/span.h"

#include <openssl/evp.h>

/* A private P-256 key from its scalar, 64 hexadecimal digits. */
EVP_PKEY *key_of_scalar(const char *hex);

/* A fixed private key of our own; different numbers, different keys. */
EVP_PKEY *key_of_number(unsigned number);

/* The public key of a certificate in PEM. NULL when it is none. */
EVP_PKEY *key_of_certificate(struct span pem);

#endif
