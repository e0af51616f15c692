/* Service Requests as a User's system writes and signs them. */
#ifndef FOTAD_FOTASIM_SERVICE_REQUEST_H
#define FOTAD_FOTASIM_SERVICE_REQUEST_H

#include "base/buffer.h"
#include "base/eui64.h"
#include "duis/signer.h"

#include <openssl/types.h>

struct service_request {
    const char *variant;        /* 8.2, or 11.1 to 11.4 */
    unsigned command_variant;   /* 0: the one that the service has */
    const char *schema_version; /* NULL: 5.4 */
    eui64 target; /* the ACB for 8.2, 11.1 and 11.4, else the device */
    uint64_t counter;
    struct span image;            /* 11.1, 11.4 */
    const char *firmware_version; /* 11.1, 11.4 */
    const eui64 *device_ids;      /* 11.1, 11.4; 8.2: one */
    size_t device_count;
    const char *execution;     /* 11.2, 11.3: xs:dateTime or NULL */
    const char *firmware_hash; /* 11.3 Transform: hexadecimal */
    struct span gbcs_payload;  /* 11.3 Signed Pre-Command */
};

/* Whether it is a Service Reference Variant of ours. */
bool service_request_is_known(const char *variant);

/* Appends the document, signed by `signer`, whose EUI-64 is the originator.
 * False when the key does not sign. */
bool service_request_write(const struct service_request *request,
                           const struct duis_signer *signer,
                           struct buffer *out);

/* Appends the Signed Pre-Command of a Pre-Command, as the answer to a
 * Transform carries it: the supplier's signature stands where the empty one
 * stood (GBCS 7.2.7). False when it is no Pre-Command or the key does not
 * sign. */
bool service_request_sign_pre_command(EVP_PKEY *key, struct span pre_command,
                                      struct buffer *out);

#endif
