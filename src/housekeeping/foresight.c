/* What is known of how long updates take, and what follows from it. */
#include "housekeeping/round.h"

/* Of the running time: what ended in so long is counted by one transaction, and
 * so many of these by a round, so that a long past holds up nothing else. */
enum { PART_SECONDS = 600, MOST_PARTS = 144 };

/* *more: there is more to do. */
static enum outcome part_learn(struct round *round, bool *more) {
    static const struct db_statement learn = {"learn_durations",
                                              "select learn_durations($1)"};
    struct db_params params = DB_PARAMS(round->arena);
    db_int4(&params, PART_SECONDS);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(round->db, &learn, &params, round->arena, &rows);
    *more = outcome == DONE && db_get_bool(rows, 0, 0);
    arena_reset(round->arena);
    return outcome;
}

enum outcome round_durations(struct round *round) {
    static const struct db_statement limits = {"sum_durations",
                                               "select sum_durations()"};
    enum outcome outcome = DONE;
    bool more = true;
    for (int parts = 0; more && outcome == DONE && parts < MOST_PARTS &&
                        task_goes_on(round->task);
         parts++)
        outcome = part_learn(round, &more);
    return outcome == DONE
               ? db_run(round->db, &limits, NULL, round->arena, NULL)
               : outcome;
}

/* Of so many requests by one transaction, and so many transactions of each kind
 * by a round: what waits longer is made by the next. */
enum { REQUESTS = 100, MOST_BATCHES = 50 };

/* A statement with the most rows and now as parameters, until it finds less. */
static enum outcome batches_run(struct round *round,
                                const struct db_statement *statement) {
    enum outcome outcome = DONE;
    int64_t looked = REQUESTS;
    for (int batches = 0; outcome == DONE && looked == REQUESTS &&
                          batches < MOST_BATCHES && task_goes_on(round->task);
         batches++) {
        struct db_params params = DB_PARAMS(round->arena);
        db_int4(&params, REQUESTS);
        db_instant(&params, round->now);
        struct db_rows *rows;
        outcome = db_run(round->db, statement, &params, round->arena, &rows);
        looked = outcome == DONE ? db_get_int(rows, 0, 0) : 0;
        arena_reset(round->arena);
    }
    return outcome;
}

enum outcome round_forecasts(struct round *round) {
    static const struct db_statement watch = {
        "watch_forecasts", "select measure_flow($1), watch_forecasts($1)"};
    static const struct db_statement score = {"score_forecasts",
                                              "select score_forecasts($1, $2)"};
    static const struct db_statement make = {"make_forecasts",
                                             "select make_forecasts($1, $2)"};
    struct db_params params = DB_PARAMS(round->arena);
    db_instant(&params, round->now);
    enum outcome outcome =
        db_run(round->db, &watch, &params, round->arena, NULL);
    arena_reset(round->arena);
    if (outcome == DONE)
        outcome = batches_run(round, &score);
    return outcome == DONE ? batches_run(round, &make) : outcome;
}
