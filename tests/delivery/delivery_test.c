/*
 * Delivery against emulated Users that answer, fail and hang (scenarios 16 and
 * 18): everything arrives, each message the same at every try, in order per
 * device, and nobody waits for somebody else.
 */
#include "scene.h"

#include "base/ending.h"

static const char everything_gone[] = "select count(*) from alert";

#define FAULT(kind, number, times) ((struct sim_fault){kind, number, times})

/* Nothing was taken twice or found wrong. */
static void check_clean(struct scene *scene, int user, uint64_t taken) {
    struct sim_counts counts = sim_users_counts(scene->users, USER(user));
    assert_int_equal(counts.taken, taken);
    assert_int_equal(counts.repeats, 0);
    assert_int_equal(counts.wrong, 0);
}

/* ---- all is well ---- */

static void everything_arrives_once(void **state) {
    (void)state;
    struct scene *scene = scene_new(3);
    for (int user = 1; user <= 3; user++)
        scene_add_alerts(scene, user, 1, 300);
    scene->config.delivery_batch = 50;
    scene_start(scene);
    for (int user = 1; user <= 3; user++)
        scene_wait_taken(scene, user, 300);
    scene_wait_count(scene, everything_gone, 0);
    for (int user = 1; user <= 3; user++)
        check_clean(scene, user, 300);
    assert_int_equal(scene_count(scene, "select count(*) from sat_entry"
                                        " where kind = 'delivered'"),
                     900);
    scene_free(scene);
}

/* What the User's version of DUIS does not have is told by N999, once. */
static void what_cannot_be_said_is_told_as_n999(void **state) {
    (void)state;
    struct scene *scene = scene_new(2);
    scene_sql(scene, "update service_user set duis_version = '2.0' where"
                     " user_id = '90-B3-D5-1F-30-01-00-01'");
    scene_add_alerts(scene, 1, 1, 300);
    scene_add_alerts(scene, 2, 1, 300);
    sim_users_fault(scene->users, USER(1), FAULT(SIM_STATUS, 400, 3));
    log_set_level(LOG_LEVEL_ERROR - 1);
    scene_start(scene);
    for (int user = 1; user <= 2; user++)
        scene_wait_taken(scene, user, 300);
    scene_wait_count(scene, everything_gone, 0);
    for (int user = 1; user <= 2; user++)
        assert_int_equal(sim_users_counts(scene->users, USER(user)).taken, 300);
    assert_int_equal(scene_count(scene,
                                 "select count(*) from sat_entry where kind ="
                                 " 'delivered' and code = 'N61' and detail like"
                                 " '%%, as N999' and party ="
                                 " '90-B3-D5-1F-30-01-00-01'"),
                     300);
    assert_int_equal(scene_count(scene, "select count(*) from sat_entry where"
                                        " kind = 'delivered' and detail not"
                                        " like '%%N999'"),
                     300);
    log_set_level(LOG_LEVEL_ERROR);
    scene_free(scene);
}

/* A User that is on an older version than it is registered for cannot read
 * what is sent to it. Registered anew, it is told what it can read. */
static void what_was_refused_is_told_in_the_corrected_version(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene_add_alerts(scene, 1, 1, 3);
    sim_users_fault(scene->users, USER(1), FAULT(SIM_STATUS, 400, 0));
    log_set_level(LOG_LEVEL_ERROR - 1);
    scene_start(scene);
    scene_wait_count(scene, "select count(*) from alert where tries = 0", 0);
    scene_sql(scene, "update service_user set duis_version = '2.0'");
    sim_users_fault(scene->users, USER(1), (struct sim_fault){0});
    scene_wait_taken(scene, 1, 3);
    scene_wait_count(scene, everything_gone, 0);
    assert_int_equal(scene_count(scene, "select count(*) from sat_entry where"
                                        " kind = 'delivered' and detail like"
                                        " '%%, as N999'"),
                     3);
    log_set_level(LOG_LEVEL_ERROR);
    scene_free(scene);
}

