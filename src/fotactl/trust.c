#include "fotactl/trust.h"

#include "base/file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

struct trust {
    X509_STORE *store;
};

static void free_store(void *store) {
    X509_STORE_free(store);
}

static int add_anchors(X509_STORE *store, BIO *bundle) {
    int count = 0;
    for (X509 *anchor; (anchor = PEM_read_bio_X509(bundle, NULL, NULL, NULL));
         X509_free(anchor))
        count += X509_STORE_add_cert(store, anchor) == 1;
    ERR_clear_error(); /* the end of the file is one */
    return count;
}

struct trust *trust_load(struct arena *arena, const char *path,
                         const char **reason) {
    BIO *bundle = BIO_new_file(path, "r");
    if (!bundle) {
        ERR_clear_error();
        *reason = arena_printf(arena, "%s: %s", path, file_fault(arena, path));
        return NULL;
    }
    struct trust *trust = arena_zero(arena, 1, sizeof *trust);
    trust->store = arena_adopt(arena, X509_STORE_new(), free_store);
    X509_STORE_set_flags(trust->store,
                         X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN);
    int count = add_anchors(trust->store, bundle);
    BIO_free(bundle);
    *reason =
        arena_printf(arena, "%s: there is no PEM certificate in it", path);
    return count ? trust : NULL;
}

const char *trust_check(const struct trust *trust, struct span der) {
    const unsigned char *at = der.data;
    X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    const char *reason = "cannot be read";
    if (x509 && context &&
        X509_STORE_CTX_init(context, trust->store, x509, NULL) == 1) {
        bool good = X509_verify_cert(context) == 1;
        int error = X509_STORE_CTX_get_error(context);
        reason = good ? NULL : X509_verify_cert_error_string(error);
    }
    X509_STORE_CTX_free(context);
    X509_free(x509);
    ERR_clear_error();
    return reason;
}

/* Without a key usage everything is allowed (RFC 5280, 4.2.1.3). */
static bool has_signed(X509 *anchor, X509_CRL *crl) {
    return X509_NAME_cmp(X509_get_subject_name(anchor),
                         X509_CRL_get_issuer(crl)) == 0 &&
           X509_get_key_usage(anchor) & KU_CRL_SIGN &&
           X509_CRL_verify(crl, X509_get0_pubkey(anchor)) == 1;
}

bool trust_check_list(const struct trust *trust, X509_CRL *crl) {
    const STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(trust->store);
    bool found = false;
    for (int i = 0; i < sk_X509_OBJECT_num(all) && !found; i++) {
        X509 *anchor = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
        found = anchor && has_signed(anchor, crl);
    }
    ERR_clear_error();
    return found;
}
