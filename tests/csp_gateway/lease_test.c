/*
 * Leases of jobs: whoever had one before changes nothing; a name (jobId,
 * Idempotency-Key) stands for one body; what the CSP may have heard of is never
 * taken for what it has not.
 */
#include "scene.h"
#include "support/logged.h"

static int open_scene(void **state) {
    (void)state;
    scene_open(false);
    return 0;
}

/* A fotad takes the next job in hand, and is heard of no more. */
static const char *lease(void) {
    return ask(&scene.world,
               "select job_no || ' ' || lease_number || ' ' || heard"
               " from job_leases('north', '%s', '%s', 10, '%s', 1)",
               now_text(0), now_text(2 * MINUTE), now_text(HOUR));
}

static void reset_device(int device) {
    script(&scene.world,
           "select apply_events(array[row(1, 'reset',"
           " '00:00:00:00:00:00:11:%02x', 1, null, null, null, null, null,"
           " null)::tracking_event], '%s', interval '5 days')",
           (unsigned)device, now_text(0));
}

static void image_is_there(void) {
    script(&scene.world, "insert into csp_image select 'north', image_id,"
                         " now() from firmware_image");
}

/* What became of a report under this name: its outcome, and device 1's and 2's
 * records. */
static void expect_report(const char *id, const char *job_id,
                          const char *outcome) {
    expect(&scene.world, outcome,
           "select outcomes[1] from take_validation_reports(array['north'],"
           " array['%s'], array['%s']::uuid[], '{}', '{}', '{}', '%s',"
           " '5 days')",
           id, job_id, now_text(0));
}

static const char records[] =
    "select string_agg(device_id::text || ' ' || status || ' '"
    " || coalesce(report_status::text, '-'), ', ' order by device_id)"
    " from tracking";

/* The same key always has the same body; both names are the job's. */
static void a_name_stands_for_one_body(void **state) {
    (void)state;
    fake_csp_script(scene.north, "201", "hang hang 202");
    accept_request(&scene.world, 1, "north", 1, 2);
    start();
    expect_soon(&scene.world, "2", "select tries::text from csp_job");
    reset_device(1);
    test_clock_move(HOUR + SECOND);
    csp_send_wake(CSP_JOBS);
    assert_true(fake_csp_wait(scene.north, "POST", 3));
    expect_soon(&scene.world, "handed_over", "select state::text from csp_job");
    stop();
    struct fake_request jobs[3];
    for (size_t i = 0; i < 3; i++)
        jobs[i] = fake_csp_request(scene.north, "POST", i);
    assert_string_equal(jobs[0].key, jobs[1].key);
    assert_true(json_equal(jobs[0].json, jobs[1].json));
    assert_string_not_equal(jobs[0].key, jobs[2].key);
    assert_string_equal(
        json_string_value(json_object_get(jobs[2].json, "jobId")), jobs[2].key);
    assert_int_equal(json_array_size(json_object_get(jobs[2].json, "targets")),
                     1);

    /* what the second body has not is not accepted by its report */
    expect_report("r2", jobs[2].key, "taken");
    expect(&scene.world,
           "00:00:00:00:00:00:11:01 RESET_BY_DCC -, "
           "00:00:00:00:00:00:11:02 APPROVED_FOR_DISTRIBUTION "
           "APPROVED_FOR_DISTRIBUTION",
           records);
    expect_report("r1", jobs[0].key, "taken");
    expect_report("r1", jobs[0].key, "duplicate");
}

/* The first name's report comes, or comes first: the device that was reset is
 * the CSP's, and that is shown beside the reset. */
static void what_was_heard_under_another_name_is_true(void **state) {
    (void)state;
    fake_csp_script(scene.north, "201", "hang hang 202");
    accept_request(&scene.world, 1, "north", 1, 2);
    start();
    expect_soon(&scene.world, "2", "select tries::text from csp_job");
    reset_device(1);
    test_clock_move(HOUR + SECOND);
    csp_send_wake(CSP_JOBS);
    assert_true(fake_csp_wait(scene.north, "POST", 3));
    stop();
    expect_report("r1", fake_csp_request(scene.north, "POST", 0).key, "taken");
    expect(&scene.world,
           "00:00:00:00:00:00:11:01 RESET_BY_DCC APPROVED_FOR_DISTRIBUTION, "
           "00:00:00:00:00:00:11:02 APPROVED_FOR_DISTRIBUTION "
           "APPROVED_FOR_DISTRIBUTION",
           records);
    expect(
        &scene.world, "1",
        "select cardinality(taken_ordinals)::text from"
        " take_delivery_notifications('{north}', '{n1}', array['%s']::uuid[],"
        " '{00:00:00:00:00:00:10:01}', '{00:00:00:00:00:00:11:01}',"
        " '{PPMID}', '{0000AB2A}', '{Success}', '{}', array['%s']"
        "::timestamptz[], '%s', '5 days')",
        fake_csp_request(scene.north, "POST", 0).key, now_text(0), now_text(0));
}

