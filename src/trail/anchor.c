#include "trail/anchor.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/hex.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static const char begin[] = "fotad-anchor/1 ", sign[] = " signature=";

enum { MOST_PEM = 1 << 20, MOST_SIGNATURE = 1024 };

/* ---- keys ---- */

struct anchor_key {
    EVP_PKEY *key;
    uint8_t id[ANCHOR_KEY];
    struct anchor_key *next;
};

struct anchor_signer {
    struct anchor_key key;
};

struct anchor_keys {
    struct arena *arena;
    struct anchor_key *first;
};

static void key_free(void *key) {
    EVP_PKEY_free(key);
}

static bool key_take(struct arena *arena, EVP_PKEY *found,
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

/* NULL: *reason says why. */
static BIO *pem_open(struct arena *arena, const char *path,
                     const char **reason) {
    struct span pem;
    if (!file_load(arena, path, MOST_PEM, &pem, reason))
        return NULL;
    *reason = "there is no memory";
    return BIO_new_mem_buf(pem.data, (int)pem.len);
}

struct anchor_signer *anchor_signer_load(struct arena *arena, const char *path,
                                         const char **reason) {
    struct anchor_signer *signer = arena_zero(arena, 1, sizeof *signer);
    BIO *bio = pem_open(arena, path, reason);
    if (!bio)
        return NULL;
    char none[] = "";
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, none);
    BIO_free(bio);
    *reason = "it is no PEM private key";
    return key && key_take(arena, key, &signer->key) ? signer : NULL;
}

struct anchor_keys *anchor_keys_new(struct arena *arena) {
    struct anchor_keys *keys = arena_zero(arena, 1, sizeof *keys);
    keys->arena = arena;
    return keys;
}

static bool certificate_take(struct anchor_keys *keys, X509 *certificate) {
    struct anchor_key *key = arena_zero(keys->arena, 1, sizeof *key);
    EVP_PKEY *found = X509_get_pubkey(certificate);
    if (!found || !key_take(keys->arena, found, key))
        return false;
    key->next = keys->first;
    keys->first = key;
    return true;
}

bool anchor_keys_load(struct anchor_keys *keys, const char *path,
                      const char **reason) {
    BIO *bio = pem_open(keys->arena, path, reason);
    if (!bio)
        return false;
    size_t count = 0;
    bool good = true;
    for (X509 *one; good && (one = PEM_read_bio_X509(bio, NULL, NULL, NULL));) {
        good = certificate_take(keys, one);
        X509_free(one);
        count++;
    }
    BIO_free(bio);
    *reason = count ? "a certificate has no key that can be read"
                    : "it has no PEM certificate";
    return good && count > 0;
}

/* ---- lines ---- */

static void hex_add(struct buffer *out, const uint8_t *octets, size_t len) {
    char text[2 * TRAIL_HASH + 1];
    buffer_text(out, hex_format(span_of(octets, len), text));
}

static bool signature_add(const struct anchor_key *key, struct span text,
                          struct buffer *out) {
    uint8_t signature[MOST_SIGNATURE];
    size_t len = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context &&
        EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->key) == 1 &&
        EVP_DigestSign(context, signature, &len, text.data, text.len) == 1;
    EVP_MD_CTX_free(context);
    if (good)
        base64_add(out, span_of(signature, len));
    return good;
}

bool anchor_write(const struct anchor_signer *signer,
                  const struct anchor *anchor, struct buffer *line) {
    char sealed[INSTANT_TEXT_SIZE], at[INSTANT_TEXT_SIZE];
    struct buffer text = {0};
    buffer_printf(&text,
                  "%sseal=%" PRId64 " first=%" PRId64 " last=%" PRId64
                  " entries=%" PRId64 " sealed=%s hash=",
                  begin, anchor->seal, anchor->first, anchor->last,
                  anchor->entries, instant_format(anchor->sealed, sealed));
    hex_add(&text, anchor->hash, sizeof anchor->hash);
    buffer_printf(&text, " at=%s keep=%" PRId64 " key=",
                  instant_format(anchor->at, at), anchor->keep);
    hex_add(&text, signer->key.id, sizeof signer->key.id);
    buffer_add(line, buffer_span(&text));
    buffer_text(line, sign);
    bool good = signature_add(&signer->key, buffer_span(&text), line);
    buffer_text(line, "\n");
    buffer_free(&text);
    return good;
}

