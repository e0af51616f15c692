/*
 * Jobs out: what a CSP may answer and what becomes of it, against a scripted
 * CSP; the long retry by a clock that is moved; the end of a process in
 * between.
 */
#include "scene.h"
#include "support/logged.h"

#include "base/ending.h"
#include "base/heartbeat.h"
#include "base/metrics.h"
#include "csp_gateway/denied.h"

#include <pthread.h>

static int open_scene(void **state) {
    (void)state;
    scene_open(true);
    return 0;
}

static void make_jobs(struct world *world, int most_devices) {
    char now[INSTANT_TEXT_SIZE];
    instant_format(clock_now(), now);
    script(world, "select make_some_jobs('north', %d, '%s', '%s', 1)",
           most_devices, now, now);
}

static const char *text(const json_t *object, const char *name) {
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

/* ---- the message ---- */

static void a_job_is_as_the_interface_says(void **state) {
    (void)state;
    accept_request(&scene.world, 7, "north", 1, 2);
    start();
    assert_true(fake_csp_wait(scene.north, "POST", 1));

    /* the SHA-256 of 5,000 times x */
    const char *hash =
        "c59d3c0480cc2d71d8f646e735e92da65450311eec46e81a5db8c7e6e8a92054";
    char path[128];
    snprintf(path, sizeof path, "/firmware-images/%s", hash);
    struct fake_request image = fake_csp_request(scene.north, "PUT", 0);
    assert_string_equal(image.path, path);
    assert_string_equal(image.media_type, "application/octet-stream");
    assert_string_equal(image.authorization, "Bearer ours");
    assert_int_equal(image.body_len, 5000);

    struct fake_request job = fake_csp_request(scene.north, "POST", 0);
    assert_string_equal(job.path, "/firmware-jobs");
    assert_string_equal(job.media_type, "application/json");
    assert_string_equal(job.authorization, "Bearer ours");
    assert_string_equal(job.key, text(job.json, "jobId"));
    expect(&scene.world, job.key, "select job_id::text from csp_job");
    assert_string_equal(text(job.json, "requestId"),
                        "00-00-00-00-00-00-00-01:90-B3-D5-1F-30-00-00-02:7");
    assert_string_equal(text(job.json, "deviceType"), "PPMID");
    assert_string_equal(text(job.json, "firmwareVersion"), "0000AB2A");
    assert_string_equal(text(job.json, "imageId"), hash);
    const json_t *targets = json_object_get(job.json, "targets");
    assert_int_equal(json_array_size(targets), 2);
    assert_string_equal(text(json_array_get(targets, 1), "deviceId"),
                        "00-00-00-00-00-00-11-02");
    assert_string_equal(text(json_array_get(targets, 1), "commsHubId"),
                        "00-00-00-00-00-00-10-02");
    expect_soon(&scene.world, "handed_over", "select state::text from csp_job");
}

static void requests_are_split_and_the_image_goes_once(void **state) {
    (void)state;
    accept_request(&scene.world, 1, "north", 1, 25);
    accept_request(&scene.world, 2, "south", 1, 3);
    accept_request(&scene.world, 3, "north", 31, 1);
    start();
    assert_true(fake_csp_wait(scene.north, "POST", 3));
    assert_true(fake_csp_wait(scene.south, "POST", 1));
    expect_soon(&scene.world, "4",
                "select count(*)::text from csp_job"
                " where state = 'handed_over'");
    assert_int_equal(fake_csp_count(scene.north, "PUT"), 1);
    assert_int_equal(fake_csp_count(scene.south, "PUT"), 1);
    expect(&scene.world, "1 north 10, 1 north 10, 1 north 6, 2 south 3",
           "select string_agg(request_no || ' ' || csp || ' ' || devices,"
           " ', ' order by request_no, devices desc) from csp_job");
    expect(&scene.world, "29",
           "select count(distinct device_id)::text from tracking_live l"
           " join csp_job j using (job_no)"
           " where l.request_no = any (job_requests(j)) and j.csp = l.csp");
}

/* ---- answers ---- */

static void each_answer_has_its_consequence(void **state) {
    (void)state;
    static const struct {
        const char *images, *jobs;
        size_t puts, posts;
        const char *job_state, *device_status, *alert;
    } cases[] = {
        {"201", "202", 1, 1, "handed_over", "AWAITING_CSP", "none"},
        {"200", "202", 1, 1, "handed_over", "AWAITING_CSP", "none"},
        /* once more at once, whatever the trouble */
        {"201", "503 202", 1, 2, "handed_over", "AWAITING_CSP", "none"},
        {"201", "503+7200 202", 1, 2, "handed_over", "AWAITING_CSP", "none"},
        {"201", "503:TOO_BUSY 202", 1, 2, "handed_over", "AWAITING_CSP",
         "none"},
        {"201", "500 202", 1, 2, "handed_over", "AWAITING_CSP", "none"},
        {"201", "200 202", 1, 2, "handed_over", "AWAITING_CSP", "none"},
        {"201", "302 202", 1, 2, "handed_over", "AWAITING_CSP", "none"},
        {"201", "hang 202", 1, 2, "handed_over", "AWAITING_CSP", "none"},
        {"201", "reset 202", 1, 2, "handed_over", "AWAITING_CSP", "none"},
        {"201", "garbage 202", 1, 2, "handed_over", "AWAITING_CSP", "none"},
        {"503 201", "202", 2, 1, "handed_over", "AWAITING_CSP", "none"},
        {"hang 201", "202", 2, 1, "handed_over", "AWAITING_CSP", "none"},
        /* then after an hour */
        {"201", "503", 1, 2, "waiting", "AWAITING_CSP", "none"},
        {"201", "hang", 1, 2, "waiting", "AWAITING_CSP", "none"},
        {"500", "202", 2, 0, "waiting", "AWAITING_CSP", "none"},
        /* refused whole */
        {"201", "400:IMAGE_INVALID", 1, 1, "refused", "REJECTED_BY_CSP", "N18"},
        {"201", "422:DEVICE_NOT_IDENTIFIED", 1, 1, "refused", "REJECTED_BY_CSP",
         "N19"},
        {"201", "409:DISTRIBUTION_EXPIRED", 1, 1, "refused", "REJECTED_BY_CSP",
         "N20"},
        {"201", "404:OTHER", 1, 1, "refused", "REJECTED_BY_CSP", "N22"},
        {"201", "400:SOMETHING_NEW", 1, 1, "refused", "REJECTED_BY_CSP", "N22"},
        {"201", "400:NEVER_ANSWERED", 1, 1, "refused", "REJECTED_BY_CSP",
         "N22"},
        /* nothing is said about devices: busy */
        {"201", "400 202", 1, 2, "handed_over", "AWAITING_CSP", "none"},
        {"201", "404 202", 1, 2, "handed_over", "AWAITING_CSP", "none"},
        {"201", "408 202", 1, 2, "handed_over", "AWAITING_CSP", "none"},
        {"201", "425 202", 1, 2, "handed_over", "AWAITING_CSP", "none"},
        {"201", "429+60 202", 1, 2, "handed_over", "AWAITING_CSP", "none"},
        {"201", "429", 1, 2, "waiting", "AWAITING_CSP", "none"},
        {"201", "499", 1, 2, "waiting", "AWAITING_CSP", "none"},
        {"404 201", "202", 2, 1, "handed_over", "AWAITING_CSP", "none"},
        {"201", "503 400:IMAGE_INVALID", 1, 2, "refused", "REJECTED_BY_CSP",
         "N18"},
        {"413:IMAGE_INVALID", "202", 1, 0, "refused", "REJECTED_BY_CSP", "N18"},
    };
    start();
    size_t puts = 0, posts = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sql_empty(scene.world.sql, "request_plan, steering, device_command, "
                                   "pre_command, csp_image, "
                                   "csp_job, csp_pace, distribution,"
                                   " service_request, tracking_live,"
                                   " tracking_history, alert cascade");
        fake_csp_script(scene.north, cases[i].images, cases[i].jobs);
        accept_request(&scene.world, (int)i + 1, "north", 1, 2);
        csp_send_wake(CSP_JOBS);
        print_message("row %zu: %s %s\n", i, cases[i].images, cases[i].jobs);
        char expected[64];
        snprintf(expected, sizeof expected, "%s %zu", cases[i].job_state,
                 cases[i].puts + cases[i].posts -
                     (cases[i].posts != 0 && cases[i].puts != 0));
        expect_soon(&scene.world, expected,
                    "select state || ' ' || tries from csp_job");
        puts += cases[i].puts;
        posts += cases[i].posts;
        assert_int_equal(fake_csp_count(scene.north, "PUT"), puts);
        assert_int_equal(fake_csp_count(scene.north, "POST"), posts);
        expect(&scene.world, cases[i].device_status,
               "select string_agg(distinct status::text, ' ') from tracking");
        expect(&scene.world, cases[i].alert,
               "select coalesce(string_agg(code, ' '), 'none') from alert"
               " where cardinality(device_ids) = 2");
    }
}

