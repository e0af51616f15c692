/* What is kept for how long goes by running time: whatever the clocks say, what
 * is young stays, and what is old goes. */
#include "housekeeping/house.h"
#include "support/trail.h"

#include <stdio.h>
#include <unistd.h>

/* ---- rows ---- */

/* Whatever the clock said when they came, and says now: request 9 is ten days
 * older than 1, which is ten days older than 2. */
static void old_rows_go_and_request_ids_stay(void **state) {
    struct house *h = *state;
    sql_do(h->sql, old_sql);
    sql_run_for(h->sql, "30 days");
    assert_int_equal(run(h, "2041-05-31T00:00:00Z").removed, 0);
    sql_run_for(h->sql, "15 days");
    run(h, "2001-05-31T00:00:01Z");
    expect(h, "select string_agg(message_id, ' ') from csp_message", "new");
    expect(h,
           "select string_agg(counter || case when response is null then ''"
           " else '+' end, ' ' order by counter) from service_request",
           "1+ 2+ 9");
    expect(h, "select count(*) from csp_job", "2");
    expect(h, "select count(*) from alert_count", "2");
    expect(h,
           "select count(*) || ' ' || (select count(*) from csp_image)"
           " from firmware_image",
           "2 2");
    /* the same request again: its RequestID is used, its answer is gone */
    expect(h,
           "select string_agg(counter || case when (earlier_answer(originator,"
           " target, counter, 1, sha256('body'), null)).response is null then "
           "'' else '+' end,"
           " ' ' order by counter) from service_request",
           "1+ 2+ 9");
    assert_int_equal(run(h, "2031-05-31T00:01:00Z").removed, 0);
}

static void an_image_that_a_job_waits_for_stays(void **state) {
    struct house *h = *state;
    sql_do(h->sql, old_sql);
    sql_do(h->sql, "update csp_job set state = 'waiting', ended = null");
    sql_run_for(h->sql, "200 days");
    run(h, "2031-12-31T00:00:00Z");
    expect(h, "select count(*) from firmware_image", "3");
    sql_do(h->sql, "update csp_job set state = 'empty', ended = '2031-12-31'");
    run(h, "2031-12-31T00:01:00Z");
    expect(h, "select count(*) from firmware_image", "0");
}

/* A request that finds its image stored may count on it until it has
 * committed. */
static void an_image_that_a_request_has_just_found_stays(void **state) {
    struct house *h = *state;
    sql_do(h->sql, old_sql);
    sql_run_for(h->sql, "200 days");
    sql_do(h->sql,
           "insert into service_request (originator, target, counter, stage,"
           " used, service, service_reference_variant, command_variant,"
           " content, received) values ('90b3d51f30010000',"
           " '90b3d51f30000002', 10, 1, true, 'serviceD', '11.4', 8,"
           " sha256('x'), '2031-12-31')");
    sql_do(h->sql, "begin");
    expect(h,
           "select image_known from take_updates(array[(select max(request_no)"
           " from service_request)], null, null, null, null, null,"
           " array['11.4'], null, null, null, array['\\x00000001'::bytea],"
           " array[sha256('m')], array[sha256('9')], null, null, null, null,"
           " array[1], '{}', null, null, null, null, null, null)",
           "t");
    run(h, "2031-12-31T00:00:00Z");
    sql_do(h->sql, "commit");
    expect(h, "select count(*) from firmware_image", "1");
}

/* ---- running time ---- */

static int64_t passed(struct house *h, const char *arguments) {
    return strtoll(
        sql_text(h->sql, "select pass_running_time(%s) / 1000000", arguments),
        NULL, 10);
}

static void database_moves(struct house *h, const char *by) {
    sql_do(h->sql,
           "update running_time set by_database = by_database - '%s'::interval",
           by);
}