/* Killed between the CSP's 202 and its own note of it; then all is reset. */
static void what_may_have_been_heard_is_not_forgotten(void **state) {
    (void)state;
    accept_request(&scene.world, 1, "north", 1, 1);
    image_is_there();
    assert_string_equal(lease(), "1 1 0");
    reset_device(1);
    test_clock_move(3 * MINUTE);
    start();
    expect_soon(&scene.world, "empty", "select state::text from csp_job");
    expect_report("r1", ask(&scene.world, "select job_id from csp_job"),
                  "taken");
    expect(&scene.world,
           "00:00:00:00:00:00:11:01 RESET_BY_DCC APPROVED_FOR_DISTRIBUTION",
           records);
    expect(&scene.world, "handed_over", "select state::text from csp_job");
}

/* The image was on its way, so the job cannot have been heard of; and while it
 * was, a device left. */
static void what_cannot_have_been_heard_is_not_posted(void **state) {
    (void)state;
    accept_request(&scene.world, 1, "north", 1, 2);
    assert_string_equal(lease(), "1 1 0");
    expect(&scene.world, "", "select posted::text from csp_job");
    expect(&scene.world, "false", "select job_posts(1, 2, 2)::text");
    reset_device(1);
    expect(&scene.world, "false", "select job_posts(1, 1, 2)::text");
    expect(&scene.world, "true", "select job_posts(1, 1, 1)::text");
    expect(&scene.world, "1", "select posted::text from csp_job");
}

/* "Busy" from the CSP says that it has not taken it: nor has it under that name
 * what is reset then. */
static void busy_is_not_heard(void **state) {
    (void)state;
    fake_csp_script(scene.north, "201", "503 503 hang 503");
    accept_request(&scene.world, 1, "north", 1, 2);
    start();
    expect_soon(&scene.world, "2 -",
                "select tries || ' ' || coalesce(posted::text, '-')"
                " from csp_job");
    for (int tries = 3; tries <= 4; tries++) {
        test_clock_move(HOUR + SECOND);
        csp_send_wake(CSP_JOBS);
        /* what may have been heard once stays so */
        expect_soon(&scene.world,
                    arena_printf(scene.world.arena, "%d 2", tries),
                    "select tries || ' ' || coalesce(posted::text, '-')"
                    " from csp_job where leased_until is null");
    }
}

/* Another has it since: what the first writes is as if it were not said. */
static void an_old_lease_writes_nothing(void **state) {
    (void)state;
    accept_request(&scene.world, 1, "north", 1, 1);
    image_is_there();
    assert_string_equal(lease(), "1 1 0");
    test_clock_move(3 * MINUTE);
    assert_string_equal(lease(), "1 2 1");
    static const struct {
        const char *call, *rest;
    } writes[] = {
        {"jobs_handed_over('{1}', '{", "}', now())"},
        {"job_again(1, ", ", now(), 'x', true)"},
        {"job_failed(1, ", ", 'csp_refused', 'OTHER', 'x', false, now(),"
                           " '5 days')"},
        {"job_posts(1, ", ", 1)"},
    };
    const char *row = "select row(j.*)::text from csp_job j";
    const char *before = ask(&scene.world, "%s", row);
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        script(&scene.world, "select %s1%s", writes[i].call, writes[i].rest);
        assert_string_equal(ask(&scene.world, "%s", row), before);
    }
    script(&scene.world, "select %s2%s", writes[1].call, writes[1].rest);
    assert_string_not_equal(ask(&scene.world, "%s", row), before);
    assert_string_equal(lease(), "1 3 1");
    script(&scene.world, "select %s3%s", writes[0].call, writes[0].rest);
    expect(&scene.world, "handed_over", "select state::text from csp_job");
}

/* ---- a device that waits here goes with its job ---- */

