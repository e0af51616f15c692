#include "support/duis_signing.h"

#include "base/base64.h"
#include "duis/certificate.h"
#include "support/shared.h"

#include <jansson.h>
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>

#define NEED(condition)                                                        \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);    \
            abort();                                                           \
        }                                                                      \
    } while (0)

static const char *or_else(const char *given, const char *otherwise) {
    return given ? given : otherwise;
}

/* Certificates */

static void free_key(void *key) {
    EVP_PKEY_free(key);
}

static struct span bio_text(struct arena *arena, BIO *bio) {
    char *text;
    long len = BIO_get_mem_data(bio, &text);
    struct span copy = arena_copy(arena, span_of(text, (size_t)len));
    BIO_free(bio);
    return copy;
}

static struct span key_as_pem(struct arena *arena, EVP_PKEY *key) {
    BIO *bio = BIO_new(BIO_s_mem());
    NEED(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    return bio_text(arena, bio);
}

static void add_extension(X509 *x509, int nid, const char *value) {
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    NEED(extension && X509_add_ext(x509, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* subjectAltName of a device: otherName hardwareModuleName, of SEQUENCE {
 * hwType 1.2.3, hwSerialNum the EUI-64 } */
static void add_device_id(X509 *x509, eui64 id) {
    char value[128];
    snprintf(value, sizeof value,
             "DER:301EA01C06082B06010505070804A010300E06022A030408%016llX",
             (unsigned long long)id);
    add_extension(x509, NID_subject_alt_name, value);
}

/* Says that all bits count: OpenSSL would drop zeros at the end. */
static void add_organisation_id(X509_NAME *name, eui64 id) {
    uint8_t octets[EUI64_OCTETS];
    eui64_store(id, octets);
    X509_NAME_ENTRY *entry =
        X509_NAME_ENTRY_create_by_NID(NULL, NID_x500UniqueIdentifier,
                                      V_ASN1_BIT_STRING, octets, sizeof octets);
    NEED(entry);
    X509_NAME_ENTRY_get_data(entry)->flags |= ASN1_STRING_FLAG_BITS_LEFT;
    NEED(X509_NAME_add_entry(name, entry, -1, 0));
    X509_NAME_ENTRY_free(entry);
}

static void add_subject(X509 *x509, const struct test_certificate *about) {
    X509_NAME *name = X509_NAME_new();
    const char *role = or_else(about->role, "87");
    if (*role)
        NEED(X509_NAME_add_entry_by_NID(
            name, NID_organizationalUnitName, MBSTRING_UTF8,
            (const unsigned char *)role, -1, -1, 0));
    if (!about->no_id)
        add_organisation_id(name, about->id);
    NEED(X509_set_subject_name(x509, name));
    X509_NAME_free(name);
}

static void add_issuer(X509 *x509) {
    X509_NAME *name = X509_NAME_new();
    NEED(X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_UTF8,
                                    (const unsigned char *)"07", -1, -1, 0));
    NEED(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    (const unsigned char *)"Z1", -1, -1, 0));
    NEED(X509_set_issuer_name(x509, name));
    X509_NAME_free(name);
}

static void add_serial(X509 *x509, const char *decimal) {
    BIGNUM *number = NULL;
    if (decimal) {
        NEED(BN_dec2bn(&number, decimal));
    } else {
        number = BN_new();
        NEED(BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY));
    }
    NEED(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)));
    BN_free(number);
}

static void add_dates(X509 *x509, const struct test_certificate *about) {
    NEED(ASN1_TIME_set_string(X509_getm_notBefore(x509),
                              or_else(about->not_before, "20180101000000Z")));
    NEED(ASN1_TIME_set_string(X509_getm_notAfter(x509),
                              or_else(about->not_after, "21180101000000Z")));
}

