/*
 * Whether the database has gone back in time (sql/past.sql): what this process
 * remembers of it, in its state directory if it has one, and the gate that no
 * session gets through while the two do not agree. For this room only; others
 * have db_remember() and what follows it in db.h.
 */
#ifndef FOTAD_DB_PAST_H
#define FOTAD_DB_PAST_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

/* Where a session is: the cluster's identifier, timeline and database, and when
 * the server was started, which its clients do not outlive. Both "" on a
 * standby. */
struct past_place {
    char cluster[64], started[32];
};
/* The place, as the columns of one row; after session_begin()'s own. */
#define PAST_PLACE_SQL                                                         \
    "select case when not pg_is_in_recovery() then (select system_identifier"  \
    " from pg_control_system()) || '/' ||"                                     \
    " left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) || '/' ||"         \
    " (select oid from pg_database where datname = current_database()) end,"   \
    " extract(epoch from pg_postmaster_start_time())"
void past_take_place(struct past_place *place, const PGresult *result);

/* May who is connected go on? True without a memory. */
bool past_is_open(void);
/* May nobody, for now, not even ask? Then with why. */
bool past_refuses(char *reason, size_t size);
/* May this session work? It asks the database if that is not known of this
 * place yet. False with why; on a standby without. */
bool past_admits(PGconn *connection, const struct past_place *place,
                 char *reason, size_t size);

/* One more beat, asked for and then remembered. False when the database did not
 * answer; *fault: why it could not be remembered, static, or NULL. */
bool past_beat(PGconn *connection, const struct past_place *place,
               const char **fault);

#endif
