#include "db/error.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "db/db.h"

#include <pthread.h>
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
const struct db_error DB_ERROR_WENT_BACK = {
    "", "went_back", "see docs/operations.md, When the database was restored",
    true, false};

static const struct db_error rows[] = {
    {"40001", "conflict", NULL, false, false},
    {"40P01", "conflict", NULL, false, false},
    {"55P03", "locked", NULL, false, false},
    {"57014", "cancelled", NULL, false, false},
    {"25P03", "stood_still", NULL, true, false},
    /* a function was replaced by one with other columns */
    {"0A000", "plan_changed", NULL, true, false},
    {"23514", "rerouted", NULL, false, false},
    {"53100", DB_DISK_FULL,
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
    static _Atomic instant logged[ROWS + 3];
    size_t place = error == &DB_ERROR_LOST          ? ROWS
                   : error == &DB_ERROR_UNREACHABLE ? ROWS + 1
                   : error == &DB_ERROR_WENT_BACK   ? ROWS + 2
                                                    : (size_t)(error - rows);
    instant now = clock_elapsed(), before = atomic_load(&logged[place]);
    return (!before || now - before > QUIET) &&
           atomic_compare_exchange_strong(&logged[place], &before, now);
}

/* All that there are, so that the first of one is an increase. */
static void register_once(void) {
    metrics_register(families, sizeof families / sizeof *families);
    for (size_t i = 0; i < ROWS; i++)
        (void)metric_of(&families[ERRORS], rows[i].what, NULL, NULL);
    (void)metric_of(&families[ERRORS], DB_ERROR_UNREACHABLE.what, NULL, NULL);
    (void)metric_of(&families[ERRORS], DB_ERROR_WENT_BACK.what, NULL, NULL);
}

static void register_metrics(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_once);
}

/* ---- outages: from the first connection that was lost or refused to the next
 * that is made; of each conninfo ---- */

static struct outage {
    const char *key; /* NULL: the place is free */
    instant since;   /* by clock_elapsed(); 0: there is none */
    bool told;       /* in the log */
} outages[4];
static pthread_mutex_t outage_lock = PTHREAD_MUTEX_INITIALIZER;

/* Under the lock. The last place is for all that come later. */
static struct outage *outage_of(const char *key) {
    size_t i = 0;
    while (i < sizeof outages / sizeof *outages - 1 && outages[i].key &&
           strcmp(outages[i].key, key) != 0)
        i++;
    if (!outages[i].key)
        outages[i].key = key;
    return &outages[i];
}

static void outage_note(const char *key, bool told) {
    pthread_mutex_lock(&outage_lock);
    struct outage *outage = outage_of(key);
    if (!outage->since)
        outage->since = clock_elapsed();
    outage->told = outage->told || told;
    pthread_mutex_unlock(&outage_lock);
}

bool db_error_is_outage(const char *key) {
    pthread_mutex_lock(&outage_lock);
    bool lasts = outage_of(key)->since != 0;
    pthread_mutex_unlock(&outage_lock);
    return lasts;
}

static void outage_end(const char *key) {
    pthread_mutex_lock(&outage_lock);
    struct outage *outage = outage_of(key), ended = *outage;
    outage->since = 0;
    outage->told = false;
    pthread_mutex_unlock(&outage_lock);
    instant lasted = ended.since ? clock_elapsed() - ended.since : 0;
    if (ended.told && lasted >= SECOND)
        log_info("db.there_again", "after_s=%jd : the database of %s",
                 (intmax_t)(lasted / SECOND), key);
}

/* ---- what is told ---- */

void db_error_tell(const struct db_error *error, const char *key,
                   const char *reason) {
    register_metrics();
    metric_add(metric_of(&families[ERRORS], error->what, NULL, NULL), 1);
    if (!error->advice)
        return;
    atomic_store(&latest, error);
    atomic_store(&latest_key, key);
    atomic_store(&latest_at, clock_elapsed());
    bool now = is_new(error);
    if (error->leave)
        outage_note(key, now);
    if (now)
        log_error("db.trouble", "what=%s : %s; %s%s%s", error->what, reason,
                  error->advice, error->of_key ? " " : "",
                  error->of_key ? key : "");
}

void db_error_connected(const char *key) {
    register_metrics();
    metric_add(metric_of(&families[MADE], NULL, NULL, NULL), 1);
    outage_end(key);
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
