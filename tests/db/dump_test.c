/* A database that was dumped and restored is the same, and this release's. */
#include "support/check.h"
#include "support/pg.h"
#include "support/sql.h"

#include "base/arena.h"
#include "base/log.h"
#include "db/db.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

static struct arena *arena;

static const char *line_of(const char *command) {
    FILE *pipe = popen(command, "r");
    char line[256] = "";
    assert_non_null(pipe);
    (void)!fgets(line, sizeof line, pipe);
    assert_int_equal(pclose(pipe), 0);
    return arena_text(arena, span_text(line));
}

/* Of all rows, as pg_dump writes them; what it says of itself left out. */
static const char *sum_of(const char *conninfo) {
    return line_of(
        arena_printf(arena,
                     "pg_dump --dbname='%s' --data-only --inserts | grep -v "
                     "'^\\\\\\|^--' | LC_ALL=C sort"
                     " | sha256sum",
                     conninfo));
}

/* What there is; texts of functions may be written differently. */
static const char *things_in(struct sql *sql) {
    return sql_text(
        sql,
        "select md5(string_agg(thing, e'\\n' order by thing"
        " collate \"C\")) from (select 'f ' || p.oid::regprocedure::text as"
        " thing from pg_proc p where pronamespace ="
        " 'public'::regnamespace union all select relkind::text || ' ' ||"
        " relname || ' ' || relacl::text from pg_class where relnamespace"
        " = 'public'::regnamespace union all select 't ' || tgname from"
        " pg_trigger where not tgisinternal union all select 'c ' ||"
        " conname || ' ' || pg_get_constraintdef(oid) from pg_constraint) x");
}

static void what_was_dumped_is_restored(void **state) {
    (void)state;
    if (system("pg_dump --version >/dev/null 2>&1") != 0) {
        print_message("skipped: there is no pg_dump\n");
        skip();
    }
    const char *before = arena_text(arena, span_text(pg_fresh_database()));
    struct sql *sql = sql_open(before);
    sql_do(sql, "insert into smi_device (device_id, chf_id, device_type,"
                " device_status, smets_version) values ('00db120000000001',"
                " '00db120000000009', 'ESME', 'Commissioned', 'SMETS2');"
                "select refresh_homes(null);"
                "select person_did('ann', 'import', 'smi', now())");
    const char *sum = sum_of(before);
    sql_do(sql, "drop database if exists dumped_again");
    sql_do(sql, "create database dumped_again encoding 'UTF8' template"
                " template0");
    const char *after = arena_printf(arena, "%s dbname=dumped_again", before);
    line_of(arena_printf(arena,
                         "pg_dump --format=custom --dbname='%s' | pg_restore"
                         " --exit-on-error --dbname='%s'",
                         before, after));
    assert_string_equal(sum_of(after), sum);
    struct sql *other = sql_open(after);
    assert_string_equal(things_in(other), things_in(sql));
    sql_close(other);
    /* there is nothing to migrate */
    struct db *db = db_open(after, "dump_test");
    int missing = -1;
    assert_int_equal(db_migrate(db, "ann", &missing), DONE);
    assert_int_equal(missing, 0);
    db_close(db);
    sql_do(sql, "drop database dumped_again");
    sql_close(sql);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_dumped_is_restored),
    };
    arena = arena_new();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    return failed;
}