/* The value of " NAME=VALUE"; false: there is none. */
static bool field_find(struct span text, const char *name, struct span *value) {
    const uint8_t *at = memmem(text.data, text.len, name, strlen(name));
    if (!at)
        return false;
    struct span rest = span_from(text, (size_t)(at - text.data) + strlen(name));
    const uint8_t *end = memchr(rest.data, ' ', rest.len);
    *value = span_of(rest.data, end ? (size_t)(end - rest.data) : rest.len);
    return value->len > 0;
}

static bool number_read(struct span text, const char *name, int64_t *number) {
    struct span value;
    char digits[24], *end;
    if (!field_find(text, name, &value) || value.len >= sizeof digits)
        return false;
    memcpy(digits, value.data, value.len);
    digits[value.len] = 0;
    *number = strtoll(digits, &end, 10);
    return !*end;
}

static bool octets_read(struct span text, const char *name, uint8_t *octets,
                        size_t len) {
    struct span value;
    return field_find(text, name, &value) &&
           hex_parse(value, octets, len) == (int)len;
}

static bool time_read(struct span text, const char *name, instant *when) {
    struct span value;
    return field_find(text, name, &value) && instant_parse(value, when);
}

static bool text_read(struct span text, struct anchor *a,
                      uint8_t key[ANCHOR_KEY]) {
    return number_read(text, " seal=", &a->seal) &&
           number_read(text, " first=", &a->first) &&
           number_read(text, " last=", &a->last) &&
           number_read(text, " entries=", &a->entries) &&
           number_read(text, " keep=", &a->keep) &&
           time_read(text, " sealed=", &a->sealed) &&
           time_read(text, " at=", &a->at) &&
           octets_read(text, " hash=", a->hash, TRAIL_HASH) &&
           octets_read(text, " key=", key, ANCHOR_KEY);
}

static bool signature_is_good(EVP_PKEY *key, struct span text,
                              struct span signature) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context &&
        EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestVerify(context, signature.data, signature.len, text.data,
                         text.len) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

static enum anchor_found signature_judge(const struct anchor_keys *keys,
                                         const uint8_t id[ANCHOR_KEY],
                                         struct span text,
                                         struct span signature) {
    const struct anchor_key *key = keys->first;
    while (key && memcmp(key->id, id, ANCHOR_KEY) != 0)
        key = key->next;
    if (!key)
        return ANCHOR_UNKNOWN;
    return signature_is_good(key->key, text, signature) ? ANCHOR_GOOD
                                                        : ANCHOR_FORGED;
}

enum anchor_found anchor_read(const struct anchor_keys *keys, struct span line,
                              struct anchor *anchor) {
    const uint8_t *at =
        line.len ? memmem(line.data, line.len, begin, strlen(begin)) : NULL;
    if (!at)
        return ANCHOR_NONE;
    line = span_from(line, (size_t)(at - line.data));
    const uint8_t *end = memmem(line.data, line.len, sign, strlen(sign));
    struct span base64;
    if (!end || !field_find(line, sign, &base64) || base64.len > MOST_SIGNATURE)
        return ANCHOR_TORN;
    uint8_t signature[MOST_SIGNATURE / 4 * 3 + 3], key[ANCHOR_KEY];
    while (base64.len && base64.data[base64.len - 1] == '\r')
        base64.len--;
    ptrdiff_t len = base64_parse(base64, signature);
    struct span text = span_of(line.data, (size_t)(end - line.data));
    if (len <= 0)
        return ANCHOR_TORN;
    if (!text_read(text, anchor, key))
        return ANCHOR_FORGED;
    return signature_judge(keys, key, text, span_of(signature, (size_t)len));
}