static void what_is_new_is_sent_at_once_when_told(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene_start(scene);
    scene_sleep(400 * MILLISECOND); /* it has looked and found nothing */
    for (int i = 1; i <= 20; i++) {
        instant start = clock_elapsed();
        scene_add_alerts(scene, 1, i, 1);
        delivery_wake();
        scene_wait_taken(scene, 1, (uint64_t)i);
        /* twenty polls would take 5 s */
        assert_true(clock_elapsed() - start < 2 * SECOND);
    }
    scene_free(scene);
}

/* ---- order ---- */

struct order {
    const char *last[64]; /* ResponseID of the latest about device 1 to 63 */
    size_t out_of_order, seen;
};

static int64_t counter_of(const char *response_id) {
    return strtoll(strrchr(response_id, ':') + 1, NULL, 10);
}

static void see_order(void *context, const struct sim_message *message) {
    struct order *order = context;
    const char *digits = strrchr(message->devices, '-') + 1;
    size_t device = strtoul(digits, NULL, 16) % 64;
    const char *last = order->last[device];
    order->seen++;
    if (last && counter_of(last) > counter_of(message->response_id))
        order->out_of_order++;
    order->last[device] = message->response_id;
}

static void check_order(unsigned batch) {
    struct scene *scene = scene_new(1);
    scene->config.delivery_batch = batch;
    for (int round = 0; round < 20; round++)
        scene_add_alerts(scene, 1, 1, 10);
    /* one refusal: what follows about that device waits for it */
    sim_users_fault(scene->users, USER(1), FAULT(SIM_STATUS, 400, 3));
    scene_start(scene);
    scene_wait_taken(scene, 1, 7);
    instant end = clock_elapsed() + 20 * SECOND;
    while (sim_users_counts(scene->users, USER(1)).taken < 200) {
        assert_true(clock_elapsed() < end);
        test_clock_move(SECOND);
        scene_sleep(50 * MILLISECOND);
    }
    struct order order = {0};
    sim_users_ledger(scene->users, see_order, &order);
    assert_int_equal(order.seen, 200);
    assert_int_equal(order.out_of_order, 0);
    check_clean(scene, 1, 200);
    scene_free(scene);
}

/* Whether one worker has them all or both have some. */
static void a_device_is_spoken_of_in_order(void **state) {
    (void)state;
    check_order(500);
    check_order(3);
}

/* While one worker waits with a batch the other takes the next; what they meet
 * is one failure of the address. */
static void workers_share_what_one_user_gets(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene->config.delivery_batch = 2;
    scene->config.delivery_timeout = 2 * SECOND;
    scene_add_alerts(scene, 1, 1, 100);
    sim_users_fault(scene->users, USER(1), FAULT(SIM_HANG, 0, 0));
    instant start = clock_elapsed();
    scene_start(scene);
    scene_wait_requests(scene, 1, 4);
    assert_true(clock_elapsed() - start < 2 * SECOND);
    scene_wait_count(scene,
                     "select (tries = 1 and leased_until is null)::int"
                     " from alert_lane",
                     1);
    assert_int_equal(scene_count(scene, "select sum(tries)::bigint from alert"),
                     4);
    sim_users_fault(scene->users, USER(1), FAULT(SIM_WELL, 0, 0));
    test_clock_move(SECOND);
    scene_wait_taken(scene, 1, 100);
    scene_wait_count(scene, everything_gone, 0);
    check_clean(scene, 1, 100);
    scene_free(scene);
}

static void see_first(void *context, const struct sim_message *message) {
    const char **first = context;
    if (!*first)
        *first = message->code;
}

static void a_list_comes_before_its_devices(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene_sql(scene, "insert into alert (user_id, created, code, request_no,"
                     " device_ids, device_type, firmware_version) values"
                     " ('90-B3-D5-1F-30-01-00-01', '2030-01-01', 'N59', 1,"
                     " '{00-DB-12-34-00-00-00-01}', 'PPMID', '\\x0000002A')");
    scene_add_alerts(scene, 1, 1, 20);
    sim_users_fault(scene->users, USER(1), FAULT(SIM_SLOW, 200, 1));
    scene_start(scene);
    scene_wait_taken(scene, 1, 21);
    const char *first = NULL;
    sim_users_ledger(scene->users, see_first, &first);
    assert_string_equal(first, "N59");
    scene_free(scene);
}

