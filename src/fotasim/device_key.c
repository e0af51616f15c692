#include "fotasim/device_key.h"
#include "fotasim/keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/obj_mac.h>

#include <pthread.h>

enum {
    SCALAR = 32,
    POINT = 65,
    /* 128 more bits than the order has, so that the remainder is even */
    DERIVED = SCALAR + 16,
};

/* Looked up once: that takes longer than using them. */
static EVP_KDF *hkdf;
static EC_GROUP *p256;
static BIGNUM *most; /* the order minus 1 */

static void algorithms_fetch(void) {
    hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    openssl_must(hkdf && p256);
    most = BN_dup(EC_GROUP_get0_order(p256));
    openssl_must(most && BN_sub_word(most, 1));
}

/* HKDF (RFC 5869) with SHA-256: seed as key, EUI-64 and usage as info. */
static void octets_derive(uint64_t seed, eui64 id, enum sim_key_usage usage,
                          uint8_t out[static DERIVED]) {
    uint8_t key[8], info[EUI64_OCTETS + 1];
    char salt[] = "fotasim device key", digest[] = "SHA256";
    eui64_store(seed, key);
    eui64_store(id, info);
    info[EUI64_OCTETS] = (uint8_t)usage;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key, sizeof key),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt,
                                          sizeof salt),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info,
                                          sizeof info),
        OSSL_PARAM_construct_end()};
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(hkdf);
    openssl_must(context && EVP_KDF_derive(context, out, DERIVED, params) == 1);
    EVP_KDF_CTX_free(context);
}

/* A scalar from 1 to the order of P-256 minus 1. */
static BIGNUM *octets_to_scalar(const uint8_t derived[static DERIVED],
                                BN_CTX *context) {
    BIGNUM *number = BN_bin2bn(derived, DERIVED, NULL);
    openssl_must(number && BN_mod(number, number, most, context) &&
                 BN_add_word(number, 1));
    return number;
}

static void scalar_to_point(const BIGNUM *scalar, uint8_t point[static POINT],
                            BN_CTX *context) {
    EC_POINT *public = EC_POINT_new(p256);
    openssl_must(public &&
                 EC_POINT_mul(p256, public, scalar, NULL, NULL, context) &&
                 EC_POINT_point2oct(p256, public, POINT_CONVERSION_UNCOMPRESSED,
                                    point, POINT, context) == POINT);
    EC_POINT_free(public);
}

/* Both halves are given, for OpenSSL takes longer to find the other one. */
static EVP_PKEY *make_key(const BIGNUM *scalar, uint8_t point[static POINT]) {
    unsigned char native[SCALAR];
    char group[] = "P-256";
    openssl_must(BN_bn2nativepad(scalar, native, SCALAR) == SCALAR);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, SCALAR),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point,
                                          POINT),
        OSSL_PARAM_construct_end()};
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    openssl_must(context && EVP_PKEY_fromdata_init(context) == 1 &&
                 EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) ==
                     1);
    EVP_PKEY_CTX_free(context);
    OPENSSL_cleanse(native, sizeof native);
    return key;
}

EVP_PKEY *sim_device_key(uint64_t seed, eui64 id, enum sim_key_usage usage) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, algorithms_fetch);
    uint8_t derived[DERIVED], point[POINT];
    octets_derive(seed, id, usage, derived);
    BN_CTX *context = BN_CTX_new();
    BIGNUM *scalar = octets_to_scalar(derived, context);
    scalar_to_point(scalar, point, context);
    EVP_PKEY *key = make_key(scalar, point);
    BN_clear_free(scalar);
    BN_CTX_free(context);
    OPENSSL_cleanse(derived, sizeof derived);
    return key;
}
