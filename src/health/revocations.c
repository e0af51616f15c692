#include "health/revocations.h"

#include "base/log.h"
#include "http/revocations.h"

enum outcome revocations_find(struct db *db, struct arena *arena,
                              const struct span **lists, size_t *count) {
    static const struct db_statement find = {"load_crls",
                                             "select der from crl"};
    static const struct db_column list = {DB_BYTEA, 0};
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &find, NULL, arena, &rows);
    if (outcome != DONE)
        return outcome;
    *count = db_row_count(rows);
    *lists = db_structs(rows, &list, 1, sizeof **lists, arena);
    return DONE;
}

void revocations_use(const struct span *lists, size_t count) {
    size_t taken = http_use_revocations(lists, count);
    log_debug("revocations.loaded", "lists=%zu", taken);
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
