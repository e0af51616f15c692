/* A connection and what is known of it; for this room only. */
#ifndef FOTAD_DB_CONNECTION_H
#define FOTAD_DB_CONNECTION_H

#include "db/db.h"
#include "db/past.h"

#include <libpq-fe.h>

enum { MOST_PREPARED = 256 };

struct db {
    struct db *next; /* of all, under all_lock */
    char *conninfo, *name;
    const char *key; /* of fotad.conf, that conninfo is of */
    PGconn *connection;
    const struct db_statement *prepared[MOST_PREPARED];
    size_t prepared_count;
    bool in_transaction;
    bool doubts; /* the session has been told that the time is not sound */
    bool any_past;
    struct past_place place; /* of the connection */
    enum db_use use;
    unsigned failures;  /* to connect, in a row */
    instant not_before; /* by clock_elapsed(): the next try to connect */
    char reason[512];
    char sqlstate[6];
};

/* A session that rested may have been ended by the server, which says so, and
 * closes, when nobody listens: what is to be read is read before the session is
 * used again. libpq itself would first find that it cannot send. Between two
 * statements nothing else comes. */
bool db_session_is_usable(const struct db *db);

/* Becomes db_reason(), in one line, and db_sqlstate(). */
void db_keep_reason(struct db *db, const char *reason, const char *sqlstate);

/* Whose fault a result is; takes the reason from it. */
enum outcome db_judge(struct db *db, const PGresult *result);

#endif
