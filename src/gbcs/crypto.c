#include "gbcs/crypto.h"

#include "base/log.h"
#include "gbcs/octets.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>

enum {
    SCALAR_LEN = 32,
    HASH_LEN = 32,
    KEY_LEN = 16,
    IV_LEN = 12,
    OTHER_INFO_LEN = 33,
    /* SEQUENCE { INTEGER r, INTEGER s } */
    DER_MOST = 2 + 2 * (2 + 1 + SCALAR_LEN),
};

/* Looked up once: a look-up takes locks. */
static EVP_MD *sha256;
static EVP_CIPHER *aes_gcm;

/* For what fails only when OpenSSL itself is broken or memory has run out. */
static void openssl_must(bool done, const char *what) {
    if (done)
        return;
    log_error("openssl.failed", "%s failed: check the OpenSSL set-up", what);
    abort();
}

static void algorithms_fetch(void) {
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    aes_gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    openssl_must(sha256 && aes_gcm, "fetching SHA256 and AES-128-GCM");
}

static void algorithms_fetch_once(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, algorithms_fetch);
}

static void hash_sha256(struct span octets, uint8_t out[static HASH_LEN]) {
    algorithms_fetch_once();
    openssl_must(EVP_Digest(octets.data, octets.len, out, NULL, sha256, NULL) ==
                     1,
                 "SHA-256");
}

/* A stranger's bad signature must not stay in OpenSSL's queue of errors, where
 * the next TLS connection of this thread would find it. */
static bool clear_errors_unless(bool done) {
    if (!done)
        ERR_clear_error();
    return done;
}

static bool is_p256(const EVP_PKEY *key) {
    char group[32];
    return EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
           strcmp(group, SN_X9_62_prime256v1) == 0;
}

static bool secret_derive(EVP_PKEY_CTX *ctx, EVP_PKEY *peer,
                          uint8_t z[static GBCS_SECRET_LEN]) {
    size_t len = GBCS_SECRET_LEN;
    return ctx && EVP_PKEY_derive_init(ctx) == 1 &&
           EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
           EVP_PKEY_derive(ctx, z, &len) == 1 && len == GBCS_SECRET_LEN;
}

bool gbcs_shared_secret(EVP_PKEY *own, EVP_PKEY *peer,
                        uint8_t z[static GBCS_SECRET_LEN]) {
    if (!is_p256(own) || !is_p256(peer))
        return false;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    bool done = secret_derive(ctx, peer, z);
    EVP_PKEY_CTX_free(ctx);
    return clear_errors_unless(done);
}

/* One round of the concatenation KDF of NIST SP 800-56A:
 * SHA-256(00000001 | Z | OtherInfo), of which the first 16 octets. */
static void derive_key(const uint8_t z[static GBCS_SECRET_LEN],
                       const struct gbcs_header *header,
                       uint8_t key[static HASH_LEN]) {
    static const uint8_t algorithm[] = {0x60, 0x85, 0x74, 0x06,
                                        0x08, 0x03, 0x00}; /* AES-GCM-128 */
    uint8_t input[4 + GBCS_SECRET_LEN + OTHER_INFO_LEN] = {0, 0, 0, 1};
    uint8_t *at = input + 4;
    memcpy(at, z, GBCS_SECRET_LEN);
    at += GBCS_SECRET_LEN;
    memcpy(at, algorithm, sizeof algorithm);
    at += sizeof algorithm;
    eui64_store(header->originator, at);
    at[8] = 0x09; /* the transaction-id with its length */
    at[9] = (uint8_t)header->cra;
    octets_store(header->counter, at + 10, 8);
    eui64_store(header->recipient, at + 18);
    hash_sha256(span_of(input, sizeof input), key);
    OPENSSL_cleanse(input, sizeof input);
}

static bool mac_make(EVP_CIPHER_CTX *ctx, const uint8_t *key, const uint8_t *iv,
                     struct span to_mac, uint8_t *mac) {
    /* security control, invocation counter, and an empty length */
    static const uint8_t before[] = {0x11, 0, 0, 0, 0, 0};
    int len;
    uint8_t none[KEY_LEN];
    return ctx && EVP_EncryptInit_ex2(ctx, aes_gcm, key, iv, NULL) == 1 &&
           EVP_EncryptUpdate(ctx, NULL, &len, before, sizeof before) == 1 &&
           EVP_EncryptUpdate(ctx, NULL, &len, to_mac.data, (int)to_mac.len) ==
               1 &&
           EVP_EncryptFinal_ex(ctx, none, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, GBCS_MAC_LEN, mac) ==
               1;
}

