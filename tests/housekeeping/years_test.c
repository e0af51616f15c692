/* Years of days in the audit trail: what is done to it holds the locks of a few
 * days at a time, so that it fits into what a server has for them as it comes.
 * YEARS_DAYS=2555 for seven years. */
#include "support/check.h"
#include "support/pg.h"
#include "support/sql.h"
#include "support/trail.h"

#include "base/clock.h"

#include <stdio.h>

enum { MOST_LOCKS = 300, DAYS = 300 };

/* Each day has an entry under a seal of its own, the last has more, with a
 * number that was not used. Not in one transaction, for the locks. */
static const char days_sql[] =
    "create procedure make_days(p_days integer) language plpgsql as $$"
    " declare day date; of_table text; begin"
    " for i in reverse p_days - 1 .. 0 loop day := date '2026-11-22' - i;"
    "  foreach of_table in array array['sat_entry', 'sat_request'] loop"
    "   execute format('create table %1$s_%2$s partition of %1$s for"
    "    values from (%3$L) to (%4$L)', of_table, to_char(day, 'YYYYMMDD'),"
    "    day, day + 1);"
    "  end loop;"
    "  insert into sat_entry (at, kind) values (day + interval '12 hours',"
    "   'request');"
    "  commit;"
    "  perform from seal_trail(day + interval '12 hours', 100); commit;"
    "  perform from seal_trail(day + interval '12 hours', 100); commit;"
    " end loop;"
    " perform nextval('sat_entry_entry_no_seq');"
    " insert into sat_entry (at, kind) select '2026-11-22 12:00Z', 'other'"
    "  from generate_series(1, 10);"
    "end $$";

/* One statement in a transaction: how long, and with how many locks. */
static void check_locks(struct sql *sql, const char *what,
                        const char *statement) {
    sql_do(sql, "begin");
    instant begin = clock_elapsed();
    sql_rows(sql, "%s", statement);
    long took = (long)((clock_elapsed() - begin) / MILLISECOND);
    int64_t locks =
        sql_int(sql, "select count(*) from pg_locks"
                     " where pid = pg_backend_pid() and locktype = 'relation'");
    sql_do(sql, "commit");
    printf("%s: %ld ms, %jd locks\n", what, took, (intmax_t)locks);
    assert_true(locks <= MOST_LOCKS);
}

static void seven_years_of_days_fit(void **state) {
    (void)state;
    const char *days = getenv("YEARS_DAYS");
    const char *conninfo = pg_fresh_database();
    struct sql *sql = sql_open(conninfo);
    sql_do(sql, "set client_min_messages = error");
    sql_do(sql, "%s", days_sql);
    sql_do(sql, "call make_days(%d)", days ? atoi(days) : DAYS);
    check_locks(sql, "mark", "select seal_trail('2026-11-22 12:00Z', 20000)");
    check_locks(sql, "seal", "select seal_trail('2026-11-22 12:00Z', 20000)");
    sql_expect(sql, "10",
               "select entries from sat_seal order by seal_no desc limit 1");
    check_locks(sql, "entries of seals",
                "select parts_with('sat_entry', 'entry_no between 1 and"
                " 2000')");
    /* as make_day() does */
    sql_do(sql, "grant select on all tables in schema public to fotad_daemon");
    trail_expect_whole(conninfo);
    check_locks(sql, "parts", "select * from sat_parts(null, null)");
    check_locks(sql, "export of a day",
                "select * from sat_part('sat_entry_20261122', '-infinity',"
                " 'infinity')");
    check_locks(sql, "a request", "select * from sat_request_page(1)");
    sql_do(sql, "update running_time set ran = 90::bigint * 86400 * 1000000;"
                "update sat_guard set keep = null");
    check_locks(sql, "drop",
                "select * from drop_trail('1 day', 'test',"
                " '2026-11-22 12:00Z', 100)");
    sql_expect(sql, "t",
               "select dropped_up_to is not null from sat_seal"
               " order by seal_no desc limit 1");
    sql_close(sql);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seven_years_of_days_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
