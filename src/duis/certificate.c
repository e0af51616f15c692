#include "duis/certificate.h"

#include "base/hex.h"
#include "duis/issuer.h"
#include "duis/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <time.h>

enum { MOST_SERIAL_OCTETS = 20 /* RFC 5280, 4.1.2.2 */ };

/* RFC 4108: otherName of a device, SEQUENCE { type OID, serial OCTET STRING }
 */
static const char HARDWARE_MODULE_NAME[] = "1.3.6.1.5.5.7.8.4";

static void key_free(void *key) {
    EVP_PKEY_free(key);
}

static void x509_free(void *x509) {
    X509_free(x509);
}

static void *x509_from_pem(BIO *bio) {
    return PEM_read_bio_X509(bio, NULL, pem_no_password, NULL);
}

static void *x509_from_der(const unsigned char **at, long len) {
    return d2i_X509(NULL, at, len);
}

static const struct pem_kind x509_kind = {x509_from_pem, x509_from_der,
                                          x509_free};

static bool is_on_p256(const EVP_PKEY *key) {
    char group[32];
    size_t len = 0;
    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

/* Each step fills what it is about and returns NULL or the reason. */
struct reading {
    struct arena *arena;
    X509 *x509;
    struct certificate *certificate;
};

static const char *read_usage(struct reading *r) {
    uint32_t flags = X509_get_extension_flags(r->x509);
    uint32_t usage = X509_get_key_usage(r->x509);
    if (flags & EXFLAG_INVALID)
        return "has extensions that cannot be read";
    if (flags & EXFLAG_CA)
        return "is a CA certificate";
    if (!(flags & EXFLAG_KUSAGE))
        return "has no key usage";
    if (usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN))
        return "is a CA certificate";
    bool signs = usage & KU_DIGITAL_SIGNATURE,
         agrees = usage & KU_KEY_AGREEMENT;
    if (signs == agrees)
        return signs ? "is for digitalSignature and keyAgreement at once"
                     : "is neither for digitalSignature nor for keyAgreement";
    r->certificate->usage =
        signs ? CERTIFICATE_DIGITAL_SIGNATURE : CERTIFICATE_KEY_AGREEMENT;
    return NULL;
}

static const char *read_key(struct reading *r) {
    EVP_PKEY *key = X509_get_pubkey(r->x509);
    if (!key)
        return "has a public key that cannot be read";
    r->certificate->key = arena_adopt(r->arena, key, key_free);
    if (!is_on_p256(key))
        return "curve is not P-256";
    /* as it stands in the certificate: to write the key anew takes OpenSSL 3
     * longer than all the rest */
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(r->x509), &der);
    if (len <= 0)
        return "has a public key that cannot be read";
    r->certificate->public_key =
        arena_copy(r->arena, span_of(der, (size_t)len));
    OPENSSL_free(der);
    return NULL;
}

/* The only entry of that kind; NULL when there is none or more than one. */
static const ASN1_STRING *only_entry(const X509_NAME *name, int nid) {
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(name, nid, at) >= 0)
        return NULL;
    return X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
}

static bool load_id(const ASN1_STRING *octets, eui64 *id) {
    if (!octets || ASN1_STRING_length(octets) != EUI64_OCTETS)
        return false;
    *id = eui64_load(ASN1_STRING_get0_data(octets));
    return true;
}

static bool organisation_id(const X509 *x509, eui64 *id) {
    const ASN1_STRING *bits =
        only_entry(X509_get_subject_name(x509), NID_x500UniqueIdentifier);
    bool whole_octets = bits && ASN1_STRING_type(bits) == V_ASN1_BIT_STRING &&
                        (bits->flags & 7) == 0;
    return whole_octets && load_id(bits, id);
}

static bool hardware_module_id(const ASN1_TYPE *value, eui64 *id) {
    if (value->type != V_ASN1_SEQUENCE)
        return false;
    const unsigned char *der = ASN1_STRING_get0_data(value->value.sequence);
    ASN1_SEQUENCE_ANY *parts = d2i_ASN1_SEQUENCE_ANY(
        NULL, &der, ASN1_STRING_length(value->value.sequence));
    bool found = false;
    if (parts && sk_ASN1_TYPE_num(parts) == 2) {
        const ASN1_TYPE *serial = sk_ASN1_TYPE_value(parts, 1);
        found = serial->type == V_ASN1_OCTET_STRING &&
                load_id(serial->value.octet_string, id);
    }
    sk_ASN1_TYPE_pop_free(parts, ASN1_TYPE_free);
    return found;
}

static bool is_hardware_module(const GENERAL_NAME *name) {
    char type[64];
    return name->type == GEN_OTHERNAME &&
           OBJ_obj2txt(type, sizeof type, name->d.otherName->type_id, 1) > 0 &&
           strcmp(type, HARDWARE_MODULE_NAME) == 0;
}