void gbcs_mac(const uint8_t z[static GBCS_SECRET_LEN],
              const struct gbcs_header *header, struct span to_mac,
              uint8_t mac[static GBCS_MAC_LEN]) {
    uint8_t key[HASH_LEN], iv[IV_LEN] = {0};
    derive_key(z, header, key);
    eui64_store(header->originator, iv);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    openssl_must(mac_make(ctx, key, iv, to_mac, mac), "AES-128-GCM");
    EVP_CIPHER_CTX_free(ctx);
    OPENSSL_cleanse(key, sizeof key);
}

bool gbcs_mac_verify(const uint8_t z[static GBCS_SECRET_LEN],
                     const struct gbcs_message *message) {
    if (message->mac.len != GBCS_MAC_LEN)
        return false;
    uint8_t mac[GBCS_MAC_LEN];
    gbcs_mac(z, &message->header, message->to_mac, mac);
    return CRYPTO_memcmp(mac, message->mac.data, sizeof mac) == 0;
}

/* Writes an unsigned number of 32 octets as an INTEGER; returns its octets. */
static size_t der_scalar(const uint8_t scalar[static SCALAR_LEN],
                         uint8_t *out) {
    size_t skip = 0;
    while (skip < SCALAR_LEN - 1 && scalar[skip] == 0)
        skip++;
    size_t pad = scalar[skip] & 0x80 ? 1 : 0;
    size_t len = SCALAR_LEN - skip;
    out[0] = 0x02;
    out[1] = (uint8_t)(pad + len);
    out[2] = 0;
    memcpy(out + 2 + pad, scalar + skip, len);
    return 2 + pad + len;
}

static size_t der_signature(const uint8_t raw[static GBCS_SIGNATURE_LEN],
                            uint8_t der[static DER_MOST]) {
    size_t len = der_scalar(raw, der + 2);
    len += der_scalar(raw + SCALAR_LEN, der + 2 + len);
    der[0] = 0x30;
    der[1] = (uint8_t)len;
    return 2 + len;
}

bool gbcs_verify(EVP_PKEY *key, struct span octets, struct span signature) {
    uint8_t hash[HASH_LEN];
    hash_sha256(octets, hash);
    return gbcs_verify_hash(key, hash, signature);
}

bool gbcs_verify_hash(EVP_PKEY *key, const uint8_t hash[static 32],
                      struct span signature) {
    if (signature.len != GBCS_SIGNATURE_LEN || !is_p256(key))
        return false;
    uint8_t der[DER_MOST];
    size_t len = der_signature(signature.data, der);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool good = ctx && EVP_PKEY_verify_init(ctx) == 1 &&
                EVP_PKEY_verify(ctx, der, len, hash, HASH_LEN) == 1;
    EVP_PKEY_CTX_free(ctx);
    return clear_errors_unless(good);
}

bool gbcs_message_verify(EVP_PKEY *key, const struct gbcs_message *message) {
    return gbcs_verify(key, message->to_sign, message->signature);
}

static bool raw_signature(const uint8_t *der, size_t len,
                          uint8_t raw[static GBCS_SIGNATURE_LEN]) {
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
    bool done =
        pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, SCALAR_LEN) >= 0 &&
        BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + SCALAR_LEN, SCALAR_LEN) >= 0;
    ECDSA_SIG_free(pair);
    return done;
}

bool gbcs_sign(EVP_PKEY *key, struct span octets,
               uint8_t signature[static GBCS_SIGNATURE_LEN]) {
    if (!is_p256(key))
        return false;
    uint8_t digest[HASH_LEN], der[DER_MOST];
    size_t len = sizeof der;
    hash_sha256(octets, digest);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool done = ctx && EVP_PKEY_sign_init(ctx) == 1 &&
                EVP_PKEY_sign(ctx, der, &len, digest, sizeof digest) == 1;
    EVP_PKEY_CTX_free(ctx);
    return clear_errors_unless(done && raw_signature(der, len, signature));
}
