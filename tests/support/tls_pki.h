/* Keys, certificates and revocation lists for TLS, made for each run. */
#ifndef FOTAD_TESTS_TLS_PKI_H
#define FOTAD_TESTS_TLS_PKI_H

#include "base/buffer.h"

#include <openssl/types.h>

struct tls_identity {
    EVP_PKEY *key;
    X509 *certificate;
    char key_path[96], certificate_path[96];
};

struct tls_wish {
    const char *name;          /* CN of its subject, and of its files */
    const char *serial_number; /* serialNumber of its subject; NULL: none */
    long serial;               /* of the certificate */
    int from, to; /* days from now; 0 and 0: from yesterday to tomorrow */
    const struct tls_identity *issuer; /* NULL: a CA that signs itself */
    bool for_another_host;             /* not for 127.0.0.1 */
    int exponent; /* bits of an RSA key's public exponent; 0: a key of P-256 */
    /* In OpenSSL's words; NULL: none. */
    const char *extended_usage, *name_constraints;
    uint8_t unique_identifier[8]; /* of its subject; 0: none */
};

/* The folder of this program's files; removed with tls_pki_remove(). */
const char *tls_pki_folder(void);
void tls_pki_remove(void);

/* Key and certificate, in the identity and as NAME.key and NAME.pem. */
void tls_make(struct tls_identity *identity, const struct tls_wish *wish);
void tls_identity_free(struct tls_identity *identity);

/* A list of that issuer which revokes these serial numbers (ended by 0), from
 * `from` days from now to `to`; DER. The caller frees it. */
struct buffer tls_crl(const struct tls_identity *issuer, const long *serials,
                      int from, int to);

/* Writes a file of that name into the folder; its path is static. */
const char *tls_write(const char *name, struct span octets);

#endif
