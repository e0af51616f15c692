/* What every session of ours is, whatever server, database, role or person
 * set before. For this room only. */
#ifndef FOTAD_DB_SESSION_H
#define FOTAD_DB_SESSION_H

#include "db/db.h"

#include <libpq-fe.h>

/* Connects. `conninfo` and PGOPTIONS may have `options` of their own: they
 * count, but for what our statements rely on, which is set after them; so
 * nothing of ours is asked of a pooler in between. Free with PQfinish(). */
PGconn *session_connect(const char *conninfo, const char *name);

/* Sets it up, with waits for locks of at most 1 s if `brief`. The answer is to
 * be judged and freed. */
PGresult *session_set_up(PGconn *connection, bool brief);

/* Why this database cannot be worked with at all, with what to do, or NULL. In
 * `reason`, of `size`. */
const char *session_refusal(PGconn *connection, char *reason, size_t size);

#endif
