/* A token of SoftHSM of this program's own, for keys that are in an HSM. */
#ifndef FOTAD_TESTS_TOKEN_H
#define FOTAD_TESTS_TOKEN_H

#include <stdbool.h>

/* Makes it, before anything of PKCS #11 is used; programs that are started find
 * it, too. NULL, or why it cannot be had here. */
const char *token_open(void);
void token_remove(void);

/* Puts the P-256 key of a PEM file there; its URI, static until the next four.
 * Each label once. */
const char *token_import(const char *key_path, const char *label);

/* Takes it away, or puts it back. */
void token_hide(bool hidden);

/* Where Debian has the module. */
#define TOKEN_MODULE "/usr/lib/softhsm/libsofthsm2.so"

/* What is in its PIN file. */
#define TOKEN_PIN "4711-secret-pin"

#endif
