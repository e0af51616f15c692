/* Release by timeout, days ahead and days gone, old rows: by fotad's clock, in
 * another year than PostgreSQL's. */
#include "housekeeping/house.h"

#include "base/log.h"
#include "base/trouble.h"

#include <pthread.h>
#include <stdio.h>

/* ---- release ---- */

static void add_live(struct house *h, int count, const char *due) {
    sql_do(h->sql,
           "insert into tracking_live (device_id, chf_id, request_no,"
           " last_updated, release_due, status, device_type, csp,"
           " responsible_supplier_ids) select ('00db' ||"
           " lpad(to_hex(n + (select count(*) from tracking_live)), 12,"
           " '0'))::macaddr8, '00db140000000001', 1, '2031-05-01', '%s',"
           " 'SUCCESSFUL_HAN_TRANSFER', 'ESME', 'north', '{}'"
           " from generate_series(1, %d) n",
           due, count);
}

static void devices_are_released_when_their_time_is_up(void **state) {
    struct house *h = *state;
    add_live(h, 2500, "2031-05-06 12:00Z");
    add_live(h, 10, "2031-05-06 12:00:01Z");
    assert_int_equal(run(h, "2031-05-06T11:59:59Z").released, 0);
    assert_int_equal(run(h, "2031-05-06T12:00:00Z").released, 2500);
    expect(h, "select count(*) from tracking_live", "10");
    expect(h,
           "select count(*) || ' ' || min(status::text) || ' ' ||"
           " (min(released) at time zone 'UTC')::text from tracking_history",
           "2500 SUCCESSFUL_HAN_TRANSFER 2031-05-06 12:00:00");
    expect(h,
           "select count(*) || ' ' || min(code) from sat_entry"
           " where kind = 'released'",
           "2500 SUCCESSFUL_HAN_TRANSFER");
    assert_int_equal(run(h, "2031-05-06T12:00:01Z").released, 10);
}

static void a_device_that_somebody_holds_is_stepped_around(void **state) {
    struct house *h = *state;
    add_live(h, 5, "2031-05-06 12:00Z");
    sql_do(h->sql, "begin");
    sql_do(h->sql,
           "select from tracking_live where device_id = '00db000000000002'"
           " for update");
    assert_int_equal(run(h, "2031-05-07T00:00:00Z").released, 4);
    sql_do(h->sql, "commit");
    assert_int_equal(run(h, "2031-05-07T00:00:00Z").released, 1);
}

struct racer {
    struct house *house;
    struct housekeeping_report report;
    enum outcome outcome;
};

static void *race(void *context) {
    struct racer *racer = context;
    struct db *db = db_open(pg_as_daemon(racer->house->conninfo), "racer");
    racer->outcome =
        housekeeping_run(db, &racer->house->config,
                         instant_at("2031-05-07T00:00:00Z"), &racer->report);
    db_close(db);
    return NULL;
}

static void several_daemons_release_each_device_once(void **state) {
    struct house *h = *state;
    enum { RACERS = 4, DEVICES = 6000 };
    struct racer racers[RACERS];
    pthread_t threads[RACERS];
    add_live(h, DEVICES, "2031-05-06 12:00Z");
    int64_t released = 0;
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.house = h};
        pthread_create(&threads[i], NULL, race, &racers[i]);
    }
    for (int i = 0; i < RACERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(racers[i].outcome, DONE);
        released += racers[i].report.released;
    }
    assert_int_equal(released, DEVICES);
    expect(h, "select count(*) from tracking_history", "6000");
    expect(h, "select count(*) from sat_entry where kind = 'released'", "6000");
}

static void only_one_of_those_that_ask_in_an_interval_does_it(void **state) {
    struct house *h = *state;
#define DUE(now) "select housekeeping_due('" now "', '1 minute')"
    expect(h, DUE("2031-05-06 12:00:00Z"), "t");
    expect(h, DUE("2031-05-06 12:00:00Z"), "f");
    expect(h, DUE("2031-05-06 12:00:59Z"), "f");
    expect(h, DUE("2031-05-06 12:01:00Z"), "t");
    /* the clock was set back by a year */
    expect(h, DUE("2030-05-06 12:00:00Z"), "t");
    expect(h, DUE("2030-05-06 12:00:01Z"), "f");
}

static int trouble_told;

static void trouble_tell(void *context, const char *name, unsigned times,
                         const char *reason) {
    trouble_told += strcmp(name, context) == 0 && times == 3 && *reason;
}

