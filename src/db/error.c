#include "db/error.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "db/db.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* The same is not logged again sooner. */
static const instant QUIET = MINUTE;
/* So long after it was last seen an error is told by db_lasting_error(). */
static const instant RECENT = 30 * SECOND;

const struct db_error DB_ERROR_LOST = {
    "", "connection_lost",
    "fotad connects again by itself; see the server's log", true, false};
const struct db_error DB_ERROR_UNREACHABLE = {
    "", "unreachable",
    "fotad connects again by itself; see that the server runs, and that all "
    "its hosts are named in",
    true, true};

static const struct db_error rows[] = {
    {"40001", "conflict", NULL, false, false},
    {"40P01", "conflict", NULL, false, false},
    {"55P03", "locked", NULL, false, false},
    {"57014", "cancelled", NULL, false, false},
    {"25P03", "stood_still", NULL, true, false},
    /* a function was replaced by one with other columns */
    {"0A000", "plan_changed", NULL, true, false},
    {"23514", "rerouted", NULL, false, false},
    {"53100", "disk_full",
     "make room on the database's disk; fotad goes on by itself", false, false},
    {"53200", "out_of_memory", "see the memory of the database's machine",
     false, false},
    {"53300", "out_of_connections",
     "raise max_connections of the server, or lower the workers in fotad.conf",
     true, false},
    {"25006", "read_only",
     "the server is a standby or was set read-only: name all hosts, with "
     "target_session_attrs=read-write, in",
     true, true},
    {"57P", "going_down", "the server stops or starts; fotad connects again",
     true, false},
    {"08", "connection_lost", "fotad connects again by itself", true, false},
    /* of connecting only: a statement would be refused again */
    {"28", "denied",
     "the server does not let this role in: see its pg_hba.conf, and role and "
     "password in",
     true, true},
    {"3D000", "no_database",
     "the server has no such database: create it, or mend dbname in", true,
     true},
};
enum { ROWS = sizeof rows / sizeof *rows, OF_CONNECTING = 2 };

static struct metric_family families[] = {
    {.name = "fotad_db_trouble_total",
     .help = "What the database refused for now, by what it was",
     .kind = METRIC_COUNTER,
     .labels = {"what"}},
    {.name = "fotad_db_connections_made_total",
     .help = "Connections to the database made since the start",
     .kind = METRIC_COUNTER},
};
enum { ERRORS, MADE };

static const struct db_error *row_find(const char *sqlstate, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strncmp(sqlstate, rows[i].sqlstate, strlen(rows[i].sqlstate)) == 0)
            return &rows[i];
    return NULL;
}

const struct db_error *db_error_of(const char *sqlstate) {
    return row_find(sqlstate, ROWS - OF_CONNECTING);
}

/* The first is of an internal error, which has no SQLSTATE of its own and is
 * not translated; the others are libpq's own, which we never let translate. */
const struct db_error *db_error_of_connecting(const char *sqlstate,
                                              const char *reason) {
    static const struct {
        const char *says, *sqlstate;
    } words[] = {{"could not write init file", "53100"},
                 {"session is read-only", "25006"},
                 {"server is in hot standby", "25006"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(reason, words[i].says))
            sqlstate = words[i].sqlstate;
    const struct db_error *error = *sqlstate ? row_find(sqlstate, ROWS) : NULL;
    return error ? error : &DB_ERROR_UNREACHABLE;
}

bool db_error_lasts(const struct db_error *error) {
    return error >= &rows[ROWS - OF_CONNECTING] && error < &rows[ROWS];
}

/* The last error that a person may have to act upon. */
static _Atomic(const struct db_error *) latest;
static _Atomic(const char *) latest_key;
static _Atomic instant latest_at;

/* Has it not been logged for a while? One caller at a time gets a yes. */
static bool is_new(const struct db_error *error) {
    static _Atomic instant logged[ROWS + 2];
    size_t place = error == &DB_ERROR_LOST          ? ROWS
                   : error == &DB_ERROR_UNREACHABLE ? ROWS + 1
                                                    : (size_t)(error - rows);
    instant now = clock_elapsed(), before = atomic_load(&logged[place]);
    return (!before || now - before > QUIET) &&
           atomic_compare_exchange_strong(&logged[place], &before, now);
}

static void register_metrics(void) {
    metrics_register(families, sizeof families / sizeof *families);
}

void db_error_tell(const struct db_error *error, const char *key,
                   const char *reason) {
    register_metrics();
    metric_add(metric_of(&families[ERRORS], error->what, NULL, NULL), 1);
    if (!error->advice)
        return;
    atomic_store(&latest, error);
    atomic_store(&latest_key, key);
    atomic_store(&latest_at, clock_elapsed());
    if (is_new(error))
        log_error("db.trouble", "what=%s : %s; %s%s%s", error->what, reason,
                  error->advice, error->of_key ? " " : "",
                  error->of_key ? key : "");
}

void db_error_connected(void) {
    register_metrics();
    metric_add(metric_of(&families[MADE], NULL, NULL, NULL), 1);
}

const char *db_lasting_error(char advice[static DB_ADVICE_SIZE]) {
    const struct db_error *error = atomic_load(&latest);
    if (!error || clock_elapsed() - atomic_load(&latest_at) > RECENT)
        return NULL;
    snprintf(advice, DB_ADVICE_SIZE, "%s%s%s", error->advice,
             error->of_key ? " " : "",
             error->of_key ? atomic_load(&latest_key) : "");
    return error->what;
}
