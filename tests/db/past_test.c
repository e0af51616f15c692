/* Whether the database went back in time: what it is told by (sql/past.sql),
 * and that nobody works on it then. */
#include "support/check.h"
#include "support/pg.h"
#include "support/sql.h"

#include "db/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY "00000000-0000-0000-0000-000000000001"
#define OTHER "00000000-0000-0000-0000-000000000002"

static const char *conninfo;
static struct sql *sql;

static int setup(void **state) {
    (void)state;
    conninfo = pg_fresh_database();
    sql = sql_open(conninfo);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sql_close(sql);
    return 0;
}

/* The verdict of who remembers so much; "": good. */
static const char *look(const char *memory, int beat, int restored,
                        const char *cluster) {
    return sql_text(sql,
                    "select coalesce(verdict, '') from past_look(%s%s%s, %d,"
                    " %d, '%s', '{alert_counter,csp_job_job_no_seq}',"
                    " '{9000000000000000,500}', true)",
                    *memory ? "'" : "", *memory ? memory : "null",
                    *memory ? "'" : "", beat, restored, cluster);
}

static void expect_doubt(const char *verdict, const char *words) {
    if (!strstr(verdict, words))
        fail_msg("'%s' is not in '%s'", words, verdict);
}

/* Back to no doubt, as of a backup with that beat. */
static void world(int beat, int restored, const char *cluster) {
    sql_do(sql,
           "truncate past_memory, past_number; update past_mark set doubt ="
           " null, doubted_restored = 0, restored = %d, cluster = '%s';"
           "insert into past_memory values ('" MEMORY "', %d, 0)",
           restored, cluster, beat);
}

