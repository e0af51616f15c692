/* OpenSSL 3.0 has two ways for a key that is elsewhere: this one, which it
 * calls deprecated, and a provider of one's own, ten times as long. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "http/tls_key.h"

#include "base/memory.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <pthread.h>

/* ---- GnuTLS ---- */

static int served_sign(gnutls_privkey_t private, gnutls_sign_algorithm_t how,
                       void *key, unsigned flags, const gnutls_datum_t *hash,
                       gnutls_datum_t *signature) {
    (void)private, (void)how, (void)flags;
    uint8_t der[HSM_MOST_DER];
    size_t len =
        hash->size == HSM_HASH ? hsm_sign_der(key, hash->data, der) : 0;
    if (!len)
        return GNUTLS_E_PK_SIGN_FAILED;
    signature->data = gnutls_malloc(len);
    if (!signature->data)
        memory_exhausted(len);
    memcpy(signature->data, der, len);
    signature->size = (unsigned)len;
    return 0;
}

static int served_describe(gnutls_privkey_t private, unsigned flags,
                           void *key) {
    (void)private, (void)key;
    gnutls_sign_algorithm_t how = GNUTLS_FLAGS_TO_SIGN_ALGO(flags);
    if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
        return GNUTLS_PK_ECDSA;
    if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
        return 8 * HSM_SIGNATURE / 2;
    if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
        return how == GNUTLS_SIGN_ECDSA_SHA256 ||
               how == GNUTLS_SIGN_ECDSA_SECP256R1_SHA256;
    return flags & GNUTLS_PRIVKEY_INFO_SIGN_ALGO ? GNUTLS_SIGN_UNKNOWN : -1;
}

static void served_close(gnutls_privkey_t private, void *key) {
    (void)private;
    hsm_key_close(key);
}

int tls_key_serve(gnutls_certificate_credentials_t credentials,
                  const char *certificate, struct hsm_key *key) {
    enum { MOST = 16 };
    gnutls_pcert_st chain[MOST];
    unsigned count = MOST;
    gnutls_privkey_t private;
    if (gnutls_privkey_init(&private) < 0 ||
        gnutls_privkey_import_ext4(private, key, NULL, served_sign, NULL,
                                   served_close, served_describe,
                                   GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE) < 0)
        memory_exhausted(0);
    int error = gnutls_pcert_list_import_x509_file(
        chain, &count, certificate, GNUTLS_X509_FMT_PEM, NULL, NULL, 0);
    if (error < 0)
        count = 0;
    else
        error = gnutls_certificate_set_key(credentials, NULL, 0, chain,
                                           (int)count, private);
    if (error >= 0)
        return 0;
    while (count) /* they are still ours */
        gnutls_pcert_deinit(&chain[--count]);
    gnutls_privkey_deinit(private);
    return error;
}

/* ---- OpenSSL ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EC_KEY_METHOD *method;
static int place; /* of the struct hsm_key in an EC_KEY */

static int call_sign(int type, const unsigned char *hash, int len,
                     unsigned char *der, unsigned *der_len,
                     const BIGNUM *inverse, const BIGNUM *r, EC_KEY *ec) {
    (void)type, (void)inverse, (void)r;
    struct hsm_key *key = EC_KEY_get_ex_data(ec, place);
    *der_len = len == HSM_HASH ? (unsigned)hsm_sign_der(key, hash, der) : 0;
    return *der_len != 0;
}

static void method_make(void) {
    place = EC_KEY_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
    if (place < 0 || !method)
        memory_exhausted(0);
    EC_KEY_METHOD_set_sign(method, call_sign, NULL, NULL);
}

/* The public key of the certificate, which signs in the HSM. NULL: it is on
 * another curve. */
static EVP_PKEY *call_key(const X509 *certificate, struct hsm_key *key) {
    enum { POINT = 1 + HSM_SIGNATURE };
    unsigned char point[POINT];
    size_t len = 0;
    const EVP_PKEY *public = X509_get0_pubkey(certificate);
    EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    EVP_PKEY *made = EVP_PKEY_new();
    pthread_once(&once, method_make);
    bool good =
        public && ec && made &&
        EVP_PKEY_get_octet_string_param(public, OSSL_PKEY_PARAM_PUB_KEY, point,
                                        POINT, &len) &&
        EC_KEY_oct2key(ec, point, len, NULL) && EC_KEY_set_method(ec, method) &&
        EC_KEY_set_ex_data(ec, place, key) && EVP_PKEY_set1_EC_KEY(made, ec);
    EC_KEY_free(ec);
    if (good)
        return made;
    EVP_PKEY_free(made);
    return NULL;
}

bool tls_key_call(SSL_CTX *context, const char *certificate,
                  struct hsm_key *key) {
    bool good = SSL_CTX_use_certificate_chain_file(context, certificate) == 1;
    EVP_PKEY *private =
        good ? call_key(SSL_CTX_get0_certificate(context), key) : NULL;
    good = private && SSL_CTX_use_PrivateKey(context, private) == 1 &&
           SSL_CTX_set1_client_sigalgs_list(context, "ECDSA+SHA256") == 1;
    EVP_PKEY_free(private);
    ERR_clear_error();
    return good;
}