/* PostgreSQL's clock moves against what it said last. */
static void neither_clock_makes_time_pass_alone(void **state) {
    struct house *h = *state;
    sql_do(h->sql, "update running_time set by_database = clock_timestamp()");
    assert_int_equal(passed(h, "null, 0"), 0);
    assert_int_equal(passed(h, "0, 864000000000"), 0);
    database_moves(h, "10 years");
    assert_int_equal(passed(h, "0, 60000000"), 60);
    database_moves(h, "-10 years");
    assert_int_equal(passed(h, "60000000, 60000000"), 60);
    database_moves(h, "1 hour");
    assert_int_equal(passed(h, "60000000, 120000000"), 180);
    /* another fotad, which heard less of it, and one that has just started */
    database_moves(h, "1 hour");
    assert_int_equal(passed(h, "0, 120000000"), 180);
    database_moves(h, "10 years");
    assert_int_equal(passed(h, "null, 120000000"), 180);
    expect(h, "select pg_sequence_last_value('running_second')", "180");
}

static void add_history(struct house *h, int request_no, const char *released) {
    sql_do(h->sql,
           "insert into tracking_history (device_id, request_no, last_updated,"
           " released, status, device_type) values ('00db000000000001', %d,"
           " '%s', '%s', 'RESET_BY_DCC', 'ESME')",
           request_no, released, released);
}

static void seal(struct house *h, const char *now) {
    for (int i = 0; i < 600; i++) {
        run(h, now);
        if (strcmp(sql_text(h->sql, "select pg_sequence_last_value("
                                    "'sat_entry_entry_no_seq') = max(last_no)"
                                    " from sat_seal"),
                   "t") == 0)
            return;
        usleep(50000);
    }
    fail_msg("not sealed");
}

#define KEPT                                                                   \
    "select concat_ws(' ', (select count(*) from sat_entry), (select count(*)" \
    " from tracking_history), (select count(*) from csp_message), (select"     \
    " count(response) from service_request), (select count(*) from csp_job),"  \
    " (select count(*) from firmware_image), (select count(*) from"            \
    " alert_count), (select count(*) from request_volume), (select"            \
    " count(body) from held_request), (select count(*) from gbcs_message),"    \
    " (select count(*) from contested_alert))"

static const char rest_sql[] =
    "insert into request_volume values ('90b3d51f30010000', 1, 1, sha256('x'),"
    " '11.4', '2000-01-01', 1);"
    "insert into held_request (request_no, breach, devices, volume, quarantine,"
    " period_seconds, held, state, ended, body) select request_no, b.breach, 1,"
    " 1, 1, 1, '2000-01-01', 'released', '2000-01-01', 'body' from (select"
    " min(request_no) as request_no from service_request) r, (select breach"
    " from threshold_breach limit 1) b;"
    "insert into gbcs_message (csp, message_id, received, chf_id, originator,"
    " recipient, cra, code, counter, state, payload) values ('north', 'm',"
    " '2000-01-01', '00db140000000001', '00db000000000001',"
    " '90b3d51f30000002', 3, 1, 1, 'done', ''), ('north', 'forged',"
    " '2000-01-01', '00db140000000001', '00db000000000001',"
    " '90b3d51f30000002', 3, 1, 2, 'unverified', '');"
    "insert into contested_alert (device_id, firmware_version, chf_id, at,"
    " event, device_alert_code, result, taken) values ('00db000000000001',"
    " '\\x00000001', '00db140000000001', '2000-01-01', 'delivered', 1, 1,"
    " '2000-01-01')";

/* fotad's clock and PostgreSQL's, both ten years ahead, then as far back, and
 * records of either time. */
