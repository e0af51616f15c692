#include "db/lock.h"

static enum outcome lock_take(struct db *db, const struct db_statement *take,
                              enum db_lock lock) {
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    db_int8(&params, lock);
    enum outcome outcome = db_run(db, take, &params, arena, NULL);
    arena_free(arena);
    return outcome;
}

enum outcome db_lock(struct db *db, enum db_lock lock) {
    static const struct db_statement take = {
        "advisory_lock", "select pg_advisory_xact_lock($1)"};
    return lock_take(db, &take, lock);
}

enum outcome db_lock_shared(struct db *db, enum db_lock lock) {
    static const struct db_statement take = {
        "advisory_lock_shared", "select pg_advisory_xact_lock_shared($1)"};
    return lock_take(db, &take, lock);
}

const char *db_lock_function(struct arena *arena) {
    static const struct {
        const char *name;
        int number;
    } locks[] = {
#define LOCK(name, number) {#name, number},
#include "db/locks.def"
#undef LOCK
    };
    const char *cases = "";
    for (size_t i = 0; i < sizeof locks / sizeof *locks; i++)
        cases = arena_printf(arena, "%s when '%s' then %d", cases,
                             locks[i].name, locks[i].number);
    return arena_printf(arena,
                        "create or replace function advisory_lock(p_name text)"
                        " returns bigint language sql immutable strict"
                        " parallel safe return case p_name%s end;"
                        "comment on function advisory_lock(text) is"
                        " 'Number of a lock: src/db/locks.def';",
                        cases);
}