/* An N59 of request 1, written so long ago. */
static void add_list(struct scene *scene, instant ago) {
    char written[INSTANT_TEXT_SIZE];
    scene_sql(scene,
              "insert into alert (user_id, created, code, request_no,"
              " device_ids, device_type, firmware_version) values"
              " ('90-B3-D5-1F-30-01-00-01', '%s', 'N59', 1,"
              " '{00-DB-12-34-00-00-00-01}', 'PPMID', '\\x0000002A')",
              instant_format(clock_now() - ago, written));
}

static const char put_behind[] = "select count(*) from alert where tries = 0"
                                 " and next_try > '-infinity'";

static void says(struct scene *scene, const char *words, int64_t messages) {
    assert_int_equal(
        scene_count(scene,
                    "select count(*) from undelivered("
                    "'90-B3-D5-1F-30-00-00-02', null, 10000)"
                    " where last_error like '%s' and next_try is not null",
                    words),
        messages);
}

/* What a list's User does not take yet, its devices' messages wait for. */
static void a_list_that_was_refused_still_comes_first(void **state) {
    (void)state;
    enum { DEVICES = 2500 };
    struct scene *scene = scene_new(2);
    add_list(scene, 0);
    scene_add_alerts(scene, 1, 1, DEVICES);
    scene_add_alerts(scene, 1, DEVICES + 1, 1);
    scene_sql(scene, "update alert set request_no = 2 where device_id ="
                     " '00-DB-12-34-00-00-09-C5'");
    sim_users_fault(scene->users, USER(1), FAULT(SIM_STATUS, 400, 1));
    scene_start(scene);
    scene_wait_count(scene, put_behind, DEVICES);
    says(scene, "waits for the earlier N59, %% the same request: HTTP 400",
         DEVICES);
    /* another request's is not held up */
    scene_wait_taken(scene, 1, 1);
    assert_int_equal(sim_users_counts(scene->users, USER(1)).taken, 1);
    test_clock_move(SECOND);
    scene_wait_taken(scene, 1, DEVICES + 2);
    scene_wait_count(scene, everything_gone, 0);
    scene_free(scene);
}

/* What waited for one that is done with still comes before what is new. */
static void what_was_put_behind_is_not_overtaken(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene_add_alerts(scene, 1, 1, 1);
    scene_add_alerts(scene, 1, 1, 1);
    sim_users_fault(scene->users, USER(1), FAULT(SIM_STATUS, 400, 1));
    scene_start(scene);
    scene_wait_count(scene, put_behind, 1);
    says(scene, "waits for the earlier N61, %% the same device: HTTP 400", 1);
    scene_stop(scene);
    scene_sql(scene, "delete from alert where tries = 1");
    scene_add_alerts(scene, 1, 1, 1);
    scene_start(scene);
    scene_wait_count(scene, put_behind, 2);
    assert_int_equal(sim_users_counts(scene->users, USER(1)).taken, 0);
    test_clock_move(SECOND);
    scene_wait_taken(scene, 1, 2);
    struct order order = {0};
    sim_users_ledger(scene->users, see_order, &order);
    assert_int_equal(order.seen, 2);
    assert_int_equal(order.out_of_order, 0);
    scene_free(scene);
}

/* One that is never taken holds up what follows it for a week, and no longer.
 */
static void a_wait_ends_with_the_giving_up(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    add_list(scene, 7 * DAY);
    scene_add_alerts(scene, 1, 1, 20);
    sim_users_fault(scene->users, USER(1), FAULT(SIM_STATUS, 400, 1));
    scene_start(scene);
    scene_wait_taken(scene, 1, 20);
    scene_wait_count(scene, everything_gone, 1);
    assert_int_equal(scene_count(scene, "select count(*) from alert where"
                                        " state = 'given_up'"),
                     1);
    scene_stop(scene);
    /* those that wait are given up with an address that never answers */
    scene_add_alerts(scene, 1, 1, 2);
    scene_sql(scene, "update alert set next_try = created where state ="
                     " 'waiting'");
    assert_int_equal(scene_count(scene,
                                 "select give_up_alerts("
                                 "'90-B3-D5-1F-30-01-00-01', 'infinity', 'x',"
                                 " '2030-01-01')"),
                     2);
    scene_free(scene);
}

