#include "housekeeping/running_time.h"

static const instant EACH = MINUTE;

enum outcome running_time_pass(struct running_time *running, struct db *db) {
    static const struct db_statement pass = {
        "pass_running_time", "select pass_running_time($1, $2)"};
    instant passed = clock_since_boot() - running->then;
    if (running->known && passed < EACH)
        return DONE;
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    db_int8_if(&params, running->known, running->ran);
    db_int8(&params, passed);
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &pass, &params, arena, &rows);
    if (outcome == DONE)
        *running = (struct running_time){.known = true,
                                         .ran = db_get_int(rows, 0, 0),
                                         .then = clock_since_boot()};
    arena_free(arena);
    return outcome;
}
