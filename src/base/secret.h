/*
 * What people and scripts prove themselves with: passwords, kept as yescrypt
 * hashes, and random tokens, kept as SHA-256, which is enough for 256 random
 * bits.
 */
#ifndef FOTAD_BASE_SECRET_H
#define FOTAD_BASE_SECRET_H

#include "base/arena.h"

enum {
    TOKEN_TEXT_LEN = 64, /* hexadecimal digits */
    TOKEN_HASH_LEN = 32,
    PASSWORD_LEAST = 12, /* octets */
    PASSWORD_MOST = 256,
};

/* A new random token in the arena. */
const char *token_new(struct arena *arena);

/* What is kept of a token: its SHA-256. */
void token_hash(const char *token, uint8_t hash[static TOKEN_HASH_LEN]);

/* The yescrypt hash of a password, with a new salt, in the arena. It takes long
 * on purpose. */
const char *password_hash(struct arena *arena, const char *password);

/* Is it the password of that hash? NULL for a hash: false, after as long as
 * it takes to find out, so that time does not tell who exists. */
bool password_fits(const char *password, const char *hash);

/* Same length and octets, in a time that does not tell where they differ. */
bool secret_equal(const char *a, const char *b);

#endif