/* ---- an address that fails ---- */

static void every_fault_is_got_over(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct sim_fault fault;
        bool arrives_twice; /* it was taken, and the answer was lost */
    } faults[] = {
        {"status 500", {SIM_STATUS, 500, 2}, false},
        {"status 503", {SIM_STATUS, 503, 2}, false},
        {"status 429", {SIM_STATUS, 429, 2}, false},
        {"status 401", {SIM_STATUS, 401, 2}, false},
        {"status 403", {SIM_STATUS, 403, 2}, false},
        {"status 404", {SIM_STATUS, 404, 2}, false},
        {"status 302", {SIM_STATUS, 302, 2}, false},
        {"status 400", {SIM_STATUS, 400, 2}, false},
        {"hang", {SIM_HANG, 0, 2}, false},
        {"garbage", {SIM_GARBAGE, 0, 2}, false},
        {"close", {SIM_CLOSE, 0, 2}, true},
        {"slow", {SIM_SLOW, 500, 2}, false},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct scene *scene = scene_new(1);
        scene_add_alerts(scene, 1, 1, 20);
        sim_users_fault(scene->users, USER(1), faults[i].fault);
        scene_start(scene);
        instant end = clock_elapsed() + 20 * SECOND;
        while (sim_users_counts(scene->users, USER(1)).taken < 20) {
            if (clock_elapsed() > end)
                fail_msg("%s is not got over", faults[i].name);
            test_clock_move(SECOND);
            scene_sleep(50 * MILLISECOND);
        }
        test_clock_move(10 * SECOND);
        scene_wait_count(scene, everything_gone, 0);
        struct sim_counts counts = sim_users_counts(scene->users, USER(1));
        assert_int_equal(counts.wrong, 0);
        if (!faults[i].arrives_twice)
            assert_int_equal(counts.repeats, 0);
        scene_free(scene);
    }
}

/* Down for an hour: tried rarely, then all arrives with no help. */
static void an_hour_down_is_got_over(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene_add_alerts(scene, 1, 1, 100);
    assert_true(sim_users_switch(scene->users, false));
    scene_start(scene);
    for (int minute = 0; minute < 60; minute++) {
        scene_sleep(20 * MILLISECOND);
        test_clock_move(MINUTE);
    }
    assert_int_equal(scene_count(scene, "%s", everything_gone), 100);
    assert_true(scene_count(scene, "select tries from alert_lane") > 2);
    assert_true(sim_users_switch(scene->users, true));
    test_clock_move(15 * MINUTE);
    scene_wait_taken(scene, 1, 100);
    scene_wait_count(scene, everything_gone, 0);
    check_clean(scene, 1, 100);
    scene_wait_count(scene, "select tries from alert_lane", 0);
    scene_free(scene);
}

/* While it fails it is sent one message at a time, at the pauses of the
 * configuration: 1 s, 2 s, 4 s, ... 15 m. */
static void a_failing_address_is_left_alone(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene_add_alerts(scene, 1, 1, 100);
    sim_users_fault(scene->users, USER(1), FAULT(SIM_STATUS, 500, 0));
    scene->config.delivery_connections = 1;
    scene_start(scene);
    scene_wait_requests(scene, 1, 1);
    scene_wait_count(scene, "select tries from alert_lane", 1);
    static const int pauses[] = {1,  2,   4,   8,   16,  32,
                                 64, 128, 256, 512, 900, 900};
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        uint64_t before = sim_users_counts(scene->users, 0).requests;
        test_clock_move((pauses[i] - 1) * SECOND);
        if (i > 0) { /* a real second has not passed meanwhile */
            scene_sleep(350 * MILLISECOND);
            assert_int_equal(sim_users_counts(scene->users, 0).requests,
                             before);
        }
        test_clock_move(SECOND);
        scene_wait_requests(scene, 1, before + 1);
        scene_wait_count(scene,
                         "select (leased_until is null)::int"
                         " from alert_lane",
                         1);
        assert_int_equal(sim_users_counts(scene->users, 0).requests,
                         before + 1);
    }
    scene_free(scene);
}

