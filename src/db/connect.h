/* A connection to the database within a time, whatever its host's name does:
 * for this room only. */
#ifndef FOTAD_DB_CONNECT_H
#define FOTAD_DB_CONNECT_H

#include <libpq-fe.h>

/* As PQconnectdbParams(keys, values, 1), but NULL after 30 s, and at once when
 * the process ends: libpq's connect_timeout is of each address and begins only
 * when the name is resolved, for which the resolver takes its time. */
PGconn *connect_in_time(const char *const keys[], const char *const values[]);

#endif
