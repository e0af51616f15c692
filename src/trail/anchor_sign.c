/* Anchors signed: apart, so that who only reads them needs no token. */
#include "base/base64.h"
#include "base/hex.h"
#include "base/hsm.h"
#include "trail/anchor_key.h"

#include <inttypes.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

struct anchor_signer {
    struct anchor_key key; /* of a token: that of its certificate */
    struct hsm_key *hsm;   /* NULL: the key is in memory */
};

static void token_close(void *key) {
    hsm_key_close(key);
}

/* Which key it is its certificate says. */
static bool token_open(struct arena *arena, const char *uri,
                       const char *certificate, struct anchor_signer *signer,
                       const char **reason) {
    BIO *bio = anchor_pem_open(arena, certificate, reason);
    X509 *found = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    EVP_PKEY *key = found ? X509_get_pubkey(found) : NULL;
    if (bio)
        *reason = "its certificate cannot be read";
    BIO_free(bio);
    X509_free(found);
    if (!key || !anchor_key_take(arena, key, &signer->key))
        return false;
    signer->hsm =
        arena_adopt(arena, hsm_key_open(uri, arena, reason), token_close);
    return signer->hsm != NULL;
}

static bool file_open(struct arena *arena, const char *path,
                      struct anchor_signer *signer, const char **reason) {
    BIO *bio = anchor_pem_open(arena, path, reason);
    if (!bio)
        return false;
    char none[] = "";
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, none);
    BIO_free(bio);
    *reason = "it is no PEM private key";
    return key && anchor_key_take(arena, key, &signer->key);
}

struct anchor_signer *anchor_signer_load(struct arena *arena, const char *key,
                                         const char *certificate,
                                         const char **reason) {
    struct anchor_signer *signer = arena_zero(arena, 1, sizeof *signer);
    bool good = hsm_is_uri(key)
                    ? token_open(arena, key, certificate, signer, reason)
                    : file_open(arena, key, signer, reason);
    return good ? signer : NULL;
}

/* ---- a line ---- */

static size_t token_sign(struct hsm_key *key, struct span text,
                         uint8_t signature[MOST_SIGNATURE]) {
    uint8_t hash[HSM_HASH];
    SHA256(text.data, text.len, hash);
    return hsm_sign_der(key, hash, signature);
}

static size_t key_sign(EVP_PKEY *key, struct span text,
                       uint8_t signature[MOST_SIGNATURE]) {
    size_t len = MOST_SIGNATURE;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context &&
        EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(context, signature, &len, text.data, text.len) == 1;
    EVP_MD_CTX_free(context);
    return good ? len : 0;
}

static void hex_add(struct buffer *out, const uint8_t *octets, size_t len) {
    char text[2 * TRAIL_HASH + 1];
    buffer_text(out, hex_format(span_of(octets, len), text));
}

bool anchor_write(const struct anchor_signer *signer,
                  const struct anchor *anchor, struct buffer *line) {
    char sealed[INSTANT_TEXT_SIZE], at[INSTANT_TEXT_SIZE];
    struct buffer text = {0};
    buffer_printf(&text,
                  "%sseal=%" PRId64 " first=%" PRId64 " last=%" PRId64
                  " entries=%" PRId64 " sealed=%s hash=",
                  ANCHOR_BEGIN, anchor->seal, anchor->first, anchor->last,
                  anchor->entries, instant_format(anchor->sealed, sealed));
    hex_add(&text, anchor->hash, sizeof anchor->hash);
    buffer_printf(&text, " at=%s keep=%" PRId64 " key=",
                  instant_format(anchor->at, at), anchor->keep);
    hex_add(&text, signer->key.id, sizeof signer->key.id);
    buffer_add(line, buffer_span(&text));
    buffer_text(line, ANCHOR_SIGN);
    uint8_t signature[MOST_SIGNATURE];
    size_t len = signer->hsm
                     ? token_sign(signer->hsm, buffer_span(&text), signature)
                     : key_sign(signer->key.key, buffer_span(&text), signature);
    base64_add(line, span_of(signature, len));
    buffer_text(line, "\n");
    buffer_free(&text);
    return len > 0;
}
