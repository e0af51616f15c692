/* What became of updates by model, and how Users use the network
 * (sql/outcomes.sql): counted anew for the days of which all is on record. */
#include "housekeeping/round.h"
#include "tracking/transition.h"

/* A day of many devices takes a while: the other steps have their turn between
 * two. */
static const instant MOST = 2 * SECOND;

enum outcome round_outcomes(struct round *round) {
    static const struct db_statement count = {
        "count_due_day",
        "select count_due_day(make_interval(secs => $1::bigint), $2)"};
    instant began = clock_elapsed();
    struct db_rows *rows;
    enum outcome outcome;
    bool more;
    do {
        struct db_params params = DB_PARAMS(round->arena);
        db_int8(&params, tracking_memory(round->config) / SECOND);
        db_instant(&params, round->now);
        outcome = db_run(round->db, &count, &params, round->arena, &rows);
        more = outcome == DONE && db_get_bool(rows, 0, 0);
        arena_reset(round->arena);
    } while (more && task_goes_on(round->task) &&
             clock_elapsed() - began < MOST);
    return outcome;
}