/* One message makes the User's system fail: the others pass it. */
static void a_poisonous_message_is_passed(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene->config.delivery_connections = 1;
    scene_add_alerts(scene, 1, 1, 10);
    sim_users_fault(scene->users, USER(1), FAULT(SIM_STATUS, 500, 1));
    scene_start(scene);
    scene_wait_requests(scene, 1, 1);
    scene_wait_count(scene, "select tries from alert_lane", 1);
    /* the first one is made to wait longer than the lane */
    scene_sql(scene, "update alert set next_try = '2100-01-01'"
                     " where tries = 1");
    test_clock_move(SECOND);
    scene_wait_taken(scene, 1, 9);
    scene_wait_count(scene, everything_gone, 1);
    scene_free(scene);
}

/* ---- nobody waits for somebody else ---- */

static void the_dead_do_not_delay_the_living(void **state) {
    (void)state;
    enum { USERS = 24, DEAD = 20 }; /* far more than the two workers */
    struct scene *scene = scene_new(USERS);
    scene->config.delivery_timeout = 3 * SECOND;
    for (int user = 1; user <= USERS; user++)
        scene_add_alerts(scene, user, 1, 30);
    for (int user = 1; user <= DEAD; user++)
        sim_users_fault(scene->users, USER(user), FAULT(SIM_HANG, 0, 0));
    scene_sql(scene, "update service_user set receive_url ="
                     " 'http://127.0.0.1:1/' where user_id ="
                     " '90-B3-D5-1F-30-01-00-01'");
    instant start = clock_elapsed();
    scene_start(scene);
    for (int user = DEAD + 1; user <= USERS; user++)
        scene_wait_taken(scene, user, 30);
    /* before the first of the hanging ones has timed out */
    assert_true(clock_elapsed() - start < 3 * SECOND);
    scene_stop(scene);
    assert_true(clock_elapsed() - start < 8 * SECOND);
    assert_int_equal(scene_count(scene, "%s", everything_gone), DEAD * 30);
    scene_free(scene);
}

/* ---- what cannot be delivered ---- */

static void a_refused_message_holds_up_no_other(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene->config.delivery_connections = 1;
    scene_add_alerts(scene, 1, 1, 50);
    sim_users_fault(scene->users, USER(1), FAULT(SIM_STATUS, 422, 1));
    scene_start(scene);
    scene_wait_taken(scene, 1, 49);
    scene_wait_count(scene,
                     "select count(*) from alert where tries = 1"
                     " and last_error = 'HTTP 422'",
                     1);
    assert_int_equal(scene_count(scene, "select tries from alert_lane"), 0);
    test_clock_move(SECOND);
    scene_wait_taken(scene, 1, 50);
    scene_free(scene);
}

static void after_a_week_a_person_is_asked(void **state) {
    (void)state;
    struct scene *scene = scene_new(2);
    scene_add_alerts(scene, 1, 1, 2500); /* an address that is down */
    scene_add_alerts(scene, 2, 1, 1);    /* one that refuses */
    scene_sql(scene, "update service_user set receive_url ="
                     " 'http://127.0.0.1:1/' where user_id ="
                     " '90-B3-D5-1F-30-01-00-01'");
    sim_users_fault(scene->users, USER(2), FAULT(SIM_STATUS, 400, 0));
    log_set_level(2); /* this is an error, and meant to be */
    scene_start(scene);
    scene_wait_count(scene, "select count(*) from alert_lane where tries > 0",
                     1);
    test_clock_move(6 * DAY + 23 * HOUR);
    scene_sleep(600 * MILLISECOND);
    assert_int_equal(scene_count(scene, "select count(*) from alert"
                                        " where state = 'given_up'"),
                     0);
    for (int i = 0; i < 2; i++) { /* the last try is at the end of the week */
        test_clock_move(2 * HOUR);
        scene_sleep(600 * MILLISECOND);
    }
    scene_wait_count(scene,
                     "select count(*) from alert"
                     " where state = 'given_up'",
                     2501);
    assert_int_equal(scene_count(scene, "select count(*) from sat_entry"
                                        " where kind = 'given_up'"),
                     2501);
    uint64_t before = sim_users_counts(scene->users, USER(2)).requests;
    test_clock_move(DAY);
    scene_sleep(600 * MILLISECOND);
    assert_int_equal(sim_users_counts(scene->users, USER(2)).requests, before);

    /* the person has it tried again: a week anew */
    sim_users_fault(scene->users, USER(2), FAULT(SIM_STATUS, 400, 1));
    scene_sql(scene,
              "select retry_undelivered('90-B3-D5-1F-30-01-00-02',"
              " '%s')",
              instant_format(clock_now(), arena_alloc(scene->arena, 32)));
    scene_wait_requests(scene, 2, before + 1);
    test_clock_move(SECOND);
    scene_wait_taken(scene, 2, 1);
    scene_wait_count(scene, everything_gone, 2500);
    scene_free(scene);
}

