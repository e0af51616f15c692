/*
 * What became of updates by model, and how Users use the network
 * (sql/outcomes.sql): the counts of a day are those of the rows that were put
 * there, follow what is heard late, and stay when the records are gone.
 */
#include "housekeeping/house.h"

#define NOW "2031-05-20T12:00:00Z"

/* Homes 1 to 30 with a PPMID each, whose model is that of its number mod 2. */
static const char world[] =
    "insert into service_user (user_id, name, roles, status) values"
    " ('90b3d51f30010000', 'One', '{IS}', 'active'),"
    " ('90b3d51f30020000', 'Two', '{IS}', 'active');"
    "insert into smi_device (device_id, chf_id, device_type, device_status,"
    " smets_version, manufacturer_id, model_id, hardware_version)"
    " select device(n), hub(n), 'PPMID', 'Commissioned', 'SMETS2', 4626,"
    " n %% 2, 1 from generate_series(1, 30) n;"
    "insert into smi_device (device_id, chf_id, device_type, device_status,"
    " smets_version) values (device(101), hub(1), 'GSME', 'Commissioned',"
    " 'SMETS2')";

static const char functions[] =
    "create function device(integer) returns macaddr8 language sql return"
    " ('00db1200' || lpad(to_hex($1), 8, '0'))::macaddr8;"
    "create function hub(integer) returns macaddr8 language sql return"
    " ('00db1300' || lpad(to_hex($1), 8, '0'))::macaddr8";

static void begin(struct house *h) {
    sql_do(h->sql, "%s", functions);
    sql_do(h->sql, world);
}

/* An accepted 11.4 of User 1 or 2; returns its number. */
static int request(struct house *h, int user, const char *received,
                   const char *version, int accepted) {
    static uint64_t counter;
    return atoi(sql_text(
        h->sql,
        "insert into service_request (originator, target, counter, stage,"
        " used, service, service_reference_variant, command_variant, content,"
        " received, firmware_version, manufacturer_image_hash, condition,"
        " response_code, listed, accepted) values ('90b3d51f300%d0000',"
        " '90b3d51f30000002', %ju, 1, true, 'serviceD', '11.4', 8,"
        " sha256('body'), '%s', '\\x%s', sha256('%s'), 'accepted', 'I99', %d,"
        " %d) returning request_no",
        user, (uintmax_t)++counter, received, version, version, accepted,
        accepted));
}

/* Ended updates of devices from to last. */
static void ended(struct house *h, int request_no, int from, int last,
                  const char *status, const char *more) {
    sql_do(h->sql,
           "insert into tracking_history (device_id, chf_id, request_no,"
           " job_no, last_updated, released, status, device_type, csp%s)"
           " select device(n), hub(n), %d, 1, r.received, r.received, '%s',"
           " 'PPMID', 'north'%s from generate_series(%d, %d) n,"
           " service_request r where r.request_no = %d",
           *more ? ", hub_status, hub_time" : "", request_no, status, more,
           from, last, request_no);
}

static const char outcomes[] =
    "select string_agg(concat_ws(' ', period, model_id, firmware_version,"
    " devices, succeeded, failed, in_progress), ', ' order by period,"
    " model_id, firmware_version) from list_outcomes(null, null, null, 'day',"
    " '2031-05-01', '2031-06-01')";

