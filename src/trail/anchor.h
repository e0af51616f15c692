/*
 * Anchors of the Service Audit Trail: a signed line for each seal, kept where
 * whoever has the database cannot reach it (requirement H1). A line is text:
 *
 *   fotad-anchor/1 seal=12 first=1001 last=2000 entries=1000
 *   sealed=2026-11-29T17:00:00.000Z hash=HEX at=2026-11-29T17:00:01.000Z
 *   keep=220924800 key=HEX signature=BASE64
 *
 * `at`: when fotad wrote it, by fotad's clock; `keep`: its [sat] retention in
 * seconds; `key`: the first 16 octets of the SHA-256 of the public key
 * (SubjectPublicKeyInfo); the signature is over all in front of " signature=",
 * with SHA-256. What a log puts in front of a line is passed over.
 */
#ifndef FOTAD_TRAIL_ANCHOR_H
#define FOTAD_TRAIL_ANCHOR_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"

#include <stddef.h>

enum { TRAIL_HASH = 32, ANCHOR_KEY = 16 };

struct anchor {
    int64_t seal, first, last, entries;
    instant sealed, at;
    int64_t keep; /* seconds */
    uint8_t hash[TRAIL_HASH];
};

/* A private key, from its PEM file or by its pkcs11: URI (base/hsm.h), of which
 * the certificate's file says which it is; ends with the arena. NULL: *reason
 * says why. */
struct anchor_signer;
struct anchor_signer *anchor_signer_load(struct arena *arena, const char *key,
                                         const char *certificate,
                                         const char **reason);

/* Appends the line and its line end. False when it cannot be signed. */
bool anchor_write(const struct anchor_signer *signer,
                  const struct anchor *anchor, struct buffer *line);

/* The public keys of PEM certificates, which end with the arena. */
struct anchor_keys;
struct anchor_keys *anchor_keys_new(struct arena *arena);
/* Adds all certificates of a file; false: *reason says why. */
bool anchor_keys_load(struct anchor_keys *keys, const char *path,
                      const char **reason);

enum anchor_found {
    ANCHOR_GOOD,
    ANCHOR_NONE,    /* the line has none */
    ANCHOR_TORN,    /* it has the beginning of one: its writer was ended */
    ANCHOR_UNKNOWN, /* signed by a key that is none of these */
    ANCHOR_FORGED,  /* not what was signed */
};
/* Reads a line, without its end. */
enum anchor_found anchor_read(const struct anchor_keys *keys, struct span line,
                              struct anchor *anchor);

#endif
