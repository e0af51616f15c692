/* What copy.c needs of a connection; for this room only. */
#ifndef FOTAD_DB_COPY_H
#define FOTAD_DB_COPY_H

#include "db/db.h"

#include <libpq-fe.h>

/* NULL while there is none. */
PGconn *db_connection_of(const struct db *db);

/* Whose fault a result is; takes the reason from it. */
enum outcome db_judge(struct db *db, const PGresult *result);

/* The connection's own reason becomes that of the outcome. RETRY. */
enum outcome db_is_broken(struct db *db);

#endif
