/* What a session of ours is whatever others set, and the databases and poolers
 * that fotad cannot work with. */
#include "support/check.h"
#include "support/pg.h"
#include "support/sql.h"

#include "base/arena.h"
#include "base/log.h"
#include "db/db.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *conninfo;
static struct sql *sql;
static struct arena *arena;

static int set_up(void **state) {
    (void)state;
    arena = arena_new();
    conninfo = pg_fresh_database();
    sql = sql_open(conninfo);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    sql_close(sql);
    arena_free(arena);
    return 0;
}

static const char *text_of(struct db *db, const char *query) {
    struct db_statement *statement = arena_zero(arena, 1, sizeof *statement);
    *statement = (struct db_statement){"session_test", query};
    struct db_rows *rows;
    if (db_run(db, statement, NULL, arena, &rows) != DONE)
        fail_msg("%s: %s", query, db_reason(db));
    return db_get_text(rows, 0, 0);
}

/* A session of fotad's, asked for one text. */
static const char *asked(const char *where, const char *query) {
    struct db *db = db_open(where, "session_test");
    const char *text = text_of(db, query);
    db_close(db);
    return text;
}

static void settings_of_others_do_not_count(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"standard_conforming_strings", "off"},
        {"quote_all_identifiers", "on"},
        {"datestyle", "German"},
        {"bytea_output", "escape"},
        {"timezone", "Asia/Tokyo"},
        {"jit", "on"},
        {"default_transaction_isolation", "serializable"},
        {"intervalstyle", "iso_8601"},
        {"search_path", "nowhere"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sql_do(sql, "alter database %s set %s = '%s'",
               PQdb((PGconn *)sql_connection(sql)), rows[i][0], rows[i][1]);
        assert_string_not_equal(
            asked(conninfo, arena_printf(arena, "select current_setting('%s')",
                                         rows[i][0])),
            rows[i][1]);
    }
    struct db *db = db_open(conninfo, "session_test");
    int missing;
    sql_do(sql, "drop schema public cascade; create schema public");
    if (db_migrate(db, true, &missing) != DONE)
        fail_msg("%s", db_reason(db));
    assert_string_equal(
        text_of(db, "select make_day('sat_entry', current_date, 10)"), "made");
    db_close(db);
}

static void options_of_others_are_heard(void **state) {
    (void)state;
    static const char ask[] =
        "select current_setting('default_transaction_read_only') || ' ' ||"
        " current_setting('search_path')";
    static const char options[] =
        "-c default_transaction_read_only=on -c search_path=nowhere";
    assert_string_equal(
        asked(arena_printf(arena, "%s options='%s'", conninfo, options), ask),
        "on public");
    setenv("PGOPTIONS", options, 1);
    const char *heard = asked(conninfo, ask);
    unsetenv("PGOPTIONS");
    assert_string_equal(heard, "on public");
}

/* What a member of fotad_reader may hold is not waited for longer. */
static void a_lock_is_waited_for_so_long(void **state) {
    (void)state;
    assert_string_equal(
        asked(conninfo, "select current_setting('lock_timeout')"), "10s");
}

static void other_encodings_are_refused(void **state) {
    (void)state;
    static const char *const encodings[] = {"LATIN1", "SQL_ASCII"};
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
        const char *name =
            arena_printf(arena, "fotad_test_encoding_%d_%zu", (int)getpid(), i);
        sql_do(sql,
               "create database %s encoding '%s' lc_collate 'C' lc_ctype 'C'"
               " template template0",
               name, encodings[i]);
        struct db *db = db_open(
            arena_printf(arena, "%s dbname=%s", conninfo, name), "encoding");
        int missing;
        log_set_level(LOG_LEVEL_ERROR - 1);
        enum outcome outcome = db_migrate(db, true, &missing);
        log_set_level(LOG_LEVEL_INFO);
        const char *reason = arena_printf(arena, "%s", db_reason(db));
        db_close(db);
        sql_do(sql, "drop database %s with (force)", name);
        assert_int_equal(outcome, FAILED);
        assert_non_null(strstr(reason, encodings[i]));
        assert_non_null(strstr(reason, "encoding 'UTF8'"));
    }
}

/* ---- PgBouncer ---- */

static void shell(const char *command) {
    if (system(command) != 0)
        fail_msg("%s", command);
}

/* A PgBouncer in front of the test's server; the folder that it is in. */
static const char *pooler_start(const char *mode) {
    if (system("command -v pgbouncer >/dev/null") != 0) {
        print_message("PgBouncer is not installed\n");
        skip();
    }
    PGconn *server = (PGconn *)sql_connection(sql);
    char *folder = arena_printf(arena, "/tmp/fotad_pooler_XXXXXX");
    assert_non_null(mkdtemp(folder));
    FILE *file = fopen(arena_printf(arena, "%s/pooler.ini", folder), "w");
    assert_non_null(file);
    fprintf(file,
            "[databases]\n* = host=%s port=%s user=%s\n[pgbouncer]\n"
            "pool_mode = %s\nlisten_port = 6543\nunix_socket_dir = %s\n"
            "auth_type = any\npidfile = %s/pid\nlogfile = %s/log\n",
            PQhost(server), PQport(server), PQuser(server), mode, folder,
            folder, folder);
    fclose(file);
    const char *owner = "";
    if (getuid() == 0) {
        shell(arena_printf(arena, "chown -R postgres %s", folder));
        owner = "setpriv --reuid=postgres --regid=postgres --init-groups ";
    }
    shell(
        arena_printf(arena, "%spgbouncer -q -d %s/pooler.ini", owner, folder));
    const char *socket = arena_printf(arena, "%s/.s.PGSQL.6543", folder);
    for (int waits = 0; waits < 500 && access(socket, F_OK) != 0; waits++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    return folder;
}

static void pooler_stop(const char *folder) {
    shell(arena_printf(arena, "kill $(cat %s/pid); rm -rf %s", folder, folder));
}

static const char *through(const char *folder) {
    PGconn *server = (PGconn *)sql_connection(sql);
    return arena_printf(arena, "host=%s port=6543 dbname=%s user=%s", folder,
                        PQdb(server), PQuser(server));
}

static void a_pooler_of_sessions_is_passed_through(void **state) {
    (void)state;
    const char *folder = pooler_start("session"), *reason = "";
    const char *where = through(folder);
    enum outcome outcome = db_pooler_check(where, &reason);
    struct db *db = db_open(where, "session_test");
    int missing = -1;
    enum outcome migrated = db_migrate(db, false, &missing);
    const char *jit = text_of(db, "select current_setting('jit')");
    db_close(db);
    pooler_stop(folder);
    assert_int_equal(outcome, DONE);
    assert_int_equal(migrated, DONE);
    assert_int_equal(missing, 0);
    assert_string_equal(jit, "off");
}

static void a_pooler_of_transactions_is_refused(void **state) {
    (void)state;
    static const char *const modes[] = {"transaction", "statement"};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        const char *folder = pooler_start(modes[i]), *reason = "";
        enum outcome outcome = db_pooler_check(through(folder), &reason);
        pooler_stop(folder);
        assert_int_equal(outcome, REFUSED);
        assert_non_null(strstr(reason, "pool_mode = session"));
    }
    const char *reason = "";
    assert_int_equal(db_pooler_check(conninfo, &reason), DONE);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(settings_of_others_do_not_count),
        TEST(options_of_others_are_heard),
        TEST(a_lock_is_waited_for_so_long),
        TEST(other_encodings_are_refused),
        TEST(a_pooler_of_sessions_is_passed_through),
        TEST(a_pooler_of_transactions_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
