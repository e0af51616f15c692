#include "support/gbcs_keys.h"

#include "base/hex.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>

EVP_PKEY *key_of_scalar(const char *hex) {
    /* ECPrivateKey (RFC 5915) with the curve's name and no public key */
    static const char format[] = "30310201010420%.64sA00A06082A8648CE3D030107";
    char text[128];
    uint8_t der[64];
    snprintf(text, sizeof text, format, hex);
    int len = hex_parse(span_text(text), der, sizeof der);
    const uint8_t *at = der;
    return d2i_AutoPrivateKey(NULL, &at, len);
}

EVP_PKEY *key_of_number(unsigned number) {
    char hex[65];
    snprintf(hex, sizeof hex, "%064X", 0x1000001 + number);
    return key_of_scalar(hex);
}

EVP_PKEY *key_of_certificate(struct span pem) {
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    EVP_PKEY *key = certificate ? X509_get_pubkey(certificate) : NULL;
    X509_free(certificate);
    BIO_free(bio);
    return key;
}