static void outcomes_are_counted_by_model_and_day(void **state) {
    struct house *h = *state;
    begin(h);
    int one = request(h, 1, "2031-05-19 23:59Z", "00000007", 20);
    ended(h, one, 1, 10, "FIRMWARE_ACTIVATED", "");
    ended(h, one, 11, 16, "FAILED_CH_TRANSFER", "");
    ended(h, one, 17, 18, "APPROVED_FOR_DISTRIBUTION", ""); /* timed out */
    ended(h, one, 19, 20, "RESET_BY_DCC", "");
    int two = request(h, 2, "2031-05-20 00:00Z", "00000008", 1);
    sql_do(h->sql,
           "insert into tracking_live (device_id, chf_id, request_no,"
           " last_updated, release_due, status, device_type, csp,"
           " responsible_supplier_ids) values (device(21), hub(21), %d,"
           " '2031-05-20', '2031-06-20', 'AWAITING_CSP', 'PPMID', 'north',"
           " '{}')",
           two);
    /* what the DSP refused is no update */
    ended(h, two, 22, 22, "REJECTED_BY_DSP", "");
    run(h, NOW);
    expect(h, outcomes,
           "2031-05-19 0000 00000007 10 5 4 0, 2031-05-19 0001 00000007 10 5"
           " 4 0, 2031-05-20 0001 00000008 1 0 0 1");
    /* a supplier's are its own */
    expect(h,
           "select sum(devices) from list_outcomes('90b3d51f30020000', null,"
           " null, null, '2031-05-01', '2031-06-01')",
           "1");
    /* of an update that was released something is heard after all */
    sql_do(h->sql, "update tracking_history set status = 'FIRMWARE_ACTIVATED'"
                   " where device_id = device(11)");
    run(h, "2031-05-20T12:05:00Z");
    expect(h, outcomes,
           "2031-05-19 0000 00000007 10 5 4 0, 2031-05-19 0001 00000007 10 5"
           " 4 0, 2031-05-20 0001 00000008 1 0 0 1");
    run(h, "2031-05-20T12:10:01Z");
    expect(h, outcomes,
           "2031-05-19 0000 00000007 10 5 4 0, 2031-05-19 0001 00000007 10 6"
           " 3 0, 2031-05-20 0001 00000008 1 0 0 1");
}

/* An old day is looked at once a day, and not again once its records go. */
static void what_was_counted_stays_when_the_records_go(void **state) {
    struct house *h = *state;
    begin(h);
    int one = request(h, 1, "2031-05-01 12:00Z", "00000007", 2);
    ended(h, one, 1, 2, "FAILED_CH_TRANSFER", "");
    run(h, NOW);
    expect(h, outcomes,
           "2031-05-01 0000 00000007 1 0 1 0,"
           " 2031-05-01 0001 00000007 1 0 1 0");
    sql_do(h->sql, "update tracking_history set status = 'FIRMWARE_ACTIVATED'"
                   " where device_id = device(1)");
    run(h, "2031-05-21T11:59:00Z");
    expect(h, outcomes,
           "2031-05-01 0000 00000007 1 0 1 0,"
           " 2031-05-01 0001 00000007 1 0 1 0");
    run(h, "2031-05-21T12:01:00Z");
    expect(h, outcomes,
           "2031-05-01 0000 00000007 1 0 1 0,"
           " 2031-05-01 0001 00000007 1 1 0 0");
    sql_do(h->sql, "delete from tracking_history");
    run(h, "2031-07-31T12:00:00Z");
    expect(h, outcomes,
           "2031-05-01 0000 00000007 1 0 1 0,"
           " 2031-05-01 0001 00000007 1 1 0 0");
    sql_run_for(h->sql, "8 years");
    run(h, "2039-07-31T12:00:00Z");
    expect(h, outcomes, "");
}

/* ---- good neighbours ---- */

static const char neighbours[] =
    "select string_agg(format('%s: %s %s %s %s %s %s %s %s', user_name,"
    " requests, single_requests, jobs, single_jobs, devices, again,"
    " expired_again, discarded), ', ' order by user_name)"
    " from list_neighbours(null, '2031-05-19', '2031-05-21')";

