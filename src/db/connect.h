/* A connection to the database within a time, whatever its host's name does:
 * for this room only. */
#ifndef FOTAD_DB_CONNECT_H
#define FOTAD_DB_CONNECT_H

#include <libpq-fe.h>

/* Why there is no connection. */
struct refusal {
    char reason[512]; /* for people, in the server's language */
    char sqlstate[6]; /* "": no server answered */
};

/* As PQconnectdbParams(keys, values, 1), but NULL after 30 s, and at once when
 * the process ends: libpq's connect_timeout is of each address and begins only
 * when the name is resolved, for which the resolver takes its time.
 * What is not connected comes with its refusal. libpq keeps a SQLSTATE only in
 * the words of an error, and only if told so before: what failed fast, as a
 * server's answer does, is asked for once more. */
PGconn *connect_in_time(const char *const keys[], const char *const values[],
                        struct refusal *refusal);

/* The SQLSTATE in libpq's `text` at PQERRORS_SQLSTATE, at the end of a line
 * ("FATAL:  53300"); the last, which is of the host tried last. "" if there is
 * none. */
void refusal_find_sqlstate(const char *text, char sqlstate[static 6]);

#endif
