#include "base/log.h"
#include "housekeeping/round.h"

enum { MOST_ENTRIES = 20000 }; /* of the trail under one seal */

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

enum outcome round_seal(struct round *round) {
    enum outcome outcome = DONE;
    bool more = true;
    while (more && outcome == DONE && task_goes_on(round->task))
        outcome = seal_make(round, &more);
    return outcome;
}
