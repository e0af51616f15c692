#include "trail/anchor_key.h"

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

static const char begin[] = ANCHOR_BEGIN, sign[] = ANCHOR_SIGN;

/* ---- keys ---- */

struct anchor_keys {
    struct arena *arena;
    struct anchor_key *first;
};

struct anchor_keys *anchor_keys_new(struct arena *arena) {
    struct anchor_keys *keys = arena_zero(arena, 1, sizeof *keys);
    keys->arena = arena;
    return keys;
}

static bool certificate_take(struct anchor_keys *keys, X509 *certificate) {
    struct anchor_key *key = arena_zero(keys->arena, 1, sizeof *key);
    EVP_PKEY *found = X509_get_pubkey(certificate);
    if (!found || !anchor_key_take(keys->arena, found, key))
        return false;
    key->next = keys->first;
    keys->first = key;
    return true;
}

bool anchor_keys_load(struct anchor_keys *keys, const char *path,
                      const char **reason) {
    BIO *bio = anchor_pem_open(keys->arena, path, reason);
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
