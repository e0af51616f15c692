#include "device/keys.h"

#include "base/hsm.h"
#include "base/memory.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <stdlib.h>

/* A shared secret that was computed. It is found by the x coordinate of the
 * device's public key, on which alone Z depends. Entries are numbered from 1;
 * 0 is none, and as an entry the head of the ring by last use. */
struct secret {
    uint8_t x[GBCS_SECRET_LEN], z[GBCS_SECRET_LEN];
    uint32_t chain;        /* next of the same bucket */
    uint32_t newer, older; /* ring by last use */
};

struct acb_key {
    EVP_PKEY *key; /* NULL: it is in the HSM */
    struct hsm_key *hsm;
    pthread_mutex_t lock; /* over all that follows */
    struct secret *secrets;
    uint32_t *buckets;
    uint32_t used, most, mask;
};

static uint32_t *secret_bucket(struct acb_key *acb,
                               const uint8_t x[static GBCS_SECRET_LEN]) {
    uint32_t hash;
    memcpy(&hash, &x[GBCS_SECRET_LEN - sizeof hash], sizeof hash);
    return &acb->buckets[hash & acb->mask];
}

static void secret_unlink(struct acb_key *acb, uint32_t i) {
    struct secret *s = &acb->secrets[i];
    acb->secrets[s->newer].older = s->older;
    acb->secrets[s->older].newer = s->newer;
}

static void secret_link_newest(struct acb_key *acb, uint32_t i) {
    struct secret *head = &acb->secrets[0], *s = &acb->secrets[i];
    s->newer = 0;
    s->older = head->older;
    acb->secrets[head->older].newer = i;
    head->older = i;
}

static uint32_t secret_find(struct acb_key *acb,
                            const uint8_t x[static GBCS_SECRET_LEN]) {
    uint32_t i = *secret_bucket(acb, x);
    while (i && memcmp(acb->secrets[i].x, x, GBCS_SECRET_LEN) != 0)
        i = acb->secrets[i].chain;
    return i;
}

static void secret_unchain(struct acb_key *acb, uint32_t i) {
    uint32_t *link = secret_bucket(acb, acb->secrets[i].x);
    while (*link != i)
        link = &acb->secrets[*link].chain;
    *link = acb->secrets[i].chain;
}

/* An entry that is in no bucket and not in the ring. */
static uint32_t secret_make_room(struct acb_key *acb) {
    if (acb->used < acb->most)
        return ++acb->used;
    uint32_t oldest = acb->secrets[0].newer;
    secret_unlink(acb, oldest);
    secret_unchain(acb, oldest);
    return oldest;
}

static void secret_keep(struct acb_key *acb,
                        const uint8_t x[static GBCS_SECRET_LEN],
                        const uint8_t z[static GBCS_SECRET_LEN]) {
    if (secret_find(acb, x))
        return;
    uint32_t i = secret_make_room(acb), *bucket = secret_bucket(acb, x);
    struct secret *s = &acb->secrets[i];
    memcpy(s->x, x, sizeof s->x);
    memcpy(s->z, z, sizeof s->z);
    s->chain = *bucket;
    *bucket = i;
    secret_link_newest(acb, i);
}

static bool secret_recall(struct acb_key *acb,
                          const uint8_t x[static GBCS_SECRET_LEN],
                          uint8_t z[static GBCS_SECRET_LEN]) {
    uint32_t i = secret_find(acb, x);
    if (!i)
        return false;
    memcpy(z, acb->secrets[i].z, GBCS_SECRET_LEN);
    secret_unlink(acb, i);
    secret_link_newest(acb, i);
    return true;
}

