/* How long updates took is counted of what has ended; what is later than 99 of
 * 100 were is stuck, and it is said why. */
#include "house.h"

/* A request whose job a CSP took at noon, and of whose devices number n had its
 * image at the hub after n minutes, on the PPMID an hour later, and running
 * another hour later. */
static const char ended_sql[] =
    "insert into service_request (originator, target, counter, stage, used,"
    " service, service_reference_variant, command_variant, content, received,"
    " condition, response_code, response, listed, accepted) values"
    " ('90b3d51f30010000', '90b3d51f30000002', 1, 1, true, 'serviceD', '11.4',"
    " 8, sha256('body'), '2031-05-01T11:00Z', 'accepted', 'I99', 'octets',"
    " 400, 400);"
    "insert into csp_job (request_no, csp, device_type, devices, created, "
    "state,"
    " next_try, ended, reported) values (1, 'north', 'PPMID', 400,"
    " '2031-05-01T11:00Z', 'handed_over', '2031-05-01T11:00Z',"
    " '2031-05-01T12:00Z', '2031-05-01T12:01Z');"
    "insert into tracking_history (device_id, chf_id, request_no, job_no,"
    " last_updated, released, status, device_type, csp, report_status,"
    " delivery_status, delivery_time, hub_status, hub_time, device_status,"
    " device_time, inserted) select ('00db0000' || lpad(to_hex(n), 8,"
    " '0'))::macaddr8, '00db000000f00000', 1, 1, at, at, 'FIRMWARE_ACTIVATED',"
    " 'PPMID', 'north', 'APPROVED_FOR_DISTRIBUTION', 'SUCCESSFUL_CH_TRANSFER',"
    " at, 'SUCCESSFUL_HAN_TRANSFER', at + interval '1 hour',"
    " 'FIRMWARE_ACTIVATED', at + interval '2 hours', 1000 + n from (select n,"
    " '2031-05-01T12:00Z'::timestamptz + n * interval '1 minute' as at from"
    " generate_series(1, %d) n) x";

static void running(struct house *h, int64_t second) {
    sql_do(h->sql,
           "update running_time set ran = %jd; select setval('running_second',"
           " %jd)",
           (intmax_t)second * 1000000, (intmax_t)second);
}

static void limit_is(struct house *h, const char *span, const char *least,
                     const char *most) {
    const char *got =
        sql_text(h->sql,
                 "select coalesce((select p99 between '%s' and '%s' from"
                 " duration_known where span = '%s' and model = ''), false)",
                 least, most, span);
    if (strcmp(got, "t") != 0)
        fail_msg(
            "%s: %s, not %s to %s", span,
            sql_text(h->sql,
                     "select coalesce((select p99::text from duration_known"
                     " where span = '%s' and model = ''), 'none')",
                     span),
            least, most);
}

static void what_has_ended_is_counted_once(void **state) {
    struct house *h = *state;
    sql_do(h->sql, ended_sql, 400);
    sql_do(h->sql, "update tracking_history set status ="
                   " 'APPROVED_FOR_DISTRIBUTION', delivery_status = null,"
                   " delivery_time = null, hub_status = null, hub_time = null,"
                   " device_status = null, device_time = null"
                   " where inserted = 1400");
    /* of the last five minutes a transaction may still be under way */
    running(h, 1500);
    run(h, "2031-05-02T00:00:00Z");
    expect(h, "select sum(devices) from duration where span = 'report'", "199");
    running(h, 4000);
    for (int i = 0; i < 3; i++)
        run(h, "2031-05-02T00:00:00Z");
    expect(h,
           "select string_agg(format('%s %s', span, n), ', ' order by span)"
           " from (select span, sum(devices) as n from duration group by span)"
           " x",
           "turn 400, report 400, way 399, hub 399, device 399, total 400,"
           " whole 400, rest 399");
    expect(h,
           "select devices from duration where span = 'whole' and bucket ="
           " bucket_never()",
           "1");
    /* summer: noon is 13 in London */
    expect(h,
           "select string_agg(distinct hour::text, ' ') from duration"
           " where span = 'way'",
           "13");
    expect(h, "select known_made from foresight", "1500");
    running(h, 1500 + 3600);
    sql_do(h->sql, "update foresight set learnt = true");
    run(h, "2031-05-02T00:00:00Z");
    limit_is(h, "way", "365 minutes", "425 minutes"); /* 395 */
    limit_is(h, "hub", "55 minutes", "66 minutes");
    limit_is(h, "report", "0", "75 seconds");
}

static void too_little_says_nothing(void **state) {
    struct house *h = *state;
    sql_do(h->sql, ended_sql, 99);
    running(h, 8000);
    run(h, "2031-05-02T00:00:00Z");
    expect(h, "select count(*) from duration_known", "0");
    expect(h, "select sum(devices) from duration where span = 'way'", "99");
}

static void old_counts_go(void **state) {
    struct house *h = *state;
    sql_do(h->sql, ended_sql, 200);
    running(h, 8000);
    run(h, "2031-05-02T00:00:00Z");
    running(h, 8 * 604800);
    sql_do(h->sql, "update foresight set learnt = true");
    run(h, "2031-07-02T00:00:00Z");
    expect(h, "select count(*) from duration_known", "0");
    expect(h, "select count(*) > 0 from duration", "t");
    running(h, 10 * 604800);
    run(h, "2031-07-12T00:00:00Z");
    expect(h, "select count(*) from duration", "0");
}

/* ---- stuck ---- */

