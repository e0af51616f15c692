/* The signature of a request that was recorded, checked again. */
#ifndef FOTAD_REQUEST_RECHECK_H
#define FOTAD_REQUEST_RECHECK_H

#include "base/config.h"
#include "db/db.h"

/* Checks the signature of `body`, a request as it came, as it would have been
 * checked at that time by the certificates and revocations of today. DONE:
 * it is good. REFUSED: it is not; *fault says why, in the arena. RETRY, FAILED:
 * the database could not say. The caller has called duis_open(). */
enum outcome request_recheck(const struct config *config, struct db *db,
                             struct arena *arena, struct span body, instant at,
                             const char **fault);

#endif