static void without_an_address_it_stays_to_be_seen(void **state) {
    (void)state;
    struct scene *scene = scene_new(2);
    scene_add_alerts(scene, 1, 1, 3);
    scene_add_alerts(scene, 2, 1, 3);
    scene_sql(scene, "update service_user set receive_url = null"
                     " where user_id = '90-B3-D5-1F-30-01-00-01';"
                     "delete from service_user"
                     " where user_id = '90-B3-D5-1F-30-01-00-02'");
    scene_start(scene);
    scene_wait_count(scene, "select count(*) from alert_lane where tries > 0",
                     2);
    assert_int_equal(scene_count(scene,
                                 "select count(*) from alert where last_error ="
                                 " 'the User has no Receive Response address'"),
                     1);
    assert_int_equal(scene_count(scene,
                                 "select count(*) from alert where"
                                 " last_error = 'the User is not registered'"),
                     1);
    /* the address comes, and all goes out */
    scene_sql(scene,
              "update service_user set receive_url ="
              " 'http://127.0.0.1:%u/user/90-B3-D5-1F-30-01-00-01'",
              sim_users_port(scene->users));
    test_clock_move(HOUR);
    scene_wait_taken(scene, 1, 3);
    scene_free(scene);
}

static void what_cannot_be_said_holds_up_no_other(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene_add_alerts(scene, 1, 1, 5);
    scene_sql(scene, "update alert set result = null, event_time = null"
                     " where alert_no = (select min(alert_no) from alert)");
    log_set_level(2);
    scene_start(scene);
    scene_wait_taken(scene, 1, 4);
    scene_wait_count(scene,
                     "select count(*) from alert where last_error ="
                     " 'a column that this message needs is empty'",
                     1);
    scene_free(scene);
}

/* ---- leases ---- */

static void a_dead_process_is_followed_when_its_lease_is_over(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene_add_alerts(scene, 1, 1, 10);
    scene_sql(scene, "update alert_lane set leased_until = '%s'",
              instant_format(clock_now() + 3 * SECOND,
                             arena_alloc(scene->arena, 32)));
    scene_start(scene);
    scene_sleep(600 * MILLISECOND);
    assert_int_equal(sim_users_counts(scene->users, USER(1)).requests, 0);
    test_clock_move(3 * SECOND);
    scene_wait_taken(scene, 1, 10);
    scene_free(scene);
}

/* A jump of the clock ends leases of lanes that are in good hands. */
static void a_jump_of_the_clock_sends_nothing_twice(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene_add_alerts(scene, 1, 1, 40);
    sim_users_fault(scene->users, USER(1), FAULT(SIM_SLOW, 100, 0));
    scene_start(scene);
    scene_wait_requests(scene, 1, 1);
    for (int i = 0; i < 10; i++) {
        test_clock_move(DAY / 2);
        scene_sleep(100 * MILLISECOND);
    }
    scene_wait_taken(scene, 1, 40);
    scene_wait_count(scene, everything_gone, 0);
    check_clean(scene, 1, 40);
    scene_free(scene);
}

