#include "duis/revocation.h"

#include "base/hex.h"
#include "duis/issuer.h"
#include "duis/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <time.h>

static void crl_free(void *crl) {
    X509_CRL_free(crl);
}

static void *crl_from_pem(BIO *bio) {
    return PEM_read_bio_X509_CRL(bio, NULL, pem_no_password, NULL);
}

static void *crl_from_der(const unsigned char **at, long len) {
    return d2i_X509_CRL(NULL, at, len);
}

static const struct pem_kind crl_kind = {crl_from_pem, crl_from_der, crl_free};

static bool read_time(const ASN1_TIME *time, instant *when) {
    struct tm parts;
    if (!time || ASN1_TIME_to_tm(time, &parts) != 1)
        return false;
    *when = (instant)timegm(&parts) * SECOND;
    return true;
}

static bool is_scope(X509_EXTENSION *extension) {
    return OBJ_obj2nid(X509_EXTENSION_get_object(extension)) ==
           NID_issuing_distribution_point;
}

static bool has_other_critical_extension(const X509_CRL *crl) {
    for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
        X509_EXTENSION *extension = X509_CRL_get_ext(crl, i);
        if (X509_EXTENSION_get_critical(extension) && !is_scope(extension))
            return true;
    }
    return false;
}

/* Whether the list has all user certificates that its issuer has revoked
 * (RFC 5280, 5.2.5): it is the only one that is kept of an issuer. Clients,
 * Users and devices have nothing else. */
static bool has_all_users(const X509_CRL *crl) {
    int found = 0;
    ISSUING_DIST_POINT *scope =
        X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, &found, NULL);
    bool all = scope ? !scope->distpoint && scope->onlyCA <= 0 &&
                           scope->onlyattr <= 0 && scope->indirectCRL <= 0 &&
                           !scope->onlysomereasons
                     : found == -1; /* there is none */
    ISSUING_DIST_POINT_free(scope);
    return all;
}

/* What is wrong with the list as a whole, or NULL. */
static const char *read_head(struct arena *arena,
                             struct revocation_list *list) {
    const X509_CRL *crl = list->crl;
    list->issuer = issuer_of_name(arena, X509_CRL_get_issuer(crl));
    if (!list->issuer)
        return "has no issuer name";
    if (!read_time(X509_CRL_get0_lastUpdate(crl), &list->this_update) ||
        !read_time(X509_CRL_get0_nextUpdate(crl), &list->next_update))
        return "has no thisUpdate or no nextUpdate";
    if (X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0)
        return "is a delta CRL";
    if (!has_all_users(crl))
        return "has an issuing distribution point: only a list of all "
               "certificates, or of all user certificates, is taken";
    if (has_other_critical_extension(crl))
        return "has a critical extension";
    return NULL;
}

static const char *serial_text(struct arena *arena,
                               const ASN1_INTEGER *serial) {
    BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
    char *digits = number && !BN_is_negative(number) ? BN_bn2dec(number) : NULL;
    const char *text = NULL;
    if (digits && strlen(digits) <= 49)
        text = arena_text(arena, span_text(digits));
    OPENSSL_free(digits);
    BN_free(number);
    return text;
}

static const char *read_entries(struct arena *arena,
                                struct revocation_list *list) {
    const STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(list->crl);
    int count = entries ? sk_X509_REVOKED_num(entries) : 0;
    list->serials = arena_zero(arena, (size_t)count, sizeof *list->serials);
    list->revoked = arena_zero(arena, (size_t)count, sizeof *list->revoked);
    for (int i = 0; i < count; i++) {
        const X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);
        size_t at = list->count++;
        list->serials[at] =
            serial_text(arena, X509_REVOKED_get0_serialNumber(entry));
        if (!list->serials[at] ||
            !read_time(X509_REVOKED_get0_revocationDate(entry),
                       &list->revoked[at]))
            return "has an entry that cannot be read";
    }
    return NULL;
}

static struct span crl_der(struct arena *arena, X509_CRL *crl) {
    unsigned char *der = NULL;
    int len = i2d_X509_CRL(crl, &der);
    struct span octets = {0};
    if (len > 0)
        octets = arena_copy(arena, span_of(der, (size_t)len));
    OPENSSL_free(der);
    return octets;
}

bool revocation_list_read(struct arena *arena, struct span pem_or_der,
                          struct revocation_list *list, const char **reason) {
    *list = (struct revocation_list){0};
    X509_CRL *crl = pem_or_der_read(pem_or_der, &crl_kind);
    ERR_clear_error();
    if (!crl) {
        *reason = "is not a certificate revocation list, PEM or DER";
        return false;
    }
    list->crl = arena_adopt(arena, crl, crl_free);
    list->der = crl_der(arena, crl);
    *reason = read_head(arena, list);
    if (!*reason)
        *reason = read_entries(arena, list);
    ERR_clear_error();
    return *reason == NULL;
}
