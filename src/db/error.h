/*
 * What the database refused, by SQLSTATE; for this room only. What is in the
 * table may pass: the caller gets RETRY.
 */
#ifndef FOTAD_DB_ERROR_H
#define FOTAD_DB_ERROR_H

#include <stdbool.h>

/* A kind of error that may pass by itself. */
struct db_error {
    const char *sqlstate; /* or the beginning of it; "": libpq gives none */
    const char *what;     /* in metrics and logs: "disk_full" */
    const char *advice;   /* to the operator, in the log and /readyz; NULL: it
                             passes at the next try, so only count it */
    bool leave;           /* close this connection: it is of no use any more */
    bool of_key;          /* the advice ends with the key of the conninfo */
};

/* The connection broke, none could be made, or what it leads to went back in
 * time. */
extern const struct db_error DB_ERROR_LOST, DB_ERROR_UNREACHABLE,
    DB_ERROR_WENT_BACK;

/* The error of a SQLSTATE (5 characters). NULL: it would be refused again, so
 * the caller gets FAILED. */
const struct db_error *db_error_of(const char *sqlstate);

/* The error that kept a connection from being made, by the server's SQLSTATE,
 * "" if no server answered, or by those words of `reason` that no language
 * changes; never NULL. */
const struct db_error *db_error_of_connecting(const char *sqlstate,
                                              const char *reason);

/* Does it last until a person does something? One of connecting. */
bool db_error_lasts(const struct db_error *error);

/* Counts the error, and logs one that has an advice together with `reason`,
 * unless that was done within the last minute. `key` of fotad.conf, a static
 * text, says which database. From any thread. */
void db_error_tell(const struct db_error *error, const char *key,
                   const char *reason);

/* Counts a connection made; ends an outage, and says that it is over. */
void db_error_connected(const char *key);

/* Has a connection of this key been lost or refused, and none been made
 * since? */
bool db_error_is_outage(const char *key);

#endif
