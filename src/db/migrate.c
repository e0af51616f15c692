#include "db/db.h"

#include "base/buffer.h"
#include "base/embedded.h"
#include "base/log.h"
#include "base/version.h"
#include "db/lock.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Migrations are sql/migrations/NNNN-name.sql, applied once each in their
 * order; they are remembered by what they say and by name, without the folder.
 * The functions, the files of sql/ in the order of sql/order, are idempotent
 * and applied all together whenever one of them has changed, for what is said
 * of a function in one file (sql/plans.sql) goes when another makes it anew.
 * With them goes the number of the release: an earlier one leaves the functions
 * of a later one alone. */

static const char prepare_sql[] =
    "create table if not exists migration ("
    " name text not null primary key,"
    " content bytea not null,"
    " applied timestamptz not null default now());"
    "alter table migration add column if not exists release integer;"
    "comment on column migration.release is"
    " 'Of the program that applied it; null: of one before they had numbers';"
    "comment on table migration is"
    " 'SQL files of the program that were applied to this database'";

#define MIGRATIONS "sql/migrations/"
#define FUNCTIONS "sql/functions"

struct migration {
    const char *name; /* as it is remembered */
    struct span text; /* followed by a NUL */
    uint8_t content[SHA256_DIGEST_LENGTH];
};

enum { MOST_MIGRATIONS = 256 };

/* All that a program has for the database; the functions are the last. */
struct migrations {
    struct migration all[MOST_MIGRATIONS];
    size_t count;
};

struct migrating {
    struct arena *arena;
    const struct migrations *migrations;
    const char *person; /* NULL: nobody may change anything */
    bool is_new;        /* the database had nothing of us */
    bool locked;        /* a lock could not be had */
    int missing;
    const char *applied[MOST_MIGRATIONS]; /* told once it is committed */
    size_t applied_count;
};

/* Who waits for a lock lets everybody wait who comes after, so the wait is
 * short; the lock of those who migrate is another matter. */
static const char patience_sql[] = "set local lock_timeout = '2s'";

static void migrations_add(struct migrations *migrations, const char *name,
                           struct span text) {
    if (migrations->count == MOST_MIGRATIONS)
        abort();
    struct migration *added = &migrations->all[migrations->count++];
    *added = (struct migration){.name = name, .text = text};
    SHA256(text.data, text.len, added->content);
}

static bool file_is_migration(const struct embedded_file *file) {
    return strncmp(file->name, MIGRATIONS, strlen(MIGRATIONS)) == 0;
}

static bool file_is_functions(const struct embedded_file *file) {
    return strncmp(file->name, "sql/", 4) == 0 && !file_is_migration(file);
}

static struct span functions_text(struct arena *arena) {
    struct buffer text = {0};
    buffer_text(&text, db_lock_function(arena));
    buffer_text(&text, "\n");
    for (const struct embedded_file *f = embedded_files; f->name; f++)
        if (file_is_functions(f))
            buffer_add(&text, f->text);
    struct span kept = span_text(arena_text(arena, buffer_span(&text)));
    buffer_free(&text);
    return kept;
}

static const struct migrations *migrations_new(struct arena *arena) {
    struct migrations *migrations = arena_zero(arena, 1, sizeof *migrations);
    for (const struct embedded_file *f = embedded_files; f->name; f++)
        if (file_is_migration(f))
            migrations_add(
                migrations,
                arena_printf(arena, "sql/%s", f->name + strlen(MIGRATIONS)),
                f->text);
    migrations_add(migrations, FUNCTIONS, functions_text(arena));
    return migrations;
}

static bool is_functions(const struct migration *migration) {
    return strcmp(migration->name, FUNCTIONS) == 0;
}

static struct span content_of(const struct migration *migration) {
    return span_of(migration->content, sizeof migration->content);
}

/* ---- one of them ---- */

enum migration_state { MISSING, APPLIED, CHANGED };

/* One that says the same under another name was applied before it was given its
 * number of today. */
static enum outcome migration_look(struct db *db, struct migrating *migrating,
                                   const struct migration *migration,
                                   enum migration_state *state) {
    static const struct db_statement find = {
        "find_migration", "select coalesce(bool_or(content = $2), false),"
                          " coalesce(bool_or(name = $1), false)"
                          " from migration where name = $1 or content = $2"};
    struct db_params params = DB_PARAMS(migrating->arena);
    db_text(&params, migration->name);
    db_bytea(&params, content_of(migration));
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &find, &params, migrating->arena, &rows);
    if (outcome == DONE)
        *state = db_get_bool(rows, 0, 0)   ? APPLIED
                 : db_get_bool(rows, 0, 1) ? CHANGED
                                           : MISSING;
    return outcome;
}