/* It lets nobody in: the job waits, and a person hears. */
static void a_csp_that_denies_us_is_said_aloud(void **state) {
    (void)state;
    log_set_level(2); /* this is an error, and meant to be */
    fake_csp_script(scene.north, "201", "401 403 202");
    accept_request(&scene.world, 1, "north", 1, 2);
    start();
    expect_soon(&scene.world, "waiting 2",
                "select state || ' ' || tries from csp_job");
    assert_int_equal(csp_denied(0), 403);
    assert_int_equal(csp_denied(1), 0);
    test_clock_move(HOUR);
    csp_send_wake(CSP_JOBS);
    expect_soon(&scene.world, "handed_over 3",
                "select state || ' ' || tries from csp_job");
    assert_int_equal(csp_denied(0), 0);
}

static void n19_is_audited_per_device(void **state) {
    (void)state;
    fake_csp_script(scene.north, "201", "400:DEVICE_NOT_IDENTIFIED");
    accept_request(&scene.world, 1, "north", 1, 3);
    start();
    expect_soon(&scene.world, "refused", "select state::text from csp_job");
    expect(&scene.world, "3",
           "select count(distinct device_id)::text from sat_entry"
           " where kind = 'alert device' and code = 'N19'");
}

/* Nobody can send such a job; what is about the others goes on. */
static void a_job_whose_image_is_gone_is_refused(void **state) {
    (void)state;
    logged_begin(LOG_LEVEL_ERROR);
    accept_request(&scene.world, 1, "north", 1, 2);
    script(&scene.world, "update service_request set image_id = sha256('y')");
    accept_request(&scene.world, 2, "north", 3, 1);
    start();
    expect_soon(&scene.world, "1 given_up, 2 handed_over",
                "select string_agg(request_no || ' ' || state, ', '"
                " order by request_no) from csp_job");
    expect(&scene.world, "REJECTED_BY_CSP IMAGE_GONE 2",
           "select status || ' ' || reason_code || ' ' || count(*)"
           " from tracking_history group by status, reason_code");
    logged_end("error csp.image_gone", "csp=north");
    struct buffer metrics = {0};
    metrics_render(&metrics);
    assert_non_null(strstr((const char *)metrics.data,
                           "\nfotad_csp_images_gone_total{csp=\"north\"} 1\n"));
    buffer_free(&metrics);
    expect(&scene.world, "N22 2",
           "select string_agg(code || ' ' || cardinality(device_ids), ', ')"
           " from alert");
    assert_int_equal(fake_csp_count(scene.north, "PUT"), 1);
    expect(&scene.world, "OTHER", "select csp_reason_of('IMAGE_GONE')");
}

