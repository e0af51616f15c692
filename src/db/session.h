/* What every session of ours has, whatever the server, the database, the role,
 * a pooler or PGOPTIONS would have it be. For the files of this room only. */
#ifndef FOTAD_DB_SESSION_H
#define FOTAD_DB_SESSION_H

#include <libpq-fe.h>
#include <stdbool.h>

/* Sets it, in one statement, in a connection that was just made. `briefly`: a
 * lock is waited for a second. False: the connection's error says why not. */
bool session_begin(PGconn *connection, bool briefly);

#endif
