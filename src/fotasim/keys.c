#include "fotasim/keys.h"

#include "fotasim/verbs.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>

void openssl_must(bool condition) {
    if (!condition)
        abort();
}

static void free_key(void *key) {
    EVP_PKEY_free(key);
}

static void free_certificate(void *certificate) {
    X509_free(certificate);
}

EVP_PKEY *key_new(struct arena *arena) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    openssl_must(key);
    return arena_adopt(arena, key, free_key);
}

EVP_PKEY *key_read(struct arena *arena, const char *path) {
    struct buffer pem = {0};
    EVP_PKEY *key = NULL;
    if (!read_whole(path, &pem))
        return NULL;
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    buffer_free(&pem);
    if (!key)
        refuse("%s: no private key", path);
    return arena_adopt(arena, key, free_key);
}

static struct span bio_text(struct arena *arena, BIO *bio) {
    char *text;
    long len = BIO_get_mem_data(bio, &text);
    struct span copy = arena_copy(arena, span_of(text, (size_t)len));
    BIO_free(bio);
    return copy;
}

struct span key_pem(struct arena *arena, EVP_PKEY *key) {
    BIO *bio = BIO_new(BIO_s_mem());
    openssl_must(
        PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    return bio_text(arena, bio);
}

struct span certificate_pem(struct arena *arena, X509 *certificate) {
    BIO *bio = BIO_new(BIO_s_mem());
    openssl_must(PEM_write_bio_X509(bio, certificate) == 1);
    return bio_text(arena, bio);
}

bool key_sign(EVP_PKEY *key, struct span octets, uint8_t signature[static 64]) {
    uint8_t der[128];
    size_t len = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    openssl_must(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) ==
                 1);
    bool good =
        EVP_DigestSign(context, der, &len, octets.data, octets.len) == 1;
    EVP_MD_CTX_free(context);
    const unsigned char *at = der;
    ECDSA_SIG *pair = good ? d2i_ECDSA_SIG(NULL, &at, (long)len) : NULL;
    if (!pair)
        return false;
    openssl_must(BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32) == 32 &&
                 BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32) ==
                     32);
    ECDSA_SIG_free(pair);
    return true;
}

/* Certificates */

void certificate_add_extension(X509 *certificate, int nid, const char *value) {
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    openssl_must(extension && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void add_text(X509_NAME *name, int nid, const char *text) {
    openssl_must(X509_NAME_add_entry_by_NID(
        name, nid, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0));
}

/* BIT STRING with no unused bits: OpenSSL would drop zeros at the end. */
void name_add_organisation_id(X509_NAME *name, eui64 id) {
    uint8_t octets[EUI64_OCTETS];
    eui64_store(id, octets);
    X509_NAME_ENTRY *entry =
        X509_NAME_ENTRY_create_by_NID(NULL, NID_x500UniqueIdentifier,
                                      V_ASN1_BIT_STRING, octets, sizeof octets);
    openssl_must(entry);
    X509_NAME_ENTRY_get_data(entry)->flags |= ASN1_STRING_FLAG_BITS_LEFT;
    openssl_must(X509_NAME_add_entry(name, entry, -1, 0));
    X509_NAME_ENTRY_free(entry);
}

/* otherName hardwareModuleName (1.3.6.1.5.5.7.8.4): SEQUENCE { hwType 1.2.3,
 * hwSerialNum the EUI-64 } (RFC 4108). */
void certificate_add_device_id(X509 *certificate, eui64 id) {
    char value[128];
    snprintf(value, sizeof value,
             "DER:301EA01C06082B06010505070804A010300E06022A030408%016llX",
             (unsigned long long)id);
    certificate_add_extension(certificate, NID_subject_alt_name, value);
}

static void add_serial(X509 *certificate) {
    BIGNUM *number = BN_new();
    openssl_must(
        number && BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
        BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)));
    BN_free(number);
}

static X509 *blank_certificate(struct arena *arena, EVP_PKEY *key) {
    X509 *certificate = X509_new();
    openssl_must(certificate && X509_set_version(certificate, X509_VERSION_3) &&
                 X509_set_pubkey(certificate, key) &&
                 ASN1_TIME_set_string(X509_getm_notBefore(certificate),
                                      "20180101000000Z") &&
                 ASN1_TIME_set_string(X509_getm_notAfter(certificate),
                                      "21180101000000Z"));
    add_serial(certificate);
    return arena_adopt(arena, certificate, free_certificate);
}

struct authority authority_new(struct arena *arena) {
    EVP_PKEY *key = key_new(arena);
    X509 *certificate = blank_certificate(arena, key);
    X509_NAME *name = X509_NAME_new();
    add_text(name, NID_organizationalUnitName, "07");
    add_text(name, NID_commonName, "Z1");
    openssl_must(X509_set_subject_name(certificate, name) &&
                 X509_set_issuer_name(certificate, name));
    X509_NAME_free(name);
    certificate_add_extension(certificate, NID_basic_constraints,
                              "critical,CA:TRUE");
    certificate_add_extension(certificate, NID_key_usage,
                              "critical,keyCertSign,cRLSign");
    openssl_must(X509_sign(certificate, key, EVP_sha256()) > 0);
    return (struct authority){key, certificate};
}

X509 *certificate_issue(struct arena *arena, const struct authority *authority,
                        EVP_PKEY *key, const struct certificate_wish *wish) {
    X509 *certificate = blank_certificate(arena, key);
    openssl_must(X509_set_issuer_name(
        certificate, X509_get_subject_name(authority->certificate)));
    if (wish->role) {
        X509_NAME *name = X509_NAME_new();
        add_text(name, NID_organizationalUnitName, wish->role);
        name_add_organisation_id(name, wish->id);
        openssl_must(X509_set_subject_name(certificate, name));
        X509_NAME_free(name);
    } else {
        certificate_add_device_id(certificate, wish->id);
    }
    certificate_add_extension(certificate, NID_key_usage,
                              wish->key_agreement
                                  ? "critical,keyAgreement"
                                  : "critical,digitalSignature");
    openssl_must(X509_sign(certificate, authority->key, EVP_sha256()) > 0);
    return certificate;
}
