#include "duis/signature.h"

#include "base/base64.h"
#include "duis/certificate.h"
#include "duis/shape.h"
#include "duis/tree.h"
#include "duis/xmldsig.h"

#include <libxml/c14n.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <xmlsec/keysmngr.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>

#include <stdlib.h>

enum { MOST_SERIAL_DIGITS = 49 /* 20 octets */ };

/* The digits without zeros in front; NULL when there are too many. */
static const char *normalise_serial(struct arena *arena, struct span digits) {
    while (digits.len > 1 && *digits.data == '0') {
        digits.data++;
        digits.len--;
    }
    return digits.len && digits.len <= MOST_SERIAL_DIGITS
               ? arena_text(arena, digits)
               : NULL;
}

bool duis_signature_shape(struct arena *arena,
                          const struct duis_document *document,
                          enum duis_shape accepted,
                          struct duis_signer_name *name, const char **reason) {
    struct shape shape;
    if (!shape_check(arena, document, accepted, &shape, reason))
        return false;
    name->issuer =
        certificate_issuer_normalise(arena, tree_value(shape.issuer));
    name->serial = normalise_serial(arena, tree_trim(tree_value(shape.serial)));
    if (!name->issuer)
        *reason = "X509IssuerName is not a name";
    else if (!name->serial)
        *reason = "X509SerialNumber is longer than 20 octets";
    name->reversed = !*reason && accepted == DUIS_COMMON
                         ? certificate_issuer_reverse(arena, name->issuer)
                         : NULL;
    return !*reason;
}

/* xmlsec1's key: takes its own reference to ours. */
static xmlSecKey *wrap_key(EVP_PKEY *key) {
    EVP_PKEY_up_ref(key);
    xmlSecKeyData *data = xmlSecOpenSSLEvpKeyAdopt(key);
    if (!data) {
        EVP_PKEY_free(key);
        return NULL;
    }
    xmlSecKey *wrapped = xmlSecKeyCreate();
    if (!wrapped || xmlSecKeySetValue(wrapped, data) < 0) {
        xmlSecKeyDataDestroy(data);
        xmlSecKeyDestroy(wrapped);
        return NULL;
    }
    return wrapped;
}

/* Only what the shapes name; URI="" only; no key but the one that is set. */
static bool context_limit(xmlSecDSigCtx *context) {
    enum { FORMS = 3 };
    const xmlSecTransformId c14n[FORMS] = {xmlSecTransformExclC14NId,
                                           xmlSecTransformInclC14NId,
                                           xmlSecTransformInclC14N11Id};
    bool good = true;
    for (size_t i = 0; i < FORMS; i++)
        good = good &&
               xmlSecDSigCtxEnableSignatureTransform(context, c14n[i]) >= 0 &&
               xmlSecDSigCtxEnableReferenceTransform(context, c14n[i]) >= 0;
    context->enabledReferenceUris = xmlSecTransformUriTypeEmpty;
    return good &&
           xmlSecDSigCtxEnableSignatureTransform(
               context, xmlSecOpenSSLTransformEcdsaSha256Id) >= 0 &&
           xmlSecDSigCtxEnableReferenceTransform(
               context, xmlSecTransformEnvelopedId) >= 0 &&
           xmlSecDSigCtxEnableReferenceTransform(
               context, xmlSecOpenSSLTransformSha256Id) >= 0;
}

static bool context_verify(xmlSecDSigCtx *context, const struct shape *shape,
                           EVP_PKEY *key) {
    context->signKey = wrap_key(key);
    return context->signKey && context_limit(context) &&
           xmlSecDSigCtxVerify(context, shape->signature) >= 0 &&
           context->status == xmlSecDSigStatusSucceeded &&
           xmlSecPtrListGetSize(&context->signedInfoReferences) == 1;
}

/* ---- SignedInfo alone ---- */

/* C14N asks of each node, of attributes and namespaces with their element. */
static int is_in_signed_info(void *signed_info, xmlNode *node,
                             xmlNode *parent) {
    if (node->type == XML_NAMESPACE_DECL)
        node = parent;
    while (node && node != signed_info)
        node = node->parent;
    return node != NULL;
}

/* r and s of 32 octets each as the DER that OpenSSL wants; 0 when there is no
 * such value. The caller frees it with OPENSSL_free(). */
static int value_der(const struct shape *shape, unsigned char **der) {
    struct span text = tree_value(shape->signature_value);
    uint8_t octets[SHAPE_MOST_VALUE];
    ptrdiff_t len = base64_parse(text, octets);
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(octets, (int)len / 2, NULL);
    BIGNUM *s = BN_bin2bn(octets + len / 2, (int)len / 2, NULL);
    if (!pair || ECDSA_SIG_set0(pair, r, s) != 1)
        abort();
    int octets_of_der = i2d_ECDSA_SIG(pair, der);
    ECDSA_SIG_free(pair);
    return octets_of_der;
}

static bool value_verify(const struct shape *shape, struct span signed_info,
                         EVP_PKEY *key) {
    unsigned char *der = NULL;
    int len = value_der(shape, &der);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        len > 0 && context &&
        EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestVerify(context, der, (size_t)len, signed_info.data,
                         signed_info.len) == 1;
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    return good;
}

/* xmlsec1 digests the whole document before it looks at the signature over
 * SignedInfo. Of a large one that takes long, so it is only done for what the
 * key's owner did sign. */
static bool signed_info_verify(const struct duis_document *document,
                               const struct shape *shape, EVP_PKEY *key) {
    enum { LARGE = 256 * 1024 };
    if (document->text.len < LARGE)
        return true;
    xmlNode *signed_info = (xmlNode *)(uintptr_t)tree_first(shape->signature);
    xmlOutputBuffer *out = xmlAllocOutputBuffer(NULL);
    bool good =
        out && xmlC14NExecute(document->tree, is_in_signed_info, signed_info,
                              XML_C14N_EXCLUSIVE_1_0, NULL, 0, out) >= 0;
    good = good && value_verify(shape,
                                span_of(xmlOutputBufferGetContent(out),
                                        xmlOutputBufferGetSize(out)),
                                key);
    xmlOutputBufferClose(out);
    return good;
}

bool duis_signature_verify(struct arena *arena,
                           const struct duis_document *document,
                           enum duis_shape accepted, EVP_PKEY *key,
                           const char **reason) {
    struct shape shape;
    if (!shape_check(arena, document, accepted, &shape, reason))
        return false;
    xmlSecDSigCtx *context = xmlSecDSigCtxCreate(NULL);
    bool good = context && signed_info_verify(document, &shape, key) &&
                context_verify(context, &shape, key);
    if (context)
        xmlSecDSigCtxDestroy(context);
    ERR_clear_error();
    *reason = good ? NULL : "the signature is not the key's over this document";
    return good;
}

static const xmlNode *signature_find(const struct duis_document *document) {
    const xmlNode *root = xmlDocGetRootElement(document->tree);
    const xmlNode *node = root;
    while (node && !tree_is(node, XMLDSIG_NAMESPACE, "Signature"))
        node = tree_walk(node, root);
    return node;
}

bool duis_is_signed(const struct duis_document *document) {
    return signature_find(document) != NULL;
}

struct span duis_up_to_signature(const struct duis_document *document) {
    const xmlNode *signature = signature_find(document);
    return signature
               ? span_of(document->text.data, (uintptr_t)signature->_private)
               : document->text;
}
