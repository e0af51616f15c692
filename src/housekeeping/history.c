#include "housekeeping/round.h"

#include <string.h>

enum {
    MOST_LISTED = 200000, /* entries in one transaction */
    MOST_LISTS = 20,      /* transactions in a round */
    MOST_DAYS = 20        /* days indexed in a round */
};

static enum outcome days_list(struct round *round, bool *more) {
    static const struct db_statement list = {"sat_list_days",
                                             "select sat_list_days($1)"};
    struct db_params params = DB_PARAMS(round->arena);
    struct db_rows *rows;
    db_int4(&params, MOST_LISTED);
    enum outcome outcome =
        db_run(round->db, &list, &params, round->arena, &rows);
    *more = outcome == DONE && db_get_int(rows, 0, 0) > 0;
    arena_reset(round->arena);
    return outcome;
}

static enum outcome day_index(struct round *round, bool *more) {
    static const struct db_statement index = {"sat_index_day",
                                              "select sat_index_day($1)"};
    struct db_params params = DB_PARAMS(round->arena);
    struct db_rows *rows;
    db_instant(&params, round->now);
    enum outcome outcome =
        db_run(round->db, &index, &params, round->arena, &rows);
    *more = outcome == DONE && strcmp(db_get_text(rows, 0, 0), "made") == 0;
    arena_reset(round->arena);
    return outcome;
}

enum outcome round_history(struct round *round) {
    enum outcome outcome = DONE;
    bool more = true;
    for (int i = 0;
         i < MOST_LISTS && more && outcome == DONE && task_goes_on(round->task);
         i++)
        outcome = days_list(round, &more);
    more = round->sound;
    for (int i = 0;
         i < MOST_DAYS && more && outcome == DONE && task_goes_on(round->task);
         i++)
        outcome = day_index(round, &more);
    return outcome;
}