/* What is on the way is finished, what is not begun is left. */
static void stopping_finishes_what_is_on_the_way(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene->config.delivery_connections = 4;
    scene_add_alerts(scene, 1, 1, 100);
    sim_users_fault(scene->users, USER(1), FAULT(SIM_SLOW, 300, 0));
    scene_start(scene);
    scene_wait_requests(scene, 1, 4);
    instant start = clock_elapsed();
    scene_stop(scene);
    assert_true(clock_elapsed() - start < 2 * SECOND);
    struct sim_counts counts = sim_users_counts(scene->users, USER(1));
    assert_int_equal(counts.taken, counts.requests);
    assert_true(counts.taken < 20);
    assert_int_equal(scene_count(scene, "%s", everything_gone),
                     100 - counts.taken);
    assert_int_equal(scene_count(scene, "select (leased_until is null)::int"
                                        " from alert_lane"),
                     1);
    scene_start(scene);
    sim_users_fault(scene->users, USER(1), FAULT(SIM_WELL, 0, 0));
    scene_wait_taken(scene, 1, 100);
    check_clean(scene, 1, 100);
    scene_free(scene);
}

/* Two fotads on one database. */
static void two_processes_share_the_lanes(void **state) {
    (void)state;
    struct scene *scene = scene_new(4);
    for (int user = 1; user <= 4; user++)
        scene_add_alerts(scene, user, 1, 200);
    scene->config.delivery_batch = 20;
    scene_start(scene);
    struct delivery *second = delivery_start(&scene->config, scene->signer);
    for (int user = 1; user <= 4; user++)
        scene_wait_taken(scene, user, 200);
    scene_wait_count(scene, everything_gone, 0);
    for (int user = 1; user <= 4; user++)
        check_clean(scene, user, 200);
    delivery_stop(second);
    scene_free(scene);
}

/* Nothing is known of what was on the way, so it is as if it had not been
 * tried, and the next process goes on at once. The last of all tests. */
static void the_end_of_the_process_leaves_a_user_that_hangs(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene->config.delivery_timeout = MINUTE;
    scene_add_alerts(scene, 1, 1, 5);
    sim_users_fault(scene->users, USER(1), FAULT(SIM_HANG, 0, 0));
    scene_start(scene);
    scene_wait_requests(scene, 1, 1);
    instant begun = clock_elapsed();
    ending_begin();
    scene_stop(scene);
    assert_true(clock_elapsed() - begun <
                ENDING_PEERS + patience() * 2 * SECOND);
    assert_int_equal(scene_count(scene, "select sum(tries) from alert"), 0);
    assert_int_equal(scene_count(scene, "select count(*) from alert_lane where"
                                        " tries = 0 and leased_until is null"),
                     1);
    scene_free(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_arrives_once),
        cmocka_unit_test(what_cannot_be_said_is_told_as_n999),
        cmocka_unit_test(what_was_refused_is_told_in_the_corrected_version),
        cmocka_unit_test(what_is_new_is_sent_at_once_when_told),
        cmocka_unit_test(a_device_is_spoken_of_in_order),
        cmocka_unit_test(workers_share_what_one_user_gets),
        cmocka_unit_test(a_list_comes_before_its_devices),
        cmocka_unit_test(a_list_that_was_refused_still_comes_first),
        cmocka_unit_test(what_was_put_behind_is_not_overtaken),
        cmocka_unit_test(a_wait_ends_with_the_giving_up),
        cmocka_unit_test(every_fault_is_got_over),
        cmocka_unit_test(an_hour_down_is_got_over),
        cmocka_unit_test(a_failing_address_is_left_alone),
        cmocka_unit_test(a_poisonous_message_is_passed),
        cmocka_unit_test(the_dead_do_not_delay_the_living),
        cmocka_unit_test(a_refused_message_holds_up_no_other),
        cmocka_unit_test(after_a_week_a_person_is_asked),
        cmocka_unit_test(without_an_address_it_stays_to_be_seen),
        cmocka_unit_test(what_cannot_be_said_holds_up_no_other),
        cmocka_unit_test(a_dead_process_is_followed_when_its_lease_is_over),
        cmocka_unit_test(a_jump_of_the_clock_sends_nothing_twice),
        cmocka_unit_test(stopping_finishes_what_is_on_the_way),
        cmocka_unit_test(two_processes_share_the_lanes),
        cmocka_unit_test(the_end_of_the_process_leaves_a_user_that_hangs),
    };
    if (!duis_open())
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    duis_close();
    return failed;
}
