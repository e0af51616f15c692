#include "device/keys.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>

enum { POINT_COMPRESSED = 33, POINT_UNCOMPRESSED = 65 };

/* AlgorithmIdentifier of a public key on P-256: id-ecPublicKey, prime256v1 */
static const uint8_t p256_algorithm[] = {
    0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
    0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};

/* ---- the point of a certificate's key ---- */

/* Takes one DER element off the front of `in`: its contents, or with the tag
 * and length when `whole`. An empty span when there is none. */
static struct span der_next(struct span *in, bool whole) {
    if (in->len < 2)
        return (struct span){0};
    size_t head = 2, len = in->data[1];
    if (len > 0x80) {
        size_t octets = len - 0x80;
        if (octets > 3 || in->len < 2 + octets)
            return (struct span){0};
        for (len = 0; head < 2 + octets; head++)
            len = len << 8 | in->data[head];
    }
    if (len > in->len - head)
        return (struct span){0};
    struct span element =
        whole ? span_of(in->data, head + len) : span_of(in->data + head, len);
    *in = span_of(in->data + head + len, in->len - head - len);
    return element;
}

/* The encoded point in a certificate that was read in full when it was
 * imported. Reading it in full again, and its key by OpenSSL's decoders, costs
 * more than twice a verification. Empty when the key is not on P-256. */
static struct span certificate_point(struct span certificate) {
    enum { VERSION = 0xA0, BEFORE_KEY = 5 /* serial ... subject */ };
    struct span x509 = der_next(&certificate, false);
    struct span tbs = der_next(&x509, false);
    if (tbs.len && tbs.data[0] == VERSION)
        der_next(&tbs, false);
    for (int i = 0; i < BEFORE_KEY; i++)
        der_next(&tbs, false);
    struct span info = der_next(&tbs, false);
    struct span algorithm = der_next(&info, true);
    if (!span_equal(algorithm, span_of(p256_algorithm, sizeof p256_algorithm)))
        return (struct span){0};
    struct span bits = der_next(&info, false);
    return bits.len ? span_of(bits.data + 1, bits.len - 1) : bits;
}

static EVP_PKEY *any_key;

static void any_key_make(void) {
    any_key = EVP_EC_gen("P-256");
}

static void key_free(void *key) {
    EVP_PKEY_free(key);
}

/* A public key on P-256; NULL when the octets are no point of it. */
static EVP_PKEY *key_of_point(struct arena *arena, struct span point) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, any_key_make);
    EVP_PKEY *key = EVP_PKEY_new();
    if (key && EVP_PKEY_copy_parameters(key, any_key) == 1 &&
        EVP_PKEY_set1_encoded_public_key(key, point.data, point.len) == 1)
        return arena_adopt(arena, key, key_free);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return NULL;
}

static bool is_point(struct span octets) {
    return octets.len == POINT_COMPRESSED || octets.len == POINT_UNCOMPRESSED;
}

EVP_PKEY *party_certificate_key(struct arena *arena, struct span certificate) {
    struct span point = certificate_point(certificate);
    return is_point(point) ? key_of_point(arena, point) : NULL;
}

static void key_read(struct arena *arena, struct span certificate,
                     struct party_key *key) {
    struct span point = certificate_point(certificate);
    if (is_point(point))
        key->key = key_of_point(arena, point);
    if (key->key)
        memcpy(key->x, point.data + 1, sizeof key->x);
    else
        key->unfit = "unreadable";
}

/* ---- keys of many parties ---- */

/* A row of party_certificates(). */
struct certificate {
    eui64 id;
    const char *unfit; /* "": fit */
    struct span der;
};

static struct party_key certificate_key(struct arena *arena,
                                        const struct certificate *row) {
    struct party_key key = {.id = row->id};
    if (*row->unfit)
        key.unfit = row->unfit;
    else
        key_read(arena, row->der, &key);
    return key;
}

enum outcome party_keys_find(struct db *db, struct arena *arena,
                             enum key_party party, enum key_usage usage,
                             const eui64 *ids, size_t count, instant now,
                             bool accept_expired, struct party_keys *keys) {
    static const struct db_statement find = {
        "party_certificates",
        "select eui64, unfit, der from party_certificates($1,"
        " $2::certificate_role, $3::certificate_usage, $4, $5)"};
    static const struct db_column columns[] = {
        DB_COLUMN(EUI64, struct certificate, id),
        DB_COLUMN(TEXT, struct certificate, unfit),
        DB_COLUMN(BYTEA, struct certificate, der),
    };
    *keys = (struct party_keys){0};
    if (!count)
        return DONE;
    struct db_params params = DB_PARAMS(arena);
    db_eui64s(&params, ids, count);
    db_text(&params, party == KEY_OF_DEVICE ? "Device" : "Supplier");
    db_text(&params, usage == KEY_DIGITAL_SIGNATURE ? "ds" : "ka");
    db_instant(&params, now);
    db_bool(&params, accept_expired);
    void *found;
    enum outcome outcome =
        db_fetch(db, &find, &params, DB_COLUMNS(columns),
                 sizeof(struct certificate), &found, &keys->count);
    const struct certificate *certificates = found;
    keys->keys = arena_zero(arena, keys->count, sizeof *keys->keys);
    for (size_t i = 0; i < keys->count; i++)
        keys->keys[i] = certificate_key(arena, &certificates[i]);
    return outcome;
}

bool party_key_waits(const struct party_key *key) {
    return key->unfit && !clock_is_known() &&
           (strcmp(key->unfit, "expired") == 0 ||
            strcmp(key->unfit, "not valid yet") == 0);
}

/* The first entry whose EUI-64 is not below `id`. */
static size_t keys_lower_bound(const struct party_keys *keys, eui64 id) {
    size_t low = 0, high = keys->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (keys->keys[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t party_keys_of(const struct party_keys *keys, eui64 id,
                     const struct party_key **first) {
    size_t at = keys_lower_bound(keys, id), end = at;
    while (end < keys->count && keys->keys[end].id == id)
        end++;
    *first = end > at ? &keys->keys[at] : NULL;
    return end - at;
}
