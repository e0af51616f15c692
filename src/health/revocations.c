#include "health/revocations.h"

#include "base/log.h"
#include "http/revocations.h"

enum outcome revocations_load(struct db *db) {
    static const struct db_statement find = {"load_crls",
                                             "select der from crl"};
    struct arena *arena = arena_new();
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &find, NULL, arena, &rows);
    if (outcome == DONE) {
        size_t count = db_row_count(rows);
        struct span *lists = arena_zero(arena, count, sizeof *lists);
        for (size_t i = 0; i < count; i++)
            lists[i] = db_get_span(rows, i, 0);
        size_t taken = http_use_revocations(lists, count);
        log_debug("revocations.loaded", "lists=%zu", taken);
    }
    arena_free(arena);
    return outcome;
}

enum outcome revocations_overdue(struct db *db, struct arena *arena,
                                 instant now, struct db_rows **issuers) {
    static const struct db_statement find = {
        "overdue_crls",
        "select issuer from crl where next_update < $1 order by issuer"};
    struct db_params params = DB_PARAMS(arena);
    db_instant(&params, now);
    return db_run(db, &find, &params, arena, issuers);
}