static X509 *make_x509(const struct test_certificate *about, EVP_PKEY *key) {
    X509 *x509 = X509_new();
    NEED(X509_set_version(x509, X509_VERSION_3) && X509_set_pubkey(x509, key));
    add_serial(x509, about->serial);
    add_issuer(x509);
    add_dates(x509, about);
    if (!about->device)
        add_subject(x509, about);
    else if (!about->no_id)
        add_device_id(x509, about->id);
    const char *usage = or_else(about->usage, "critical,digitalSignature");
    if (*usage)
        add_extension(x509, NID_key_usage, usage);
    if (about->basic)
        add_extension(x509, NID_basic_constraints, about->basic);
    NEED(X509_sign(x509, key, EVP_sha256()) > 0);
    return x509;
}

static void name_in_key_info(struct arena *arena, X509 *x509,
                             struct test_identity *identity) {
    BIO *issuer = BIO_new(BIO_s_mem());
    NEED(X509_NAME_print_ex(issuer, X509_get_issuer_name(x509), 0,
                            XN_FLAG_RFC2253) >= 0);
    identity->issuer = arena_text(arena, bio_text(arena, issuer));
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get_serialNumber(x509), NULL);
    char *decimal = BN_bn2dec(number);
    identity->serial = arena_text(arena, span_text(decimal));
    OPENSSL_free(decimal);
    BN_free(number);
}

struct test_identity test_identity_new(struct arena *arena,
                                       const struct test_certificate *about) {
    struct test_identity identity = {
        .key = EVP_EC_gen(or_else(about->curve, "P-256"))};
    NEED(identity.key);
    arena_adopt(arena, identity.key, free_key);
    identity.key_pem = key_as_pem(arena, identity.key);
    X509 *x509 = make_x509(about, identity.key);
    BIO *pem = BIO_new(BIO_s_mem());
    NEED(PEM_write_bio_X509(pem, x509) == 1);
    identity.certificate_pem = bio_text(arena, pem);
    name_in_key_info(arena, x509, &identity);
    X509_free(x509);
    return identity;
}

/* RFC 5915: a key of which only the scalar is known. */
static EVP_PKEY *key_of_scalar(struct arena *arena, const char *scalar) {
    char *text =
        arena_printf(arena, "30310201010420%sa00a06082a8648ce3d030107", scalar);
    long len = 0;
    unsigned char *der = OPENSSL_hexstr2buf(text, &len);
    const unsigned char *at = der;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, len);
    OPENSSL_free(der);
    NEED(key);
    return arena_adopt(arena, key, free_key);
}

struct test_identity test_identity_published(struct arena *arena,
                                             const char *scalar,
                                             struct span certificate_pem) {
    struct test_identity identity = {.key = key_of_scalar(arena, scalar)};
    identity.key_pem = key_as_pem(arena, identity.key);
    identity.certificate_pem = arena_copy(arena, certificate_pem);
    BIO *bio = BIO_new_mem_buf(certificate_pem.data, (int)certificate_pem.len);
    X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    NEED(x509);
    name_in_key_info(arena, x509, &identity);
    X509_free(x509);
    BIO_free(bio);
    return identity;
}

static const char *scalar_of(struct arena *arena, struct span keys,
                             const char *name) {
    json_t *root = json_loadb((const char *)keys.data, keys.len, 0, NULL);
    const char *scalar = NULL;
    size_t i;
    json_t *key;
    json_array_foreach(
        json_object_get(root, "keys"), i,
        key) if (strcmp(json_string_value(json_object_get(key, "name")),
                        name) == 0) scalar =
        arena_printf(arena, "%s",
                     json_string_value(json_object_get(key, "scalar")));
    json_decref(root);
    NEED(scalar);
    return scalar;
}

bool test_identity_reference(struct arena *arena, const char *name,
                             struct test_identity *identity) {
    struct buffer keys = {0}, pem = {0};
    bool there =
        shared_read("test-pki/test-scalars.json", &keys) &&
        shared_read(arena_printf(arena, "test-pki/%s.pem", name), &pem);
    if (there)
        *identity = test_identity_published(
            arena, scalar_of(arena, buffer_span(&keys), name),
            buffer_span(&pem));
    buffer_free(&keys);
    buffer_free(&pem);
    return there;
}

