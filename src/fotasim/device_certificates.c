/*
 * Certificates of many devices. One is made with all its extensions; of every
 * other only the serial number, the public key, the EUI-64 and the signature
 * are new, which is ten times as quick.
 */
#include "fotasim/device_key.h"
#include "fotasim/device_list.h"
#include "fotasim/estate.h"
#include "fotasim/keys.h"
#include "fotasim/verbs.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <stdlib.h>

enum { HOMES_PER_FILE = 1000, SERIAL = 16, POINT = 65 };

/* An EUI-64 that is found again in the certificate. */
#define MOULD_ID 0xC3A5F00DC3A5F00D

struct mould {
    EVP_PKEY *authority;
    unsigned char *tbs; /* TBSCertificate; all parts that change have places */
    size_t len, serial, point, id;
};

static size_t mould_find(const struct mould *mould, const void *octets,
                         size_t len) {
    const unsigned char *at = memmem(mould->tbs, mould->len, octets, len);
    openssl_must(at);
    return (size_t)(at - mould->tbs);
}

static void public_point(EVP_PKEY *key, unsigned char point[static POINT]) {
    size_t len;
    openssl_must(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
                                                 point, POINT, &len) == 1 &&
                 len == POINT);
}

static struct mould make_mould(struct arena *arena,
                               const struct authority *authority, bool agrees) {
    EVP_PKEY *key = key_new(arena);
    struct certificate_wish wish = {.id = MOULD_ID, .key_agreement = agrees};
    X509 *certificate = certificate_issue(arena, authority, key, &wish);
    struct mould mould = {.authority = authority->key};
    mould.len = (size_t)i2d_re_X509_tbs(certificate, &mould.tbs);
    unsigned char point[POINT];
    uint8_t id[EUI64_OCTETS];
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    openssl_must(mould.tbs && ASN1_STRING_length(serial) == SERIAL);
    mould.serial = mould_find(&mould, ASN1_STRING_get0_data(serial), SERIAL);
    public_point(key, point);
    mould.point = mould_find(&mould, point, POINT);
    eui64_store(MOULD_ID, id);
    mould.id = mould_find(&mould, id, sizeof id);
    return mould;
}

/* No element here has 128 to 255 octets. */
static void put_length(struct buffer *out, uint8_t tag, size_t len) {
    openssl_must(len < 128 || len > 255);
    const uint8_t head[] = {tag, 0x82, (uint8_t)(len >> 8), (uint8_t)len};
    bool is_short = len < 128;
    const uint8_t short_head[] = {tag, (uint8_t)len};
    buffer_add(out, is_short ? span_of(short_head, 2) : span_of(head, 4));
}

/* SEQUENCE { TBSCertificate, ecdsa-with-SHA256, BIT STRING signature } */
static void put_signed(const struct mould *mould, struct buffer *der) {
    static const uint8_t algorithm[] = {0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86,
                                        0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02};
    unsigned char signature[128] = {0}; /* after the count of unused bits */
    size_t len = sizeof signature - 1;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    openssl_must(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL,
                                    mould->authority) == 1 &&
                 EVP_DigestSign(context, signature + 1, &len, mould->tbs,
                                mould->len) == 1);
    EVP_MD_CTX_free(context);
    len++;
    put_length(der, 0x30, mould->len + sizeof algorithm + 2 + len);
    buffer_add(der, span_of(mould->tbs, mould->len));
    buffer_add(der, span_of(algorithm, sizeof algorithm));
    put_length(der, 0x03, len);
    buffer_add(der, span_of(signature, len));
}

static void add_certificate(const struct mould *mould, uint64_t seed, eui64 id,
                            enum sim_key_usage usage, BIO *out) {
    EVP_PKEY *key = sim_device_key(seed, id, usage);
    public_point(key, mould->tbs + mould->point);
    EVP_PKEY_free(key);
    eui64_store(id, mould->tbs + mould->id);
    unsigned char *serial = mould->tbs + mould->serial;
    openssl_must(RAND_bytes(serial, SERIAL) == 1);
    serial[0] = (unsigned char)(0x40 | (serial[0] & 0x3F));
    struct buffer der = {0};
    put_signed(mould, &der);
    openssl_must(
        PEM_write_bio(out, PEM_STRING_X509, "", der.data, (long)der.len) > 0);
    buffer_free(&der);
}