/* Rows that somebody deleted by hand: nothing turns round it for ever. */
static void a_job_without_its_request_ends(void **state) {
    (void)state;
    accept_request(&scene.world, 1, "north", 1, 2);
    make_jobs(&scene.world, 10);
    script(&scene.world, "set session_replication_role = replica;"
                         "delete from service_request;"
                         "set session_replication_role = origin");
    accept_request(&scene.world, 2, "north", 3, 1);
    start();
    expect_soon(&scene.world, "empty, handed_over",
                "select string_agg(state::text, ', ' order by job_no)"
                " from csp_job");
}

/* ---- the long retry ---- */

static void a_busy_csp_is_asked_every_hour_for_four_days(void **state) {
    (void)state;
    fake_csp_script(scene.north, "201", "503");
    accept_request(&scene.world, 1, "north", 1, 2);
    start();
    /* at once, at once again, then each full hour up to the 95th */
    for (size_t tries = 2; tries <= 97; tries++) {
        char expected[24];
        assert_true(fake_csp_wait(scene.north, "POST", tries));
        snprintf(expected, sizeof expected, "waiting %zu", tries);
        expect_soon(&scene.world, expected,
                    "select state || ' ' || tries from csp_job");
        test_clock_move(HOUR - 2 * MINUTE);
        csp_send_wake(CSP_JOBS);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        assert_int_equal(fake_csp_count(scene.north, "POST"), tries);
        test_clock_move(2 * MINUTE);
        csp_send_wake(CSP_JOBS);
    }
    /* the last at the end of the four days */
    expect_soon(&scene.world, "given_up 98",
                "select state || ' ' || tries from csp_job");
    assert_int_equal(fake_csp_count(scene.north, "POST"), 98);
    assert_int_equal(fake_csp_count(scene.north, "PUT"), 1);
    expect(&scene.world, "REJECTED_BY_CSP NEVER_ANSWERED 2",
           "select status || ' ' || reason_code || ' ' || count(*)"
           " from tracking_history group by status, reason_code");
    expect(&scene.world, "N21 00:00:00:00:00:00:00:01 2",
           "select string_agg(code || ' ' || user_id || ' '"
           " || cardinality(device_ids), ', ') from alert");
    expect(&scene.world, "0", "select count(*)::text from tracking_live");
    struct fake_request first = fake_csp_request(scene.north, "POST", 0);
    for (size_t i = 1; i < 98; i++)
        assert_string_equal(fake_csp_request(scene.north, "POST", i).key,
                            first.key);
}

