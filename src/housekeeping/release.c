#include "base/crash.h"
#include "housekeeping/round.h"

enum { SLICE = 1024 }; /* blocks of tracking_live looked at at once */

static enum outcome slice_release(struct round *round, int64_t block,
                                  int64_t *released, int64_t *blocks) {
    static const struct db_statement release = {
        "release_slice",
        "select released, blocks from release_slice($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(round->arena);
    db_int8(&params, block);
    db_int4(&params, SLICE);
    db_int4(&params, ROUND_BATCH);
    db_instant(&params, round->now);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(round->db, &release, &params, round->arena, &rows);
    if (outcome == DONE) {
        *released = db_get_int(rows, 0, 0);
        *blocks = db_get_int(rows, 0, 1);
    }
    return outcome;
}

/* A slice is left when it has no full batch any more. */
enum outcome round_release(struct round *round) {
    int64_t released = 0, blocks = 1;
    for (int64_t block = 0; block < blocks && task_goes_on(round->task);) {
        enum outcome outcome = slice_release(round, block, &released, &blocks);
        if (outcome != DONE)
            return outcome;
        if (released)
            crash_point(CRASH_devices_released);
        round->report.released += released;
        block += released < ROUND_BATCH ? SLICE : 0;
        arena_reset(round->arena);
    }
    return DONE;
}

enum outcome round_versions(struct round *round) {
    static const struct db_statement learn = {
        "learn_waiting_versions", "select learn_waiting_versions($1, $2)"};
    struct db_params params = DB_PARAMS(round->arena);
    db_int4(&params, ROUND_BATCH);
    db_instant(&params, round->now);
    return db_run(round->db, &learn, &params, round->arena, NULL);
}

enum { MOST_ORDERS = 100 }; /* in one round */

/* Does it until there is no more to do. Each by itself, for locks are taken in
 * one order. */
static enum outcome orders_step(struct round *round,
                                const struct db_statement *step,
                                bool times_out) {
    enum outcome outcome = DONE;
    bool more = true;
    for (int n = 0; more && n < MOST_ORDERS && task_goes_on(round->task); n++) {
        struct db_params params = DB_PARAMS(round->arena);
        struct db_rows *rows;
        db_instant(&params, round->now);
        if (times_out)
            db_int8(&params, round->config->tracking_timeout / SECOND);
        outcome = db_run(round->db, step, &params, round->arena, &rows);
        more = outcome == DONE && db_get_bool(rows, 0, 0);
        arena_reset(round->arena);
    }
    return outcome;
}

enum outcome round_orders(struct round *round) {
    static const struct db_statement ends = {"end_due_orders",
                                             "select end_due_orders($1) > 0"};
    static const struct db_statement stops = {
        "stop_again",
        "select stop_again($1, make_interval(secs => $2::bigint))"};
    static const struct db_statement settles = {
        "settle_steering", "select settle_steering($1) > 0"};
    enum outcome worst = orders_step(round, &ends, false);
    worst = round_worse(worst, orders_step(round, &stops, true));
    return round_worse(worst, orders_step(round, &settles, false));
}
