/* A database is brought to the program's own version, once. */
#include "support/check.h"
#include "support/pg.h"
#include "support/sql.h"

#include "base/log.h"
#include "base/version.h"
#include "db/db.h"

#include <pthread.h>

struct base {
    const char *conninfo;
    struct sql *sql;
    struct db *db; /* what migrates it */
};

static int set_up(void **state) {
    static struct base base;
    base.conninfo = pg_fresh_database();
    base.sql = sql_open(base.conninfo);
    base.db = db_open(base.conninfo, "migrate_test");
    *state = &base;
    return 0;
}

static int tear_down(void **state) {
    struct base *base = *state;
    sql_close(base->sql);
    db_close(base->db);
    return 0;
}

static void a_fresh_database_is_migrated_and_empty(void **state) {
    const struct base *base = *state;
    static const char count_devices[] = "select count(*) from smi_device";
    int missing = -1;
    assert_int_equal(db_migrate(base->db, NULL, &missing), DONE);
    assert_int_equal(missing, 0);
    assert_int_equal(sql_int(base->sql, count_devices), 0);
}

static void every_table_and_column_has_a_comment(void **state) {
    const struct base *base = *state;
    static const char bare[] =
        "select coalesce(string_agg(c.relname || '.' ||"
        " coalesce(a.attname, '*'), ' '), '')"
        " from pg_class c cross join lateral (select 0 as attnum,"
        " null as attname union all select attnum, attname"
        " from pg_attribute where attrelid = c.oid and attnum > 0"
        " and not attisdropped) a"
        " where c.relnamespace = 'public'::regnamespace"
        " and c.relkind in ('r', 'p') and not c.relispartition"
        " and col_description(c.oid, a.attnum) is null"
        " and (a.attnum > 0 or obj_description(c.oid) is null)";
    assert_string_equal(sql_text(base->sql, bare), "");
}

static void each_database_is_another(void **state) {
    const struct base *base = *state;
    static const char count_users[] = "select count(*) from service_user";
    struct sql *second = sql_open(pg_fresh_database());
    sql_do(base->sql, "insert into service_user (user_id, name, roles, status)"
                      " values ('90:b3:d5:1f:30:01:00:00', 'One', '{IS}',"
                      " 'active')");
    assert_int_equal(sql_int(base->sql, count_users), 1);
    assert_int_equal(sql_int(second, count_users), 0);
    sql_close(second);
}

/* ---- from nothing, and from another release ---- */

/* What make_empty() leaves is a database that fotad never saw. */
static const char make_empty[] =
    "drop schema public cascade; create schema public";

static const char count_files[] = "select count(*) from migration";

static void an_empty_database_gets_every_file(void **state) {
    const struct base *base = *state;
    int64_t files = sql_int(base->sql, count_files);
    sql_do(base->sql, make_empty);
    int missing = -1;
    assert_int_equal(db_migrate(base->db, NULL, &missing), DONE);
    assert_int_equal(missing, files);
    assert_int_equal(db_migrate(base->db, "test", &missing), DONE);
    assert_int_equal(missing, files);
    assert_int_equal(db_migrate(base->db, "test", &missing), DONE);
    assert_int_equal(missing, 0);
    assert_int_equal(sql_int(base->sql, count_files), files);
}

static void a_migration_with_another_text_is_refused(void **state) {
    const struct base *base = *state;
    sql_do(base->sql, "update migration set content = sha256('x')"
                      " where name = 'sql/0001-reference.sql'");
    int missing;
    log_set_level(LOG_LEVEL_ERROR - 1);
    assert_int_equal(db_migrate(base->db, NULL, &missing), FAILED);
    assert_int_equal(db_migrate(base->db, "test", &missing), FAILED);
    log_set_level(LOG_LEVEL_INFO);
}

static void functions_with_another_text_are_made_again(void **state) {
    const struct base *base = *state;
    static const char ask_function[] = "select gbcs_version('4.1')::int8";
    sql_do(base->sql, "create or replace function gbcs_version(text) returns"
                      " integer language sql immutable strict return 0;"
                      "update migration set content = sha256('x')"
                      " where name = 'sql/functions'");
    assert_int_equal(sql_int(base->sql, ask_function), 0);
    int missing;
    assert_int_equal(db_migrate(base->db, NULL, &missing), DONE);
    assert_int_equal(missing, 1);
    assert_int_equal(db_migrate(base->db, "test", &missing), DONE);
    assert_int_equal(missing, 1);
    assert_int_equal(sql_int(base->sql, ask_function), 40100);
    assert_string_equal(
        sql_text(base->sql, "select string_agg(concat_ws(' ', person, code,"
                            " detail), '; ') from sat_entry"),
        "test migrate sql/functions");
}

