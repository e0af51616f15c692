/*
 * Recalls of jobs that were stopped: what a CSP may answer and what becomes of
 * the devices; under several names; said twice, late, never; by a worker that
 * is gone.
 */
#include "scene.h"
#include "support/logged.h"

#include "base/metrics.h"

#define EVENT "stopped_by_dcc"
#define ENDED "STOPPED_BY_DCC"

static int open_scene(void **state) {
    (void)state;
    scene_open(false);
    scene.world.config.csps[0].recall = true;
    return 0;
}

#define JOB "00000000-0000-4000-8000-000000000001"
#define OLD "00000000-0000-4000-8000-000000000002"

/* A job of devices 1 to 3 that the CSP has, or may have. */
static void make_job(void) {
    sql_empty(scene.world.sql,
              "csp_recall, csp_message, device_command, pre_command, "
              "csp_image,"
              " csp_job, distribution, service_request, tracking_live,"
              " tracking_history, alert restart identity cascade");
    accept_request(&scene.world, 1, "north", 1, 3);
    script(&scene.world,
           "update distribution set unassigned = 0, ready = 0;"
           "insert into csp_job (job_id, request_no, csp, device_type, devices,"
           " created, state, next_try, ended, posted) select '" JOB "',"
           " request_no, csp, 'PPMID', devices, '%s', 'handed_over', '%s',"
           " '%s', devices from distribution;"
           "update tracking_live set job_no = (select job_no from csp_job)",
           now_text(0), now_text(0), now_text(0));
}

static void recall(void) {
    script(&scene.world,
           "select recall_jobs(array(select job_no from csp_job),"
           " array['north'], '" EVENT "', '%s')",
           now_text(0));
    csp_send_wake(CSP_RECALLS);
}

static void report(void) {
    script(&scene.world,
           "select take_validation_reports(array['north'], array['r'],"
           " array['" JOB "']::uuid[], '{}', '{}', '{}', '%s', '5 days')",
           now_text(0));
}

/* Device 2's image is at its hub. */
static void deliver(void) {
    script(&scene.world,
           "select take_delivery_notifications(array['north'], array['n'],"
           " array['" JOB "']::uuid[], array['00:00:00:00:00:00:10:02']"
           "::macaddr8[], array['00:00:00:00:00:00:11:02']::macaddr8[],"
           " array['PPMID'], array['0000AB2A'], array['Success'], array[''],"
           " array['%s']::timestamptz[], '%s', '5 days')",
           now_text(0), now_text(0));
}

/* Devices by status, and the recalls. */
static const char outcome[] =
    "select (select string_agg(right(device_id::text, 1) || ' ' || status,"
    " ', ' order by device_id) from tracking) || '; ' || coalesce((select"
    " string_agg(state || ' ' || tries, ', ' order by recall_no)"
    " from csp_recall), '')";

#define ALL_WAIT "1 AWAITING_CSP, 2 AWAITING_CSP, 3 AWAITING_CSP; "
#define ALL_APPROVED                                                           \
    "1 APPROVED_FOR_DISTRIBUTION, 2 APPROVED_FOR_DISTRIBUTION,"                \
    " 3 APPROVED_FOR_DISTRIBUTION; "
#define ALL_END "1 " ENDED ", 2 " ENDED ", 3 " ENDED "; "
#define DEVICE(n) "\"00-00-00-00-00-00-11-0" n "\""
#define RECALLED(list) "200={\"recalled\":[" list "]}"

static void each_answer_has_its_consequence(void **state) {
    (void)state;
    static const struct {
        const char *answers;
        bool reported, delivered;
        const char *outcome;
    } rows[] = {
        {RECALLED(DEVICE("1") "," DEVICE("3")), false, false,
         "1 " ENDED ", 2 AWAITING_CSP, 3 " ENDED "; recalled 1"},
        {RECALLED(DEVICE("1") "," DEVICE("2") "," DEVICE("3")), true, false,
         ALL_END "recalled 1"},
        {RECALLED(DEVICE("1") "," DEVICE("2")), true, true,
         "1 " ENDED ", 2 SUCCESSFUL_CH_TRANSFER,"
         " 3 APPROVED_FOR_DISTRIBUTION; recalled 1"},
        {RECALLED(""), false, false, ALL_WAIT "recalled 1"},
        /* not of the job */
        {RECALLED("\"00-00-00-00-00-00-11-09\""), false, false,
         ALL_WAIT "recalled 1"},
        {"404", false, false, ALL_END "absent 1"},
        {"404:OTHER", false, false, ALL_END "absent 1"},
        {"404", true, false, ALL_APPROVED "absent 1"},
        {"409", false, false, ALL_WAIT "too_late 1"},
        {"409:OTHER", true, false, ALL_APPROVED "too_late 1"},
        /* once more at once, whatever it is */
        {"503+60 404", false, false, ALL_END "absent 2"},
        {"500 409", false, false, ALL_WAIT "too_late 2"},
        {"400:OTHER 404", false, false, ALL_END "absent 2"},
        {"401 404", false, false, ALL_END "absent 2"},
        {"202 404", false, false, ALL_END "absent 2"},
        {"200 404", false, false, ALL_END "absent 2"},
        {"200={} 404", false, false, ALL_END "absent 2"},
        {"200={\"recalled\":{}} 409", false, false, ALL_WAIT "too_late 2"},
        {RECALLED("\"x\"") " 409", false, false, ALL_WAIT "too_late 2"},
        {"hang 404", false, false, ALL_END "absent 2"},
        {"garbage 404", false, false, ALL_END "absent 2"},
        /* then after an hour */
        {"503", false, false, ALL_WAIT "waiting 2"},
        {"405:OTHER", false, false, ALL_WAIT "waiting 2"},
    };
    start();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("row %zu: %s\n", i, rows[i].answers);
        fake_csp_script_recalls(scene.north, rows[i].answers);
        make_job();
        if (rows[i].reported)
            report();
        if (rows[i].delivered)
            deliver();
        recall();
        expect_soon(&scene.world, rows[i].outcome, outcome);
    }
}

