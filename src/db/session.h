/* What every session of ours has, whatever the server, the database, the role,
 * a pooler or PGOPTIONS would have it be. For the files of this room only. */
#ifndef FOTAD_DB_SESSION_H
#define FOTAD_DB_SESSION_H

#include "db/db.h"
#include "db/past.h"

#include <libpq-fe.h>

/* Sets it, in one go, in a connection that was just made, and says where that
 * is. False: the connection's error says why not. */
bool session_begin(PGconn *connection, enum db_use use,
                   struct past_place *place);

/* A pooler stands between: a server tells its own process to whom it serves, a
 * pooler tells something else. */
bool session_has_pooler(PGconn *connection);

/* Both see what is set in the first alone: a pooler in transaction mode gives
 * the server's session that one has just left to the next. */
bool sessions_are_one(PGconn *first, PGconn *second);

#endif
