#include "support/tls_pki.h"
#include "support/check.h"
#include "support/files.h"

#include <dirent.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/fotad-tls-XXXXXX";
static bool folder_made;

const char *tls_pki_folder(void) {
    if (!folder_made)
        assert_non_null(mkdtemp(folder));
    folder_made = true;
    return folder;
}

void tls_pki_remove(void) {
    DIR *dir = folder_made ? opendir(folder) : NULL;
    if (!dir)
        return;
    for (const struct dirent *entry; (entry = readdir(dir));)
        if (*entry->d_name != '.')
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(folder);
}

const char *tls_write(const char *name, struct span octets) {
    static char path[96];
    snprintf(path, sizeof path, "%s/%.48s", tls_pki_folder(), name);
    file_write(path, octets);
    return path;
}

static void add_extension(X509 *certificate, int kind, const char *value) {
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, kind, value);
    assert_non_null(e);
    X509_add_ext(certificate, e, -1);
    X509_EXTENSION_free(e);
}

static void add_name(X509 *certificate, const char *type, const char *text) {
    if (text)
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), type,
                                   MBSTRING_ASC, (const unsigned char *)text,
                                   -1, -1, 0);
}

/* A BIT STRING, as the SMKI writes it; of eight octets, also when the last are
 * zero, which OpenSSL would leave out. */
static void add_unique_identifier(X509 *certificate, const uint8_t *octets) {
    if (!*octets)
        return;
    X509_NAME_ENTRY *entry = X509_NAME_ENTRY_create_by_NID(
        NULL, NID_x500UniqueIdentifier, V_ASN1_BIT_STRING, octets, 8);
    X509_NAME_ENTRY_get_data(entry)->flags |= ASN1_STRING_FLAG_BITS_LEFT;
    X509_NAME_add_entry(X509_get_subject_name(certificate), entry, -1, 0);
    X509_NAME_ENTRY_free(entry);
}

static void set_dates(X509 *x509, const struct tls_wish *wish) {
    enum { A_DAY = 24 * 60 * 60 };
    bool usual = !wish->from && !wish->to;
    X509_gmtime_adj(X509_getm_notBefore(x509),
                    (usual ? -1 : wish->from) * A_DAY);
    X509_gmtime_adj(X509_getm_notAfter(x509), (usual ? 1 : wish->to) * A_DAY);
}

static void sign(struct tls_identity *i, const struct tls_wish *wish) {
    const struct tls_identity *issuer = wish->issuer ? wish->issuer : i;
    X509 *x509 = i->certificate = X509_new();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), wish->serial);
    set_dates(x509, wish);
    X509_set_pubkey(x509, i->key);
    add_name(x509, "CN", wish->name);
    add_name(x509, "serialNumber", wish->serial_number);
    add_unique_identifier(x509, wish->unique_identifier);
    X509_set_issuer_name(x509, X509_get_subject_name(issuer->certificate));
    add_extension(x509, NID_basic_constraints,
                  wish->issuer ? "CA:FALSE" : "critical,CA:TRUE");
    add_extension(x509, NID_subject_alt_name,
                  wish->for_another_host ? "DNS:elsewhere.example"
                                         : "IP:127.0.0.1");
    if (wish->extended_usage)
        add_extension(x509, NID_ext_key_usage, wish->extended_usage);
    if (wish->name_constraints)
        add_extension(x509, NID_name_constraints, wish->name_constraints);
    assert_true(X509_sign(x509, issuer->key, EVP_sha256()) > 0);
}

static void write_pem(char *path, size_t size, const char *name,
                      const char *ending, BIO *bio) {
    char *data = NULL;
    size_t len = (size_t)BIO_get_mem_data(bio, &data);
    char file[64];
    snprintf(file, sizeof file, "%.40s.%s", name, ending);
    snprintf(path, size, "%s", tls_write(file, span_of(data, len)));
    BIO_free(bio);
}

static EVP_PKEY *key_of_rsa(int exponent_bits) {
    BIGNUM *exponent = BN_new();
    EVP_PKEY *key = NULL;
    if (exponent_bits == 17)
        assert_int_equal(BN_set_word(exponent, RSA_F4), 1);
    else
        assert_int_equal(
            BN_generate_prime_ex(exponent, exponent_bits, 0, NULL, NULL, NULL),
            1);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048);
    EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, exponent);
    assert_int_equal(EVP_PKEY_generate(context, &key), 1);
    EVP_PKEY_CTX_free(context);
    BN_free(exponent);
    return key;
}

void tls_make(struct tls_identity *i, const struct tls_wish *wish) {
    i->key = wish->exponent ? key_of_rsa(wish->exponent) : EVP_EC_gen("P-256");
    sign(i, wish);
    BIO *key = BIO_new(BIO_s_mem()), *certificate = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(key, i->key, NULL, NULL, 0, NULL, NULL);
    PEM_write_bio_X509(certificate, i->certificate);
    write_pem(i->key_path, sizeof i->key_path, wish->name, "key", key);
    write_pem(i->certificate_path, sizeof i->certificate_path, wish->name,
              "pem", certificate);
}

void tls_identity_free(struct tls_identity *identity) {
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
}

static void add_revoked(X509_CRL *crl, long serial) {
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    ASN1_TIME *when = ASN1_TIME_new();
    ASN1_INTEGER_set(number, serial);
    X509_gmtime_adj(when, -24 * 60 * 60);
    X509_REVOKED_set_serialNumber(entry, number);
    X509_REVOKED_set_revocationDate(entry, when);
    X509_CRL_add0_revoked(crl, entry);
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(when);
}

static void set_update(X509_CRL *crl, int (*set)(X509_CRL *, const ASN1_TIME *),
                       int days) {
    ASN1_TIME *when = ASN1_TIME_new();
    X509_gmtime_adj(when, days * 24L * 60 * 60);
    set(crl, when);
    ASN1_TIME_free(when);
}

struct buffer tls_crl(const struct tls_identity *issuer, const long *serials,
                      int from, int to) {
    X509_CRL *crl = X509_CRL_new();
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->certificate));
    set_update(crl, X509_CRL_set1_lastUpdate, from);
    set_update(crl, X509_CRL_set1_nextUpdate, to);
    for (; *serials; serials++)
        add_revoked(crl, *serials);
    X509_CRL_sort(crl);
    assert_true(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0);
    unsigned char *der = NULL;
    int len = i2d_X509_CRL(crl, &der);
    assert_true(len > 0);
    struct buffer out = {0};
    buffer_add(&out, span_of(der, (size_t)len));
    OPENSSL_free(der);
    X509_CRL_free(crl);
    return out;
}