static enum outcome migration_apply(struct db *db, struct migrating *migrating,
                                    const struct migration *migration) {
    static const struct db_statement remember = {
        "remember_migration",
        "insert into migration (name, content, release) values ($1, $2, $3)"
        " on conflict (name) do update set content = excluded.content,"
        " release = excluded.release, applied = now()"};
    enum outcome outcome = db_script(db, (const char *)migration->text.data);
    if (outcome != DONE)
        return outcome;
    migrating->applied[migrating->applied_count++] = migration->name;
    struct db_params params = DB_PARAMS(migrating->arena);
    db_text(&params, migration->name);
    db_bytea(&params, content_of(migration));
    db_int4(&params, FOTAD_RELEASE);
    return db_run(db, &remember, &params, migrating->arena, NULL);
}

static enum outcome migration_bring(struct db *db, struct migrating *migrating,
                                    const struct migration *migration) {
    enum migration_state state;
    enum outcome outcome = migration_look(db, migrating, migration, &state);
    if (outcome != DONE || state == APPLIED)
        return outcome;
    if (state == CHANGED && !is_functions(migration)) {
        char reason[256];
        snprintf(reason, sizeof reason,
                 "%s was applied with another text; this database belongs to "
                 "another release",
                 migration->name);
        db_blame(db, reason);
        log_error("db.migration_changed", "file=%s : %s", migration->name,
                  reason);
        return FAILED;
    }
    migrating->missing++;
    return migrating->person ? migration_apply(db, migrating, migration) : DONE;
}

/* ---- all of them ---- */

static enum outcome migrate_begin(struct db *db) {
    enum outcome outcome = db_lock(db, LOCK_migration);
    if (outcome == DONE)
        outcome = db_script(db, patience_sql);
    return outcome == DONE ? db_script(db, prepare_sql) : outcome;
}

static enum outcome find_new(struct db *db, struct migrating *migrating) {
    static const struct db_statement find = {
        "find_any_migration", "select not exists (select from migration)"};
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &find, NULL, migrating->arena, &rows);
    if (outcome == DONE)
        migrating->is_new = db_get_bool(rows, 0, 0);
    return outcome;
}

static enum outcome migration_note(struct db *db,
                                   const struct migrating *migrating) {
    static const struct db_statement note = {
        "note_migration", "select person_did(nullif($1, ''), 'migrate', $2,"
                          " $3)"};
    struct buffer names = {0};
    for (size_t i = 0; i < migrating->applied_count; i++)
        buffer_printf(&names, "%s%s", i ? ", " : "", migrating->applied[i]);
    struct db_params params = DB_PARAMS(migrating->arena);
    db_text(&params, migrating->person);
    db_text(&params, arena_text(migrating->arena, buffer_span(&names)));
    db_instant(&params, clock_now());
    buffer_free(&names);
    return db_run(db, &note, &params, migrating->arena, NULL);
}

/* Releases before had the functions file by file. */
static enum outcome migrate_end(struct db *db,
                                const struct migrating *migrating) {
    enum outcome outcome = db_script(
        db, "delete from migration where name like 'sql/functions-%'");
    if (outcome == DONE && !migrating->is_new)
        outcome = migration_note(db, migrating);
    return outcome == DONE ? db_grant_rights(db) : outcome;
}

/* A later release may have been at it while this one waited for the lock. */
static enum outcome migrate_all(struct db *db, struct migrating *migrating) {
    const struct migrations *migrations = migrating->migrations;
    bool later = false;
    enum outcome outcome = DONE;
    if (migrating->person) {
        outcome = migrate_begin(db);
        if (outcome == DONE)
            outcome = db_is_later(db, &later);
        if (outcome == DONE)
            outcome = find_new(db, migrating);
    }
    migrating->missing = 0;
    migrating->applied_count = 0;
    for (size_t i = 0; !later && i < migrations->count && outcome == DONE; i++)
        outcome = migration_bring(db, migrating, &migrations->all[i]);
    if (outcome == DONE && migrating->person && migrating->missing)
        outcome = migrate_end(db, migrating);
    return outcome;
}

static enum outcome migrate_step(struct db *db, void *context) {
    struct migrating *migrating = context;
    enum outcome outcome = migrate_all(db, migrating);
    migrating->locked =
        outcome == RETRY && strcmp(db_sqlstate(db), "55P03") == 0;
    return migrating->locked ? FAILED : outcome;
}

static void migrations_tell(const struct migrating *migrating) {
    for (size_t i = 0; i < migrating->applied_count; i++)
        log_info("db.migrated", "file=%s", migrating->applied[i]);
}

/* Others work on the database meanwhile: after a lock that could not be had
 * they get a second. */
