/*
 * MACs and signatures of GBCS messages (P-256, SHA-256, AES-128-GCM).
 *
 * Whose keys make the MAC: of any command, the ACB's and the device's; of a
 * response or alert, the header's recipient's and the device's. Z depends on
 * the two keys only and costs far more than a MAC: keep it per pair.
 *
 * All functions may be called from any thread; keys may be shared.
 */
#ifndef FOTAD_GBCS_CRYPTO_H
#define FOTAD_GBCS_CRYPTO_H

#include "gbcs/payload.h"

#include <openssl/evp.h>

enum { GBCS_SECRET_LEN = 32 };

/* Z = ECDH of a private and a public key. False when one of them is no P-256
 * key or `own` has no private part. */
bool gbcs_shared_secret(EVP_PKEY *own, EVP_PKEY *peer,
                        uint8_t z[static GBCS_SECRET_LEN]);

/* The MAC over `to_mac` (from DF to the signature field). */
void gbcs_mac(const uint8_t z[static GBCS_SECRET_LEN],
              const struct gbcs_header *header, struct span to_mac,
              uint8_t mac[static GBCS_MAC_LEN]);

/* Whether the message carries that MAC. False when it carries none. */
bool gbcs_mac_verify(const uint8_t z[static GBCS_SECRET_LEN],
                     const struct gbcs_message *message);

/* Signs octets (of a message: to_sign). False when `key` is no private P-256
 * key. */
bool gbcs_sign(EVP_PKEY *key, struct span octets,
               uint8_t signature[static GBCS_SIGNATURE_LEN]);

/* Whether `signature` is this key's over the octets. */
bool gbcs_verify(EVP_PKEY *key, struct span octets, struct span signature);
/* The same by their SHA-256. */
bool gbcs_verify_hash(EVP_PKEY *key, const uint8_t hash[static 32],
                      struct span signature);

/* Whether the message's signature is good. False when it carries none. */
bool gbcs_message_verify(EVP_PKEY *key, const struct gbcs_message *message);

#endif
