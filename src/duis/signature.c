#include "duis/signature.h"

#include "duis/certificate.h"
#include "duis/shape.h"
#include "duis/tree.h"
#include "duis/xmldsig.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <xmlsec/keysmngr.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>

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
                          struct duis_signer_name *name, const char **reason) {
    struct shape shape;
    if (!shape_check(document, &shape, reason))
        return false;
    name->issuer =
        certificate_issuer_normalise(arena, tree_value(shape.issuer));
    name->serial = normalise_serial(arena, tree_trim(tree_value(shape.serial)));
    if (!name->issuer)
        *reason = "X509IssuerName is not a name";
    else if (!name->serial)
        *reason = "X509SerialNumber is longer than 20 octets";
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

/* Only what the shape names; URI="" only; no key but the one that is set. */
static bool context_limit(xmlSecDSigCtx *context) {
    context->enabledReferenceUris = xmlSecTransformUriTypeEmpty;
    return xmlSecDSigCtxEnableSignatureTransform(
               context, xmlSecTransformExclC14NId) >= 0 &&
           xmlSecDSigCtxEnableSignatureTransform(
               context, xmlSecOpenSSLTransformEcdsaSha256Id) >= 0 &&
           xmlSecDSigCtxEnableReferenceTransform(
               context, xmlSecTransformInclC14NId) >= 0 &&
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

bool duis_signature_verify(const struct duis_document *document, EVP_PKEY *key,
                           const char **reason) {
    struct shape shape;
    if (!shape_check(document, &shape, reason))
        return false;
    xmlSecDSigCtx *context = xmlSecDSigCtxCreate(NULL);
    bool good = context && context_verify(context, &shape, key);
    if (context)
        xmlSecDSigCtxDestroy(context);
    ERR_clear_error();
    *reason = good ? NULL : "the signature is not the key's over this document";
    return good;
}

bool duis_is_signed(const struct duis_document *document) {
    const xmlNode *root = xmlDocGetRootElement(document->tree);
    const xmlNode *node = root;
    while (node && !tree_is(node, XMLDSIG_NAMESPACE, "Signature"))
        node = tree_walk(node, root);
    return node != NULL;
}
