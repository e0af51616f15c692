#include "db/db.h"

#include "base/embedded.h"
#include "base/log.h"

#include <ctype.h>
#include <openssl/sha.h>
#include <time.h>

/* Migrations are sql/NNNN-name.sql, applied once each in their order. The
 * functions, sql/functions-N-name.sql, are idempotent and applied whenever
 * their text has changed. Both are remembered by name and by what they said. */

static const char prepare_sql[] =
    "create table if not exists migration ("
    " name text not null primary key,"
    " content bytea not null,"
    " applied timestamptz not null default now());"
    "comment on table migration is"
    " 'SQL files of the program that were applied to this database'";

struct migration {
    const struct embedded_file *file;
    uint8_t content[SHA256_DIGEST_LENGTH];
    bool is_function;
};

enum { MOST = 256 };

struct run {
    struct arena *arena;
    bool may_change;
    bool locked; /* a lock could not be had */
    int missing;
};

/* Who waits for a lock lets everybody wait who comes after, so the wait is
 * short; the lock of those who migrate is another matter. */
static const char begin_sql[] = "select pg_advisory_xact_lock(7046001);"
                                "set local lock_timeout = '2s'";

static bool is_sql(const struct embedded_file *file, bool functions) {
    if (strncmp(file->name, "sql/", 4) != 0)
        return false;
    const char *name = file->name + 4;
    return functions ? strncmp(name, "functions-", 10) == 0
                     : isdigit((unsigned char)*name) != 0;
}

static size_t collect(struct migration *all) {
    size_t count = 0;
    for (int functions = 0; functions < 2; functions++)
        for (const struct embedded_file *f = embedded_files; f->name; f++) {
            if (!is_sql(f, functions) || count == MOST)
                continue;
            all[count] =
                (struct migration){.file = f, .is_function = functions};
            SHA256(f->text.data, f->text.len, all[count].content);
            count++;
        }
    return count;
}

enum state { MISSING, APPLIED, CHANGED };

static enum outcome look(struct db *db, struct run *run,
                         const struct migration *migration, enum state *state) {
    static const struct db_statement find = {
        "find_migration", "select content from migration where name = $1"};
    struct db_params params = DB_PARAMS(run->arena);
    db_text(&params, migration->file->name);
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &find, &params, run->arena, &rows);
    if (outcome != DONE)
        return outcome;
    if (db_row_count(rows) == 0)
        *state = MISSING;
    else
        *state =
            span_equal(db_get_span(rows, 0, 0),
                       span_of(migration->content, sizeof migration->content))
                ? APPLIED
                : CHANGED;
    return DONE;
}

static enum outcome apply(struct db *db, struct run *run,
                          const struct migration *migration) {
    static const struct db_statement remember = {
        "remember_migration",
        "insert into migration (name, content) values ($1, $2)"
        " on conflict (name) do update set content = excluded.content,"
        " applied = now()"};
    enum outcome outcome =
        db_script(db, (const char *)migration->file->text.data);
    if (outcome != DONE)
        return outcome;
    log_info("db.migrated", "file=%s", migration->file->name);
    struct db_params params = DB_PARAMS(run->arena);
    db_text(&params, migration->file->name);
    db_bytea(&params, span_of(migration->content, sizeof migration->content));
    return db_run(db, &remember, &params, run->arena, NULL);
}

static enum outcome one(struct db *db, struct run *run,
                        const struct migration *migration) {
    enum state state;
    enum outcome outcome = look(db, run, migration, &state);
    if (outcome != DONE || state == APPLIED)
        return outcome;
    if (state == CHANGED && !migration->is_function) {
        log_error("db.migration_changed",
                  "file=%s : it was applied with another text; this database "
                  "belongs to another release",
                  migration->file->name);
        return FAILED;
    }
    run->missing++;
    return run->may_change ? apply(db, run, migration) : DONE;
}