static void a_neighbour_is_who_sends_again(void **state) {
    struct house *h = *state;
    begin(h);
    /* the attempts before */
    int old = request(h, 1, "2031-05-14 12:00Z", "00000007", 6);
    ended(h, old, 1, 2, "FAILED_CH_TRANSFER", "");
    ended(h, old, 3, 4, "APPROVED_FOR_DISTRIBUTION", "");
    ended(h, old, 5, 5, "REJECTED_BY_CSP", "");
    sql_do(h->sql, "update tracking_history set reason_code ="
                   " 'DISTRIBUTION_EXPIRED' where device_id = device(5)");
    ended(h, old, 6, 6, "STOPPED_BY_DCC", "");
    sql_do(h->sql, "update tracking_history set job_no = null"
                   " where device_id = device(6)"); /* no CSP had it */
    int other = request(h, 2, "2031-05-18 12:00Z", "00000007", 1);
    ended(h, other, 7, 7, "FAILED_CH_TRANSFER", "");
    /* within 5 days of it, to the minute, and after */
    int one = request(h, 1, "2031-05-19 11:59Z", "00000007", 4);
    ended(h, one, 2, 2, "FIRMWARE_ACTIVATED", "");
    ended(h, one, 3, 3, "FIRMWARE_ACTIVATED", "");
    ended(h, one, 6, 7, "FIRMWARE_ACTIVATED", "");
    int two = request(h, 1, "2031-05-19 12:01Z", "00000007", 3);
    ended(h, two, 1, 1, "FIRMWARE_ACTIVATED", "");
    ended(h, two, 4, 5, "FIRMWARE_ACTIVATED", "");
    /* another version is no repetition; two jobs of one device */
    int three = request(h, 2, "2031-05-20 01:00Z", "00000009", 1);
    ended(h, three, 2, 2, "FIRMWARE_ACTIVATED", "");
    sql_do(h->sql,
           "insert into csp_job (request_no, csp, device_type, devices,"
           " created, state, next_try, ended) values"
           " (%d, 'north', 'PPMID', 4, now(), 'handed_over', now(), now()),"
           " (%d, 'north', 'PPMID', 1, now(), 'handed_over', now(), now()),"
           " (%d, 'south', 'PPMID', 1, now(), 'handed_over', now(), now())",
           one, three, three);
    run(h, NOW);
    expect(h, neighbours, "One: 2 0 1 0 7 3 3 0, Two: 1 1 2 2 1 0 0 0");
}

/* The hub's image of home 1 made room for a GSME's; of home 2 for the next. */
static void an_image_is_discarded_for_a_gsme(void **state) {
    struct house *h = *state;
    begin(h);
    int one = request(h, 1, "2031-05-19 10:00Z", "00000007", 3);
    ended(h, one, 1, 2, "HAN_DISCARDED",
          ", 'HAN_DISCARDED', timestamptz '2031-05-20 10:00Z'");
    int gas = request(h, 2, "2031-05-19 11:00Z", "00000007", 1);
    sql_do(h->sql,
           "insert into tracking_history (device_id, chf_id, request_no,"
           " job_no, last_updated, released, status, device_type, csp,"
           " delivery_status, delivery_time) values (device(101), hub(1), %d,"
           " 1, '2031-05-20', '2031-05-20', 'SUCCESSFUL_CH_TRANSFER', 'GSME',"
           " 'north', 'SUCCESSFUL_CH_TRANSFER', '2031-05-20 09:40Z')",
           gas);
    run(h, NOW);
    expect(h, neighbours, "One: 1 0 0 0 2 0 0 1, Two: 1 1 0 0 1 0 0 0");
    /* it came on another day */
    sql_do(h->sql, "update tracking_history set delivery_time ="
                   " '2031-05-20 07:00Z' where device_id = device(101)");
    run(h, "2031-05-20T12:10:01Z");
    expect(h, neighbours, "One: 1 0 0 0 2 0 0 0, Two: 1 1 0 0 1 0 0 0");
}

/* ---- uncertainty ---- */

/* From the formula of Wilson (1927), computed apart. */
static void shares_have_wilsons_interval(void **state) {
    struct house *h = *state;
    static const struct {
        const char *of, *interval;
    } rows[] = {
        {"0, 10", "(0,0.277533)"},           {"1, 10", "(0.017876,0.404150)"},
        {"5, 10", "(0.236593,0.763407)"},    {"10, 10", "(0.722467,1)"},
        {"50, 1000", "(0.038130,0.065314)"}, {"0, 0", "(,)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *got = sql_text(
            h->sql, "select format('(%%s,%%s)', low, high) from wilson(%s)",
            rows[i].of);
        assert_string_equal(*got ? got : "(,)", rows[i].interval);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(outcomes_are_counted_by_model_and_day),
        TEST(what_was_counted_stays_when_the_records_go),
        TEST(a_neighbour_is_who_sends_again),
        TEST(an_image_is_discarded_for_a_gsme),
        TEST(shares_have_wilsons_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