static void leaps_of_both_clocks_take_nothing(void **state) {
    struct house *h = *state;
    static const char *const at[] = {
        "2031-05-06T12:00:00Z", "2041-05-06T12:00:00Z", "2000-01-01T00:00:00Z"};
    sql_do(h->sql, old_sql);
    sql_do(h->sql, rest_sql);
    for (int i = 0; i < 3; i++) {
        add_history(h, i, at[i]);
        sql_do(h->sql,
               "insert into sat_entry (at, kind) values ('%s',"
               " 'person')",
               at[i]);
        seal(h, at[i]);
    }
    const char *kept = sql_text(h->sql, KEPT);
    database_moves(h, "10 years");
    sql_do(h->sql, "select pass_running_time(ran, 7000000) from running_time;"
                   "update sat_guard set keep = null");
    for (int i = 0; i < 3; i++) {
        struct housekeeping_report report = run(h, at[i]);
        assert_int_equal(report.removed, 0);
        expect(h, KEPT, kept);
    }
}

/* Whatever time they say, they go when they are as old as they may become. */
static void what_is_old_goes_whatever_its_time(void **state) {
    struct house *h = *state;
    leaps_of_both_clocks_take_nothing(state);
    sql_run_for(h->sql, "8 years");
    run(h, "2031-05-06T12:00:00Z");
    run(h, "2031-05-06T12:00:00Z");
    /* the job that is on record goes with the history */
    expect(h, KEPT, "0 0 0 0 0 0 0 0 0 0 0");
    trail_expect_whole(h->conninfo);
    /* what a device said stays with the trail that speaks of it */
    expect(h, "select message_id from sat_message", "m");
    sql_run_for(h->sql, "6 years");
    run(h, "2031-05-06T12:00:00Z");
    expect(h, "select message_id from sat_message", "m");
    sql_run_for(h->sql, "2 years");
    run(h, "2031-05-06T12:00:00Z");
    expect(h, "select count(*) from sat_message", "0");
}

/* A record that came at a wrong time holds up its week for 14 days at most. */
static void a_week_is_not_held_up(void **state) {
    struct house *h = *state;
    run(h, "2031-05-06T12:00:00Z");
    for (int i = 0; i < 10; i++)
        add_history(h, i, "2031-05-06T12:00:00Z");
    sql_run_for(h->sql, "30 days");
    add_history(h, 10, "2031-05-06T12:00:00Z");
    sql_run_for(h->sql, "20 days");
    run(h, "2031-05-07T12:00:00Z");
    expect(h, "select count(*) from tracking_history", "11");
    sql_run_for(h->sql, "10 days");
    run(h, "2031-05-07T12:00:00Z");
    expect(h, "select count(*) from tracking_history", "1");
    sql_run_for(h->sql, "16 days");
    run(h, "2031-05-07T12:00:00Z");
    expect(h, "select count(*) from tracking_history", "0");
}

/* The latest that ended is the status of its device, not the one that a clock
 * which ran ahead says ended in 2036; that is not shown for ever either. */
static void a_record_of_2036_is_not_on_top(void **state) {
    struct house *h = *state;
    sql_do(h->sql, old_sql);
    add_history(h, 1, "2036-05-06T12:00:00Z");
    sql_run_for(h->sql, "1 hour");
    add_history(h, 2, "2031-05-06T12:00:00Z");
    expect(h,
           "select last_updated at time zone 'UTC' from"
           " device_status('00db000000000001', '2031-05-07')",
           "2031-05-06 12:00:00");
#define SHOWN(now)                                                             \
    "select string_agg(to_char(released at time zone 'UTC', 'YYYY'), ' ')"     \
    " from device_updates('00db000000000001', null, '" now "', 10)"
    expect(h, SHOWN("2031-05-07"), "2031 2036");
    sql_run_for(h->sql, "7 days");
    expect(h, SHOWN("2031-05-13"), "2031");
    expect(h, SHOWN("2036-05-13"), "2036");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(old_rows_go_and_request_ids_stay),
        TEST(an_image_that_a_job_waits_for_stays),
        TEST(an_image_that_a_request_has_just_found_stays),
        TEST(neither_clock_makes_time_pass_alone),
        TEST(leaps_of_both_clocks_take_nothing),
        TEST(what_is_old_goes_whatever_its_time),
        TEST(a_week_is_not_held_up),
        TEST(a_record_of_2036_is_not_on_top),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
