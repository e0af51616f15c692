/*
 * Certificate Revocation Lists in the database (fotactl import crl). XML and
 * device signatures are checked against certificate.revoked_at in the same
 * statement that finds the certificate; TLS clients against what is handed to
 * the listeners here.
 *
 * A list whose nextUpdate has passed stays in force: what it revoked stays
 * revoked, and nothing else is refused for it, because a late list must not
 * stop the estate. It is told in /readyz and by fotad_crl_overdue.
 */
#ifndef FOTAD_HEALTH_REVOCATIONS_H
#define FOTAD_HEALTH_REVOCATIONS_H

#include "db/db.h"

/* All lists of the database, DER, in the arena. As db_run() says. */
enum outcome revocations_find(struct db *db, struct arena *arena,
                              const struct span **lists, size_t *count);
/* Hands them to the listeners, in place of those given before. */
void revocations_use(const struct span *lists, size_t count);

/* *issuers gets a row for each issuer whose list is overdue at `now`: its name,
 * as a text. As db_run() says. */
enum outcome revocations_overdue(struct db *db, struct arena *arena,
                                 instant now, struct db_rows **issuers);

#endif
