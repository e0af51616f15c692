/* Whole messages, from what they shall say. */
#ifndef FOTAD_GBCS_BUILD_H
#define FOTAD_GBCS_BUILD_H

#include "gbcs/crypto.h"

/* Appends a message to `out`:
 *
 *   key   z
 *   -     -    pre-command (without DUIS's 00)
 *   key   -    signed pre-command; critical response or alert
 *   -     z    other command, response or alert
 *   key   z    critical command
 *
 * False, and nothing appended, when there is no such message in the table of
 * use cases or `key` (may be NULL) is no private P-256 key. */
bool gbcs_build(const struct gbcs_header *header,
                const struct gbcs_payload *payload, EVP_PKEY *key,
                const uint8_t *z, struct buffer *out);

/* Appends the command that a signed pre-command becomes: the MAC header, the
 * pre-command as it is, and the MAC. `signed_precommand` was parsed. */
void gbcs_wrap(const struct gbcs_message *signed_precommand,
               const uint8_t z[static GBCS_SECRET_LEN], struct buffer *out);

#endif
