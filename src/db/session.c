#include "db/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What our statements and functions rely on. jit: its compiler takes longer
 * than any statement of ours, and does so again in each session. The server
 * gives us up as we give it up, below: our locks would stay for hours
 * otherwise. */
static const char settings[] =
    "set search_path = public; set timezone = UTC;"
    " set client_min_messages = warning; set jit = off;"
    " set standard_conforming_strings = on; set quote_all_identifiers = off;"
    " set backslash_quote = safe_encoding; set transform_null_equals = off;"
    " set array_nulls = on; set bytea_output = hex; set datestyle = iso, mdy;"
    " set intervalstyle = postgres; set xmloption = content;"
    " set default_transaction_isolation = 'read committed';"
    " set plan_cache_mode = auto; set lock_timeout = '10s';"
    " set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 3;"
    " set tcp_keepalives_count = 3; set tcp_user_timeout = 15000";
static const char brief_settings[] = "set lock_timeout = '1s'";

/* What conninfo does not say itself: who is gone without a word is given up
 * after 15 s, before our shortest lease runs out. */
PGconn *session_connect(const char *conninfo, const char *name) {
    static const char *const keys[] = {
        "connect_timeout",           "keepalives_idle",  "keepalives_interval",
        "keepalives_count",          "tcp_user_timeout", "dbname",
        "fallback_application_name", "client_encoding",  NULL};
    const char *const values[] = {"5",      "5",  "3",    "3", "15000",
                                  conninfo, name, "UTF8", NULL};
    return PQconnectdbParams(keys, values, 1);
}

PGresult *session_set_up(PGconn *connection, bool brief) {
    PGresult *result = PQexec(connection, settings);
    if (!brief || PQresultStatus(result) != PGRES_COMMAND_OK)
        return result;
    PQclear(result);
    return PQexec(connection, brief_settings);
}

const char *session_refusal(PGconn *connection, char *reason, size_t size) {
    const char *encoding = PQparameterStatus(connection, "server_encoding");
    if (!encoding || strcmp(encoding, "UTF8") == 0)
        return NULL;
    snprintf(reason, size,
             "the encoding of database %s is %s, and fotad needs UTF8: create "
             "another with \"create database NAME encoding 'UTF8' template "
             "template0\", and bring a dump of this one there if it has "
             "records",
             PQdb(connection), encoding);
    return reason;
}

/* ---- a pooler in between ---- */

/* The process that answers, or 0. */
static int session_backend(PGconn *connection) {
    PGresult *result = PQexec(connection, "select pg_backend_pid()");
    int pid = PQntuples(result) == 1 ? atoi(PQgetvalue(result, 0, 0)) : 0;
    PQclear(result);
    return pid;
}

/* Do two sessions that are both open have one process, or one of them several?
 * Asked a few times, for a pooler takes whichever is free. */
static bool sessions_are_shared(PGconn *one, PGconn *other) {
    int first = session_backend(one);
    for (int tries = 0; tries < 5; tries++) {
        int second = session_backend(other), again = session_backend(one);
        if (first && second && again && (second == first || again != first))
            return true;
    }
    return false;
}

enum outcome db_pooler_check(const char *conninfo, const char **reason) {
    PGconn *one = session_connect(conninfo, "fotad pooler check");
    bool pooled = PQstatus(one) == CONNECTION_OK &&
                  session_backend(one) != PQbackendPID(one);
    bool shared = false;
    if (pooled) {
        PGconn *other = session_connect(conninfo, "fotad pooler check");
        shared = sessions_are_shared(one, other);
        PQfinish(other);
    }
    PQfinish(one);
    if (!shared)
        return DONE;
    *reason = "[database] conninfo leads to a pooler that gives a session "
              "another server process for each transaction: fotad prepares "
              "statements and sets up its sessions, so let PgBouncer have "
              "pool_mode = session for this database, or connect to the "
              "server itself";
    return REFUSED;
}
