/*
 * What every case of this folder is held to: the database is afterwards what
 * it was before. The digest is over all rows of all tables, but for those
 * named when the ledger is opened: records of the refusal itself.
 */
#ifndef FOTAD_TESTS_HOSTILE_LEDGER_H
#define FOTAD_TESTS_HOSTILE_LEDGER_H

#include "support/check.h"

#include "base/buffer.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

struct ledger {
    PGconn *connection;
    struct buffer query; /* that gives the digest */
    char digest[33];
    size_t cases;
};

static inline const char *ledger_ask(struct ledger *ledger, const char *sql,
                                     char *text, size_t size) {
    PGresult *result = PQexec(ledger->connection, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(ledger->connection));
    snprintf(text, size, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return text;
}

/* From now on this is the state that must not change. */
static inline void ledger_note(struct ledger *ledger) {
    ledger_ask(ledger, (char *)ledger->query.data, ledger->digest,
               sizeof ledger->digest);
}

/* `but` are names of tables: "sat_entry,csp_message", or "". */
static inline void ledger_open(struct ledger *ledger, const char *conninfo,
                               const char *but) {
    *ledger = (struct ledger){.connection = PQconnectdb(conninfo)};
    char sql[1024], query[16384];
    snprintf(
        sql, sizeof sql,
        "select 'select md5(concat_ws(''|'', ' || string_agg(format('(select"
        " concat(count(*), md5(string_agg(t::text, '','' order by t::text)))"
        " from %%I t)', relname), ', ' order by relname) || '))' from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind in"
        " ('r', 'p') and not relispartition"
        " and relname <> all(string_to_array('%s', ','))",
        but);
    buffer_text(&ledger->query, ledger_ask(ledger, sql, query, sizeof query));
    buffer_add(&ledger->query, span_of("", 1));
    ledger_note(ledger);
}

/* After a case. */
static inline void ledger_check(struct ledger *ledger, const char *name) {
    char now[sizeof ledger->digest];
    ledger_ask(ledger, (char *)ledger->query.data, now, sizeof now);
    if (strcmp(now, ledger->digest) != 0)
        fail_msg("%s: it has changed the database", name);
    ledger->cases++;
}

/* Closes it and says how many cases there were. */
static inline void ledger_close(struct ledger *ledger) {
    printf("%zu hostile cases\n", ledger->cases);
    PQfinish(ledger->connection);
    buffer_free(&ledger->query);
}

#endif