/* Requests */

/* What the service of a body wants in the header, and its element. */
static const struct {
    const char *service, *variant, *element;
} SERVICES[] = {
    [DUIS_UPDATE_FIRMWARE] = {"11.1", "8", "UpdateFirmware"},
    [DUIS_UPDATE_PPMID_FIRMWARE] = {"11.4", "8", "UpdatePPMIDFirmware"},
    [DUIS_READ_FIRMWARE_VERSION] = {"11.2", "1", "ReadFirmwareVersion"},
    [DUIS_ACTIVATE_FIRMWARE] = {"11.3", "4", "ActivateFirmware"},
    [DUIS_SIGNED_PRE_COMMAND] = {"11.3", "5", "SignedPreCommand"},
    [DUIS_READ_INVENTORY] = {"8.2", "8", "ReadInventory"},
    [DUIS_OTHER] = {"4.1", "1", "ReadInstantaneousImportRegisters"},
};

static void element(struct buffer *out, const char *name, const char *text) {
    if (text)
        buffer_printf(out, "<sr:%s>%s</sr:%s>", name, text, name);
}

static void build_base64(struct buffer *out, const char *name,
                         struct span octets) {
    buffer_printf(out, "<sr:%s>", name);
    base64_add(out, octets);
    buffer_printf(out, "</sr:%s>", name);
}

static void build_firmware(const struct test_request *request,
                           struct buffer *out) {
    build_base64(out, "FirmwareImage", request->image);
    element(out, "FirmwareVersion",
            or_else(request->firmware_version, "0123ABCD"));
    buffer_text(out, "<sr:DeviceIDList>");
    for (size_t i = 0; i < request->device_id_count; i++) {
        char id[EUI64_TEXT_SIZE];
        buffer_text(out, i ? "," : "");
        buffer_text(out, eui64_format(request->device_ids[i], id));
    }
    buffer_text(out, "</sr:DeviceIDList>");
}

static void build_inventory_key(const struct test_request *request,
                                struct buffer *out) {
    char id[EUI64_TEXT_SIZE];
    if (request->device_id_count)
        element(out, "DeviceID", eui64_format(request->device_ids[0], id));
    else
        element(out, "UPRN", "100012345678");
}

static void build_body(const struct test_request *request, struct buffer *out) {
    const char *name = SERVICES[request->body].element;
    buffer_printf(out, "<sr:Body><sr:%s>", name);
    element(out, "ExecutionDateTime", request->execution_date_time);
    switch (request->body) {
    case DUIS_UPDATE_FIRMWARE:
    case DUIS_UPDATE_PPMID_FIRMWARE:
        build_firmware(request, out);
        break;
    case DUIS_READ_INVENTORY:
        build_inventory_key(request, out);
        break;
    case DUIS_READ_FIRMWARE_VERSION:
    case DUIS_OTHER:
    case DUIS_BODIES:
        break;
    case DUIS_ACTIVATE_FIRMWARE:
        element(out, "FirmwareHash", request->firmware_hash);
        break;
    case DUIS_SIGNED_PRE_COMMAND:
        build_base64(out, "GBCSPayload", request->gbcs_payload);
        break;
    }
    buffer_printf(out, "</sr:%s></sr:Body>", name);
}

void test_request_build(const struct test_request *request,
                        struct buffer *out) {
    const char *service = SERVICES[request->body].service;
    buffer_printf(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<sr:Request xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" "
        "xmlns:sr=\"http://www.dccinterface.co.uk/ServiceUserGateway\" "
        "schemaVersion=\"%s\"><sr:Header>",
        or_else(request->schema_version, "5.4"));
    element(out, "RequestID", request->request_id);
    element(out, "CommandVariant",
            or_else(request->command_variant, SERVICES[request->body].variant));
    element(out, "ServiceReference",
            or_else(request->service_reference, service));
    element(out, "ServiceReferenceVariant",
            or_else(request->service_reference_variant,
                    or_else(request->service_reference, service)));
    buffer_text(out, "</sr:Header>");
    build_body(request, out);
    buffer_text(out, "</sr:Request>");
}

