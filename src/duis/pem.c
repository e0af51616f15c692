#include "duis/pem.h"

#include <limits.h>

int pem_no_password(char *text, int size, int writing, void *data) {
    (void)text, (void)size, (void)writing, (void)data;
    return -1;
}

static void *pem_read(struct span pem, const struct pem_kind *kind) {
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    void *object = kind->from_pem(bio);
    BIO_free(bio);
    return object;
}

void *pem_or_der_read(struct span octets, const struct pem_kind *kind) {
    if (octets.len == 0 || octets.len > INT_MAX)
        return NULL;
    if (memmem(octets.data, octets.len, "-----BEGIN", 10))
        return pem_read(octets, kind);
    const unsigned char *at = octets.data;
    void *object = kind->from_der(&at, (long)octets.len);
    /* cppcheck takes `object` for something that points to `at` */
    if (object && at != octets.data + octets.len) {
        kind->free(object);
        return NULL;
    }
    // cppcheck-suppress returnDanglingLifetime
    return object;
}