/* The others do their work, and the third time /readyz hears of it. */
static void a_step_that_fails_does_not_stop_the_next(void **state) {
    struct house *h = *state;
    struct housekeeping_report report;
    static char step[] = "housekeeping: silent CSPs";
    sql_do(h->sql, "alter function silence_jobs rename to silent_jobs");
    add_live(h, 10, "2031-05-06 12:00Z");
    instant now = instant_at("2031-05-06T12:00:00Z");
    for (int i = 0; i < 3; i++) {
        trouble_each(trouble_tell, step);
        assert_int_equal(trouble_told, 0);
        log_set_level(LOG_LEVEL_ERROR - 1);
        assert_int_equal(housekeeping_run(h->db, &h->config, now, &report),
                         FAILED);
        log_set_level(LOG_LEVEL_INFO);
        assert_int_equal(report.released, i == 0 ? 10 : 0);
    }
    trouble_each(trouble_tell, step);
    assert_int_equal(trouble_told, 1);
    sql_do(h->sql, "alter function silent_jobs rename to silence_jobs");
    run(h, "2031-05-06T12:00:00Z");
    trouble_each(trouble_tell, step);
    assert_int_equal(trouble_told, 1);
}

/* ---- seals ---- */

static void begin_elsewhere(struct sql *other) {
    sql_do(other, "begin");
    sql_text(other, "select pg_current_xact_id()");
}

#define SEALED "select coalesce(max(last_no), 0) from sat_seal"

/* A writer is waited for, and that is told; nobody else is. */
static void a_writer_alone_stops_sealing(void **state) {
    struct house *h = *state;
    struct sql *elsewhere = sql_open(pg_fresh_database());
    struct sql *here = sql_open(h->conninfo);
    begin_elsewhere(elsewhere);
    begin_elsewhere(here);
    add_live(h, 3, "2031-05-06 12:00Z");
    run(h, "2031-05-06T12:00:00Z"); /* sets the mark */
    run(h, "2031-05-06T12:00:00Z");
    expect(h, SEALED, "3");
    sql_do(here, "insert into sat_entry (at, kind)"
                 " values ('2031-05-06 12:00Z', 'other')");
    add_live(h, 3, "2031-05-06 12:00Z");
    run(h, "2031-05-06T12:00:00Z");
    run(h, "2031-05-06T12:00:00Z");
    expect(h, SEALED, "3");
    sql_do(h->sql, "update sat_mark set marked = now() - interval '1 hour'");
    expect(h, "select sat_unsealed_for()", "3600");
    sql_do(here, "commit");
    run(h, "2031-05-06T12:00:00Z");
    expect(h, SEALED, "7");
    expect(h, "select sat_unsealed_for()", "0");
    sql_close(here);
    sql_close(elsewhere);
}

/* ---- logical replication ---- */

static void every_table_says_which_row_it_was(void **state) {
    struct house *h = *state;
    add_live(h, 3, "2031-05-06 12:00Z");
    run(h, "2031-05-06T11:00:00Z");
    expect(h,
           "select coalesce(string_agg(c.oid::regclass::text, ' '), '')"
           " from pg_class c where c.relnamespace = 'public'::regnamespace"
           " and c.relkind in ('r', 'p') and c.relreplident <> 'f'"
           " and not exists (select from pg_index i where i.indrelid = c.oid"
           " and (i.indisprimary or i.indisreplident))",
           "");
    sql_do(h->sql, "set client_min_messages = error;"
                   "create publication everything for all tables");
    assert_int_equal(run(h, "2031-05-06T12:00:00Z").released, 3);
    sql_run_for(h->sql, "50 days");
    run(h, "2031-08-31T00:00:00Z");
    expect(h, DAYS("tracking_history"), "20310825 20310901");
}

/* ---- days ---- */

/* Whatever fotad's clock says. */
static void days_far_from_now_are_not_made(void **state) {
    struct house *h = *state;
    sql_do(h->sql, "update sat_guard set ahead = '10 days'");
    assert_int_equal(run(h, "2031-05-06T12:00:00Z").made, 0);
    expect(h, "select make_day('sat_entry', current_date + 11, 10)", "left");
    expect(h, "select make_day('sat_entry', current_date + 3, 10)", "made");
}

static void days_are_made_ahead_and_dropped_after_retention(void **state) {
    struct house *h = *state;
    /* what is looked up by device is kept by weeks, from Monday on */
    assert_int_equal(run(h, "2031-05-06T12:00:00Z").made, 9);
    expect(h, DAYS("tracking_history"), "20310505");
    expect(h, DAYS("sat_entry"), "20310506 20310507 20310508 20310509");
    assert_int_equal(run(h, "2031-05-06T23:59:59Z").made, 0);
    run(h, "2031-05-13T12:00:00Z");
    expect(h, DAYS("tracking_history"), "20310505 20310512");
    expect(h, DAYS("sat_entry"),
           "20310506 20310507 20310508 20310509 20310513 20310514 20310515"
           " 20310516");
    /* 31 days and 14 after the end of the week */
    assert_int_equal(run(h, "2031-06-25T23:59:59Z").dropped, 0);
    assert_int_equal(run(h, "2031-06-26T00:00:00Z").dropped, 1);
    expect(h, DAYS("tracking_history"), "20310512 20310623");
    run(h, "2031-08-31T00:00:00Z");
    expect(h, DAYS("tracking_history"), "20310825 20310901");
    /* seven years are not over */
    expect(h, "select count(*) from sat_entry_20310506", "0");
}

