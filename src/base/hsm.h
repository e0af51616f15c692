/*
 * Private keys in a hardware security module, by PKCS #11 (2.40): they sign and
 * agree there, and are never in memory. A key is named by its pkcs11: URI (RFC
 * 7512) with pin-source=file:/path; the module is one that p11-kit knows, or
 * the URI's module-path. Nobody else in the process uses PKCS #11, for then a
 * module could not begin anew: TLS has its keys from here (http/tls_key.h).
 */
#ifndef FOTAD_BASE_HSM_H
#define FOTAD_BASE_HSM_H

#include "base/arena.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum { HSM_HASH = 32, HSM_SIGNATURE = 64, HSM_SECRET = 32 };

struct hsm_key;

bool hsm_is_uri(const char *text);
/* Why it cannot be used, without asking any token, or NULL. A PIN may not stand
 * in it, for a configuration is shown to people. Static text. */
const char *hsm_uri_fault(const char *uri);

/* The key of that URI, which is to be the private one on P-256; the token has
 * to be there. NULL with the reason in the arena. */
struct hsm_key *hsm_key_open(const char *uri, struct arena *arena,
                             const char **reason);
/* The same, which is used when its token is there; the URI is a good one. */
struct hsm_key *hsm_key_expect(const char *uri);
void hsm_key_close(struct hsm_key *key);

/* From any thread, each in a session of its own. False when the token does not
 * do it; the next try begins a new session, at most one a second while it is
 * away. ECDSA: r and s (CKM_ECDSA). ECDH: Z with an uncompressed point
 * (CKM_ECDH1_DERIVE, no KDF); Z leaves the token. */
bool hsm_sign(struct hsm_key *key, const uint8_t hash[static HSM_HASH],
              uint8_t signature[static HSM_SIGNATURE]);
/* The same signature in DER, as TLS has it; 0 when the token does not do it. */
enum { HSM_MOST_DER = 72 };
size_t hsm_sign_der(struct hsm_key *key, const uint8_t hash[static HSM_HASH],
                    uint8_t der[static HSM_MOST_DER]);
bool hsm_agree(struct hsm_key *key, struct span point,
               uint8_t z[static HSM_SECRET]);

/* Why a token does not do what it is asked for, for people, in the arena; NULL:
 * all do. */
const char *hsm_fault(struct arena *arena);

#endif
