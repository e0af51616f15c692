/*
 * Certificate Revocation Lists (RFC 5280, section 5): whole lists of one
 * issuer, its own certificates only.
 */
#ifndef FOTAD_DUIS_REVOCATION_H
#define FOTAD_DUIS_REVOCATION_H

#include "base/arena.h"
#include "base/clock.h"

#include <openssl/types.h>

struct revocation_list {
    const char *issuer; /* as certificate.issuer: "CN=Z1,OU=07" */
    instant this_update, next_update;
    struct span der;
    size_t count;
    const char **serials; /* decimal digits */
    instant *revoked;     /* when, of each */
    X509_CRL *crl;        /* belongs to the arena */
};

/* Reads one list, PEM (the first of the text) or DER, into the arena. False
 * with a reason (constant text) when it is none, or one of those that fotad
 * does not take: a delta, one without nextUpdate, one whose issuing
 * distribution point leaves some user certificates to other lists or has those
 * of others, one with another critical extension. Its signature is not looked
 * at. */
bool revocation_list_read(struct arena *arena, struct span pem_or_der,
                          struct revocation_list *list, const char **reason);

#endif