static bool device_id(const X509 *x509, eui64 *id) {
    GENERAL_NAMES *names =
        X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    int found = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (is_hardware_module(name) &&
            hardware_module_id(name->d.otherName->value, id))
            found++;
    }
    GENERAL_NAMES_free(names);
    return found == 1;
}

/* One certificate issued before RTDS 1.4.1 has the role in decimal. */
enum { DECIMAL_DSP_XML_SIGN = 0x137 };

static bool read_role(const X509 *x509, int *role) {
    const ASN1_STRING *unit =
        only_entry(X509_get_subject_name(x509), NID_organizationalUnitName);
    int len = unit ? ASN1_STRING_length(unit) : 0;
    if (len < 1 || len > 4)
        return false;
    int value = 0;
    for (int i = 0; i < len; i++) {
        int digit = hex_digit(ASN1_STRING_get0_data(unit)[i]);
        if (digit < 0)
            return false;
        value = value << 4 | digit;
    }
    *role = value == DECIMAL_DSP_XML_SIGN ? CERTIFICATE_DSP_XML_SIGN : value;
    return true;
}

static const char *read_identity(struct reading *r) {
    struct certificate *c = r->certificate;
    eui64 device = 0;
    bool is_organisation = organisation_id(r->x509, &c->id);
    bool is_device = device_id(r->x509, &device);
    if (is_organisation && is_device)
        return "has two EUI-64, an organisation's and a device's";
    if (is_device) {
        c->id = device;
        c->role = CERTIFICATE_DEVICE;
        return NULL;
    }
    if (!is_organisation)
        return "has no EUI-64";
    return read_role(r->x509, &c->role) ? NULL
                                        : "has no role: no subject OU in hex";
}

static const char *read_issuer(struct reading *r) {
    r->certificate->issuer =
        issuer_of_name(r->arena, X509_get_issuer_name(r->x509));
    return r->certificate->issuer ? NULL : "has no issuer name";
}

static const char *read_serial(struct reading *r) {
    const char *reason = NULL;
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(r->x509), NULL);
    char *decimal = number ? BN_bn2dec(number) : NULL;
    if (!decimal || BN_is_negative(number) || BN_is_zero(number) ||
        BN_num_bytes(number) > MOST_SERIAL_OCTETS) {
        reason = "serial number is not positive, or longer than 20 octets";
    } else {
        uint8_t octets[MOST_SERIAL_OCTETS];
        int len = BN_bn2bin(number, octets);
        r->certificate->serial = arena_text(r->arena, span_text(decimal));
        r->certificate->serial_octets =
            arena_copy(r->arena, span_of(octets, (size_t)len));
    }
    OPENSSL_free(decimal);
    BN_free(number);
    return reason;
}

static bool instant_of(const ASN1_TIME *time, instant *when) {
    struct tm tm;
    if (ASN1_TIME_to_tm(time, &tm) != 1)
        return false;
    *when = timegm(&tm) * SECOND;
    return true;
}

static const char *read_dates(struct reading *r) {
    struct certificate *c = r->certificate;
    return instant_of(X509_get0_notBefore(r->x509), &c->not_before) &&
                   instant_of(X509_get0_notAfter(r->x509), &c->not_after)
               ? NULL
               : "has dates that cannot be read";
}

static const char *read_der(struct reading *r) {
    unsigned char *der = NULL;
    int len = i2d_X509(r->x509, &der);
    if (len <= 0)
        return "cannot be written as DER";
    r->certificate->der = arena_copy(r->arena, span_of(der, (size_t)len));
    OPENSSL_free(der);
    return NULL;
}

static const char *(*const STEPS[])(struct reading *) = {
    read_usage,  read_key,   read_identity, read_issuer,
    read_serial, read_dates, read_der,
};

bool certificate_read(struct arena *arena, struct span pem_or_der,
                      struct certificate *certificate, const char **reason) {
    *certificate = (struct certificate){0};
    struct reading r = {arena, pem_or_der_read(pem_or_der, &x509_kind),
                        certificate};
    arena_adopt(arena, r.x509, x509_free);
    *reason = r.x509 ? NULL : "is not an X.509 certificate";
    for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS && !*reason; i++)
        *reason = STEPS[i](&r);
    ERR_clear_error();
    return !*reason;
}

EVP_PKEY *certificate_public_key(struct arena *arena, struct span spki) {
    const unsigned char *at = spki.data;
    EVP_PKEY *key = spki.len ? d2i_PUBKEY(NULL, &at, (long)spki.len) : NULL;
    arena_adopt(arena, key, key_free);
    ERR_clear_error();
    bool good = key && at == spki.data + spki.len && is_on_p256(key);
    return good ? key : NULL;
}