static void devices_are_kept_for_the_long_retry(void **state) {
    (void)state;
    accept_request(&scene.world, 1, "north", 1, 1);
    test_clock_move(2 * DAY); /* fotad was down meanwhile */
    start();
    assert_true(fake_csp_wait(scene.north, "POST", 1));
    expect(&scene.world, "t",
           "select (l.release_due > j.created + interval '4 days')::text::char"
           " from tracking_live l join csp_job j using (job_no)");
}

static void retry_after_puts_a_try_off_but_never_past_the_end(void **state) {
    (void)state;
    static const struct {
        const char *jobs, *pause;
    } cases[] = {
        {"503 503+7200", "02:00"},
        {"503 503+60", "01:00"},
        {"503 503+999999", "4 days"},
        /* what microseconds do not hold; what nothing holds is no number */
        {"503 503+9223372036854", "4 days"},
        {"503 503+9223372036854775807", "4 days"},
        {"503 503+99999999999999999999999", "01:00"},
        {"503 503+-9223372036854775807", "01:00"},
        {"429 429+7200", "02:00"},
    };
    start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake_csp_script(scene.north, "201", cases[i].jobs);
        accept_request(&scene.world, (int)i + 1, "north", (int)i + 1, 1);
        csp_send_wake(CSP_JOBS);
        expect_soon(&scene.world, cases[i].pause,
                    "select case when next_try = created + interval '4 days'"
                    " then '4 days' else to_char(next_try - created,"
                    " 'HH24:MI') end from csp_job where tries = 2"
                    " order by job_no desc limit 1");
        script(&scene.world, "update csp_job set state = 'empty',"
                             " ended = created, tries = 0;"
                             "delete from csp_pace");
    }
}

