#include "duis/signer.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/hsm.h"
#include "duis/pem.h"
#include "duis/write.h"
#include "duis/xmldsig.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCALAR = 32, DIGEST = 32, MOST_FILE = 64 * 1024 };

/* Made once, then only read. It ends with the last signature that began with
 * it, once its signer has another. */
struct identity {
    atomic_uint references;
    struct arena *arena; /* its own */
    EVP_PKEY *key;       /* NULL: it is in the HSM */
    struct hsm_key *hsm;
    struct certificate certificate;
    const char *key_info; /* the rest of ds:Signature after its value */
};

struct current {
    pthread_mutex_t lock; /* held only to take a reference */
    struct identity *identity;
};

/* Whoever signs with it does not change it. */
struct duis_signer {
    struct current *current;
};

static struct identity *identity_take(const struct duis_signer *signer) {
    struct current *current = signer->current;
    pthread_mutex_lock(&current->lock);
    struct identity *identity = current->identity;
    atomic_fetch_add(&identity->references, 1);
    pthread_mutex_unlock(&current->lock);
    return identity;
}

static void identity_release(struct identity *identity) {
    if (atomic_fetch_sub(&identity->references, 1) == 1)
        arena_free(identity->arena);
}

static void current_end(void *handle) {
    struct current *current = handle;
    identity_release(current->identity);
    pthread_mutex_destroy(&current->lock);
}

/* ds:SignedInfo in exclusive C14N, in two parts: DigestValue goes between.
 * In the document the namespace is declared by ds:Signature; as the apex of
 * what is canonicalised the element declares it itself. */
static const char SIGNATURE_START[] =
    "<ds:Signature xmlns:ds=\"" XMLDSIG_NAMESPACE "\">";
static const char SIGNED_INFO_APEX[] =
    "<ds:SignedInfo xmlns:ds=\"" XMLDSIG_NAMESPACE "\">";
static const char SIGNED_INFO_TAG[] = "<ds:SignedInfo>";
static const char SIGNED_INFO_START[] =
    "<ds:CanonicalizationMethod Algorithm=\"" XMLDSIG_EXCLUSIVE_C14N "\">"
    "</ds:CanonicalizationMethod>"
    "<ds:SignatureMethod Algorithm=\"" XMLDSIG_ECDSA_SHA256 "\">"
    "</ds:SignatureMethod>"
    "<ds:Reference URI=\"\"><ds:Transforms>"
    "<ds:Transform Algorithm=\"" XMLDSIG_ENVELOPED "\"></ds:Transform>"
    "</ds:Transforms>"
    "<ds:DigestMethod Algorithm=\"" XMLDSIG_SHA256 "\"></ds:DigestMethod>"
    "<ds:DigestValue>";
static const char SIGNED_INFO_END[] =
    "</ds:DigestValue></ds:Reference></ds:SignedInfo>";

static void free_key(void *key) {
    EVP_PKEY_free(key);
}

static EVP_PKEY *read_key(struct arena *arena, struct span pem) {
    if (pem.len == 0 || pem.len > INT_MAX)
        return NULL;
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, pem_no_password, NULL);
    BIO_free(bio);
    ERR_clear_error();
    return arena_adopt(arena, key, free_key);
}

/* Of r and s. */
static bool hash_verify(EVP_PKEY *key, const uint8_t hash[static DIGEST],
                        const uint8_t raw[static 2 * SCALAR]) {
    uint8_t der[128], *end = der;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    bool good = pair && ECDSA_SIG_set0(pair, BN_bin2bn(raw, SCALAR, NULL),
                                       BN_bin2bn(raw + SCALAR, SCALAR, NULL));
    int len = good ? i2d_ECDSA_SIG(pair, &end) : 0;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    good = len > 0 && context && EVP_PKEY_verify_init(context) == 1 &&
           EVP_PKEY_verify(context, der, (size_t)len, hash, DIGEST) == 1;
    EVP_PKEY_CTX_free(context);
    ECDSA_SIG_free(pair);
    return good;
}

