#include "db/error.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "db/db.h"

#include <stdatomic.h>
#include <string.h>

/* The same is not logged again sooner. */
static const instant QUIET = 10 * SECOND;
/* So long after it was last seen an error is told by db_lasting_error(). */
static const instant RECENT = 30 * SECOND;

const struct db_error DB_ERROR_LOST = {
    "", "connection_lost",
    "fotad connects again by itself; see the server's log", true};
const struct db_error DB_ERROR_UNREACHABLE = {
    "", "unreachable",
    "fotad connects again by itself; see that the server runs, and that "
    "[database] conninfo names all its hosts",
    true};

static const struct db_error rows[] = {
    {"40001", "conflict", NULL, false},
    {"40P01", "conflict", NULL, false},
    {"55P03", "locked", NULL, false},
    /* a function was replaced by one with other columns */
    {"0A000", "plan_changed", NULL, true},
    {"23514", "rerouted", NULL, false},
    {"53100", "disk_full",
     "make room on the database's disk; fotad goes on by itself", false},
    {"53200", "out_of_memory", "see the memory of the database's machine",
     false},
    {"53300", "out_of_connections",
     "raise max_connections of the server, or lower the workers in fotad.conf",
     true},
    {"25006", "read_only",
     "the server is a standby or was set read-only: let [database] conninfo "
     "name all hosts, with target_session_attrs=read-write",
     true},
    {"57P", "going_down", "the server stops or starts; fotad connects again",
     true},
    {"08", "connection_lost", "fotad connects again by itself", true},
};
enum { ROWS = sizeof rows / sizeof *rows };

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

const struct db_error *db_error_of(const char *sqlstate) {
    for (size_t i = 0; i < ROWS; i++)
        if (strncmp(sqlstate, rows[i].sqlstate, strlen(rows[i].sqlstate)) == 0)
            return &rows[i];
    return NULL;
}

/* libpq does not give the SQLSTATE of a connection refused. */
const struct db_error *db_error_of_connecting(const char *reason) {
    static const struct {
        const char *says, *sqlstate;
    } words[] = {{"too many clients", "53300"},
                 {"remaining connection slots", "53300"},
                 {"too many connections", "53300"},
                 {"could not write init file", "53100"},
                 {"No space left on device", "53100"},
                 {"session is read-only", "25006"},
                 {"server is in hot standby", "25006"},
                 {"starting up", "57P03"},
                 {"shutting down", "57P03"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(reason, words[i].says))
            return db_error_of(words[i].sqlstate);
    return &DB_ERROR_UNREACHABLE;
}

/* The last error that a person may have to act upon. */
static _Atomic(const struct db_error *) latest;
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

void db_error_tell(const struct db_error *error, const char *reason) {
    register_metrics();
    metric_add(metric_of(&families[ERRORS], error->what, NULL, NULL), 1);
    if (!error->advice)
        return;
    atomic_store(&latest, error);
    atomic_store(&latest_at, clock_elapsed());
    if (is_new(error))
        log_error("db.trouble", "what=%s : %s; %s", error->what, reason,
                  error->advice);
}

void db_error_connected(void) {
    register_metrics();
    metric_add(metric_of(&families[MADE], NULL, NULL, NULL), 1);
}

const char *db_lasting_error(const char **advice) {
    const struct db_error *error = atomic_load(&latest);
    if (!error || clock_elapsed() - atomic_load(&latest_at) > RECENT)
        return NULL;
    *advice = error->advice;
    return error->what;
}