/* ---- the estate's ---- */

/* IHDs and CADs send nothing to fotad. */
static bool has_keys(const struct sim_device *device) {
    enum device_type type = sim_models[device->model].type;
    return type != TYPE_IHD && type != TYPE_CAD;
}

static void add_home(const struct mould moulds[static 2], uint64_t seed,
                     uint64_t number, BIO *out) {
    struct sim_home home;
    sim_home(seed, number, &home);
    for (size_t i = 0; i < home.device_count && !home.smets1; i++) {
        if (!has_keys(&home.devices[i]))
            continue;
        eui64 id = home.devices[i].id;
        add_certificate(&moulds[SIM_SIGNS], seed, id, SIM_SIGNS, out);
        add_certificate(&moulds[SIM_AGREES], seed, id, SIM_AGREES, out);
    }
}

static bool write_file(struct arena *arena, const char *folder,
                       const char *name, uint64_t number, BIO *pem) {
    char *text;
    long len = BIO_get_mem_data(pem, &text);
    return write_whole(
        arena_printf(arena, "%s/%s-%04u.pem", folder, name, (unsigned)number),
        span_of(text, (size_t)len));
}

bool sim_write_device_certificates(const struct authority *authority,
                                   const char *folder, uint64_t seed,
                                   uint64_t homes) {
    struct arena *arena = arena_new();
    const struct mould moulds[] = {
        [SIM_SIGNS] = make_mould(arena, authority, false),
        [SIM_AGREES] = make_mould(arena, authority, true)};
    bool good = true;
    for (uint64_t first = 0; first < homes && good; first += HOMES_PER_FILE) {
        BIO *pem = BIO_new(BIO_s_mem());
        for (uint64_t n = first; n < homes && n < first + HOMES_PER_FILE; n++)
            add_home(moulds, seed, n, pem);
        good =
            write_file(arena, folder, "devices", first / HOMES_PER_FILE, pem);
        BIO_free(pem);
    }
    OPENSSL_free(moulds[SIM_SIGNS].tbs);
    OPENSSL_free(moulds[SIM_AGREES].tbs);
    arena_free(arena);
    return good;
}

/* ---- of a list ---- */

/* A hub that is listed by several devices gets one each time; they hold the
 * same key. */
static bool add_listed(const struct mould *mould, uint64_t seed, eui64 id,
                       BIO *out) {
    struct sim_home home;
    size_t place;
    char text[EUI64_TEXT_SIZE];
    if (!sim_home_of(seed, id, &home, &place))
        return refuse("pki: no home has %s", eui64_format(id, text)), false;
    add_certificate(mould, seed, id, SIM_SIGNS, out);
    if (home.devices[0].id != id)
        add_certificate(mould, seed, home.devices[0].id, SIM_SIGNS, out);
    return true;
}

static bool write_listed(struct arena *arena, const struct mould *mould,
                         const char *folder, uint64_t seed, const eui64 *ids,
                         size_t count) {
    bool good = true;
    for (size_t first = 0; first < count && good; first += HOMES_PER_FILE) {
        BIO *pem = BIO_new(BIO_s_mem());
        for (size_t i = first; i < count && i < first + HOMES_PER_FILE && good;
             i++)
            good = add_listed(mould, seed, ids[i], pem);
        good = good &&
               write_file(arena, folder, "listed", first / HOMES_PER_FILE, pem);
        BIO_free(pem);
    }
    return good;
}

bool sim_write_listed_certificates(const struct authority *authority,
                                   const char *folder, uint64_t seed,
                                   const char *path) {
    struct arena *arena = arena_new();
    const eui64 *ids;
    size_t count;
    const struct mould mould = make_mould(arena, authority, false);
    bool good = read_device_list(arena, path, &ids, &count) &&
                write_listed(arena, &mould, folder, seed, ids, count);
    OPENSSL_free(mould.tbs);
    arena_free(arena);
    return good;
}
