#include "base/crash.h"
#include "base/log.h"
#include "housekeeping/round.h"

#include <unistd.h>

enum {
    MOST_ENTRIES = 20000, /* of the trail under one seal */
    MOST_DROPPED = 1000,  /* days, or batches of rows, in one round */
};

/* Its hash goes to the log too: whoever changes the database cannot change what
 * the journal has. */
static enum outcome seal_make(struct round *round, bool *more) {
    static const struct db_statement seal = {
        "seal_trail", "select sealed_no, sealed_entries,"
                      " encode(sealed_hash, 'hex') from seal_trail($1, $2)"};
    struct db_params params = DB_PARAMS(round->arena);
    db_instant(&params, round->now);
    db_int4(&params, MOST_ENTRIES);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(round->db, &seal, &params, round->arena, &rows);
    *more = outcome == DONE && db_row_count(rows) == 1;
    if (*more)
        log_info("sat.sealed", "seal=%jd entries=%jd hash=%s",
                 (intmax_t)db_get_int(rows, 0, 0),
                 (intmax_t)db_get_int(rows, 0, 1), db_get_text(rows, 0, 2));
    arena_reset(round->arena);
    return outcome;
}

/* Whose [sat] retention it is that drops. */
static void add_dropper(struct db_params *params) {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    db_text(params, arena_printf(params->arena, "fotad at %s", host));
}

/* Drops the oldest entries that are past retention; the seal that says so is
 * of the same transaction. */
static enum outcome trail_drop(struct round *round, bool *more) {
    static const struct db_statement drop = {
        "drop_trail", "select outcome, up_to, sealed_no,"
                      " encode(sealed_hash, 'hex') from drop_trail("
                      "make_interval(secs => $1::bigint), $2, $3, $4)"};
    struct db_params params = DB_PARAMS(round->arena);
    db_int8(&params, round->config->sat_retention / SECOND);
    add_dropper(&params);
    db_instant(&params, round->now);
    db_int4(&params, ROUND_BATCH);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(round->db, &drop, &params, round->arena, &rows);
    *more = outcome == DONE && strcmp(db_get_text(rows, 0, 0), "dropped") == 0;
    if (*more) {
        crash_point(CRASH_day_dropped);
        log_info("sat.dropped", "up_to=%jd seal=%jd hash=%s",
                 (intmax_t)db_get_int(rows, 0, 1),
                 (intmax_t)db_get_int(rows, 0, 2), db_get_text(rows, 0, 3));
    }
    round->report.dropped += *more;
    arena_reset(round->arena);
    return outcome;
}

enum outcome round_seal(struct round *round) {
    enum outcome outcome = DONE;
    bool more = true;
    while (more && outcome == DONE && task_goes_on(round->task))
        outcome = seal_make(round, &more);
    more = round->sound;
    for (int i = 0; i < MOST_DROPPED && more && outcome == DONE &&
                    task_goes_on(round->task);
         i++)
        outcome = trail_drop(round, &more);
    return outcome;
}