/* Signatures */

static void sha256(struct span octets, uint8_t digest[static 32]) {
    NEED(EVP_Digest(octets.data, octets.len, digest, NULL, EVP_sha256(), NULL));
}

/* SHA-256 of a document's canonical form. */
static void digest_canonical(struct span document, int mode,
                             uint8_t digest[static 32]) {
    xmlDoc *tree = xmlReadMemory((const char *)document.data, (int)document.len,
                                 NULL, NULL, XML_PARSE_NONET | XML_PARSE_HUGE);
    NEED(tree);
    xmlChar *text = NULL;
    int len = xmlC14NDocDumpMemory(tree, NULL, mode, NULL, 0, &text);
    NEED(len > 0);
    sha256(span_of(text, (size_t)len), digest);
    xmlFree(text);
    xmlFreeDoc(tree);
}

/* The canonical form that a text of identifiers names. */
static int mode_named(const char *text, int otherwise) {
    return strstr(text, "xml-exc-c14n#")    ? XML_C14N_EXCLUSIVE_1_0
           : strstr(text, "xml-c14n11")     ? XML_C14N_1_1
           : strstr(text, "REC-xml-c14n-2") ? XML_C14N_1_0
                                            : otherwise;
}

/* The namespaces that the root declares, as attributes, but for ds. */
static void add_namespaces(struct span document, struct buffer *out) {
    xmlDoc *tree = xmlReadMemory((const char *)document.data, (int)document.len,
                                 NULL, NULL, XML_PARSE_NONET | XML_PARSE_HUGE);
    NEED(tree);
    for (const xmlNs *ns = xmlDocGetRootElement(tree)->nsDef; ns;
         ns = ns->next) {
        const char *prefix = ns->prefix ? (const char *)ns->prefix : "";
        if (strcmp(prefix, "ds") != 0)
            buffer_printf(out, " xmlns%s%s=\"%s\"", *prefix ? ":" : "", prefix,
                          (const char *)ns->href);
    }
    xmlFreeDoc(tree);
}

static void sign_digest(EVP_PKEY *key, const uint8_t digest[static 32],
                        struct buffer *out) {
    uint8_t der[256], raw[64];
    size_t len = sizeof der;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    NEED(EVP_PKEY_sign_init(context) == 1 &&
         EVP_PKEY_sign(context, der, &len, digest, 32) == 1);
    EVP_PKEY_CTX_free(context);
    const unsigned char *at = der;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)len);
    NEED(pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, 32) == 32 &&
         BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + 32, 32) == 32);
    ECDSA_SIG_free(pair);
    base64_add(out, span_of(raw, sizeof raw));
}

