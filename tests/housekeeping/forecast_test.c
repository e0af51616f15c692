/* Forecasts: read from what is known, with plan and pace; kept, and scored. */
#include "house.h"

#define NOON "2031-05-01T12:00Z"

/* A request of `devices` PPMIDs of CSP north that came at noon and waits here,
 * and what is known of such: `known` are rows of bucket and devices. */
static void request_comes(struct house *h, int devices, const char *known) {
    sql_do(h->sql,
           "insert into service_request (originator, target, counter, stage,"
           " used, service, service_reference_variant, command_variant,"
           " content, received, condition, response_code, response, image_id,"
           " listed, accepted) values ('90b3d51f30010000',"
           " '90b3d51f30000002', 1, 1, true, 'serviceD', '11.4', 8,"
           " sha256('body'), '" NOON "', 'accepted', 'I99', 'octets',"
           " sha256('image'), %d, %d);"
           "insert into distribution (request_no, csp, device_type, devices,"
           " unassigned, ready) values (1, 'north', 'PPMID', %d, %d, %d);"
           "insert into tracking_live (device_id, chf_id, request_no,"
           " last_updated, release_due, status, device_type, csp,"
           " responsible_supplier_ids) select ('00db0000' ||"
           " lpad(to_hex(n), 8, '0'))::macaddr8, '00db000000f00000', 1, '" NOON
           "', '2031-05-06T12:00Z', 'AWAITING_CSP', 'PPMID', 'north', '{}'"
           " from generate_series(1, %d) n",
           devices, devices, devices, devices, devices, devices);
    if (known)
        sql_do(h->sql,
               "insert into duration_known select 'north', 'PPMID', s, '', -1,"
               " sum(n), null, array_agg(b order by b), array_agg(n order by"
               " b) from (values %s) v (b, n), unnest(array['total', 'whole',"
               " 'rest']::update_span[]) s group by s",
               known);
}

static void forecast_at(struct house *h, const char *now) {
    sql_do(h->sql,
           "select watch_forecasts('%s'); update forecast_watch set"
           " next = '-infinity'; select make_forecasts(10, '%s')",
           now, now);
}

/* The last one, of all and of its one part. */
static void told(struct house *h, const char *expected) {
    for (int whole = 0; whole < 2; whole++)
        expect(h,
               arena_printf(h->arena,
                            "select concat_ws(' ', why, to_char(p50, 'DD"
                            " HH24:MI'), '|', to_char(p90, 'DD HH24:MI'))"
                            " from forecast where (csp is null) = %s order by"
                            " forecast_no desc limit 1",
                            whole ? "true" : "false"),
               expected);
}

/* Bucket 47 ends after an hour and 3 min 0 s, 63 after four hours and 15 min.
 */
static void half_and_nine_of_ten(void **state) {
    struct house *h = *state;
    request_comes(h, 10, "(47, 500), (63, 400), (90, 100)");
    expect(h, "select round(bucket_begins(48)), round(bucket_begins(64))",
           "3780");
    forecast_at(h, "2031-05-01T12:01Z");
    told(h, "01 13:03 | 01 16:15");
    expect(h, "select level || ' ' || history from forecast where csp is null",
           "0.9 1000");
    /* two hours later half of that is past: of what is longer, four of five
     * take no longer than bucket 63, and nine of ten are in 90, a day and 20
     * hours */
    forecast_at(h, "2031-05-01T14:00Z");
    told(h, "01 16:15 | 03 08:14");
}

static void what_goes_on_is_read_from_where_it_is(void **state) {
    struct house *h = *state;
    request_comes(h, 10, "(47, 1000)");
    sql_do(
        h->sql,
        "insert into csp_job (request_no, csp, device_type, devices, created,"
        " state, next_try, ended) values (1, 'north', 'PPMID', 4, '" NOON
        "', 'handed_over', '" NOON "', '2031-05-01T12:30Z');"
        "update tracking_live set job_no = 1, status ="
        " 'APPROVED_FOR_DISTRIBUTION' where device_id <="
        " '00db000000000004'; update distribution set unassigned = 6,"
        " ready = 6; update tracking_live set delivery_time ="
        " '2031-05-01T13:00Z', status = 'SUCCESSFUL_CH_TRANSFER' where"
        " device_id = '00db000000000001'");
    forecast_at(h, "2031-05-01T13:00Z");
    expect(h, "select done from forecast where csp is null", "0");
    expect(h,
           "select string_agg(format('%s %s %s %s', g.state, g.span,"
           " round(g.age), g.devices), ', ' order by g.span) from"
           " service_request r, unnest(request_groups(r,"
           " '2031-05-01T13:00Z')) g",
           "out total 3600 6, out whole 1800 3, out rest 0 1");
}

