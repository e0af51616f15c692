#include "fotasim/device_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <stdlib.h>

enum {
    SCALAR = 32,
    /* 128 more bits than the order has, so that the remainder is even */
    DERIVED = SCALAR + 16,
};

/* OpenSSL says no only when it is broken or out of memory. */
static void must(bool condition) {
    if (!condition)
        abort();
}

/* HKDF (RFC 5869) with SHA-256: seed as key, EUI-64 and usage as info. */
static void derive(uint64_t seed, eui64 id, enum sim_key_usage usage,
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
    EVP_KDF *hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(hkdf);
    must(context && EVP_KDF_derive(context, out, DERIVED, params) == 1);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(hkdf);
}

/* 1 to the order of P-256 minus 1. */
static void to_scalar(const uint8_t derived[static DERIVED],
                      uint8_t scalar[static SCALAR]) {
    BIGNUM *most = NULL, *number = BN_bin2bn(derived, DERIVED, NULL);
    BN_CTX *context = BN_CTX_new();
    must(BN_hex2bn(&most, "FFFFFFFF00000000FFFFFFFFFFFFFFFF"
                          "BCE6FAADA7179E84F3B9CAC2FC632550") &&
         number && context && BN_mod(number, number, most, context) &&
         BN_add_word(number, 1) &&
         BN_bn2binpad(number, scalar, SCALAR) == SCALAR);
    BN_CTX_free(context);
    BN_free(number);
    BN_free(most);
}

EVP_PKEY *sim_device_key(uint64_t seed, eui64 id, enum sim_key_usage usage) {
    /* ECPrivateKey (RFC 5915) with the curve's name; the scalar goes to 7 */
    uint8_t der[51] = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20};
    static const uint8_t curve[] = {0xA0, 0x0A, 0x06, 0x08, 0x2A, 0x86,
                                    0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
    uint8_t derived[DERIVED];
    derive(seed, id, usage, derived);
    to_scalar(derived, der + 7);
    memcpy(der + 7 + SCALAR, curve, sizeof curve);
    const uint8_t *at = der;
    EVP_PKEY *key = d2i_PrivateKey(EVP_PKEY_EC, NULL, &at, sizeof der);
    must(key);
    OPENSSL_cleanse(der, sizeof der);
    return key;
}
