#include "health/gauges.h"

#include "base/metrics.h"

#include <string.h>

/* In the order of their names in SQL. */
static const char *const names[] = {"messages_waiting", "messages_oldest",
                                    "jobs_oldest", "csp_busy",
                                    "alarm_standing"};
enum { GAUGES = sizeof names / sizeof *names };

static struct metric_family families[GAUGES] = {
    {.name = "fotad_messages_waiting",
     .help = "Messages that a User has not confirmed yet.",
     .kind = METRIC_GAUGE,
     .labels = {"user"}},
    {.name = "fotad_messages_oldest_seconds",
     .help = "How long the oldest of them has waited.",
     .kind = METRIC_GAUGE,
     .labels = {"user"}},
    {.name = "fotad_csp_jobs_oldest_seconds",
     .help = "How long the oldest job that waits for a CSP has waited.",
     .kind = METRIC_GAUGE,
     .labels = {"csp"}},
    {.name = "fotad_csp_busy_seconds",
     .help = "How long a CSP has not taken its jobs; 0: it takes them.",
     .kind = METRIC_GAUGE,
     .labels = {"csp"}},
    {.name = "fotad_alarm_standing",
     .help = "Alarms that stand, by their rule (fotactl alarms).",
     .kind = METRIC_GAUGE,
     .labels = {"rule"}},
};

static struct metric_family *gauge_find(const char *name) {
    size_t i = 0;
    while (i < GAUGES - 1 && strcmp(names[i], name) != 0)
        i++;
    return &families[i];
}

void gauges_measure(struct db *db, const struct config *config,
                    struct arena *arena) {
    static const struct db_statement ask = {
        "gauges", "select gauge, label, value from gauges($1, $2)"};
    static const struct db_column columns[] = {
        DB_COLUMN(TEXT, struct config_csp, name)};
    struct db_params params = DB_PARAMS(arena);
    struct db_rows *rows;
    metrics_register(families, GAUGES);
    db_arrays(&params, DB_COLUMNS(columns), config->csps, config->csp_count,
              sizeof *config->csps);
    db_instant(&params, clock_now());
    if (db_run(db, &ask, &params, arena, &rows) != DONE)
        return;
    for (size_t i = 0; i < db_row_count(rows); i++)
        metric_set(metric_of(gauge_find(db_get_text(rows, i, 0)),
                             db_get_text(rows, i, 1), NULL, NULL),
                   db_get_int(rows, i, 2));
}