static void after_six_days(void) {
    test_clock_move(6 * DAY);
    script(&scene.world, "select release_slice(0, 1000000, 10000, '%s')",
           now_text(0));
}

/* Nothing ran for six days: it is handed over, in a job or in none before. */
static void an_outage_of_six_days_loses_no_device(void **state) {
    (void)state;
    accept_request(&scene.world, 1, "north", 1, 2);
    accept_request(&scene.world, 2, "north", 3, 2);
    script(&scene.world, "select make_some_jobs('north', 10, '%s', '%s', 1)",
           now_text(0), now_text(DAY));
    after_six_days();
    expect(&scene.world, "4", "select count(*)::text from tracking_live");
    start();
    assert_true(fake_csp_wait(scene.north, "POST", 2));
    expect_soon(&scene.world, "2",
                "select count(*)::text from csp_job"
                " where state = 'handed_over'");
    /* reported on, each has its window from now */
    expect_report("r1", fake_csp_request(scene.north, "POST", 0).key, "taken");
    after_six_days();
    expect(&scene.world, "AWAITING_CSP 2",
           "select string_agg(status || ' ' || n, ', ') from (select status,"
           " count(*) as n from tracking_live group by status) x");
}

/* ... or its CSP is busy still: it is given up, and the sender hears so. */
static void an_outage_of_six_days_is_told(void **state) {
    (void)state;
    fake_csp_script(scene.north, "201", "503");
    accept_request(&scene.world, 1, "north", 1, 2);
    after_six_days();
    start();
    expect_soon(&scene.world, "2", "select tries::text from csp_job");
    stop();
    test_clock_move(5 * DAY);
    start();
    expect_soon(&scene.world, "given_up", "select state::text from csp_job");
    expect(&scene.world, "N21 2",
           "select string_agg(code || ' ' || cardinality(device_ids), ', ')"
           " from alert");
}

/* Nobody has its CSP any more. */
static void a_csp_that_nobody_has_is_told(void **state) {
    (void)state;
    accept_request(&scene.world, 1, "south", 1, 2);
    start();
    expect_soon(&scene.world, "waiting", "select state::text from csp_job");
    stop();
    expect(&scene.world, "2", "select count(*)::text from tracking_live");
    after_six_days();
    logged_begin(LOG_LEVEL_ERROR);
    start();
    expect_soon(&scene.world, "given_up", "select state::text from csp_job");
    stop(); /* the line comes after the commit */
    logged_end("error csp.stranded", "jobs=1");
    expect(&scene.world, "N21 2",
           "select string_agg(code || ' ' || cardinality(device_ids), ', ')"
           " from alert");
}

/* The same of a User's lane: its next lease has the next number. */
static void an_old_lease_settles_no_lane(void **state) {
    (void)state;
    static const char settle[] =
        "select coalesce(next_lease::text, '-') from lane_settled("
        "'00:00:00:00:00:00:00:01', %d, %s, '{}', '{}', '{}', '{}', 7, null,"
        " null, now(), now())";
    static const struct {
        int lease;
        const char *until, *next, *row;
    } cases[] = {
        {4, "now()", "-", "5 0 leased"}, {5, "now()", "6", "6 7 leased"},
        {5, "null", "-", "6 7 leased"},  {6, "null", "-", "6 7 free"},
        {6, "null", "-", "6 7 free"},
    };
    script(&scene.world,
           "insert into alert_lane (user_id, leased_until, lease_number)"
           " values ('00:00:00:00:00:00:00:01', now(), 5)");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect(&scene.world, cases[i].next, settle, cases[i].lease,
               cases[i].until);
        expect(&scene.world, cases[i].row,
               "select lease_number || ' ' || tries || ' ' || case when"
               " leased_until is null then 'free' else 'leased' end"
               " from alert_lane");
    }
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

int main(void) {
    test_clock_open(NULL);
    const struct CMUnitTest tests[] = {
        TEST(a_name_stands_for_one_body),
        TEST(what_was_heard_under_another_name_is_true),
        TEST(what_may_have_been_heard_is_not_forgotten),
        TEST(what_cannot_have_been_heard_is_not_posted),
        TEST(busy_is_not_heard),
        TEST(an_old_lease_writes_nothing),
        TEST(an_old_lease_settles_no_lane),
        TEST(an_outage_of_six_days_loses_no_device),
        TEST(an_outage_of_six_days_is_told),
        TEST(a_csp_that_nobody_has_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
