#include "base/crash.h"
#include "housekeeping/round.h"
#include "tracking/transition.h"

enum { MOST_BATCHES = 10000 }; /* of one cleaner in one round */

/* A function that removes old rows, and how long they are kept. */
struct cleaner {
    struct db_statement statement; /* parameters: seconds for which they are
                                      kept, most rows; answer: how many went */
    instant (*kept_for)(const struct config *config); /* NULL: the answers that
                                      are kept say it, and there is no such
                                      parameter */
};

static instant answers_kept(const struct config *config) {
    return config->user_keep_answers;
}

static instant trail_kept(const struct config *config) {
    return config->sat_retention;
}

#define KEEP "make_interval(secs => $1::bigint), $2)"

/* The answers go first: images and counts go by them. */
static const struct cleaner cleaners[] = {
    {{"clean_history", "select clean_history(" KEEP}, tracking_memory},
    {{"clean_messages", "select clean_messages(" KEEP}, tracking_memory},
    {{"clean_answers", "select clean_answers(" KEEP}, answers_kept},
    {{"clean_jobs", "select clean_jobs(" KEEP}, answers_kept},
    {{"clean_alert_counts", "select clean_alert_counts($1)"}, NULL},
    {{"clean_durations", "select clean_durations($1)"}, NULL},
    {{"clean_forecasts", "select clean_forecasts($1)"}, NULL},
    {{"clean_images", "select clean_images($1)"}, NULL},
    {{"clean_volumes", "select clean_volumes(" KEEP}, answers_kept},
    {{"clean_holds", "select clean_holds(" KEEP}, answers_kept},
    {{"clean_confirmed", "select clean_confirmed(" KEEP}, answers_kept},
    {{"clean_outcomes", "select clean_outcomes(" KEEP}, trail_kept},
    {{"clean_sat_messages", "select clean_sat_messages(" KEEP}, trail_kept},
    {{"clean_alarms", "select clean_alarms(" KEEP}, trail_kept},
    {{"clean_findings", "select clean_findings(" KEEP}, tracking_memory},
};
enum { CLEANERS = sizeof cleaners / sizeof *cleaners };

static enum outcome batch_clean(struct round *round,
                                const struct cleaner *cleaner,
                                int64_t *removed) {
    struct db_params params = DB_PARAMS(round->arena);
    if (cleaner->kept_for)
        db_int8(&params, cleaner->kept_for(round->config) / SECOND);
    db_int4(&params, ROUND_BATCH);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(round->db, &cleaner->statement, &params, round->arena, &rows);
    *removed = outcome == DONE ? db_get_int(rows, 0, 0) : 0;
    arena_reset(round->arena);
    return outcome;
}

static enum outcome cleaner_run(struct round *round,
                                const struct cleaner *cleaner) {
    enum outcome outcome = DONE;
    int64_t removed = ROUND_BATCH;
    for (int batches = 0; removed == ROUND_BATCH && batches < MOST_BATCHES &&
                          task_goes_on(round->task);
         batches++) {
        outcome = batch_clean(round, cleaner, &removed);
        if (removed)
            crash_point(CRASH_rows_cleaned);
        round->report.removed += removed;
    }
    return outcome;
}

static enum outcome sign_ins_clean(struct round *round) {
    static const struct db_statement clean = {
        "clean_sign_ins",
        "select clean_sign_ins(make_interval(secs => $1::bigint),"
        " make_interval(secs => $2::bigint), $3, $4)"};
    const struct config *config = round->config;
    struct db_params params = DB_PARAMS(round->arena);
    db_int8(&params, config->people_lock_out_for / SECOND);
    db_int8(&params, config->people_session_idle / SECOND);
    db_instant(&params, round->now);
    db_int4(&params, ROUND_BATCH);
    return db_run(round->db, &clean, &params, round->arena, NULL);
}

enum outcome round_clean(struct round *round) {
    enum outcome outcome = sign_ins_clean(round);
    for (size_t i = 0; i < CLEANERS; i++)
        outcome = round_worse(outcome, cleaner_run(round, &cleaners[i]));
    return outcome;
}
