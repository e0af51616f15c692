#include "trail/anchor_key.h"

#include "base/file.h"

#include <openssl/sha.h>
#include <openssl/x509.h>
#include <string.h>

enum { MOST_PEM = 1 << 20 };

static void key_free(void *key) {
    EVP_PKEY_free(key);
}

bool anchor_key_take(struct arena *arena, EVP_PKEY *found,
                     struct anchor_key *key) {
    uint8_t *octets = NULL, hash[SHA256_DIGEST_LENGTH];
    key->key = arena_adopt(arena, found, key_free);
    int len = i2d_PUBKEY(found, &octets);
    if (len <= 0)
        return false;
    SHA256(octets, (size_t)len, hash);
    OPENSSL_free(octets);
    memcpy(key->id, hash, sizeof key->id);
    return true;
}

BIO *anchor_pem_open(struct arena *arena, const char *path,
                     const char **reason) {
    struct span pem;
    if (!file_load(arena, path, MOST_PEM, &pem, reason))
        return NULL;
    *reason = "there is no memory";
    return BIO_new_mem_buf(pem.data, (int)pem.len);
}