static void why_there_is_none(void **state) {
    struct house *h = *state;
    request_comes(h, 10, NULL);
    forecast_at(h, "2031-05-01T12:01Z");
    told(h, "history |");
    sql_do(h->sql, "insert into duration_known values ('north', 'PPMID',"
                   " 'total', '', -1, 100, null, '{47, 32767}', '{80, 20}')");
    forecast_at(h, "2031-05-01T12:02Z");
    told(h, "never |");
    sql_do(h->sql, "insert into steering (verb, state, request_no, person,"
                   " reason, made) values ('hold', 'active', 1, 'p', 'r',"
                   " now()); update tracking_live set held = 1 where device_id"
                   " = '00db000000000001'");
    forecast_at(h, "2031-05-01T12:03Z");
    told(h, "held |");
    sql_do(h->sql,
           "with d as (delete from tracking_live where device_id <>"
           " '00db00000000000a' returning *) insert into tracking_history"
           " (device_id, request_no, last_updated, released, status,"
           " device_type, csp, device_status, device_time) select device_id, 1,"
           " '2031-05-01T12:03Z', '2031-05-01T12:03Z', 'FIRMWARE_ACTIVATED',"
           " 'PPMID', 'north', 'FIRMWARE_ACTIVATED', '2031-05-01T12:03Z'"
           " from d");
    forecast_at(h, "2031-05-01T12:04Z");
    told(h, "done |");
}

/* ---- plan and pace ---- */

static void plan_is(struct house *h, const char *plan) {
    sql_do(h->sql,
           "update distribution set ready = 0;"
           "insert into request_plan (request_no, terms, said, made,"
           " next_look) values (1, parse_plan('%s'), '', '" NOON "',"
           " '" NOON "')",
           plan);
}

/* Each takes an hour and 3 minutes; each wave an hour after the one before. */
static void waves_follow_each_other(void **state) {
    struct house *h = *state;
    request_comes(h, 10, "(47, 1000)");
    plan_is(h, "first 2, next 4, wait 1h, outcomes 100%");
    forecast_at(h, NOON);
    /* at 12:00, 14:03 and 16:06 */
    told(h, "01 15:06 | 01 17:09");
}

static void a_plan_goes_at_its_hours(void **state) {
    struct house *h = *state;
    request_comes(h, 10, "(47, 1000)");
    /* 22:00 in London is 21:00 in May */
    plan_is(h, "window mon-sun 22:00-06:00");
    forecast_at(h, NOON);
    told(h, "01 22:03 | 01 22:03");
    sql_do(h->sql, "update request_plan set terms = parse_plan('start"
                   " 2031-05-03T10:00Z')");
    forecast_at(h, "2031-05-01T12:01Z");
    told(h, "03 11:03 | 03 11:03");
}

/* 2,000 devices wait, of which half go before, 100 in an hour; others waited an
 * hour, 3 minutes. */
static void what_waits_is_counted(void **state) {
    struct house *h = *state;
    request_comes(h, 10, "(47, 1000)");
    sql_do(h->sql, "insert into csp_flow values ('north', 2000, 100)");
    forecast_at(h, NOON);
    told(h, "01 13:03 | 01 13:03"); /* it has room */
    sql_do(h->sql, "insert into csp_pace (csp, waits) values ('north',"
                   " 'jobs')");
    forecast_at(h, NOON);
    told(h, "01 23:03 | 01 23:03");
    sql_do(h->sql, "insert into duration_known values ('north', 'PPMID',"
                   " 'turn', '', -1, 100, null, '{47}', '{100}')");
    expect(h,
           "select pace_in_force('north', 'PPMID', '" NOON "') between"
           " '8:50' and '9:10'",
           "t");
    sql_do(h->sql, "update csp_flow set waiting = 190");
    expect(h, "select pace_in_force('north', 'PPMID', '" NOON "')", "00:00:00");
}

static void how_the_flow_is_measured(void **state) {
    struct house *h = *state;
    request_comes(h, 10, NULL);
    sql_do(
        h->sql,
        "insert into csp_job (request_no, csp, device_type, devices, created,"
        " state, next_try, ended) select 1, 'north', 'PPMID', 240, at,"
        " 'handed_over', at, at from (values ('2031-05-01T11:00Z'"
        "::timestamptz), ('2031-04-30T11:00Z')) x (at)");
    sql_do(h->sql, "select measure_flow('" NOON "')");
    expect(h,
           "select csp || ' ' || waiting || ' ' || took_an_hour"
           " from csp_flow",
           "north 10 240");
}

/* ---- when it is made ---- */