static void a_recall_is_as_the_interface_says(void **state) {
    (void)state;
    make_job();
    recall();
    start();
    assert_true(fake_csp_wait(scene.north, "DELETE", 1));
    struct fake_request request = fake_csp_request(scene.north, "DELETE", 0);
    assert_string_equal(request.path, "/firmware-jobs/" JOB);
    assert_string_equal(request.authorization, "Bearer ours");
    assert_string_equal(request.media_type, "");
    assert_string_equal(request.key, "");
    assert_int_equal(request.body_len, 0);
    expect_soon(&scene.world, ALL_END "absent 1", outcome);
    /* the sender hears of it once, nobody is silent, and the trail has it */
    expect(&scene.world, "N22 00:00:00:00:00:00:00:01 3 STOPPED_BY_DCC",
           "select string_agg(concat_ws(' ', code, user_id,"
           " cardinality(device_ids), (select min(reason_code) from tracking)),"
           " ', ') from alert");
    expect(&scene.world, "empty", "select state::text from csp_job");
    expect(&scene.world, "north recall_absent job 1, jobId " JOB,
           "select concat_ws(' ', csp, code, detail) from sat_entry"
           " where kind = 'job' and code like 'recall%%'");
}

static void who_cannot_recall_is_not_asked(void **state) {
    (void)state;
    scene.world.config.csps[0].recall = false;
    make_job();
    script(&scene.world,
           "select recall_jobs(array(select job_no from csp_job), '{}',"
           " '" EVENT "', '%s')",
           now_text(0));
    expect(&scene.world, ALL_WAIT, outcome);
    recall();
    start();
    usleep(600000);
    assert_int_equal(fake_csp_count(scene.north, "DELETE"), 0);
}

/* What no CSP can have heard of has nothing to be recalled. */
static void what_was_not_posted_is_not_recalled(void **state) {
    (void)state;
    make_job();
    script(&scene.world, "update csp_job set posted = null");
    recall();
    expect(&scene.world, ALL_WAIT, outcome);
}

static void a_busy_csp_is_asked_for_four_days(void **state) {
    (void)state;
    fake_csp_script_recalls(scene.north, "503");
    make_job();
    recall();
    start();
    int hours = 0;
    for (; hours < 97; hours++) {
        char expected[96];
        snprintf(expected, sizeof expected, ALL_WAIT "waiting %d", hours + 2);
        expect_soon(&scene.world, expected, outcome);
        test_clock_move(HOUR + SECOND);
        csp_send_wake(CSP_RECALLS);
        if (hours >= 94)
            break;
    }
    logged_begin(LOG_LEVEL_WARNING);
    test_clock_move(3 * HOUR);
    csp_send_wake(CSP_RECALLS);
    expect_soon(&scene.world, "given_up",
                "select state::text from csp_recall where state <> 'waiting'");
    stop();
    logged_end("warning csp.recall", "outcome=given_up");
    struct buffer metrics = {0};
    metrics_render(&metrics);
    assert_non_null(strstr((const char *)metrics.data,
                           "\nfotad_csp_recalls_total{csp=\"north\","
                           "outcome=\"given_up\"} 1\n"));
    buffer_free(&metrics);
    expect(&scene.world, "3",
           "select count(*)::text from tracking_live"
           " where status = 'AWAITING_CSP'");
}

/* ---- several names ---- */

static void answer(const char *job_id, const char *state_name,
                   const char *devices) {
    script(&scene.world,
           "select recall_answered(recall_no, lease_number, '%s', %s, 'x',"
           " '%s', '5 days') from csp_recall where job_id = '%s'",
           state_name, devices, now_text(0), job_id);
}