/* ---- more than one CSP, more than one process ---- */

static void a_csp_that_hangs_delays_no_other(void **state) {
    (void)state;
    scene.world.config.csps[0].timeout = 5 * SECOND;
    fake_csp_script(scene.north, "hang", "hang");
    accept_request(&scene.world, 1, "north", 1, 5);
    start();
    assert_true(fake_csp_wait(scene.north, "PUT", 1));
    instant begun = clock_elapsed();
    accept_request(&scene.world, 2, "south", 1, 40);
    csp_send_wake(CSP_JOBS);
    expect_soon(&scene.world, "4",
                "select count(*)::text from csp_job where csp = 'south'"
                " and state = 'handed_over'");
    assert_true(clock_elapsed() - begun < patience() * 4 * SECOND);
    assert_int_equal(fake_csp_count(scene.north, "PUT"), 1);
}

/* The image and the job may each take as long as the timeout says. */
static void each_call_is_told_to_the_watchdog(void **state) {
    (void)state;
    fake_csp_script(scene.north, "201~", "202~");
    scene.world.config.csps[0].timeout = 10 * SECOND;
    accept_request(&scene.world, 1, "north", 1, 1);
    start();
    instant since, end = clock_elapsed() + 10 * SECOND * patience();
    char name[32];
    while (strcmp(ask(&scene.world, "select string_agg(state::text, '')"
                                    " from csp_job"),
                  "handed_over") != 0) {
        assert_true(clock_elapsed() < end);
        assert_false(
            heartbeat_stuck(1600 * MILLISECOND, name, sizeof name, &since));
        usleep(20000);
    }
    assert_int_equal(fake_csp_count(scene.north, "PUT"), 1);
}

static void a_stopped_sender_goes_on_where_it_was(void **state) {
    (void)state;
    fake_csp_script(scene.north, "201", "503");
    accept_request(&scene.world, 1, "north", 1, 2);
    start();
    expect_soon(&scene.world, "2", "select tries::text from csp_job");
    stop();
    test_clock_move(30 * MINUTE);
    fake_csp_script(scene.north, "201", "202");
    start();
    nanosleep(&(struct timespec){.tv_nsec = 400000000}, NULL);
    assert_int_equal(fake_csp_count(scene.north, "POST"), 2);
    test_clock_move(31 * MINUTE);
    csp_send_wake(CSP_JOBS);
    expect_soon(&scene.world, "handed_over 3",
                "select state || ' ' || tries from csp_job");
    assert_int_equal(fake_csp_count(scene.north, "PUT"), 1);
}

static void stopping_waits_for_the_try_in_hand(void **state) {
    (void)state;
    fake_csp_script(scene.north, "201", "hang 202");
    accept_request(&scene.world, 1, "north", 1, 2);
    start();
    assert_true(fake_csp_wait(scene.north, "POST", 1));
    instant begun = clock_elapsed();
    stop();
    assert_true(clock_elapsed() - begun < patience() * 2 * SECOND);
    expect(&scene.world, "waiting 1 free",
           "select state || ' ' || tries || ' ' || case when leased_until is"
           " null then 'free' else 'leased' end from csp_job");
    start();
    expect_soon(&scene.world, "handed_over", "select state::text from csp_job");
    assert_string_equal(fake_csp_request(scene.north, "POST", 0).key,
                        fake_csp_request(scene.north, "POST", 1).key);
}

