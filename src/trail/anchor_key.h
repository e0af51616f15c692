/* What who signs anchors and who reads them have in common; for this room
 * only. */
#ifndef FOTAD_TRAIL_ANCHOR_KEY_H
#define FOTAD_TRAIL_ANCHOR_KEY_H

#include "trail/anchor.h"

#include <openssl/bio.h>
#include <openssl/evp.h>

#define ANCHOR_BEGIN "fotad-anchor/1 "
#define ANCHOR_SIGN " signature="
enum { MOST_SIGNATURE = 1024 };

struct anchor_key {
    EVP_PKEY *key;
    uint8_t id[ANCHOR_KEY];
    struct anchor_key *next;
};

/* Takes the key over, into the arena. False when it has no public one. */
bool anchor_key_take(struct arena *arena, EVP_PKEY *found,
                     struct anchor_key *key);

/* NULL: *reason says why. */
BIO *anchor_pem_open(struct arena *arena, const char *path,
                     const char **reason);

#endif
