#include "db/session.h"

#include <stdio.h>
#include <string.h>

/* By a statement and not by the start-up packet, where poolers drop them. What
 * our statements are written for is set whatever was said; what only bounds
 * waits is not when conninfo, PGOPTIONS or the role says it. The server gives
 * us up as we give it up (db.c), and ends whoever stands still: our locks would
 * stay for hours otherwise. It stops the time of a statement before it commits,
 * so no commit that waits for a standby is ever cut short. The compiler never
 * pays for statements as short as ours, and stock settings would start it for
 * some of them each second. */
static const char begin_sql[] =
    "select set_config(n, v, false) from (values"
    " ('search_path', 'public'), ('timezone', 'UTC'),"
    " ('datestyle', 'ISO, MDY'), ('intervalstyle', 'postgres'),"
    " ('bytea_output', 'hex'), ('extra_float_digits', '1'),"
    " ('client_min_messages', 'warning'),"
    " ('standard_conforming_strings', 'on'), ('array_nulls', 'on'),"
    " ('quote_all_identifiers', 'off'), ('transform_null_equals', 'off'),"
    " ('backslash_quote', 'safe_encoding'), ('xmloption', 'content'),"
    " ('default_transaction_isolation', 'read committed'),"
    " ('default_transaction_deferrable', 'off'), ('row_security', 'on'),"
    " ('plan_cache_mode', 'auto'), ('jit', 'off')"
    ") as needed (n, v)"
    " union all"
    " select set_config(n, v, false) from (values"
    " ('tcp_keepalives_idle', '5'), ('tcp_keepalives_interval', '3'),"
    " ('tcp_keepalives_count', '3'), ('tcp_user_timeout', '15000'),"
    " ('lock_timeout', '%s'),"
    " ('idle_in_transaction_session_timeout', '%s'),"
    " ('statement_timeout', '%s')"
    ") as wanted (n, v) join pg_settings on name = n"
    " where source not in ('client', 'user', 'database user');" PAST_PLACE_SQL;

static const struct {
    const char *lock, *still, *statement;
} uses[] = {
#define DB_USE(name, lock, still, statement)                                   \
    [DB_FOR_##name] = {lock, still, statement},
#include "db/uses.def"
#undef DB_USE
};

bool session_begin(PGconn *connection, enum db_use use,
                   struct past_place *place) {
    char sql[sizeof begin_sql + 32];
    snprintf(sql, sizeof sql, begin_sql, uses[use].lock, uses[use].still,
             uses[use].statement);
    PGresult *result = PQexec(connection, sql);
    bool good = PQresultStatus(result) == PGRES_TUPLES_OK;
    if (good)
        past_take_place(place, result);
    PQclear(result);
    return good;
}

bool session_has_pooler(PGconn *connection) {
    char own[16];
    snprintf(own, sizeof own, "%d", PQbackendPID(connection));
    PGresult *result = PQexec(connection, "select pg_backend_pid()");
    bool other =
        PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), own) != 0;
    PQclear(result);
    return other;
}

bool sessions_are_one(PGconn *first, PGconn *second) {
    PGresult *set =
        PQexec(first, "select set_config('fotad.session',"
                      " md5(random()::text || clock_timestamp()), false)");
    PGresult *seen =
        PQexec(second, "select current_setting('fotad.session', true)");
    bool one = PQntuples(set) == 1 && PQntuples(seen) == 1 &&
               strcmp(PQgetvalue(set, 0, 0), PQgetvalue(seen, 0, 0)) == 0;
    PQclear(set);
    PQclear(seen);
    return one;
}
