/*
 * All entries of all lists are in one hash table. It is made before anybody
 * can see it and never changes: whoever looks something up holds the lock for
 * no longer than it takes to take a reference.
 */
#include "http/revocations.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { MOST_SERIAL = 128 }; /* octets; RFC 5280 allows 20 */

/* A list and a serial number, as one run of octets. */
struct entry {
    uint16_t list;
    uint8_t len;
    uint8_t serial[MOST_SERIAL];
};

struct revocation_set {
    unsigned references;     /* under the lock */
    gnutls_datum_t *issuers; /* of each list: its name, DER */
    size_t list_count, count;
    struct buffer entries; /* each without the rest of its serial number */
    uint32_t *slots;       /* where an entry begins, and 1; 0: empty */
    size_t mask;
};

/* Those of the process. */
static struct {
    pthread_mutex_t lock;
    struct revocation_set *set; /* NULL: no lists */
    _Atomic uint64_t number;
} revocations = {.lock = PTHREAD_MUTEX_INITIALIZER, .number = 1};

/* ---- the table ---- */

static struct span entry_span(const struct entry *entry) {
    return span_of((const uint8_t *)entry,
                   offsetof(struct entry, serial) + entry->len);
}

static uint32_t entry_hash(struct span entry) {
    uint32_t hash = 2166136261; /* FNV-1a */
    for (size_t i = 0; i < entry.len; i++)
        hash = (hash ^ entry.data[i]) * 16777619;
    return hash;
}

/* The slot that the entry is in, or else goes into. */
static uint32_t *set_slot(const struct revocation_set *set, struct span entry) {
    for (size_t at = entry_hash(entry);; at++) {
        uint32_t *slot = &set->slots[at & set->mask];
        const uint8_t *known = set->entries.data + *slot - 1;
        if (!*slot || (set->entries.len - (*slot - 1) >= entry.len &&
                       memcmp(known, entry.data, entry.len) == 0))
            return slot;
    }
}

/* Half of the slots at least stay empty. */
static void slots_fill(struct revocation_set *set) {
    size_t size = 4;
    while (size < 2 * set->count)
        size *= 2;
    set->mask = size - 1;
    set->slots = calloc(size, sizeof *set->slots);
    if (!set->slots)
        memory_exhausted(size * sizeof *set->slots);
    for (size_t at = 0; at < set->entries.len;) {
        struct entry entry;
        memcpy(&entry, set->entries.data + at, offsetof(struct entry, serial));
        struct span whole = span_of(set->entries.data + at,
                                    offsetof(struct entry, serial) + entry.len);
        *set_slot(set, whole) = (uint32_t)at + 1;
        at += whole.len;
    }
}

/* ---- lists ---- */

/* False when an entry cannot be read. */
static bool entries_read(struct revocation_set *set, gnutls_x509_crl_t crl) {
    gnutls_x509_crl_iter_t at = NULL;
    struct entry entry = {.list = (uint16_t)set->list_count};
    int error = 0;
    while (error == 0) {
        size_t size = sizeof entry.serial;
        error = gnutls_x509_crl_iter_crt_serial(crl, &at, entry.serial, &size,
                                                NULL);
        if (error == 0) {
            entry.len = (uint8_t)size;
            buffer_add(&set->entries, entry_span(&entry));
            set->count++;
        }
    }
    gnutls_x509_crl_iter_deinit(at);
    return error == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
}

static bool list_read(struct revocation_set *set, gnutls_x509_crl_t crl,
                      struct span der) {
    const gnutls_datum_t octets = {(uint8_t *)(uintptr_t)der.data,
                                   (unsigned)der.len};
    size_t len = set->entries.len, count = set->count;
    gnutls_datum_t *issuer = &set->issuers[set->list_count];
    if (gnutls_x509_crl_import(crl, &octets, GNUTLS_X509_FMT_DER) < 0 ||
        gnutls_x509_crl_get_raw_issuer_dn(crl, issuer) < 0)
        return false;
    if (set->list_count < UINT16_MAX && entries_read(set, crl)) {
        set->list_count++;
        return true;
    }
    gnutls_free(issuer->data);
    set->entries.len = len;
    set->count = count;
    return false;
}