/* Four PPMIDs of that request, one at each stage since noon. */
static const char live_sql[] =
    "insert into csp_job (request_no, csp, device_type, devices, created, "
    "state,"
    " next_try, ended, tries, last_error) values (1, 'north', 'PPMID', 1,"
    " '2031-05-01T12:00Z', 'waiting', '2031-05-01T18:00Z', null, 3,"
    " 'answered 503');"
    "insert into tracking_live (device_id, chf_id, request_no, job_no,"
    " last_updated, release_due, status, device_type, csp,"
    " responsible_supplier_ids, delivery_time, hub_time) select d::macaddr8,"
    " '00db000000f00000', 1, j, '2031-05-01T12:00Z', '2031-05-06T12:00Z',"
    " s::processing_status, 'PPMID', 'north', '{}', t, t from (values"
    " ('00db0000000000a1', 2, 'AWAITING_CSP', null),"
    " ('00db0000000000a2', 1, 'AWAITING_CSP', null),"
    " ('00db0000000000a3', 1, 'APPROVED_FOR_DISTRIBUTION', null),"
    " ('00db0000000000a4', 1, 'SUCCESSFUL_CH_TRANSFER',"
    "  '2031-05-01T12:00Z'::timestamptz),"
    " ('00db0000000000a5', 1, 'SUCCESSFUL_HAN_TRANSFER',"
    "  '2031-05-01T12:00Z')) x (d, j, s, t)";

static void stuck_at(struct house *h, const char *now, const char *expected) {
    expect(h,
           arena_printf(h->arena,
                        "select coalesce(string_agg(stage, ' ' order by"
                        " device_id), '') from list_stuck(null, null, null,"
                        " '5 days', '%s', null, 100)",
                        now),
           expected);
}

static void later_than_99_of_100_is_stuck(void **state) {
    struct house *h = *state;
    sql_do(h->sql, ended_sql, 400);
    running(h, 8000);
    run(h, "2031-05-02T00:00:00Z");
    sql_do(h->sql, live_sql);
    stuck_at(h, "2031-05-01T12:00:30Z", "");
    stuck_at(h, "2031-05-01T12:02Z", "report");
    stuck_at(h, "2031-05-01T13:10Z", "turn report hub device");
    stuck_at(h, "2031-05-01T19:10Z", "turn report way hub device");
    expect(h,
           "select string_agg(why || ' | ' || comes_at, E'\\n' order by"
           " device_id) from list_stuck(null, null, null, '5 days',"
           " '2031-05-04T12:00Z', null, 2)",
           sql_text(h->sql,
                    "select format(E'CSP north has not taken job %%s for 3"
                    " days: tried 3 times, last answer: answered 503 |"
                    " 2031-05-04 12:00:00+00\\nCSP north took job %%s 3 days"
                    " ago and never reported | 2031-05-06 12:00:00+00',"
                    " max(job_id::text) filter (where job_no = 2),"
                    " max(job_id::text) filter (where job_no = 1))"
                    " from csp_job"));
    /* somebody has decided that it waits */
    sql_do(h->sql, "insert into steering (verb, state, request_no, person,"
                   " reason, made) values ('hold', 'active', 1, 'p', 'r',"
                   " now()); insert into distribution (request_no, csp,"
                   " device_type, devices, unassigned, ready) values (1,"
                   " 'north', 'PPMID', 1, 1, 1); update tracking_live"
                   " set job_no = null where device_id = '00db0000000000a1'");
    stuck_at(h, "2031-05-01T19:10Z", "turn report way hub device");
    sql_do(h->sql, "update tracking_live set held = 1"
                   " where device_id = '00db0000000000a1'");
    stuck_at(h, "2031-05-01T19:10Z", "report way hub device");
}

static void its_model_counts_before_others(void **state) {
    struct house *h = *state;
    sql_do(h->sql, ended_sql, 200);
    sql_do(h->sql, live_sql);
    sql_do(h->sql,
           "insert into duration_known values ('north', 'PPMID', 'hub', '', -1,"
           " 100, '1 hour', '{}', '{}'), ('north', 'PPMID', 'hub',"
           " '1301:0084', -1, 100, '1 day', '{}', '{}');"
           "insert into smi_device (device_id, device_type, device_status,"
           " manufacturer_id, model_id, hardware_version, hardware_revision,"
           " firmware_version, smets_version, chf_id) values"
           " ('00db0000000000a4', 'PPMID', 'Commissioned', 4865, 132, 1, 1,"
           " '\\x00000001', 'SMETS2', '00db000000f00000')");
    stuck_at(h, "2031-05-01T14:00Z", "");
    stuck_at(h, "2031-05-02T13:00Z", "hub");
}

/* Without history the windows say it: [tracking] timeout, or its release. */
static void without_history_the_window_counts(void **state) {
    struct house *h = *state;
    sql_do(h->sql, ended_sql, 1);
    sql_do(h->sql, live_sql);
    stuck_at(h, "2031-05-06T11:59Z", "");
    /* what is released is not stuck; who waits for a report is so later */
    stuck_at(h, "2031-05-06T12:01Z", "");
    sql_do(h->sql, "update tracking_live set release_due = '2031-05-07'"
                   " where status = 'AWAITING_CSP'");
    stuck_at(h, "2031-05-06T12:01Z", "turn report");
    expect(h,
           "select string_agg(format('%s %s %s %s', csp, device_type, stage,"
           " devices), ', ') from stuck_counts(null, '5 days',"
           " '2031-05-06T12:01Z')",
           "north PPMID turn 1, north PPMID report 1");
    expect(h,
           "select count(*) from list_stuck('90b3d51f30020000', null, null,"
           " '5 days', '2031-05-06T12:01Z', null, 100)",
           "0");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_has_ended_is_counted_once),
        TEST(too_little_says_nothing),
        TEST(old_counts_go),
        TEST(later_than_99_of_100_is_stuck),
        TEST(its_model_counts_before_others),
        TEST(without_history_the_window_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