/* The release before kept single days, some of them ahead. */
static void a_week_begins_where_days_end(void **state) {
    struct house *h = *state;
    sql_do(h->sql, "set timezone = 'UTC';"
                   "create table tracking_history_20310506 partition of"
                   " tracking_history for values from ('2031-05-06') to"
                   " ('2031-05-07');"
                   "create table tracking_history_20310507 partition of"
                   " tracking_history for values from ('2031-05-07') to"
                   " ('2031-05-08');");
    assert_int_equal(run(h, "2031-05-06T12:00:00Z").made, 9);
    expect(h, DAYS("tracking_history"), "20310506 20310507 20310508");
    expect(h,
           "select high::date from partitions_of('tracking_history')"
           " where name ~ '08$'",
           "2031-05-12");
    run(h, "2031-05-10T12:00:00Z");
    expect(h, DAYS("tracking_history"), "20310506 20310507 20310508 20310512");
}

/* What was written before its day was made lies in the rest. */
static void rows_in_the_rest_are_moved_into_their_day(void **state) {
    struct house *h = *state;
    sql_do(h->sql,
           "insert into sat_entry (at, kind) select '2031-05-06 12:00Z',"
           " 'person' from generate_series(1, 500);"
           "insert into tracking_history (device_id, request_no,"
           " last_updated, released, status, device_type) select"
           " ('00db' || lpad(to_hex(n), 12, '0'))::macaddr8, 1,"
           " '2031-05-06', timestamptz '2031-05-06 23:59Z' + n * interval"
           " '1 second', 'RESET_BY_DCC', 'ESME' from generate_series(1, 120)"
           " n");
    run(h, "2031-05-06T12:00:00Z");
    expect(h,
           "select string_agg(t || ' ' || n, ', ' order by t) from (select"
           " tableoid::regclass::text as t, count(*) as n from sat_entry"
           " group by 1 union all select tableoid::regclass::text, count(*)"
           " from tracking_history group by 1) x",
           "sat_entry_20310506 500, tracking_history_20310505 120");
    /* and what comes goes there at once, with numbers that go on */
    sql_do(h->sql,
           "insert into sat_entry (at, kind) values ('2031-05-06 13:00Z',"
           " 'person')");
    expect(h,
           "select tableoid::regclass || ' ' || entry_no from sat_entry order"
           " by entry_no desc limit 1",
           "sat_entry_20310506 501");
}

static void a_day_that_many_rows_wait_for_stays_in_the_rest(void **state) {
    struct house *h = *state;
    sql_do(h->sql, "insert into tracking_history (device_id, request_no,"
                   " last_updated, released, status, device_type) select"
                   " ('00db' || lpad(to_hex(n), 12, '0'))::macaddr8, 1,"
                   " '2031-05-06', '2031-05-06 10:00Z', 'RESET_BY_DCC', 'ESME'"
                   " from generate_series(1, 20001) n");
    run(h, "2031-05-06T12:00:00Z");
    expect(h, DAYS("tracking_history"), "");
    expect(h, "select count(*) from tracking_history_rest", "20001");
    sql_run_for(h->sql, "45 days");
    run(h, "2031-06-20T09:59:00Z");
    expect(h, "select count(*) from tracking_history_rest", "20001");
    sql_run_for(h->sql, "1 second");
    assert_int_equal(run(h, "2031-06-20T10:00:00Z").removed, 20001);
    expect(h, "select count(*) from tracking_history_rest", "0");
}

/* A reader holds the table: nobody waits for housekeeping, which tries again
 * later. */
static void days_wait_for_readers_not_the_other_way_round(void **state) {
    struct house *h = *state;
    run(h, "2031-05-06T12:00:00Z");
    sql_do(h->sql, "begin");
    sql_do(h->sql, "select count(*) from tracking_history");
    struct housekeeping_report report = run(h, "2031-06-30T12:00:00Z");
    assert_int_equal(report.dropped, 0);
    sql_do(h->sql, "commit");
    report = run(h, "2031-06-30T12:01:00Z");
    assert_int_equal(report.dropped, 1);
}

static void a_day_of_the_audit_trail_is_append_only_too(void **state) {
    struct house *h = *state;
    run(h, "2031-05-06T12:00:00Z");
    assert_non_null(strstr(
        sql_refusal(h->sql, "delete from sat_entry_20310506"), "append-only"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(devices_are_released_when_their_time_is_up),
        TEST(a_device_that_somebody_holds_is_stepped_around),
        TEST(several_daemons_release_each_device_once),
        TEST(only_one_of_those_that_ask_in_an_interval_does_it),
        TEST(a_step_that_fails_does_not_stop_the_next),
        TEST(a_writer_alone_stops_sealing),
        TEST(every_table_says_which_row_it_was),
        TEST(days_far_from_now_are_not_made),
        TEST(days_are_made_ahead_and_dropped_after_retention),
        TEST(a_week_begins_where_days_end),
        TEST(rows_in_the_rest_are_moved_into_their_day),
        TEST(a_day_that_many_rows_wait_for_stays_in_the_rest),
        TEST(days_wait_for_readers_not_the_other_way_round),
        TEST(a_day_of_the_audit_trail_is_append_only_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
