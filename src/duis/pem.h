/* Reading what comes as PEM or as DER, without a person at hand. For the files
 * of this room only. */
#ifndef FOTAD_DUIS_PEM_H
#define FOTAD_DUIS_PEM_H

#include "base/span.h"

#include <openssl/bio.h>

/* OpenSSL's pem_password_cb that gives none; by default it asks the terminal.
 */
int pem_no_password(char *text, int size, int writing, void *data);

/* How OpenSSL reads and frees one kind of object. */
struct pem_kind {
    void *(*from_pem)(BIO *bio);
    void *(*from_der)(const unsigned char **at, long len);
    void (*free)(void *object);
};

/* The object in the octets: PEM (the first of the text), or DER with nothing
 * after it. NULL when there is none; the caller frees it. */
void *pem_or_der_read(struct span octets, const struct pem_kind *kind);

#endif