/* SIGKILL after the lease: nothing of that process is left but the lease. */
static void a_lease_of_a_dead_process_runs_out(void **state) {
    (void)state;
    accept_request(&scene.world, 1, "north", 1, 2);
    char now[INSTANT_TEXT_SIZE], until[INSTANT_TEXT_SIZE];
    instant_format(clock_now(), now);
    instant_format(clock_now() + 2 * MINUTE, until);
    expect(&scene.world, "true",
           "select make_some_jobs('north', 10, '%s', '%s', 1)::text", now, now);
    expect(
        &scene.world, "1",
        "select job_no::text from job_leases('north', '%s', '%s', 10, '%s', 1)",
        now, until, until);
    start();
    nanosleep(&(struct timespec){.tv_nsec = 400000000}, NULL);
    assert_int_equal(fake_csp_count(scene.north, "POST"), 0);
    test_clock_move(2 * MINUTE);
    assert_true(fake_csp_wait(scene.north, "POST", 1)); /* without a wake */
}

static void two_senders_send_each_job_once(void **state) {
    (void)state;
    scene.world.config.csps[0].max_devices_per_job = 1;
    struct csp_sender *second = csp_send_start(&scene.world.config);
    start();
    accept_request(&scene.world, 1, "north", 1, 40);
    csp_send_wake(CSP_JOBS);
    expect_soon(&scene.world, "40",
                "select count(*)::text from csp_job where state = 'handed_over'"
                " and tries = 1");
    assert_int_equal(fake_csp_count(scene.north, "POST"), 40);
    csp_send_stop(second);
}

/* Small jobs go together, here of firmware of its own each, up to 16; what the
 * CSP says of one is not said of the others. The first takes the image with it,
 * alone. */
static void small_jobs_go_together(void **state) {
    (void)state;
    scene.world.config.csps[0].max_devices_per_job = 10;
    fake_csp_script(scene.north, "201",
                    "202 202 503 400:OTHER 202 202 503 202");
    for (int request = 1; request <= 20; request++)
        accept_request(&scene.world, request, "north", request, 1);
    script(&scene.world, "update service_request set firmware_version ="
                         " int4send(request_no::integer)");
    start();
    /* those that met 503 were tried again at once */
    expect_soon(
        &scene.world, "19 handed_over, 1 refused",
        "select string_agg(n || ' ' || state, ', ' order by state::text)"
        " from (select state, count(*) as n from csp_job"
        " group by 1) x");
    assert_int_equal(fake_csp_count(scene.north, "PUT"), 1);
    assert_int_equal(fake_csp_count(scene.north, "POST"), 22);
    /* the first, 16, and the rest: written in few transactions */
    expect(&scene.world, "true",
           "select (count(distinct xmin::text) <= 6)::text from csp_job"
           " where state = 'handed_over'");
}

/* ---- resets ---- */

static void reset_device(struct world *world, int device) {
    char now[INSTANT_TEXT_SIZE];
    script(world,
           "select apply_events(array[row(1, 'reset',"
           " '00:00:00:00:00:00:11:%02x', 1, null, null, null, null, null,"
           " null)::tracking_event], '%s', interval '5 days')",
           (unsigned)device, instant_format(clock_now(), now));
}

static void *make_a_job_of_two(void *world) {
    make_jobs(world, 2);
    return NULL;
}

/* decision 18 */
static void a_reset_device_leaves_a_job_not_yet_sent(void **state) {
    (void)state;
    accept_request(&scene.world, 1, "north", 1, 3);
    make_jobs(&scene.world, 10);
    reset_device(&scene.world, 2);
    start();
    assert_true(fake_csp_wait(scene.north, "POST", 1));
    struct fake_request job = fake_csp_request(scene.north, "POST", 0);
    const json_t *targets = json_object_get(job.json, "targets");
    assert_int_equal(json_array_size(targets), 2);
    assert_string_equal(text(json_array_get(targets, 1), "deviceId"),
                        "00-00-00-00-00-00-11-03");
    expect(&scene.world, "RESET_BY_DCC none",
           "select status || ' ' || coalesce(job_no::text, 'none')"
           " from tracking_history");
}

