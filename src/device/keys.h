/*
 * The keys that messages to and from devices are made and checked with: the
 * public keys of certificates in the store, looked up for a whole batch in one
 * statement, and what the ACB's own key agreement key makes of them.
 *
 * Several certificates of one EUI-64 and usage may be valid at once: all may
 * verify, the newest makes new MACs.
 */
#ifndef FOTAD_DEVICE_KEYS_H
#define FOTAD_DEVICE_KEYS_H

#include "db/db.h"
#include "gbcs/crypto.h"

enum key_usage { KEY_DIGITAL_SIGNATURE, KEY_AGREEMENT };
enum key_party { KEY_OF_DEVICE, KEY_OF_SUPPLIER };

/* The public key of one certificate. */
struct party_key {
    eui64 id;
    const char *unfit; /* NULL, or why it may not be used: "expired", "revoked",
                        * "not valid yet", "unreadable" */
    EVP_PKEY *key;     /* belongs to the arena; NULL when unfit */
    uint8_t x[GBCS_SECRET_LEN]; /* x coordinate of the key's point */
};

/* Ordered by EUI-64; of one, those that are fit before those that are not,
 * then the newest first. */
struct party_keys {
    size_t count;
    struct party_key *keys;
};

/* The public key of a certificate (DER) that was read in full when it was
 * imported, without reading all of it again; it belongs to the arena. NULL
 * when it is no key on P-256. */
EVP_PKEY *party_certificate_key(struct arena *arena, struct span certificate);

/* Looks up the certificates of `count` parties (each may be named more than
 * once) in one statement. `accept_expired` ([identity] accept_expired) takes
 * every date as good; a revoked certificate stays unfit. The outcome is that
 * of the statement; a party without a certificate has no entry. */
enum outcome party_keys_find(struct db *db, struct arena *arena,
                             enum key_party party, enum key_usage usage,
                             const eui64 *ids, size_t count, instant now,
                             bool accept_expired, struct party_keys *keys);

/* Is it unfit by its dates alone, and the time not known? */
bool party_key_waits(const struct party_key *key);

/* The entries of one party: their number, the first in `*first` (the one to
 * make new MACs with, unless it is unfit). */
size_t party_keys_of(const struct party_keys *keys, eui64 id,
                     const struct party_key **first);

/* The ACB's key agreement key. May be used by any thread. */
struct acb_key;

/* [identity] key_agreement_key: a PEM file with a P-256 private key, not
 * encrypted, or its pkcs11: URI (base/hsm.h). Keeps the shared secrets of at
 * most `most_secrets` (at least 1) device keys in memory, the latest used ones.
 * NULL with a reason, in the arena, when it is no such key. The caller ends it
 * with acb_key_free(). */
struct acb_key *acb_key_load(struct arena *arena, const char *path,
                             size_t most_secrets, const char **reason);
/* The same from a key, of which it takes a reference. */
struct acb_key *acb_key_new(EVP_PKEY *key, size_t most_secrets,
                            const char **reason);
void acb_key_free(struct acb_key *acb);

/* Z of the ACB and a fit key of a device, from memory or computed (about
 * 60 microseconds). REFUSED when the two do not go together, or when there is
 * no key of the ACB (NULL); RETRY while the HSM that has it is away. */
enum outcome acb_secret(struct acb_key *acb, const struct party_key *device,
                        uint8_t z[static GBCS_SECRET_LEN]);

#endif