static void add_signed_info(const struct test_signing *s,
                            const uint8_t digest[static 32],
                            struct buffer *out) {
    buffer_printf(
        out,
        "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">"
        "<ds:CanonicalizationMethod Algorithm=\"%s\"/>"
        "<ds:SignatureMethod Algorithm=\"%s\">%s</ds:SignatureMethod>"
        "<ds:Reference %s><ds:Transforms>%s</ds:Transforms>"
        "<ds:DigestMethod Algorithm=\"%s\"/><ds:DigestValue>",
        or_else(s->canonicalisation, "http://www.w3.org/2001/10/xml-exc-c14n#"),
        or_else(s->signature_method,
                "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
        or_else(s->method_content, ""), or_else(s->reference, "URI=\"\""),
        or_else(s->transforms, "<ds:Transform Algorithm=\"http://www.w3.org/"
                               "2000/09/xmldsig#enveloped-signature\"/>"),
        or_else(s->digest_method, "http://www.w3.org/2001/04/xmlenc#sha256"));
    base64_add(out, span_of(digest, 32));
    buffer_printf(out, "</ds:DigestValue></ds:Reference>%s</ds:SignedInfo>",
                  or_else(s->more_reference, ""));
}

static void add_key_info(const struct test_signing *s, struct buffer *out) {
    if (s->key_info)
        buffer_printf(out, "<ds:KeyInfo>%s</ds:KeyInfo>", s->key_info);
    else
        buffer_printf(out,
                      "<ds:KeyInfo><ds:X509Data><ds:X509IssuerSerial>"
                      "<ds:X509IssuerName>%s</ds:X509IssuerName>"
                      "<ds:X509SerialNumber>%s</ds:X509SerialNumber>"
                      "</ds:X509IssuerSerial></ds:X509Data></ds:KeyInfo>",
                      s->signer->issuer, s->signer->serial);
}

#define DECLARES_DS " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\""

static void digest_signed_info(const struct test_signing *s,
                               struct span document, struct span info,
                               uint8_t digest[static 32]) {
    struct buffer namespaces = {0}, within = {0};
    buffer_text(&namespaces, DECLARES_DS);
    add_namespaces(document, &namespaces);
    buffer_add(&namespaces, span_of("", 1));
    test_replace(info, DECLARES_DS, (char *)namespaces.data, &within);
    digest_canonical(
        buffer_span(&within),
        mode_named(or_else(s->canonicalisation, ""), XML_C14N_EXCLUSIVE_1_0),
        digest);
    buffer_free(&namespaces);
    buffer_free(&within);
}

static void add_signature(const struct test_signing *s, struct span document,
                          struct buffer *out) {
    uint8_t digest[32];
    struct buffer info = {0};
    digest_canonical(
        document, mode_named(or_else(s->transforms, ""), XML_C14N_1_0), digest);
    add_signed_info(s, digest, &info);
    digest_signed_info(s, document, buffer_span(&info), digest);
    buffer_printf(
        out, "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"%s>",
        or_else(s->attributes, ""));
    test_replace(buffer_span(&info), DECLARES_DS, "", out);
    buffer_text(out, "<ds:SignatureValue>");
    sign_digest(s->signer->key, digest, out);
    buffer_text(out, "</ds:SignatureValue>");
    add_key_info(s, out);
    buffer_printf(out, "%s</ds:Signature>", or_else(s->object, ""));
    buffer_free(&info);
}

static const uint8_t *find(struct span text, const char *what) {
    return memmem(text.data, text.len, what, strlen(what));
}

/* What stands before and after the place of the signature. */
static void split(struct span document, struct span *before,
                  struct span *after) {
    static const char END[] = "</ds:Signature>";
    const uint8_t *from = find(document, "<ds:Signature ");
    const uint8_t *to = find(document, END);
    if (from && to) {
        to += strlen(END);
    } else {
        from = memrchr(document.data, '<', document.len);
        NEED(from);
        to = from;
    }
    size_t at = (size_t)(from - document.data);
    *before = span_of(document.data, at);
    *after = span_of(to, document.len - (size_t)(to - document.data));
}

void test_sign(struct span document, const struct test_signing *signing,
               struct buffer *out) {
    struct span before, after;
    split(document, &before, &after);
    struct buffer rest = {0};
    buffer_add(&rest, before);
    buffer_add(&rest, after);
    buffer_add(out, before);
    add_signature(signing, buffer_span(&rest), out);
    buffer_add(out, after);
    buffer_free(&rest);
}

void test_request_signed(const struct test_request *request,
                         const struct test_identity *signer,
                         struct buffer *out) {
    struct buffer document = {0};
    test_request_build(request, &document);
    test_sign(buffer_span(&document), &(struct test_signing){.signer = signer},
              out);
    buffer_free(&document);
}

void test_replace(struct span text, const char *from, const char *to,
                  struct buffer *out) {
    const uint8_t *at = find(text, from);
    NEED(at);
    size_t before = (size_t)(at - text.data), skip = before + strlen(from);
    buffer_add(out, span_of(text.data, before));
    buffer_text(out, to);
    buffer_add(out, span_of(text.data + skip, text.len - skip));
}
