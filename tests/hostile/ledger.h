/*
 * What every case of this folder is held to: the database is afterwards what
 * it was before. The digest is over all rows of all tables, but for those
 * named when the ledger is opened: records of the refusal itself.
 */
#ifndef FOTAD_TESTS_HOSTILE_LEDGER_H
#define FOTAD_TESTS_HOSTILE_LEDGER_H

#include "support/check.h"
#include "support/sql.h"

#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>

enum { LEDGER_MOST = 16384 };

struct ledger {
    struct sql *sql;
    char query[LEDGER_MOST]; /* that gives a digest for each table, in lines */
    char digest[LEDGER_MOST];
    size_t cases;
};

static inline void ledger_ask(struct ledger *ledger, const char *sql,
                              char text[static LEDGER_MOST]) {
    int len =
        snprintf(text, LEDGER_MOST, "%s", sql_text(ledger->sql, "%s", sql));
    assert_in_range(len, 1, LEDGER_MOST - 1);
    sql_forget(ledger->sql);
}

/* From now on this is the state that must not change. */
static inline void ledger_note(struct ledger *ledger) {
    ledger_ask(ledger, ledger->query, ledger->digest);
}

/* `but` are names of tables: "sat_entry,csp_message", or "". */
static inline void ledger_open(struct ledger *ledger, const char *conninfo,
                               const char *but) {
    *ledger = (struct ledger){.sql = sql_open(conninfo)};
    char sql[1024];
    snprintf(
        sql, sizeof sql,
        "select 'select concat_ws(E''\\n'', ' || string_agg(format('(select"
        " concat(%%L, count(*), md5(string_agg(t::text, '','' order by"
        " t::text))) from %%I t)', relname || ' ', relname), ', ') || ')'"
        " from pg_class where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'p') and not relispartition"
        " and relname <> all(string_to_array('%s', ','))",
        but);
    ledger_ask(ledger, sql, ledger->query);
    ledger_note(ledger);
}

/* After a case. */
static inline void ledger_check(struct ledger *ledger, const char *name) {
    char now[LEDGER_MOST];
    ledger_ask(ledger, ledger->query, now);
    size_t at = 0, line = 0;
    for (; now[at] == ledger->digest[at] && now[at]; at++)
        if (now[at] == '\n')
            line = at + 1;
    if (now[at] != ledger->digest[at])
        fail_msg("%s: it has changed %.40s", name, now + line);
    ledger->cases++;
}

/* Closes it and says how many cases there were. */
static inline void ledger_close(struct ledger *ledger) {
    printf("%zu hostile cases\n", ledger->cases);
    sql_close(ledger->sql);
}

#endif
