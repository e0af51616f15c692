/* A database is brought to the program's own version, once. */
#include "support/check.h"
#include "support/pg.h"

#include "base/log.h"
#include "db/db.h"

#include <pthread.h>
#include <string.h>

static int64_t ask(struct db *db, struct arena *arena,
                   const struct db_statement *question) {
    struct db_rows *rows;
    assert_int_equal(db_run(db, question, NULL, arena, &rows), DONE);
    return db_get_int(rows, 0, 0);
}

static void a_fresh_database_is_migrated_and_empty(void **state) {
    (void)state;
    static const struct db_statement count_devices = {
        "count_devices", "select count(*) from smi_device"};
    struct arena *arena = arena_new();
    struct db *db = db_open(pg_fresh_database(), "migrate_test");
    int missing = -1;
    assert_int_equal(db_migrate(db, false, &missing), DONE);
    assert_int_equal(missing, 0);
    assert_int_equal(ask(db, arena, &count_devices), 0);
    db_close(db);
    arena_free(arena);
}

static void every_table_and_column_has_a_comment(void **state) {
    (void)state;
    static const struct db_statement bare = {
        "bare", "select coalesce(string_agg(c.relname || '.' ||"
                " coalesce(a.attname, '*'), ' '), '')"
                " from pg_class c cross join lateral (select 0 as attnum,"
                " null as attname union all select attnum, attname"
                " from pg_attribute where attrelid = c.oid and attnum > 0"
                " and not attisdropped) a"
                " where c.relnamespace = 'public'::regnamespace"
                " and c.relkind in ('r', 'p') and not c.relispartition"
                " and col_description(c.oid, a.attnum) is null"
                " and (a.attnum > 0 or obj_description(c.oid) is null)"};
    struct arena *arena = arena_new();
    struct db *db = db_open(pg_fresh_database(), "migrate_test");
    struct db_rows *rows;
    assert_int_equal(db_run(db, &bare, NULL, arena, &rows), DONE);
    assert_string_equal(db_get_text(rows, 0, 0), "");
    db_close(db);
    arena_free(arena);
}

static void each_database_is_another(void **state) {
    (void)state;
    static const struct db_statement count_users = {
        "count_users", "select count(*) from service_user"};
    struct arena *arena = arena_new();
    struct db *first = db_open(pg_fresh_database(), "migrate_test");
    struct db *second = db_open(pg_fresh_database(), "migrate_test");
    assert_int_equal(
        db_script(first, "insert into service_user (user_id, name, roles, "
                         "status) values ('90:b3:d5:1f:30:01:00:00', 'One', "
                         "'{IS}', 'active')"),
        DONE);
    assert_int_equal(ask(first, arena, &count_users), 1);
    assert_int_equal(ask(second, arena, &count_users), 0);
    db_close(first);
    db_close(second);
    arena_free(arena);
}

/* ---- from nothing, and from another release ---- */

/* What make_empty() leaves is a database that fotad never saw. */
static const char make_empty[] =
    "drop schema public cascade; create schema public";

static const struct db_statement COUNT_FILES = {
    "count_files", "select count(*) from migration"};

static void an_empty_database_gets_every_file(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct db *db = db_open(pg_fresh_database(), "migrate_test");
    int64_t files = ask(db, arena, &COUNT_FILES);
    assert_int_equal(db_script(db, make_empty), DONE);
    int missing = -1;
    assert_int_equal(db_migrate(db, false, &missing), DONE);
    assert_int_equal(missing, files);
    assert_int_equal(db_migrate(db, true, &missing), DONE);
    assert_int_equal(missing, files);
    assert_int_equal(db_migrate(db, true, &missing), DONE);
    assert_int_equal(missing, 0);
    assert_int_equal(ask(db, arena, &COUNT_FILES), files);
    db_close(db);
    arena_free(arena);
}

static void a_migration_with_another_text_is_refused(void **state) {
    (void)state;
    struct db *db = db_open(pg_fresh_database(), "migrate_test");
    assert_int_equal(db_script(db, "update migration set content = sha256('x')"
                                   " where name = 'sql/0001-reference.sql'"),
                     DONE);
    int missing;
    log_set_level(LOG_LEVEL_ERROR - 1);
    assert_int_equal(db_migrate(db, false, &missing), FAILED);
    assert_int_equal(db_migrate(db, true, &missing), FAILED);
    log_set_level(LOG_LEVEL_INFO);
    db_close(db);
}

