#include "base/secret.h"

#include "base/hex.h"
#include "base/memory.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdlib.h>

const char *token_new(struct arena *arena) {
    uint8_t octets[TOKEN_TEXT_LEN / 2];
    if (RAND_bytes(octets, sizeof octets) != 1)
        abort(); /* a token that can be guessed is worse than none */
    return hex_format(span_of(octets, sizeof octets),
                      arena_alloc(arena, TOKEN_TEXT_LEN + 1));
}

void token_hash(const char *token, uint8_t hash[static TOKEN_HASH_LEN]) {
    SHA256((const uint8_t *)token, strlen(token), hash);
}

/* In the arena; NULL when the setting is none. */
static const char *hash_with(struct arena *arena, const char *password,
                             const char *setting) {
    void *data = NULL;
    int size = 0;
    const char *hash = crypt_ra(password, setting, &data, &size);
    if (hash)
        hash = arena_text(arena, span_text(hash));
    if (data)
        OPENSSL_cleanse(data, (size_t)size);
    free(data);
    return hash;
}

const char *password_hash(struct arena *arena, const char *password) {
    char *setting = crypt_gensalt_ra("$y$", 0, NULL, 0);
    const char *hash = setting ? hash_with(arena, password, setting) : NULL;
    free(setting);
    if (!hash)
        memory_exhausted(0);
    return hash;
}

bool password_fits(const char *password, const char *hash) {
    /* of a password that nobody knows */
    static const char nobody[] = "$y$j9T$0123456789abcdefghijk.$";
    struct arena *arena = arena_new();
    const char *again = hash_with(arena, password, hash ? hash : nobody);
    bool fits = hash && again && secret_equal(again, hash);
    arena_free(arena);
    return fits;
}

bool secret_equal(const char *a, const char *b) {
    size_t len = strlen(a);
    return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}
