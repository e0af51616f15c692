/* A database is brought to the program's own version, once. */
#include "support/check.h"
#include "support/pg.h"

#include "db/db.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_database_is_migrated_and_empty),
        cmocka_unit_test(each_database_is_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