static struct revocation_set *set_new(const struct span *der, size_t count) {
    struct revocation_set *set = memory_alloc(sizeof *set);
    *set = (struct revocation_set){
        .references = 1, .issuers = memory_alloc(count * sizeof *set->issuers)};
    for (size_t i = 0; i < count; i++) {
        gnutls_x509_crl_t crl;
        if (gnutls_x509_crl_init(&crl) < 0)
            memory_exhausted(0);
        list_read(set, crl, der[i]);
        gnutls_x509_crl_deinit(crl);
    }
    slots_fill(set);
    return set;
}

static void set_free(struct revocation_set *set) {
    for (size_t i = 0; i < set->list_count; i++)
        gnutls_free(set->issuers[i].data);
    free(set->issuers);
    free(set->slots);
    buffer_free(&set->entries);
    free(set);
}

/* ---- those of the moment ---- */

static struct revocation_set *set_take(void) {
    pthread_mutex_lock(&revocations.lock);
    struct revocation_set *set = revocations.set;
    if (set)
        set->references++;
    pthread_mutex_unlock(&revocations.lock);
    return set;
}

/* NULL is allowed. */
static void set_release(struct revocation_set *set) {
    pthread_mutex_lock(&revocations.lock);
    bool last = set && --set->references == 0;
    pthread_mutex_unlock(&revocations.lock);
    if (last)
        set_free(set);
}

size_t http_use_revocations(const struct span *der, size_t count) {
    struct revocation_set *fresh = count ? set_new(der, count) : NULL;
    size_t taken = fresh ? fresh->list_count : 0;
    pthread_mutex_lock(&revocations.lock);
    struct revocation_set *old = revocations.set;
    revocations.set = fresh;
    atomic_fetch_add(&revocations.number, 1);
    pthread_mutex_unlock(&revocations.lock);
    set_release(old);
    return taken;
}

uint64_t revocations_number(void) {
    return atomic_load(&revocations.number);
}

/* ---- looking up ---- */

static bool issuer_is(const gnutls_datum_t *issuer,
                      const gnutls_datum_t *name) {
    return issuer->size == name->size &&
           memcmp(issuer->data, name->data, name->size) == 0;
}

static bool set_has(const struct revocation_set *set,
                    gnutls_x509_crt_t certificate) {
    struct entry entry = {0};
    size_t size = sizeof entry.serial;
    gnutls_datum_t name = {0};
    if (gnutls_x509_crt_get_serial(certificate, entry.serial, &size) < 0 ||
        gnutls_x509_crt_get_raw_issuer_dn(certificate, &name) < 0)
        return true; /* nobody could say that it is not */
    entry.len = (uint8_t)size;
    bool has = false;
    for (size_t i = 0; i < set->list_count && !has; i++) {
        entry.list = (uint16_t)i;
        has = issuer_is(&set->issuers[i], &name) &&
              *set_slot(set, entry_span(&entry));
    }
    gnutls_free(name.data);
    return has;
}

static bool set_has_der(const struct revocation_set *set,
                        const gnutls_datum_t *der) {
    gnutls_x509_crt_t certificate;
    if (gnutls_x509_crt_init(&certificate) < 0)
        memory_exhausted(0);
    bool has =
        gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) < 0 ||
        set_has(set, certificate);
    gnutls_x509_crt_deinit(certificate);
    return has;
}

bool revocations_have(const gnutls_datum_t *chain, unsigned count) {
    struct revocation_set *set = set_take();
    bool has = false;
    for (unsigned i = 0; set && i < count && !has; i++)
        has = set_has_der(set, &chain[i]);
    set_release(set);
    return has;
}
