/*
 * X.509 certificates of the SMKI, organisation and device: what fotad needs to
 * know of one (EUI-64, role, usage, validity, key), and the form in which its
 * issuer is compared with a ds:X509IssuerName.
 *
 * No chain is followed here and no date compared: the caller knows the time.
 */
#ifndef FOTAD_DUIS_CERTIFICATE_H
#define FOTAD_DUIS_CERTIFICATE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/eui64.h"

#include <openssl/types.h>

/* Subject OU of organisation certificates, a hexadecimal number. */
enum certificate_role {
    CERTIFICATE_DEVICE = -1, /* a device's: there is no OU */
    CERTIFICATE_SUPPLIER = 0x02,
    CERTIFICATE_NETWORK_OPERATOR = 0x03,
    CERTIFICATE_ACB = 0x04,
    CERTIFICATE_USER_XML_SIGN = 0x87,
    CERTIFICATE_DSP_XML_SIGN = 0x89, /* one old certificate writes 137 */
};

enum certificate_usage {
    CERTIFICATE_DIGITAL_SIGNATURE, /* "ds" */
    CERTIFICATE_KEY_AGREEMENT,     /* "ka" */
};

struct certificate {
    eui64 id;
    int role; /* enum certificate_role, or another OU, 0 to 0xffff */
    enum certificate_usage usage;
    instant not_before, not_after; /* both inclusive */
    const char *issuer;            /* normalised: "CN=Z1,OU=07" */
    const char *serial;            /* decimal digits, up to 49 */
    struct span serial_octets;     /* the same number, big-endian */
    struct span der;               /* the whole certificate */
    struct span public_key;        /* SubjectPublicKeyInfo, DER */
    EVP_PKEY *key;                 /* the public key; belongs to the arena */
};

/* Reads one certificate, PEM (the first of the text) or DER. Everything in
 * `certificate` belongs to the arena. False with a reason (constant text, such
 * as "is a CA certificate") when it is not a usable one: not X.509, a CA's,
 * not on P-256, no EUI-64, not exactly one of the two usages, no serial. */
bool certificate_read(struct arena *arena, struct span pem_or_der,
                      struct certificate *certificate, const char **reason);

/* The public key of a SubjectPublicKeyInfo (DER) as the store keeps it, for
 * signature checks; it belongs to the arena. NULL when it is no key on
 * P-256. */
EVP_PKEY *certificate_public_key(struct arena *arena, struct span spki);

/* An RFC 2253 name as written in a ds:X509IssuerName, in the form of
 * certificate.issuer: no white space around separators, attribute types in
 * upper case and under one name each (E is EMAILADDRESS, S is ST, also by OID),
 * one space for each run of white space in a value. A #value is read as DER:
 * strings become text, others (x500UniqueIdentifier is a BIT STRING) '#' and
 * their DER in upper case. The order of the parts is significant. NULL when it
 * is no such name, or no UTF-8. */
const char *certificate_issuer_normalise(struct arena *arena, struct span name);

/* Such a name, in that form, with its parts in reverse: of one that was written
 * in the certificate's own order the one of RFC 2253. In the arena. */
const char *certificate_issuer_reverse(struct arena *arena, const char *name);

#endif
