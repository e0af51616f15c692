/*
 * What goes to a CSP next: requests together in jobs, pace and limits, busy
 * CSPs, and nobody waiting for another's end.
 */
#include "contract.h"
#include "support/fake_csp.h"
#include "world.h"

#include "csp_gateway/send.h"

static struct scene {
    struct world world;
    struct config_csp *csp; /* north */
    struct fake_csp *north;
    struct csp_sender *sender;
} scene;

static int open_scene(void **state) {
    (void)state;
    scene = (struct scene){.sender = NULL};
    world_open(&scene.world);
    scene.csp = &scene.world.config.csps[0];
    scene.north = fake_csp_start();
    scene.csp->base_url = fake_csp_url(scene.north);
    return 0;
}

static int close_scene(void **state) {
    (void)state;
    csp_send_stop(scene.sender);
    fake_csp_stop(scene.north);
    world_close(&scene.world);
    return 0;
}

static void start(void) {
    scene.sender = csp_send_start(&scene.world.config);
}

/* `count` requests of User 1 or 2 from that number on, of so many devices each,
 * received at fotad's time and one every `gap` seconds after; all of one image,
 * or each of firmware of its own. Device k of request n is n * 100000 + k. */
static void accept_many(int user, int first, int count, int devices, double gap,
                        bool same) {
    char now[INSTANT_TEXT_SIZE];
    instant_format(clock_now(), now);
    script(&scene.world,
           "insert into firmware_image values (sha256(repeat('x',"
           " 5000)::bytea), sha256('m'), repeat('x', 5000)::bytea)"
           " on conflict do nothing;"
           "with r as (insert into service_request (originator, target,"
           " counter, stage, used, service, service_reference_variant,"
           " command_variant, content, received, firmware_version, image_id)"
           " select '00:00:00:00:00:00:00:0%d', '90:b3:d5:1f:30:00:00:02', n,"
           " 1, true, 'serviceD', '11.4', 8, sha256('x'), timestamptz '%s'"
           " + (n - %d) * interval '%f s', case when %s then '\\x0000ab2a'"
           " else int4send(n) end, sha256(repeat('x', 5000)::bytea)"
           " from generate_series(%d, %d) n order by n"
           " returning request_no, counter, originator, received),"
           " d as (insert into tracking_live (device_id, chf_id, request_no,"
           " last_updated, release_due, status, device_type, csp,"
           " responsible_supplier_ids) select id, id, request_no, received,"
           " received + interval '5 days', 'AWAITING_CSP', 'PPMID', 'north',"
           " array[originator, '00:00:00:00:00:00:00:03']"
           " from r, generate_series(1, %d) k, lateral (select lpad(to_hex("
           "counter::bigint * 100000 + k), 16, '0')::macaddr8) x (id)"
           " order by id)"
           "insert into distribution (request_no, csp, device_type, devices,"
           " unassigned, ready, sender, image_hash)"
           " select request_no, 'north', 'PPMID', %d, %d, %d, originator,"
           " sha256('m') from r",
           user, now, first, gap, same ? "true" : "false", first,
           first + count - 1, devices, devices, devices, devices);
}

static void waits_soon(const char *why) {
    expect_soon(&scene.world, why,
                "select coalesce(waits, 'nothing') from csp_pace");
}