static enum outcome migrate_in_peace(struct db *db,
                                     struct migrating *migrating) {
    enum outcome outcome = FAILED;
    migrating->locked = true;
    for (int tries = 0; tries < DB_MIGRATE_TRIES && migrating->locked;
         tries++) {
        if (tries)
            nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        outcome = db_transact(db, migrate_step, migrating, true);
    }
    if (outcome == DONE)
        migrations_tell(migrating);
    return outcome;
}

/* ---- what is there ---- */

static enum outcome has_table(struct db *db, struct arena *arena, bool *has) {
    static const struct db_statement find = {
        "find_migration_table", "select to_regclass('migration') is not null"};
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &find, NULL, arena, &rows);
    if (outcome == DONE)
        *has = db_get_bool(rows, 0, 0);
    return outcome;
}

static bool migrations_know(const struct migrations *migrations,
                            const char *name, struct span content) {
    for (size_t i = 0; i < migrations->count; i++)
        if (strcmp(migrations->all[i].name, name) == 0 ||
            span_equal(content_of(&migrations->all[i]), content))
            return true;
    return false;
}

enum outcome db_is_later(struct db *db, bool *later) {
    static const struct db_statement find = {
        "find_migrations",
        "select name, content, coalesce((to_jsonb(m) ->> 'release')::integer,"
        " 0) from migration m where name ~ '^sql/([0-9]|functions$)'"};
    struct arena *arena = arena_new();
    const struct migrations *migrations = migrations_new(arena);
    struct db_rows *rows = NULL;
    bool has = false;
    *later = false;
    enum outcome outcome = has_table(db, arena, &has);
    if (outcome == DONE && has)
        outcome = db_run(db, &find, NULL, arena, &rows);
    for (size_t i = 0; outcome == DONE && has && i < db_row_count(rows); i++)
        *later = *later || db_get_int(rows, i, 2) > FOTAD_RELEASE ||
                 !migrations_know(migrations, db_get_text(rows, i, 0),
                                  db_get_span(rows, i, 1));
    arena_free(arena);
    return outcome;
}

/* Without change: what is missing. */
static enum outcome count_missing(struct db *db, struct migrating *migrating) {
    bool has = false;
    enum outcome outcome = has_table(db, migrating->arena, &has);
    migrating->person = NULL;
    if (outcome == DONE && has)
        return db_transact(db, migrate_step, migrating, true);
    migrating->missing = (int)migrating->migrations->count;
    return outcome;
}

/* Looks first, so that a role that may not change anything need not when there
 * is nothing to change. */
enum outcome db_migrate(struct db *db, const char *person, int *missing) {
    struct arena *arena = arena_new();
    struct migrating migrating = {.arena = arena,
                                  .migrations = migrations_new(arena)};
    bool later = false;
    enum outcome outcome = db_check_server(db);
    if (outcome == DONE)
        outcome = db_is_later(db, &later);
    if (outcome == DONE && !later)
        outcome = count_missing(db, &migrating);
    if (outcome == DONE && migrating.missing && person) {
        migrating.person = person;
        outcome = migrate_in_peace(db, &migrating);
    }
    if (person && outcome == FAILED && strcmp(db_sqlstate(db), "42501") == 0)
        db_blame(db, arena_printf(arena,
                                  "%s; the role that owns the database may: "
                                  "see [database] owner_conninfo",
                                  db_reason(db)));
    *missing = migrating.missing;
    arena_free(arena);
    return outcome;
}

static enum outcome release_find(struct db *db, struct arena *arena,
                                 int64_t *release) {
    static const struct db_statement find = {
        "find_release",
        "select coalesce(max((to_jsonb(m) ->> 'release')::integer), 0)"
        " from migration m"};
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &find, NULL, arena, &rows);
    if (outcome == DONE)
        *release = db_get_int(rows, 0, 0);
    return outcome;
}

const char *db_version_words(struct db *db, struct arena *arena) {
    bool has = false;
    int64_t release = 0;
    enum outcome outcome = has_table(db, arena, &has);
    if (outcome == DONE && !has)
        return "there is nothing of fotad in the database yet: run fotactl "
               "migrate";
    if (outcome == DONE)
        outcome = release_find(db, arena, &release);
    if (outcome != DONE)
        return arena_text(arena, span_text(db_reason(db)));
    const char *words = arena_printf(
        arena, "the database is of release %jd, this program of release %d",
        (intmax_t)release, FOTAD_RELEASE);
    return release > FOTAD_RELEASE
               ? words
               : arena_printf(arena, "%s%s: run fotactl migrate", words,
                              release == FOTAD_RELEASE ? " with other functions"
                                                       : "");
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