/* It had been chosen for a job already; the job would have been full. */
static void a_reset_while_a_job_is_made_leaves_the_others(void **state) {
    (void)state;
    accept_request(&scene.world, 1, "north", 1, 3);
    struct world there = scene.world;
    there.sql = sql_open(scene.world.config.database_conninfo);
    script(&there, "begin");
    reset_device(&there, 1);
    pthread_t thread;
    pthread_create(&thread, NULL, make_a_job_of_two, &scene.world);
    expect_soon(&there, "1",
                "select count(*)::text from pg_locks where not granted"
                " and pg_backend_pid() = any (pg_blocking_pids(pid))");
    script(&there, "commit");
    pthread_join(thread, NULL);
    make_jobs(&there, 2);
    expect(&there, "1, 1",
           "select string_agg(devices::text, ', ') from csp_job");
    sql_close(there.sql);
}

static void a_job_without_devices_is_not_sent(void **state) {
    (void)state;
    accept_request(&scene.world, 1, "north", 1, 1);
    make_jobs(&scene.world, 10);
    reset_device(&scene.world, 1);
    accept_request(&scene.world, 2, "north", 2, 1);
    start();
    expect_soon(&scene.world, "empty, handed_over",
                "select string_agg(state::text, ', ' order by job_no)"
                " from csp_job");
    assert_int_equal(fake_csp_count(scene.north, "POST"), 1);
}

/* What it had in hand goes on when its lease has run out; it counts as no try,
 * so that nobody waits for an hour because of it. The last of all tests. */
static void the_end_of_the_process_leaves_a_csp_that_hangs(void **state) {
    (void)state;
    scene.world.config.csps[0].timeout = MINUTE;
    fake_csp_script(scene.north, "201", "hang 202");
    accept_request(&scene.world, 1, "north", 1, 2);
    start();
    assert_true(fake_csp_wait(scene.north, "POST", 1));
    instant begun = clock_elapsed();
    ending_begin();
    stop();
    assert_true(clock_elapsed() - begun <
                ENDING_PEERS + patience() * 2 * SECOND);
    expect(&scene.world, "waiting 0 leased",
           "select state || ' ' || tries || ' ' || case when leased_until is"
           " null then 'free' else 'leased' end from csp_job");
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

int main(void) {
    test_clock_open(NULL);
    const struct CMUnitTest tests[] = {
        TEST(a_job_is_as_the_interface_says),
        TEST(requests_are_split_and_the_image_goes_once),
        TEST(each_answer_has_its_consequence),
        TEST(a_csp_that_denies_us_is_said_aloud),
        TEST(n19_is_audited_per_device),
        TEST(a_job_whose_image_is_gone_is_refused),
        TEST(a_job_without_its_request_ends),
        TEST(a_busy_csp_is_asked_every_hour_for_four_days),
        TEST(devices_are_kept_for_the_long_retry),
        TEST(retry_after_puts_a_try_off_but_never_past_the_end),
        TEST(a_csp_that_hangs_delays_no_other),
        TEST(each_call_is_told_to_the_watchdog),
        TEST(a_stopped_sender_goes_on_where_it_was),
        TEST(stopping_waits_for_the_try_in_hand),
        TEST(a_lease_of_a_dead_process_runs_out),
        TEST(two_senders_send_each_job_once),
        TEST(small_jobs_go_together),
        TEST(a_reset_device_leaves_a_job_not_yet_sent),
        TEST(a_reset_while_a_job_is_made_leaves_the_others),
        TEST(a_job_without_devices_is_not_sent),
        TEST(the_end_of_the_process_leaves_a_csp_that_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
