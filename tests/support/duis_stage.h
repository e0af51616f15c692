/* How far a signed request gets, in one word. */
#ifndef FOTAD_TESTS_DUIS_STAGE_H
#define FOTAD_TESTS_DUIS_STAGE_H

#include "base/arena.h"
#include "duis/signature.h"

#include <openssl/types.h>

/* Where it stops. */
enum stage { PARSE, SHAPE, VERIFY, GOOD };

extern const char *const STAGES[];

/* Reads and verifies `text` with `key`, in the strict shape. `reason` is why it
 * got no further. */
enum stage stage_of(struct arena *arena, struct span text, EVP_PKEY *key,
                    const char **reason);

/* The same in the shape that is given. */
enum stage stage_in(struct arena *arena, enum duis_shape accepted,
                    struct span text, EVP_PKEY *key, const char **reason);

#endif
