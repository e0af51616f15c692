#include "housekeeping/silence.h"

#include "base/log.h"
#include "base/metrics.h"
#include "housekeeping/round.h"

enum { MOST_JOBS = 16 }; /* in one transaction */

static struct metric_family families[] = {
    {.name = "fotad_csp_silent_jobs_total",
     .help = "Jobs that a CSP took and did not report on in time",
     .kind = METRIC_COUNTER,
     .labels = {"csp"}},
};

void silence_begin(const struct config *config) {
    metrics_register(families, sizeof families / sizeof *families);
    for (size_t i = 0; i < config->csp_count; i++)
        (void)metric_of(&families[0], config->csps[i].name, NULL, NULL);
}

static void silence_alarm(const struct db_rows *rows) {
    for (size_t i = 0; i < db_row_count(rows); i++) {
        const char *csp = db_get_text(rows, i, 0);
        log_set_request(db_get_text(rows, i, 1));
        log_error("csp.silent",
                  "csp=%s job=%s devices=%jd : the CSP took the job and never "
                  "reported on it; its devices are released. Ask the CSP what "
                  "became of it",
                  csp, db_get_text(rows, i, 2),
                  (intmax_t)db_get_int(rows, i, 3));
        log_set_request(NULL);
        metric_add(metric_of(&families[0], csp, NULL, NULL), 1);
    }
}

enum outcome round_silence(struct round *round) {
    static const struct db_statement silence = {
        "silence_jobs",
        "select csp, request_id, job_id, devices"
        " from silence_jobs(make_interval(secs => $1::bigint), $2, $3)"};
    struct db_rows *rows;
    enum outcome outcome;
    size_t count;
    do {
        struct db_params params = DB_PARAMS(round->arena);
        db_int8(&params, round->config->tracking_timeout / SECOND);
        db_int4(&params, MOST_JOBS);
        db_instant(&params, round->now);
        outcome = db_run(round->db, &silence, &params, round->arena, &rows);
        count = outcome == DONE ? db_row_count(rows) : 0;
        if (count)
            silence_alarm(rows);
        arena_reset(round->arena);
    } while (count == MOST_JOBS && task_goes_on(round->task));
    return outcome;
}

enum outcome round_collected(struct round *round) {
    static const struct db_statement tell = {"tell_collected",
                                             "select tell_collected(null, $1)"};
    struct db_params params = DB_PARAMS(round->arena);
    db_instant(&params, round->now);
    return db_run(round->db, &tell, &params, round->arena, NULL);
}
