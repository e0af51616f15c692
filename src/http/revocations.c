#include "http/revocations.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>

/* Those of the process. */
static struct {
    pthread_mutex_t lock;
    gnutls_x509_crl_t *lists;
    unsigned count;
} revocations = {.lock = PTHREAD_MUTEX_INITIALIZER};

bool revocations_have(gnutls_x509_crt_t certificate) {
    pthread_mutex_lock(&revocations.lock);
    int found = revocations.count
                    ? gnutls_x509_crt_check_revocation(
                          certificate, revocations.lists, revocations.count)
                    : 0;
    pthread_mutex_unlock(&revocations.lock);
    return found != 0;
}

static unsigned read_lists(gnutls_x509_crl_t *lists, const struct span *der,
                           size_t count) {
    unsigned taken = 0;
    for (size_t i = 0; i < count; i++) {
        const gnutls_datum_t octets = {(uint8_t *)(uintptr_t)der[i].data,
                                       (unsigned)der[i].len};
        if (gnutls_x509_crl_init(&lists[taken]) < 0)
            memory_exhausted(0);
        if (gnutls_x509_crl_import(lists[taken], &octets,
                                   GNUTLS_X509_FMT_DER) == 0)
            taken++;
        else
            gnutls_x509_crl_deinit(lists[taken]);
    }
    return taken;
}

size_t http_use_revocations(const struct span *der, size_t count) {
    gnutls_x509_crl_t *lists = NULL;
    if (count)
        lists = memory_alloc(count * sizeof(gnutls_x509_crl_t));
    unsigned taken = read_lists(lists, der, count);
    pthread_mutex_lock(&revocations.lock);
    gnutls_x509_crl_t *old = revocations.lists;
    unsigned old_count = revocations.count;
    revocations.lists = lists;
    revocations.count = taken;
    pthread_mutex_unlock(&revocations.lock);
    for (unsigned i = 0; i < old_count; i++)
        gnutls_x509_crl_deinit(old[i]);
    free(old);
    return taken;
}
