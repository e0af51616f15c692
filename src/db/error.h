/* What a server's refusal means, for this room only. */
#ifndef FOTAD_DB_ERROR_H
#define FOTAD_DB_ERROR_H

#include <stdbool.h>

/* A kind of error that may pass. */
struct db_error {
    const char *sqlstate; /* or the beginning of it */
    const char *what;     /* in metrics and logs */
    const char *advice;   /* to the operator; NULL: nothing to do */
    bool leave;           /* this connection is of no use any more */
};

/* The connection broke, or none could be made. */
extern const struct db_error DB_ERROR_LOST, DB_ERROR_UNREACHABLE;

/* NULL: the same would happen again. */
const struct db_error *db_error_of(const char *sqlstate);

/* What kept a connection from being made, by what was said. */
const struct db_error *db_error_of_connecting(const char *reason);

/* Counts it, and says it in the log if that was not done just now. */
void db_error_tell(const struct db_error *error, const char *reason);

/* A connection was made. */
void db_error_connected(void);

#endif