static const char *text(const json_t *object, const char *name) {
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

/* How many devices a request has is known of what waits of it. */
static void a_request_of_few_devices_is_known(void **state) {
    (void)state;
    accept_many(1, 1, 1, 3, 0, true);
    script(&scene.world, "update service_request set listed = 7, accepted = 7;"
                         "update distribution set ready = 2");
    expect(&scene.world, "2 7",
           "select ready || ' ' || request_devices"
           " from groups_waiting('north', 10, 10)");
}

/* ---- together ---- */

static void a_job_of_several_requests_names_each(void **state) {
    (void)state;
    accept_many(1, 1, 2, 1, 0, true);
    accept_many(2, 3, 1, 2, 0, true);
    start();
    assert_true(fake_csp_wait(scene.north, "POST", 1));
    expect_soon(&scene.world, "3 4 handed_over",
                "select requests || ' ' || devices || ' ' || state"
                " from csp_job");
    struct fake_request job = fake_csp_request(scene.north, "POST", 0);
    static const char *const ids[] = {
        "00-00-00-00-00-00-00-01:90-B3-D5-1F-30-00-00-02:1",
        "00-00-00-00-00-00-00-01:90-B3-D5-1F-30-00-00-02:2",
        "00-00-00-00-00-00-00-02:90-B3-D5-1F-30-00-00-02:3",
    };
    assert_string_equal(text(job.json, "requestId"), ids[0]);
    const json_t *list = json_object_get(job.json, "requestIds");
    assert_int_equal(json_array_size(list), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(json_string_value(json_array_get(list, i)), ids[i]);
    const json_t *targets = json_object_get(job.json, "targets");
    assert_int_equal(json_array_size(targets), 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(text(json_array_get(targets, i), "requestId"),
                            ids[i < 2 ? i : 2]);
    const json_t *contract = contract_read(scene.world.arena);
    expect_described(
        scene.world.arena, contract,
        json_object_get(
            json_object_get(json_object_get(contract, "components"), "schemas"),
            "Job"),
        job.json);
    /* each request has it, on its page and in the trail */
    expect(&scene.world, "1 1, 2 1, 3 1",
           "select string_agg(r.request_no || ' ' || (select count(*) from"
           " jobs_of_request(r.request_no)), ', ' order by r.request_no)"
           " from service_request r");
    expect(&scene.world, "3 3",
           "select count(*) filter (where code = 'made') || ' ' || count(*)"
           " filter (where code = 'handed_over') from sat_entry"
           " where kind = 'job'");
}

/* The report on the only job: what it rejects. */
static void report(const char *job, const char *devices) {
    char now[INSTANT_TEXT_SIZE];
    script(&scene.world,
           "select take_validation_reports('{north}', array['r%s'],"
           " array(select job_id from csp_job where job_no = %s),"
           " array_fill(1, array[cardinality(d)]), d,"
           " array_fill('DEVICE_NOT_IDENTIFIED'::text,"
           " array[cardinality(d)]), '%s', interval '5 days')"
           " from (select '{%s}'::macaddr8[] as d) x",
           job, job, instant_format(clock_now(), now), devices);
}

static void each_sender_hears_of_its_own_devices(void **state) {
    (void)state;
    accept_many(1, 1, 2, 1, 0, true);
    accept_many(2, 3, 1, 2, 0, true);
    start();
    expect_soon(&scene.world, "handed_over", "select state::text from csp_job");
    report("1", "0000000000030d41,00000000000493e2");
    expect(&scene.world,
           "N19 1 2 00:00:00:00:00:00:00:01\n"
           "N19 1 3 00:00:00:00:00:00:00:02\n"
           "N59 1 1 00:00:00:00:00:00:00:03\n"
           "N59 1 3 00:00:00:00:00:00:00:03",
           "select string_agg(code || ' ' || cardinality(device_ids) || ' '"
           " || request_no || ' ' || user_id, e'\\n' order by code, request_no)"
           " from alert");
    expect(&scene.world, "2 APPROVED_FOR_DISTRIBUTION, 2 REJECTED_BY_CSP",
           "select string_agg(n || ' ' || status, ', ' order by status::text)"
           " from (select status, count(*) as n from tracking group by 1) x");
}

static void steer(const char *verb, int request) {
    char now[INSTANT_TEXT_SIZE];
    script(&scene.world,
           "select steer('%s', %d, null, null, null, null, null, null, null,"
           " null, false, 'ann', 'why', null, false, '{north}', '%s',"
           " interval '5 days')",
           verb, request, instant_format(clock_now(), now));
}

/* Not posted yet, it is taken back, and the others go on without it. */
static void a_job_is_held_for_one_of_its_requests(void **state) {
    (void)state;
    fake_csp_script(scene.north, "201", "503 503 202");
    accept_many(1, 1, 2, 1, 0, true);
    accept_many(2, 3, 1, 2, 0, true);
    start();
    expect_soon(&scene.world, "3 waiting 2",
                "select requests || ' ' || state || ' ' || tries from csp_job");
    steer("hold", 2);
    test_clock_move(HOUR + MINUTE);
    expect_soon(&scene.world, "empty 3, handed_over 2",
                "select string_agg(state || ' ' || requests, ', ' order by"
                " job_no) from csp_job");
    expect(&scene.world, "held 1 2",
           "select code || ' ' || devices || ' ' || (select request_no from"
           " distribution where held is not null)"
           " from list_waits(null, null, clock_timestamp())");
    steer("release", 2);
    csp_send_wake(CSP_JOBS);
    expect_soon(&scene.world, "empty 3, handed_over 2, handed_over 1",
                "select string_agg(state || ' ' || requests, ', ' order by"
                " job_no) from csp_job");
}

/* It is not asked back for one of them: the others' devices go on. */
static void a_job_is_recalled_for_all_its_requests(void **state) {
    (void)state;
    accept_many(1, 1, 2, 1, 0, true);
    start();
    expect_soon(&scene.world, "2 handed_over",
                "select requests || ' ' || state from csp_job");
    steer("stop", 1);
    expect(&scene.world, "0", "select count(*)::text from csp_recall");
    expect(&scene.world, "2", "select count(*)::text from tracking_live");
}

static void nobody_waits_for_company_unless_told(void **state) {
    (void)state;
    scene.csp->gather = 15 * MINUTE;
    scene.csp->max_devices_per_job = 10000;
    accept_many(1, 1, 3, 1, 0, true);
    start();
    waits_soon("gather");
    expect(&scene.world, "0", "select count(*)::text from csp_job");
    test_clock_move(16 * MINUTE);
    expect_soon(&scene.world, "3 handed_over",
                "select requests || ' ' || state from csp_job");
    waits_soon("nothing");
}

/* 10,000 requests of one device in 15 minutes. */
static void many_small_requests_are_few_jobs(void **state) {
    (void)state;
    scene.csp->gather = 15 * MINUTE;
    scene.csp->max_devices_per_job = 10000;
    scene.csp->timeout = 30 * SECOND;
    start();
    for (int i = 0; i < 10; i++) {
        accept_many(1 + i % 2, 1 + i * 1000, 1000, 1, 0.09, true);
        test_clock_move(90 * SECOND);
        csp_send_wake(CSP_JOBS);
    }
    test_clock_move(MINUTE);
    expect_soon(&scene.world, "10000",
                "select coalesce(sum(devices), 0)::text from csp_job"
                " where state = 'handed_over'");
    const char *jobs = ask(&scene.world, "select count(*)::text from csp_job");
    print_message("%s jobs\n", jobs);
    assert_in_range(atoi(jobs), 1, 5);
    char rejected[64];
    snprintf(rejected, sizeof rejected, "%016x,%016x", 17 * 100000 + 1,
             1017 * 100000 + 1);
    report("1", rejected);
    expect(&scene.world,
           "17 00:00:00:00:00:00:00:01, "
           "1017 00:00:00:00:00:00:00:02",
           "select string_agg(r.counter || ' ' || user_id, ', ' order by"
           " r.counter) from alert join service_request r using (request_no)"
           " where code = 'N19' and cardinality(device_ids) = 1");
    expect(&scene.world, "true",
           "select (count(*) = (select devices - 2 from csp_job"
           " where job_no = 1))::text from alert where code = 'N59'"
           " and cardinality(device_ids) = 1");
}

/* ---- limits ---- */

static void so_many_jobs_are_in_flight(void **state) {
    (void)state;
    scene.csp->jobs_in_flight = 4;
    struct csp_sender *second = csp_send_start(&scene.world.config);
    start();
    accept_many(1, 1, 10, 1, 0, false);
    csp_send_wake(CSP_JOBS);
    waits_soon("jobs");
    expect_soon(&scene.world, "4",
                "select count(*)::text from csp_job"
                " where state = 'handed_over'");
    expect(&scene.world, "jobs: CSP north has 4 jobs",
           "select code || ': ' || words"
           " from list_waits(10, null, clock_timestamp())");
    nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
    assert_int_equal(fake_csp_count(scene.north, "POST"), 4);
    /* two of them end */
    char now[INSTANT_TEXT_SIZE];
    script(&scene.world,
           "select apply_events(array(select row(row_number() over ()::integer,"
           " 'hub_delivered', device_id, request_no, null, chf_id, null, '%s',"
           " null, 1)::tracking_event from tracking_live where job_no <= 2),"
           " '%s', interval '5 days')",
           instant_format(clock_now(), now), now);
    test_clock_move(11 * SECOND);
    assert_true(fake_csp_wait(scene.north, "POST", 6));
    waits_soon("jobs");
    nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
    assert_int_equal(fake_csp_count(scene.north, "POST"), 6);
    /* no limit any more */
    scene.csp->jobs_in_flight = 0;
    assert_true(fake_csp_wait(scene.north, "POST", 10));
    csp_send_stop(second);
}

static void a_limit_counts_what_was_there_before_it(void **state) {
    (void)state;
    accept_many(1, 1, 3, 1, 0, false);
    start();
    assert_true(fake_csp_wait(scene.north, "POST", 3));
    expect_soon(&scene.world, "3",
                "select count(*)::text from csp_job"
                " where state = 'handed_over'");
    scene.csp->jobs_in_flight = 4;
    accept_many(1, 4, 3, 1, 0, false);
    csp_send_wake(CSP_JOBS);
    waits_soon("jobs");
    assert_true(fake_csp_wait(scene.north, "POST", 4));
    expect(&scene.world, "4",
           "select count(*)::text from csp_job where in_flight = 1");
}

/* ---- busy ---- */

static void a_busy_csp_gets_no_more_jobs(void **state) {
    (void)state;
    fake_csp_script(scene.north, "201", "503+600 503+600 202");
    accept_many(1, 1, 1, 1, 0, false);
    start();
    waits_soon("nothing");
    assert_true(fake_csp_wait(scene.north, "POST", 2));
    accept_many(1, 2, 20, 1, 0, false);
    csp_send_wake(CSP_JOBS);
    waits_soon("busy");
    expect(&scene.world, "1", "select count(*)::text from csp_job");
    expect(&scene.world, "busy 20 20",
           "select code || ' ' || devices || ' ' || requests"
           " from list_waits(null, 'north', clock_timestamp())"
           " where words like 'CSP north is busy since %%, until %%'");
    /* as it asked; the job itself after its hour */
    test_clock_move(11 * MINUTE);
    assert_true(fake_csp_wait(scene.north, "POST", 22));
    expect_soon(&scene.world, "20 handed_over, 1 waiting",
                "select string_agg(n || ' ' || state, ', ' order by"
                " state::text) from (select state, count(*) as n"
                " from csp_job group by 1) x");
    /* with each that it takes one more at once */
    expect(&scene.world, "true",
           "select (offers > 1 and busy_since is null)::text from csp_pace");
}

static void what_waited_for_a_busy_csp_is_given_up(void **state) {
    (void)state;
    fake_csp_script(scene.north, "201", "503+7200");
    accept_many(1, 1, 1, 1, 0, false);
    start();
    assert_true(fake_csp_wait(scene.north, "POST", 2));
    accept_many(2, 2, 1, 2, 0, false);
    csp_send_wake(CSP_JOBS);
    waits_soon("busy");
    test_clock_move(4 * DAY + MINUTE);
    expect_soon(&scene.world, "3 NEVER_ANSWERED",
                "select count(*) || ' ' || reason_code from tracking_history"
                " where status = 'REJECTED_BY_CSP' group by reason_code");
    expect(&scene.world,
           "N21 00:00:00:00:00:00:00:01 1, N21 00:00:00:00:00:00:00:02 2",
           "select string_agg(code || ' ' || user_id || ' '"
           " || cardinality(device_ids), ', ' order by user_id) from alert");
}

/* A hold's days are not days that the CSP was busy: the four count from its
 * end. */
static void what_was_held_is_not_given_up_for_that(void **state) {
    (void)state;
    fake_csp_script(scene.north, "201", "503+7200");
    accept_many(1, 1, 1, 1, 0, false);
    accept_many(2, 2, 1, 2, 0, false);
    steer("hold", 2);
    start();
    assert_true(fake_csp_wait(scene.north, "POST", 2));
    test_clock_move(3 * DAY);
    steer("release", 2);
    test_clock_move(DAY + MINUTE);
    csp_send_wake(CSP_JOBS);
    expect_soon(&scene.world, "1",
                "select count(*)::text from tracking_history"
                " where status = 'REJECTED_BY_CSP'");
    csp_send_wake(CSP_JOBS);
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    expect(&scene.world, "2 2",
           "select string_agg(request_no || ' ' || n, ', ') from (select"
           " request_no, count(*) as n from tracking_live group by 1) x");
}

/* ---- fairness ---- */

static int by_time(const void *a, const void *b) {
    const instant *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* When the single requests were handed over, each after its own `received`. */
static void singles_do_not_wait_for_the_large_one(void **state) {
    (void)state;
    enum { SINGLES = 40 };
    scene.csp->max_devices_per_job = 10000;
    scene.csp->timeout = 30 * SECOND;
    accept_many(1, 1, 1, 50000, 0, true);
    start();
    for (int i = 0; i < SINGLES; i++) {
        accept_many(2, 2 + i, 1, 1, 0, false);
        csp_send_wake(CSP_JOBS);
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    expect_soon(&scene.world, "50040",
                "select sum(devices)::text from csp_job"
                " where state = 'handed_over'");
    instant waited[SINGLES];
    for (int i = 0; i < SINGLES; i++)
        waited[i] =
            sql_int(scene.world.sql,
                    "select (extract(epoch from j.ended - r.received)"
                    " * 1000000)::bigint from csp_job j join service_request r"
                    " using (request_no) where r.counter = %d",
                    2 + i);
    qsort(waited, SINGLES, sizeof *waited, by_time);
    print_message("hand-over of single devices: median %.2f s, p99 %.2f s\n",
                  (double)waited[SINGLES / 2] / SECOND,
                  (double)waited[SINGLES - 1] / SECOND);
    assert_true(waited[SINGLES - 1] < MINUTE * patience());
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

int main(void) {
    test_clock_open(NULL);
    const struct CMUnitTest tests[] = {
        TEST(a_request_of_few_devices_is_known),
        TEST(a_job_of_several_requests_names_each),
        TEST(each_sender_hears_of_its_own_devices),
        TEST(a_job_is_held_for_one_of_its_requests),
        TEST(a_job_is_recalled_for_all_its_requests),
        TEST(nobody_waits_for_company_unless_told),
        TEST(many_small_requests_are_few_jobs),
        TEST(so_many_jobs_are_in_flight),
        TEST(a_limit_counts_what_was_there_before_it),
        TEST(a_busy_csp_gets_no_more_jobs),
        TEST(what_waited_for_a_busy_csp_is_given_up),
        TEST(what_was_held_is_not_given_up_for_that),
        TEST(singles_do_not_wait_for_the_large_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