static void functions_with_another_text_are_made_again(void **state) {
    (void)state;
    static const struct db_statement ask_function = {
        "ask_function", "select gbcs_version('4.1')::int8"};
    struct arena *arena = arena_new();
    struct db *db = db_open(pg_fresh_database(), "migrate_test");
    assert_int_equal(
        db_script(db, "create or replace function gbcs_version(text) returns"
                      " integer language sql immutable strict return 0;"
                      "update migration set content = sha256('x')"
                      " where name = 'sql/functions'"),
        DONE);
    assert_int_equal(ask(db, arena, &ask_function), 0);
    int missing;
    assert_int_equal(db_migrate(db, false, &missing), DONE);
    assert_int_equal(missing, 1);
    assert_int_equal(db_migrate(db, true, &missing), DONE);
    assert_int_equal(missing, 1);
    assert_int_equal(ask(db, arena, &ask_function), 40100);
    db_close(db);
    arena_free(arena);
}

/* A later release works on it: its functions stay. */
static void a_later_database_is_left_alone(void **state) {
    (void)state;
    static const struct db_statement ask_function = {
        "ask_function", "select gbcs_version('4.1')::int8"};
    struct arena *arena = arena_new();
    struct db *db = db_open(pg_fresh_database(), "migrate_test");
    bool later = true;
    assert_int_equal(db_is_later(db, &later), DONE);
    assert_false(later);
    assert_int_equal(
        db_script(db, "create or replace function gbcs_version(text) returns"
                      " integer language sql immutable strict return 7;"
                      "update migration set content = sha256('x')"
                      " where name = 'sql/functions';"
                      "insert into migration values ('sql/0999-later.sql',"
                      " sha256('x'))"),
        DONE);
    assert_int_equal(db_is_later(db, &later), DONE);
    assert_true(later);
    int missing = -1;
    assert_int_equal(db_migrate(db, false, &missing), DONE);
    assert_int_equal(missing, 0);
    assert_int_equal(db_migrate(db, true, &missing), DONE);
    assert_int_equal(missing, 0);
    assert_int_equal(ask(db, arena, &ask_function), 7);
    db_close(db);
    arena_free(arena);
}

/* A release that adds a file which fails changes nothing. */
static void a_migration_that_fails_changes_nothing(void **state) {
    (void)state;
    static const struct db_statement has_table = {
        "has_table",
        "select (to_regclass('service_request') is not null)::int::int8"};
    struct arena *arena = arena_new();
    struct db *db = db_open(pg_fresh_database(), "migrate_test");
    assert_int_equal(db_script(db, make_empty), DONE);
    /* in the way of sql/0003-tracking.sql */
    assert_int_equal(db_script(db, "create table tracking_live ()"), DONE);
    int missing;
    log_set_level(LOG_LEVEL_ERROR - 1);
    assert_int_equal(db_migrate(db, true, &missing), FAILED);
    log_set_level(LOG_LEVEL_INFO);
    assert_int_equal(ask(db, arena, &has_table), 0);
    db_close(db);
    arena_free(arena);
}

static void *migrate_now(void *context) {
    struct db *db = db_open(context, "migrate_test");
    int missing;
    enum outcome outcome = db_migrate(db, true, &missing);
    db_close(db);
    return outcome == DONE ? context : NULL;
}

/* Several fotad start on one new database. */
static void four_programs_migrate_at_once(void **state) {
    (void)state;
    enum { PROGRAMS = 4 };
    char conninfo[512];
    strncpy(conninfo, pg_fresh_database(), sizeof conninfo - 1);
    conninfo[sizeof conninfo - 1] = '\0';
    struct db *db = db_open(conninfo, "migrate_test");
    assert_int_equal(db_script(db, make_empty), DONE);
    pthread_t threads[PROGRAMS];
    log_set_level(LOG_LEVEL_ERROR);
    for (int i = 0; i < PROGRAMS; i++)
        pthread_create(&threads[i], NULL, migrate_now, conninfo);
    for (int i = 0; i < PROGRAMS; i++) {
        void *done;
        pthread_join(threads[i], &done);
        assert_non_null(done);
    }
    log_set_level(LOG_LEVEL_INFO);
    db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_database_is_migrated_and_empty),
        cmocka_unit_test(every_table_and_column_has_a_comment),
        cmocka_unit_test(each_database_is_another),
        cmocka_unit_test(an_empty_database_gets_every_file),
        cmocka_unit_test(a_migration_with_another_text_is_refused),
        cmocka_unit_test(functions_with_another_text_are_made_again),
        cmocka_unit_test(a_later_database_is_left_alone),
        cmocka_unit_test(a_migration_that_fails_changes_nothing),
        cmocka_unit_test(four_programs_migrate_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