static void a_beat_is_held_against_the_memory(void **state) {
    (void)state;
    static const struct row {
        const char *what;
        const char *memory;
        int beat, restored;
        const char *cluster;
        int has, has_restored;
        const char *has_cluster, *verdict;
    } rows[] = {
        {"the first of all", "", 0, 0, "a/1/1", 0, 0, "a/1/1", ""},
        {"as it was", MEMORY, 7, 0, "a/1/1", 7, 0, "a/1/1", ""},
        {"its commit was not remembered", MEMORY, 7, 0, "a/1/1", 8, 0, "a/1/1",
         ""},
        {"an earlier one", MEMORY, 7, 0, "a/1/1", 6, 0, "a/1/1",
         "remembers its beat 7, and it has 6"},
        {"one of before it came", OTHER, 7, 0, "a/1/1", 9, 0, "a/1/1",
         "and it has none"},
        {"a fail-over that lost nothing", MEMORY, 7, 0, "a/2/1", 7, 0, "a/1/1",
         ""},
        {"another cluster for who is new", "", 0, 0, "b/1/1", 7, 0, "a/1/1",
         "is not where it was (a/1/1, now b/1/1)"},
        {"a person has said so since", MEMORY, 7, 0, "b/1/1", 5, 1, "a/1/1",
         ""},
        {"one of before a person said so", MEMORY, 7, 2, "a/1/1", 9, 1, "a/1/1",
         "went back in time"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        print_message("%s\n", r->what);
        world(r->has, r->has_restored, r->has_cluster);
        const char *verdict = look(r->memory, r->beat, r->restored, r->cluster);
        if (*r->verdict)
            expect_doubt(verdict, r->verdict);
        else
            assert_string_equal(verdict, "");
    }
}

/* One that knows is enough; who knows nothing does not stop the others. */
static void all_hear_of_it(void **state) {
    (void)state;
    world(7, 0, "a/1/1");
    expect_doubt(look("", 0, 0, "b/1/1"), "is not where");
    assert_string_equal(look(MEMORY, 7, 0, "a/1/1"), "");
    expect_doubt(look(OTHER, 70, 0, "a/1/1"), "it has none");
    expect_doubt(look(MEMORY, 8, 0, "a/1/1"), "it has none");
    expect_doubt(look("", 0, 0, "a/1/1"), "it has none");
    sql_expect(sql, "8",
               "select beat from past_memory where memory = '" MEMORY "'");
}

static void numbers_go_on_after_a_failover(void **state) {
    (void)state;
    world(7, 0, "a/1/1");
    sql_do(sql, "select setval('acb_counter', 5)");
    assert_string_equal(look(MEMORY, 7, 0, "a/1/1"), "");
    sql_expect(sql, "5", "select last_value from acb_counter");
    assert_string_equal(look(MEMORY, 8, 0, "a/2/1"), "");
    sql_expect(sql, "t",
               "select last_value >= extract(epoch from now() - interval '1 "
               "min') * 1000000"
               " from acb_counter");
    sql_expect(sql, "a/2/1", "select cluster from past_mark");
}

/* Beyond what is remembered, and beyond what may be missing of what is not. */
static void restored_moves_all_numbers(void **state) {
    (void)state;
    world(6, 3, "a/1/1");
    const char *sequences =
        "from pg_class where relkind = 'S' and relnamespace ="
        " 'public'::regnamespace and relname <> 'running_second'";
    sql_do(sql,
           "create table before as select oid,"
           " coalesce(pg_sequence_last_value(oid), 0) as last %s",
           sequences);
    expect_doubt(look(MEMORY, 7, 4, "a/1/1"), "went back");
    sql_do(sql, "select past_restored('ann', 'from the backup of 3 am',"
                " now())");
    sql_expect(sql, "0",
               "select count(*) from before where"
               " pg_sequence_last_value(oid) < last + 1000000");
    sql_expect(sql, "1000500", "select last_value from csp_job_job_no_seq");
    sql_expect(sql, "t",
               "select last_value >= 9000000000000000 + 1000000"
               " from alert_counter");
    sql_expect(sql, "5||0",
               "select restored, doubt, (select count(*)"
               " from past_number) from past_mark");
    sql_expect(sql, "ann|t|t",
               "select person, detail like '%%: from the backup of 3 am',"
               " detail like 'went back%%' from sat_entry"
               " where code = 'restored'");
    assert_string_equal(look(MEMORY, 7, 4, "a/1/1"), "");
    sql_refusal(sql, "set role fotad_daemon;"
                     "select past_restored('eve', 'x', now())");
    sql_do(sql, "reset role");
}

/* ---- the gate ---- */

static const struct db_statement one = {"one", "select 1"};

/* In the order of a life: this program remembers from now on. */
static void nobody_works_on_it(void **state) {
    (void)state;
    char directory[] = "/tmp/past-XXXXXX";
    const char *reason;
    struct arena *arena = arena_new();
    assert_non_null(mkdtemp(directory));
    struct db *looks = db_open(pg_as_daemon(conninfo), "looks"),
              *works = db_open(pg_as_daemon(conninfo), "works");
    db_takes_any_past(looks);
    assert_true(db_remember(directory, &reason));
    assert_int_equal(db_beat(looks), DONE);
    assert_int_equal(db_run(works, &one, NULL, arena, NULL), DONE);
    assert_null(db_past_fault(arena));

    sql_do(sql, "update past_memory set beat = beat - 1");
    assert_int_equal(db_beat(looks), DONE);
    expect_doubt(db_past_fault(arena), "went back in time");
    assert_int_equal(db_run(works, &one, NULL, arena, NULL), RETRY);
    expect_doubt(db_reason(works), "fotactl restored");
    assert_int_equal(db_run(looks, &one, NULL, arena, NULL), DONE);

    sql_do(sql, "select past_restored('ann', 'x', now())");
    assert_int_equal(db_beat(looks), DONE);
    assert_null(db_past_fault(arena));
    usleep(300000);
    assert_int_equal(db_run(works, &one, NULL, arena, NULL), DONE);

    /* what cannot be remembered is said */
    char path[64], fresh[64];
    snprintf(path, sizeof path, "%s/memory", directory);
    snprintf(fresh, sizeof fresh, "%s/memory.new", directory);
    assert_int_equal(symlink("/dev/full", fresh), 0);
    assert_int_equal(db_beat(looks), FAILED);
    expect_doubt(db_reason(looks), "No space left");
    unlink(fresh);
    /* and a memory that is damaged is not taken for none */
    assert_int_equal(truncate(path, 20), 0);
    assert_false(db_remember(directory, &reason));
    expect_doubt(reason, "damaged");
    unlink(path);
    rmdir(directory);
    db_close(works);
    db_close(looks);
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_beat_is_held_against_the_memory,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(all_hear_of_it, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_go_on_after_a_failover, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(restored_moves_all_numbers, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(nobody_works_on_it, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