/* A point of another curve would be the token's failure. */
static enum outcome secret_agree(struct acb_key *acb, EVP_PKEY *device,
                                 uint8_t z[static GBCS_SECRET_LEN]) {
    enum { POINT = 1 + 2 * GBCS_SECRET_LEN };
    uint8_t point[POINT];
    size_t len = 0;
    if (!acb->hsm)
        return gbcs_shared_secret(acb->key, device, z) ? DONE : REFUSED;
    if (EVP_PKEY_get_octet_string_param(device, "encoded-pub-key", point,
                                        sizeof point, &len) != 1 ||
        len != POINT) {
        ERR_clear_error();
        return REFUSED;
    }
    return hsm_agree(acb->hsm, span_of(point, len), z) ? DONE : RETRY;
}

enum outcome acb_secret(struct acb_key *acb, const struct party_key *device,
                        uint8_t z[static GBCS_SECRET_LEN]) {
    if (!acb || !device->key)
        return REFUSED;
    pthread_mutex_lock(&acb->lock);
    bool known = secret_recall(acb, device->x, z);
    pthread_mutex_unlock(&acb->lock);
    if (known)
        return DONE;
    enum outcome outcome = secret_agree(acb, device->key, z);
    if (outcome != DONE)
        return outcome;
    pthread_mutex_lock(&acb->lock);
    secret_keep(acb, device->x, z);
    pthread_mutex_unlock(&acb->lock);
    return DONE;
}

/* ---- beginning and end ---- */

static void *memory_zero(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (!memory)
        memory_exhausted(count * size);
    return memory;
}

static struct acb_key *key_make(size_t most_secrets) {
    struct acb_key *acb = memory_zero(1, sizeof *acb);
    pthread_mutex_init(&acb->lock, NULL);
    acb->most = (uint32_t)most_secrets;
    acb->mask = 1;
    while (acb->mask < acb->most)
        acb->mask = acb->mask << 1 | 1;
    acb->secrets = memory_zero(most_secrets + 1, sizeof *acb->secrets);
    acb->buckets = memory_zero((size_t)acb->mask + 1, sizeof *acb->buckets);
    return acb;
}

struct acb_key *acb_key_new(EVP_PKEY *key, size_t most_secrets,
                            const char **reason) {
    uint8_t z[GBCS_SECRET_LEN];
    if (!gbcs_shared_secret(key, key, z)) {
        *reason = "is no private key on P-256";
        return NULL;
    }
    OPENSSL_cleanse(z, sizeof z);
    struct acb_key *acb = key_make(most_secrets);
    EVP_PKEY_up_ref(key);
    acb->key = key;
    return acb;
}

/* Nobody is there to be asked. */
static int no_password(char *text, int size, int writing, void *data) {
    (void)text, (void)size, (void)writing, (void)data;
    return -1;
}

static EVP_PKEY *private_key_read(const char *path, const char **reason) {
    BIO *bio = BIO_new_file(path, "r");
    *reason =
        bio ? "is no PEM private key without a password" : "cannot be read";
    EVP_PKEY *key =
        bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

static struct acb_key *key_of_hsm(struct arena *arena, const char *uri,
                                  size_t most_secrets, const char **reason) {
    struct hsm_key *hsm = hsm_key_open(uri, arena, reason);
    if (!hsm)
        return NULL;
    struct acb_key *acb = key_make(most_secrets);
    acb->hsm = hsm;
    return acb;
}

struct acb_key *acb_key_load(struct arena *arena, const char *path,
                             size_t most_secrets, const char **reason) {
    if (hsm_is_uri(path))
        return key_of_hsm(arena, path, most_secrets, reason);
    EVP_PKEY *key = private_key_read(path, reason);
    if (!key)
        return NULL;
    struct acb_key *acb = acb_key_new(key, most_secrets, reason);
    EVP_PKEY_free(key);
    return acb;
}

void acb_key_free(struct acb_key *acb) {
    if (!acb)
        return;
    EVP_PKEY_free(acb->key);
    hsm_key_close(acb->hsm);
    OPENSSL_cleanse(acb->secrets,
                    ((size_t)acb->used + 1) * sizeof *acb->secrets);
    free(acb->secrets);
    free(acb->buckets);
    pthread_mutex_destroy(&acb->lock);
    free(acb);
}