static const char *key_info(struct arena *arena, const struct certificate *c) {
    struct buffer out = {0};
    buffer_text(&out, "<ds:KeyInfo><ds:X509Data><ds:X509IssuerSerial>"
                      "<ds:X509IssuerName>");
    write_escaped(&out, c->issuer);
    buffer_text(&out, "</ds:X509IssuerName><ds:X509SerialNumber>");
    buffer_text(&out, c->serial);
    buffer_text(&out, "</ds:X509SerialNumber></ds:X509IssuerSerial>"
                      "</ds:X509Data></ds:KeyInfo></ds:Signature>");
    const char *text = arena_text(arena, buffer_span(&out));
    buffer_free(&out);
    return text;
}

static void close_key(void *key) {
    hsm_key_close(key);
}

/* What it has signed is good by the certificate. */
static bool key_fits(const struct identity *identity) {
    static const uint8_t hash[DIGEST] = "fotad signs with this key";
    uint8_t raw[2 * SCALAR];
    if (identity->key)
        return EVP_PKEY_eq(identity->key, identity->certificate.key) == 1;
    return hsm_sign(identity->hsm, hash, raw) &&
           hash_verify(identity->certificate.key, hash, raw);
}

/* Fills it; false with a reason. `uri`: of the key, or NULL. */
static bool identity_read(struct identity *identity, const char *uri,
                          struct span key_pem, struct span certificate_pem,
                          const char **reason) {
    struct certificate *certificate = &identity->certificate;
    if (!certificate_read(identity->arena, certificate_pem, certificate,
                          reason))
        return false;
    if (uri) {
        identity->hsm = hsm_key_open(uri, identity->arena, reason);
        if (identity->hsm)
            arena_adopt(identity->arena, identity->hsm, close_key);
    } else if (!(identity->key = read_key(identity->arena, key_pem))) {
        *reason = "is not a private key in PEM without a password";
    }
    if (*reason)
        return false;
    if (!key_fits(identity))
        *reason = "is not the key of the certificate";
    else if (certificate->usage != CERTIFICATE_DIGITAL_SIGNATURE)
        *reason = "the certificate is not for digitalSignature";
    ERR_clear_error();
    if (*reason)
        return false;
    identity->key_info = key_info(identity->arena, certificate);
    return true;
}

static struct identity *identity_new(void) {
    struct arena *arena = arena_new();
    struct identity *identity = arena_zero(arena, 1, sizeof *identity);
    atomic_init(&identity->references, 1);
    identity->arena = arena;
    return identity;
}

static struct duis_signer *signer_make(struct arena *arena, const char *uri,
                                       struct span key_pem,
                                       struct span certificate_pem,
                                       const char **reason) {
    struct identity *identity = identity_new();
    *reason = NULL;
    if (!identity_read(identity, uri, key_pem, certificate_pem, reason)) {
        *reason = arena_printf(
            arena, "%s%s",
            identity->certificate.der.len ? "" : "the certificate ", *reason);
        identity_release(identity);
        return NULL;
    }
    struct current *current = arena_zero(arena, 1, sizeof *current);
    pthread_mutex_init(&current->lock, NULL);
    current->identity = identity;
    struct duis_signer *signer = arena_zero(arena, 1, sizeof *signer);
    signer->current = arena_adopt(arena, current, current_end);
    return signer;
}

struct duis_signer *duis_signer_new(struct arena *arena, struct span key_pem,
                                    struct span certificate_pem,
                                    const char **reason) {
    return signer_make(arena, NULL, key_pem, certificate_pem, reason);
}

void duis_signer_replace(struct duis_signer *signer,
                         const struct duis_signer *fresh) {
    struct identity *identity = identity_take(fresh);
    struct current *current = signer->current;
    pthread_mutex_lock(&current->lock);
    struct identity *old = current->identity;
    current->identity = identity;
    pthread_mutex_unlock(&current->lock);
    identity_release(old);
}

static bool pem_read(struct arena *arena, const char *path, struct span *text,
                     const char **reason) {
    if (file_load(arena, path, MOST_FILE, text, reason))
        return true;
    *reason = arena_printf(arena, "%s: %s", path, *reason);
    return false;
}