static enum outcome apply_all(struct db *db, struct run *run) {
    struct migration all[MOST];
    size_t count = collect(all);
    enum outcome outcome = DONE;
    run->missing = 0;
    if (run->may_change) {
        outcome = db_script(db, begin_sql);
        if (outcome == DONE)
            outcome = db_script(db, prepare_sql);
    }
    for (size_t i = 0; i < count && outcome == DONE; i++)
        outcome = one(db, run, &all[i]);
    if (outcome == DONE && run->may_change && run->missing)
        outcome = db_grant_rights(db);
    return outcome;
}

static enum outcome migrate(struct db *db, void *context) {
    struct run *run = context;
    enum outcome outcome = apply_all(db, run);
    run->locked = outcome == RETRY && strcmp(db_sqlstate(db), "55P03") == 0;
    return run->locked ? FAILED : outcome;
}

/* Others work on the database meanwhile: after a lock that could not be had
 * they get a second. */
static enum outcome migrate_in_peace(struct db *db, struct run *run) {
    enum outcome outcome = FAILED;
    run->locked = true;
    for (int tries = 0; tries < DB_MIGRATE_TRIES && run->locked; tries++) {
        if (tries)
            nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        outcome = db_transact(db, migrate, run, true);
    }
    return outcome;
}

static enum outcome has_table(struct db *db, struct arena *arena, bool *has) {
    static const struct db_statement find = {
        "find_migration_table", "select to_regclass('migration') is not null"};
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &find, NULL, arena, &rows);
    if (outcome == DONE)
        *has = db_get_bool(rows, 0, 0);
    return outcome;
}

static bool is_known(const char *name) {
    const struct embedded_file *f = embedded_files;
    while (f->name && strcmp(f->name, name) != 0)
        f++;
    return f->name != NULL;
}

enum outcome db_is_later(struct db *db, bool *later) {
    static const struct db_statement find = {
        "find_migrations",
        "select name from migration where name ~ '^sql/[0-9]'"};
    struct arena *arena = arena_new();
    struct db_rows *rows = NULL;
    bool has = false;
    *later = false;
    enum outcome outcome = has_table(db, arena, &has);
    if (outcome == DONE && has)
        outcome = db_run(db, &find, NULL, arena, &rows);
    for (size_t i = 0; outcome == DONE && has && i < db_row_count(rows); i++)
        *later = *later || !is_known(db_get_text(rows, i, 0));
    arena_free(arena);
    return outcome;
}

/* Without change: what is missing. */
static enum outcome count_missing(struct db *db, struct run *run) {
    struct migration all[MOST];
    bool has = false;
    enum outcome outcome = has_table(db, run->arena, &has);
    run->may_change = false;
    if (outcome == DONE && has)
        return db_transact(db, migrate, run, true);
    run->missing = (int)collect(all);
    return outcome;
}

/* Looks first, so that a role that may not change anything need not when there
 * is nothing to change. */
enum outcome db_migrate(struct db *db, bool may_change, int *missing) {
    struct run run = {.arena = arena_new()};
    bool later = false;
    enum outcome outcome = db_is_later(db, &later);
    if (outcome == DONE && !later)
        outcome = count_missing(db, &run);
    if (outcome == DONE && run.missing && may_change) {
        run.may_change = true;
        outcome = migrate_in_peace(db, &run);
    }
    *missing = run.missing;
    arena_free(run.arena);
    return outcome;
}

enum outcome db_grant_rights(struct db *db) {
    static const struct db_statement grant = {"grant_rights",
                                              "select grant_rights()"};
    struct arena *arena = arena_new();
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &grant, NULL, arena, &rows);
    if (outcome == DONE && !db_is_null(rows, 0, 0))
        log_warning("db.no_roles", ": %s; see docs/operations.md, Roles",
                    db_get_text(rows, 0, 0));
    arena_free(arena);
    return outcome;
}