static void a_job_is_recalled_under_each_name(void **state) {
    (void)state;
#define IDS(...) "array[" __VA_ARGS__ "]::macaddr8[]"
#define ID(n) "'00:00:00:00:00:00:11:0" n "'"
    static const struct {
        const char *old, *old_devices, *now, *now_devices, *outcome;
    } rows[] = {
        {"absent", "null", "absent", "null", ALL_END "absent 1, absent 1"},
        {"absent", "null", "too_late", "null", ALL_WAIT "too_late 1, absent 1"},
        {"too_late", "null", "absent", "null", ALL_WAIT "absent 1, too_late 1"},
        {"given_up", "null", "absent", "null", ALL_WAIT "absent 1, given_up 1"},
        {"absent", "null", "recalled", IDS(ID("1")),
         "1 " ENDED ", 2 AWAITING_CSP, 3 AWAITING_CSP; recalled 1, absent 1"},
        {"recalled", IDS(ID("1") "," ID("2")), "recalled",
         IDS(ID("2") "," ID("3")),
         "1 AWAITING_CSP, 2 " ENDED ", 3 AWAITING_CSP; recalled 1,"
         " recalled 1"},
        {"recalled", IDS(ID("1")), "too_late", "null",
         ALL_WAIT "too_late 1, recalled 1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("row %zu\n", i);
        for (int order = 0; order < 2; order++) {
            make_job();
            script(&scene.world, "insert into csp_job_name (job_id, job_no)"
                                 " select '" OLD "', job_no from csp_job");
            recall();
            expect(&scene.world, ALL_WAIT "waiting 0, waiting 0", outcome);
            if (order == 0)
                answer(OLD, rows[i].old, rows[i].old_devices);
            answer(JOB, rows[i].now, rows[i].now_devices);
            if (order == 1) {
                expect(&scene.world, "3",
                       "select count(*)::text from tracking_live");
                answer(OLD, rows[i].old, rows[i].old_devices);
            }
            expect(&scene.world, rows[i].outcome, outcome);
        }
    }
}

/* Also when the second comes before the first has committed. */
static void names_answered_at_once_are_settled_once(void **state) {
    (void)state;
    make_job();
    script(&scene.world, "insert into csp_job_name (job_id, job_no)"
                         " select '" OLD "', job_no from csp_job");
    fake_csp_script_recalls(scene.north, "404");
    recall();
    start();
    expect_soon(&scene.world, ALL_END "absent 1, absent 1", outcome);
    expect(&scene.world, "2",
           "select count(*)::text from sat_entry where kind = 'job'"
           " and code = 'recall_absent'");
}

/* ---- leases ---- */

static const char *lease(instant later) {
    return ask(&scene.world,
               "select coalesce(string_agg(recall_no || ' ' || lease_number,"
               " ', '), 'none') from recall_leases('north', '%s', '%s', 16)",
               now_text(later), now_text(later + 2 * MINUTE));
}

static void what_is_in_hand_is_not_leased(void **state) {
    (void)state;
    make_job();
    recall();
    assert_string_equal(lease(0), "1 1");
    assert_string_equal(lease(MINUTE), "none");
    assert_string_equal(lease(2 * MINUTE), "1 2");
    /* who had it before changes nothing, nor does who says it twice */
    script(&scene.world,
           "select recall_answered(1, 1, 'absent', null, 'x', '%s', '5 days');"
           "select recall_again(1, 1, '%s', 'x')",
           now_text(0), now_text(0));
    expect(&scene.world, ALL_WAIT "waiting 0", outcome);
    for (int i = 0; i < 2; i++)
        script(&scene.world,
               "select recall_answered(1, 2, 'absent', null, 'x', '%s',"
               " '5 days')",
               now_text(0));
    expect(&scene.world, ALL_END "absent 1", outcome);
    expect(&scene.world, "1",
           "select count(*)::text from sat_entry where code = 'recall_absent'");
    /* a stop that is ordered again asks nothing again */
    recall();
    expect(&scene.world, ALL_END "absent 1", outcome);
}

/* Its post may come behind the recall. */
static void what_is_being_posted_is_not_recalled_before(void **state) {
    (void)state;
    make_job();
    script(&scene.world,
           "update csp_job set state = 'waiting', ended = null,"
           " leased_until = '%s'",
           now_text(2 * MINUTE));
    recall();
    assert_string_equal(lease(0), "none");
    assert_string_equal(lease(2 * MINUTE), "1 1");
}

int main(void) {
    test_clock_open(NULL);
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        TEST(each_answer_has_its_consequence),
        TEST(a_recall_is_as_the_interface_says),
        TEST(who_cannot_recall_is_not_asked),
        TEST(what_was_not_posted_is_not_recalled),
        TEST(a_busy_csp_is_asked_for_four_days),
        TEST(a_job_is_recalled_under_each_name),
        TEST(names_answered_at_once_are_settled_once),
        TEST(what_is_in_hand_is_not_leased),
        TEST(what_is_being_posted_is_not_recalled_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
