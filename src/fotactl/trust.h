/* [identity] trust_anchors, and bundles like it: who is believed. */
#ifndef FOTAD_FOTACTL_TRUST_H
#define FOTAD_FOTACTL_TRUST_H

#include "base/arena.h"

#include <openssl/types.h>

struct trust;

/* Reads a bundle of PEM certificates; each of them, root or not, is trusted.
 * Belongs to the arena. NULL with the reason when there is none that can be
 * read. */
struct trust *trust_load(struct arena *arena, const char *path,
                         const char **reason);

/* NULL when the certificate (DER) chains to an anchor by good signatures, else
 * the reason (constant text). Dates are not looked at: what has expired is
 * refused where it is used, by the time that fotad has then. */
const char *trust_check(const struct trust *trust, struct span der);

/* Whether an anchor that may sign lists (cRLSign) has signed this one. */
bool trust_check_list(const struct trust *trust, X509_CRL *crl);

#endif
