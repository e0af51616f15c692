/* P-256 keys of the emulated parties, and the certificates that name them. */
#ifndef FOTAD_FOTASIM_KEYS_H
#define FOTAD_FOTASIM_KEYS_H

#include "base/arena.h"
#include "base/eui64.h"

#include <openssl/types.h>

/* OpenSSL says no only when it is broken or out of memory: then abort(). */
void openssl_must(bool condition);

/* A new key; it belongs to the arena. */
EVP_PKEY *key_new(struct arena *arena);

/* The private key of a PEM file; NULL after saying why not. */
EVP_PKEY *key_read(struct arena *arena, const char *path);

/* A private key and a certificate as PEM, in the arena. */
struct span key_pem(struct arena *arena, EVP_PKEY *key);
struct span certificate_pem(struct arena *arena, X509 *certificate);

/* ECDSA over SHA-256 of `octets`, raw r and s. */
bool key_sign(EVP_PKEY *key, struct span octets, uint8_t signature[static 64]);

/* A certificate authority that issues as the test systems' "CN=Z1,OU=07"
 * does. */
struct authority {
    EVP_PKEY *key;
    X509 *certificate;
};
struct authority authority_new(struct arena *arena);

/* The parts of certificates: an extension as X509V3_EXT_conf_nid() reads it; a
 * device's subjectAltName; an organisation's identifier in a subject. */
void certificate_add_extension(X509 *certificate, int nid, const char *value);
void certificate_add_device_id(X509 *certificate, eui64 id);
void name_add_organisation_id(X509_NAME *name, eui64 id);

struct certificate_wish {
    eui64 id;
    const char *role;   /* subject OU; NULL: a device, by hardwareModuleName */
    bool key_agreement; /* else digitalSignature */
};

/* Issues a certificate for the public half of `key`: valid 2018 to 2117, with
 * a random serial number of 16 octets. It belongs to the arena. */
X509 *certificate_issue(struct arena *arena, const struct authority *authority,
                        EVP_PKEY *key, const struct certificate_wish *wish);

#endif