/* A later release works on it: its functions stay. */
static void a_later_database_is_left_alone(void **state) {
    const struct base *base = *state;
    static const char ask_function[] = "select gbcs_version('4.1')::int8";
    bool later = true;
    assert_int_equal(db_is_later(base->db, &later), DONE);
    assert_false(later);
    sql_do(base->sql, "create or replace function gbcs_version(text) returns"
                      " integer language sql immutable strict return 7;"
                      "update migration set content = sha256('x')"
                      " where name = 'sql/functions';"
                      "insert into migration values ('sql/0999-later.sql',"
                      " sha256('x'))");
    assert_int_equal(db_is_later(base->db, &later), DONE);
    assert_true(later);
    int missing = -1;
    assert_int_equal(db_migrate(base->db, NULL, &missing), DONE);
    assert_int_equal(missing, 0);
    assert_int_equal(db_migrate(base->db, "test", &missing), DONE);
    assert_int_equal(missing, 0);
    assert_int_equal(sql_int(base->sql, ask_function), 7);
}

/* Also one that has no other migration than this, only other functions. */
static void later_functions_are_left_alone(void **state) {
    const struct base *base = *state;
    static const char ask_function[] = "select gbcs_version('4.1')::int8";
    static const char later_sql[] =
        "create or replace function gbcs_version(text) returns"
        " integer language sql immutable strict return 7;"
        "update migration set content = sha256('x'), release = release + %d"
        " where name = 'sql/functions'";
    bool later = false;
    int missing = -1;
    sql_do(base->sql, later_sql, 1);
    assert_int_equal(db_is_later(base->db, &later), DONE);
    assert_true(later);
    assert_int_equal(db_migrate(base->db, "test", &missing), DONE);
    assert_int_equal(missing, 0);
    assert_int_equal(sql_int(base->sql, ask_function), 7);
    sql_do(base->sql, later_sql, -2); /* now an earlier one's */
    assert_int_equal(db_is_later(base->db, &later), DONE);
    assert_false(later);
    assert_int_equal(db_migrate(base->db, "test", &missing), DONE);
    assert_int_equal(missing, 1);
    assert_int_equal(sql_int(base->sql, ask_function), 40100);
}

static void the_release_is_no_less_than_its_migrations(void **state) {
    const struct base *base = *state;
    assert_true(sql_int(base->sql, "select max(substr(name, 5, 4)::int)::int8"
                                   " from migration where name ~"
                                   " '^sql/[0-9]'") <= FOTAD_RELEASE);
}

/* A release that adds a file which fails changes nothing. */
static void a_migration_that_fails_changes_nothing(void **state) {
    const struct base *base = *state;
    static const char has_table[] =
        "select (to_regclass('service_request') is not null)::int::int8";
    sql_do(base->sql, make_empty);
    /* in the way of sql/0003-tracking.sql */
    sql_do(base->sql, "create table tracking_live ()");
    int missing;
    log_set_level(LOG_LEVEL_ERROR - 1);
    assert_int_equal(db_migrate(base->db, "test", &missing), FAILED);
    log_set_level(LOG_LEVEL_INFO);
    assert_int_equal(sql_int(base->sql, has_table), 0);
}

static void *migrate_now(void *context) {
    const struct base *base = context;
    struct db *db = db_open(base->conninfo, "migrate_test");
    int missing;
    enum outcome outcome = db_migrate(db, "test", &missing);
    db_close(db);
    return outcome == DONE ? context : NULL;
}

/* Several fotad start on one new database. */
static void four_programs_migrate_at_once(void **state) {
    struct base *base = *state;
    enum { PROGRAMS = 4 };
    sql_do(base->sql, make_empty);
    pthread_t threads[PROGRAMS];
    log_set_level(LOG_LEVEL_ERROR);
    for (int i = 0; i < PROGRAMS; i++)
        pthread_create(&threads[i], NULL, migrate_now, base);
    for (int i = 0; i < PROGRAMS; i++) {
        void *done;
        pthread_join(threads[i], &done);
        assert_non_null(done);
    }
    log_set_level(LOG_LEVEL_INFO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_fresh_database_is_migrated_and_empty),
        TEST(every_table_and_column_has_a_comment),
        TEST(each_database_is_another),
        TEST(an_empty_database_gets_every_file),
        TEST(a_migration_with_another_text_is_refused),
        TEST(functions_with_another_text_are_made_again),
        TEST(the_release_is_no_less_than_its_migrations),
        TEST(a_later_database_is_left_alone),
        TEST(later_functions_are_left_alone),
        TEST(a_migration_that_fails_changes_nothing),
        TEST(four_programs_migrate_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