static void made_again_less_and_less(void **state) {
    struct house *h = *state;
    request_comes(h, 10, "(90, 1000)");
    for (int minute = 1; minute <= 24 * 60; minute += 5)
        sql_do(h->sql,
               "select watch_forecasts(at), make_forecasts(10, at) from (select"
               " '" NOON "'::timestamptz + interval '%d minutes' as at) x",
               minute);
    int64_t made = sql_int(h->sql, "select count(*) from forecast"
                                   " where csp is null");
    assert_in_range(made, 8, 12);
    expect(h, "select count(*) from forecast where first and csp is null", "1");
    /* a plan, or a hold, makes another at once */
    sql_do(h->sql, "insert into request_plan (request_no, terms, said, made,"
                   " next_look) values (1, parse_plan('first 2'), '',"
                   " '2031-05-02T12:02Z', now())");
    sql_do(h->sql, "select make_forecasts(10, '2031-05-02T12:03Z')");
    assert_int_equal(sql_int(h->sql, "select count(*) from forecast where csp"
                                     " is null"),
                     made + 1);
    /* what has finished is watched no more */
    sql_do(h->sql, "delete from tracking_live; update forecast_watch set next ="
                   " now(); select make_forecasts(10, '2031-05-03T12:00Z')");
    expect(h, "select next from forecast_watch", "infinity");
}

/* ---- the score ---- */

/* 1,000 devices, of which each comes to an end at a time of its own, or not, or
 * was reset: what the score says is what one finds who counts them. */
static void the_score_is_what_one_counts(void **state) {
    struct house *h = *state;
    request_comes(h, 1000, "(47, 500), (63, 400), (90, 100)");
    forecast_at(h, NOON);
    sql_do(h->sql,
           "select setseed(0.4);"
           "create table truth as select device_id, case when random() < 0.05"
           " then 'RESET_BY_DCC' when random() < 0.1 then"
           " 'SUCCESSFUL_CH_TRANSFER' when random() < 0.3 then"
           " 'FAILED_CH_TRANSFER' else 'FIRMWARE_ACTIVATED' end as status,"
           " '" NOON "'::timestamptz + random() * interval '5 hours' as at,"
           " random() < 0.5 as live from tracking_live;"
           "with d as (delete from tracking_live l using truth t where"
           " t.device_id = l.device_id and (t.status <>"
           " 'SUCCESSFUL_CH_TRANSFER' or not live) returning l.*, t.status as"
           " ended_as, t.at) insert into tracking_history (device_id,"
           " request_no, last_updated, released, status, device_type, csp,"
           " delivery_status, delivery_time, device_status, device_time) select"
           " device_id, 1, at, at, ended_as::processing_status, 'PPMID',"
           " 'north', case ended_as when 'FAILED_CH_TRANSFER' then"
           " ended_as::processing_status end, case ended_as when"
           " 'FAILED_CH_TRANSFER' then at end, case ended_as when"
           " 'FIRMWARE_ACTIVATED' then ended_as::processing_status end,"
           " case ended_as when 'FIRMWARE_ACTIVATED' then at end from d");
    /* it is not known before a day after P90 */
    sql_do(h->sql, "select score_forecasts(10, '2031-05-02T16:14Z')");
    expect(h, "select count(*) from forecast where scored is not null", "0");
    sql_do(h->sql, "select score_forecasts(10, '2031-05-02T16:16Z')");
    const char *counted = sql_text(
        h->sql, "select count(*) || ' ' || count(*) filter (where status in"
                " ('FAILED_CH_TRANSFER', 'FIRMWARE_ACTIVATED') and at <="
                " '2031-05-01T13:03Z') || ' ' || count(*) filter (where status"
                " in ('FAILED_CH_TRANSFER', 'FIRMWARE_ACTIVATED') and at <="
                " '2031-05-01T16:15Z') from truth where status <>"
                " 'RESET_BY_DCC'");
    expect(h,
           "select counted || ' ' || by_p50 || ' ' || by_p90 from forecast"
           " where csp is null",
           counted);
    expect(h,
           "select devices || ' ' || by_p50 || ' ' || by_p90 from"
           " forecast_score(null, null, null, '2031-05-03T12:00Z')",
           counted);
    expect(h,
           "select count(*) from forecast_score(null, null, null,"
           " '2031-06-02T12:00Z')",
           "0");
    /* nine of ten were to be done, fewer were: the next is read further on */
    expect(h, "select level > 0.9 and level < 0.94 from forecast_level", "t");
}

static void old_forecasts_go(void **state) {
    struct house *h = *state;
    request_comes(h, 10, "(47, 1000)");
    forecast_at(h, NOON);
    sql_do(h->sql, "update running_time set ran = 61 * 86400000000");
    run(h, "2031-07-02T00:00:00Z");
    expect(h, "select count(*) from forecast", "0");
}

static void housekeeping_makes_them(void **state) {
    struct house *h = *state;
    request_comes(h, 10, "(47, 1000)");
    run(h, "2031-05-01T12:01:00Z");
    told(h, "01 13:03 | 01 13:03");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(half_and_nine_of_ten),
        TEST(what_goes_on_is_read_from_where_it_is),
        TEST(why_there_is_none),
        TEST(waves_follow_each_other),
        TEST(a_plan_goes_at_its_hours),
        TEST(what_waits_is_counted),
        TEST(how_the_flow_is_measured),
        TEST(made_again_less_and_less),
        TEST(the_score_is_what_one_counts),
        TEST(old_forecasts_go),
        TEST(housekeeping_makes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