struct duis_signer *duis_signer_load(struct arena *arena, const char *key_path,
                                     const char *certificate_path,
                                     const char **reason) {
    struct span key = {0}, certificate;
    const char *uri = hsm_is_uri(key_path) ? key_path : NULL;
    if ((!uri && !pem_read(arena, key_path, &key, reason)) ||
        !pem_read(arena, certificate_path, &certificate, reason))
        return NULL;
    struct duis_signer *signer =
        signer_make(arena, uri, key, certificate, reason);
    if (!signer)
        *reason = arena_printf(arena, "%s, %s: %s", key_path, certificate_path,
                               *reason);
    return signer;
}

const struct certificate *duis_signer_certificate(
    const struct duis_signer *signer) {
    return &signer->current->identity->certificate;
}

static bool hash_concatenation(struct span first, struct span second,
                               uint8_t out[static DIGEST]) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) &&
                EVP_DigestUpdate(context, first.data, first.len) &&
                EVP_DigestUpdate(context, second.data, second.len) &&
                EVP_DigestFinal_ex(context, out, NULL);
    EVP_MD_CTX_free(context);
    return good;
}

/* From OpenSSL's DER to r and s, 32 octets each, as XML Signature has them. */
static bool raw_signature(const uint8_t *der, size_t len,
                          uint8_t raw[static 2 * SCALAR]) {
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
    bool good =
        pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, SCALAR) == SCALAR &&
        BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + SCALAR, SCALAR) == SCALAR;
    ECDSA_SIG_free(pair);
    return good;
}

static bool hash_sign(const struct identity *identity,
                      const uint8_t hash[static DIGEST],
                      uint8_t raw[static 2 * SCALAR]) {
    uint8_t der[128];
    size_t len = sizeof der;
    if (identity->hsm)
        return hsm_sign(identity->hsm, hash, raw);
    EVP_PKEY_CTX *context =
        EVP_PKEY_CTX_new_from_pkey(NULL, identity->key, NULL);
    bool good = context && EVP_PKEY_sign_init(context) == 1 &&
                EVP_PKEY_sign(context, der, &len, hash, DIGEST) == 1 &&
                raw_signature(der, len, raw);
    EVP_PKEY_CTX_free(context);
    return good;
}

/* SignedInfo from its start tag on, as it is in the document. */
static void add_signed_info(struct buffer *text,
                            const uint8_t hash[static DIGEST]) {
    buffer_text(text, SIGNED_INFO_START);
    base64_add(text, span_of(hash, DIGEST));
    buffer_text(text, SIGNED_INFO_END);
}

static bool identity_sign(const struct identity *identity, struct buffer *text,
                          size_t start, const char *end_tag) {
    const size_t before = text->len;
    uint8_t hash[DIGEST], raw[2 * SCALAR];
    bool good = hash_concatenation(span_of(text->data + start, before - start),
                                   span_text(end_tag), hash);
    buffer_text(text, SIGNATURE_START);
    buffer_text(text, SIGNED_INFO_TAG);
    size_t signed_info = text->len;
    add_signed_info(text, hash);
    good =
        good &&
        hash_concatenation(
            span_text(SIGNED_INFO_APEX),
            span_of(text->data + signed_info, text->len - signed_info), hash) &&
        hash_sign(identity, hash, raw);
    if (!good) {
        ERR_clear_error();
        text->len = before;
        return false;
    }
    buffer_text(text, "<ds:SignatureValue>");
    base64_add(text, span_of(raw, sizeof raw));
    buffer_text(text, "</ds:SignatureValue>");
    buffer_text(text, identity->key_info);
    buffer_text(text, end_tag);
    return true;
}

bool duis_signer_sign(const struct duis_signer *signer, struct buffer *text,
                      size_t start, const char *end_tag) {
    struct identity *identity = identity_take(signer);
    bool good = identity_sign(identity, text, start, end_tag);
    identity_release(identity);
    return good;
}
