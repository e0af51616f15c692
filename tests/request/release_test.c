/*
 * What the Service Desk decides on a held request (requirement A7): released,
 * it goes through the other steps as they judge it now and its sender gets the
 * answer; rejected, its sender is told so.
 */
#include "support/ahead.h"
#include "support/check.h"
#include "support/logged.h"
#include "support/scripted_pq.h"
#include "support/user_gateway.h"

#include "base/heartbeat.h"
#include "base/log.h"
#include "request/release.h"
#include "support/duis_check.h"

#include <pthread.h>

/* ---- a request of User A is held ---- */

struct held {
    struct gateway *g;
    struct db *db;
    struct span body;
    struct answer answer;
    const char *number;
};

static void hold(struct held *held, struct gateway *g, const eui64 *devices,
                 size_t count, const char *image) {
    struct buffer octets = {0};
    estate_image(span_text(image), false, &octets);
    gateway_tell(g, "insert into volume_threshold (user_id,"
                    " service_reference_variant, period_seconds, quarantine)"
                    " values ('90b3d51f30010000', '11.4', 3600, 0)"
                    " on conflict do nothing");
    held->g = g;
    held->db = held->db ? held->db : db_open(g->conninfo, "release_test");
    held->body =
        gateway_sign(g, USER_A,
                     &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                            .image = buffer_span(&octets),
                                            .device_ids = devices,
                                            .device_id_count = count});
    held->answer = gateway_post(g, "serviceD", held->body);
    held->number = gateway_ask(g, "select max(hold_no) from held_request");
    assert_string_equal(answer_says(g, &held->answer), "I99");
    assert_string_equal(gateway_tracked(g), "nothing");
    buffer_free(&octets);
}

static void hold_one(struct held *held, struct gateway *g) {
    hold(held, g, &(eui64){PPMID(PLAIN)}, 1, FOR_ALL);
}

static void close_held(struct held *held) {
    db_close(held->db);
    gateway_free(held->g);
}

/* The outcome of decide_hold(). */
static const char *decide(const struct held *held, bool release) {
    char now[INSTANT_TEXT_SIZE];
    return gateway_ask(
        held->g, "%s",
        arena_printf(held->g->arena,
                     "select outcome from decide_hold(%s, %s, 'dora',"
                     " 'because', '%s')",
                     held->number, release ? "true" : "false",
                     instant_format(clock_now(), now)));
}

static size_t go_on(const struct held *held) {
    size_t went_on = 0;
    assert_int_equal(request_release(&held->g->requests, held->db, &went_on),
                     DONE);
    return went_on;
}

/* The one message that its sender gets beside the DCC Alert. */
static const char *told(const struct held *held, const char *column) {
    return gateway_ask(held->g, "%s",
                       arena_printf(held->g->arena,
                                    "select %s from alert where code not like"
                                    " 'N%%' and user_id = '90b3d51f30010000'",
                                    column));
}

/* The ServiceResponse, as its sender reads it. */
static const char *told_text(const struct held *held, const char *element) {
    const char *text = told(held, "convert_from(payload, 'UTF8')");
    struct answer answer = {
        .http = 200, .media_type = "application/xml", .body = span_text(text)};
    gateway_check(held->g, held->g->arena, held->body, &answer);
    return answer_text(held->g, &answer, element);
}

static void check_same_answer_again(const struct held *held) {
    struct answer again = gateway_post(held->g, "serviceD", held->body);
    assert_true(span_equal(again.body, held->answer.body));
}

/* ---- released ---- */

static void released_it_goes_on(void **state) {
    (void)state;
    struct held held = {0};
    hold_one(&held, gateway_start());
    struct gateway *g = held.g;
    assert_int_equal(go_on(&held), 0);
    assert_string_equal(gateway_tracked(g), "nothing");
    assert_string_equal(decide(&held, true), "released");
    /* whose client brought it was looked at when it came */
    g->config.user_client_is_originator = true;
    assert_int_equal(go_on(&held), 1);
    assert_string_equal(gateway_tracked(g), "1 AWAITING_CSP, image");
    assert_string_equal(told(&held, "code"), "ServiceResponse");
    assert_string_equal(told_text(&held, "ResponseCode"), "I99");
    assert_string_equal(told_text(&held, "ServiceReferenceVariant"), "11.4");
    assert_int_equal(go_on(&held), 0);
    g->config.user_client_is_originator = false;
    check_same_answer_again(&held);
    assert_string_equal(decide(&held, false), "decided");
    assert_string_equal(
        gateway_ask(
            g, "select format('%%s %%s %%s %%s %%s', state, person, reason,"
               " ended is not null, condition) from held_request"
               " join service_request using (request_no)"),
        "released dora because t accepted");
    assert_string_equal(
        gateway_ask(g, "select string_agg(concat_ws(' ', person, code), ', '"
                       " order by entry_no) from sat_entry where kind in"
                       " ('quarantine', 'alert')"),
        "held, N46, dora released, I99");
    assert_string_equal(gateway_ask(g, "select counted from volume_threshold"),
                        "1");
    close_held(&held);
}

/* A version of DUIS that has it no more: it was read when it came. */
static void what_its_version_had_it_has(void **state) {
    (void)state;
    static const char *const changes[] = {
        "update duis_since set since = '6.0' where name = '11.4'",
        "delete from duis_since; delete from duis_version where version <>"
        " '6.0'"};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct held held = {0};
        hold_one(&held, gateway_start());
        gateway_tell(held.g, "insert into duis_version values ('6.0')");
        gateway_tell(held.g, "%s", changes[i]);
        assert_true(gateway_reload(held.g));
        assert_string_equal(decide(&held, true), "released");
        assert_int_equal(go_on(&held), 1);
        assert_string_equal(gateway_tracked(held.g), "1 AWAITING_CSP, image");
        assert_string_equal(told_text(&held, "ResponseCode"), "I99");
        close_held(&held);
    }
}

/* What has changed while it was held, and how it ends then. */
static const struct change {
    const char *what, *sql, *code, *tracked;
} changes[] = {
    {"the CPL entry is gone",
     "delete from cpl_entry where device_type = 'PPMID'", "E110401", "nothing"},
    {"the CPL entry is withdrawn", "update cpl_entry set status = 'Withdrawn'",
     "E110402", "nothing"},
    {"the User is suspended", "update service_user set status = 'suspended'",
     "E3", "nothing"},
    {"the User has no role any more", "update service_user set roles = '{ES}'",
     "E2", "nothing"},
    {"the User is gone", "delete from service_user", "E1", "nothing"},
    {"its certificate is revoked",
     "update certificate set revoked_at = 'epoch'", "E1", "nothing"},
    {"the device is suspended",
     "update smi_device set device_status = 'Suspended'", "W110401",
     "1 REJECTED_BY_DSP"},
    {"there are other devices in excess too",
     "update volume_threshold set quarantine = 0", "I99",
     "1 AWAITING_CSP, image"},
};

static void it_is_judged_as_it_is_now(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        print_message("  %s\n", changes[i].what);
        struct held held = {0};
        hold_one(&held, gateway_start());
        gateway_tell(held.g, "%s", changes[i].sql);
        decide(&held, true);
        assert_int_equal(go_on(&held), 1);
        assert_string_equal(told_text(&held, "ResponseCode"), changes[i].code);
        assert_string_equal(gateway_tracked(held.g), changes[i].tracked);
        assert_string_equal(
            gateway_ask(held.g, "select response_code from service_request"),
            changes[i].code);
        close_held(&held);
    }
}

static void some_devices_fail_by_then(void **state) {
    (void)state;
    struct held held = {0};
    struct gateway *g = gateway_start();
    hold(&held, g, (const eui64[]){PPMID(PLAIN), PPMID(CENTRAL), NOWHERE}, 3,
         FOR_ALL);
    struct answer other = gateway_send_devices(
        g, USER_B, true, NULL, (const eui64[]){PPMID(DUAL), PPMID(OF_B), 0});
    assert_string_equal(answer_says(g, &other), "I99");
    gateway_tell(g, "update tracking_live set device_id ="
                    " '00-DB-12-00-00-00-05-05'"
                    " where device_id = '00-DB-12-00-00-00-02-05'");
    decide(&held, true);
    assert_int_equal(go_on(&held), 1);
    assert_string_equal(told_text(&held, "ResponseCode"), "W110401");
    assert_string_equal(told_text(&held, "InvalidDeviceIDList"),
                        "00-DB-12-FF-FF-FF-FF-FF");
    assert_string_equal(told_text(&held, "OtherRequestInProgressList"),
                        "00-DB-12-00-00-00-05-05");
    close_held(&held);
}

static void the_oldest_decision_first_and_each_once(void **state) {
    (void)state;
    struct held a = {0}, b = {0};
    hold(&a, gateway_start(), &(eui64){PPMID(PLAIN)}, 1, FOR_ALL);
    b.db = a.db;
    hold(&b, a.g, &(eui64){PPMID(PLAIN)}, 1, FOR_ALL);
    decide(&a, true);
    decide(&b, true);
    assert_int_equal(go_on(&a), 2);
    assert_string_equal(
        gateway_ask(a.g, "select string_agg(response_code, ' ' order by"
                         " request_no) from service_request"),
        "I99 W110401");
    close_held(&a);
}

static void a_restart_loses_nothing(void **state) {
    (void)state;
    struct held held = {0};
    hold_one(&held, gateway_start());
    gateway_close(held.g);
    gateway_open(held.g);
    check_same_answer_again(&held);
    decide(&held, true);
    gateway_close(held.g);
    gateway_open(held.g);
    assert_int_equal(go_on(&held), 1);
    assert_string_equal(gateway_tracked(held.g), "1 AWAITING_CSP, image");
    close_held(&held);
}

/* ---- two daemons, and faults ---- */

static void *go_on_in_a_thread(void *context) {
    const struct held *held = context;
    struct held mine = *held;
    mine.db = db_open(held->g->conninfo, "release_test");
    go_on(&mine);
    db_close(mine.db);
    return NULL;
}

static void of_two_daemons_one_does_it(void **state) {
    (void)state;
    enum { THREADS = 4, ROUNDS = 5 };
    struct held held = {0};
    struct gateway *g = gateway_start();
    for (int round = 0; round < ROUNDS; round++) {
        gateway_forget(g);
        gateway_tell(g, "delete from alert");
        hold_one(&held, g);
        decide(&held, true);
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++)
            pthread_create(&threads[i], NULL, go_on_in_a_thread, &held);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        assert_string_equal(gateway_tracked(g), "1 AWAITING_CSP, image");
        assert_string_equal(told(&held, "count(*)"), "1");
    }
    close_held(&held);
}

static void a_fault_of_the_database_is_got_over(void **state) {
    (void)state;
    static const struct {
        const char *statement;
        enum pq_fault fault;
    } rows[] = {
        {"take_released", PQ_LOST_AFTER}, {"find_signer", PQ_LOST_BEFORE},
        {"take_updates", PQ_LOST_AFTER},  {"count_volume", PQ_LOST_AFTER},
        {"end_release", PQ_LOST_AFTER},   {"commit", PQ_LOST_BEFORE},
        {"commit", PQ_LOST_AFTER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct held held = {0};
        hold_one(&held, gateway_start());
        decide(&held, true);
        print_message("  %s\n", rows[i].statement);
        pq_will_fail(rows[i].statement, rows[i].fault, 1);
        go_on(&held);
        assert_int_equal(atomic_load(&pq_script.happened), 1);
        assert_int_equal(go_on(&held), 0);
        assert_string_equal(gateway_tracked(held.g), "1 AWAITING_CSP, image");
        assert_string_equal(told_text(&held, "ResponseCode"), "I99");
        assert_string_equal(
            gateway_ask(held.g, "select counted from volume_threshold"), "1");
        close_held(&held);
    }
}

static void what_we_cannot_do_is_put_off(void **state) {
    (void)state;
    struct held held = {0};
    test_clock_set(0);
    hold_one(&held, gateway_start());
    struct gateway *g = held.g;
    decide(&held, true);
    gateway_tell(g, "alter table tracking_live add constraint never"
                    " check (false) not valid");
    logged_begin(LOG_LEVEL_ERROR);
    assert_int_equal(go_on(&held), 1);
    logged_end("error anomaly.not_released", "never");
    log_set_level(LOG_LEVEL_NONE);
    assert_int_equal(go_on(&held), 0);
    log_set_level(LOG_LEVEL_ERROR);
    assert_string_equal(gateway_tracked(g), "nothing");
    gateway_tell(g, "alter table tracking_live drop constraint never");
    assert_int_equal(go_on(&held), 0);
    test_clock_set(61 * SECOND);
    assert_int_equal(go_on(&held), 1);
    assert_string_equal(gateway_tracked(g), "1 AWAITING_CSP, image");
    test_clock_set(0);
    close_held(&held);
}

/* ---- by itself ---- */

/* Is that tracked within 10 s? */
static bool comes_to(struct gateway *g, const char *wanted) {
    instant end = clock_elapsed() + 10 * SECOND * patience();
    while (clock_elapsed() < end) {
        if (strcmp(gateway_tracked(g), wanted) == 0)
            return true;
        usleep(20000);
    }
    return false;
}

/* The worker that has been at one step for 100 ms: its name; "" if there is
 * none for 10 s. */
static const char *stuck(void) {
    static char name[32];
    instant since, end = clock_elapsed() + 10 * SECOND * patience();
    *name = '\0';
    while (clock_elapsed() < end && !*name) {
        usleep(20000);
        heartbeat_stuck(100 * MILLISECOND, name, sizeof name, &since);
    }
    return name;
}

static void it_goes_on_by_itself(void **state) {
    (void)state;
    struct held held = {0};
    hold_one(&held, gateway_start());
    struct gateway *g = held.g;
    struct task *releases = request_releases_start(&g->requests);
    decide(&held, true);
    assert_true(comes_to(g, "1 AWAITING_CSP, image"));
    instant start = clock_elapsed();
    task_stop(releases);
    assert_true(clock_elapsed() - start < SECOND * patience());
    close_held(&held);
}

static void a_clock_set_back_does_not_hold_it_up(void **state) {
    (void)state;
    struct held held = {0};
    hold_one(&held, gateway_start());
    atomic_store(&ahead, 6 * 3600);
    struct task *releases = request_releases_start(&held.g->requests);
    usleep(300000); /* it rests */
    atomic_store(&ahead, 0);
    decide(&held, true);
    assert_true(comes_to(held.g, "1 AWAITING_CSP, image"));
    task_stop(releases);
    close_held(&held);
}

static void the_watchdog_sees_whether_it_gets_on(void **state) {
    (void)state;
    struct held held = {0};
    hold_one(&held, gateway_start());
    struct gateway *g = held.g;
    gateway_tell(g, "begin; lock table held_request");
    struct task *releases = request_releases_start(&g->requests);
    assert_string_equal(stuck(), "releases");
    gateway_tell(g, "commit");
    decide(&held, true);
    assert_true(comes_to(g, "1 AWAITING_CSP, image"));
    task_stop(releases);
    close_held(&held);
}

/* ---- rejected ---- */

static void rejected_its_sender_is_told(void **state) {
    (void)state;
    struct held held = {0};
    hold_one(&held, gateway_start());
    struct gateway *g = held.g;
    assert_string_equal(decide(&held, false), "rejected");
    assert_int_equal(go_on(&held), 0);
    assert_string_equal(gateway_tracked(g), "nothing");
    assert_string_equal(told(&held, "code || ' ' || response_code"),
                        "ResponseMessage E71");
    assert_string_equal(
        gateway_ask(g, "select request_state(r, received) || ' ' ||"
                       " response_code from service_request r"),
        "refused E71");
    assert_string_equal(
        gateway_ask(g, "select string_agg(concat_ws(' ', person, code), ', '"
                       " order by entry_no) from sat_entry where kind in"
                       " ('quarantine', 'alert')"),
        "held, N46, dora rejected, E71");
    check_same_answer_again(&held);
    assert_string_equal(decide(&held, true), "decided");
    close_held(&held);
}

static void nobody_decides(void **state) {
    (void)state;
    struct held held = {0};
    test_clock_set(0);
    struct gateway *g = gateway_new();
    g->config.anomaly_hold_most = 2 * DAY;
    gateway_open(g);
    hold_one(&held, g);
    test_clock_set(2 * DAY - MINUTE);
    go_on(&held);
    assert_string_equal(gateway_ask(g, "select state from held_request"),
                        "held");
    test_clock_set(2 * DAY + MINUTE);
    logged_begin(LOG_LEVEL_WARNING);
    go_on(&held);
    logged_end("warning anomaly.held_too_long", "rejected=1");
    log_set_level(LOG_LEVEL_ERROR);
    assert_string_equal(
        gateway_ask(g, "select format('%%s %%s', state, person is null)"
                       " from held_request"),
        "rejected t");
    assert_string_equal(told(&held, "response_code"), "E71");
    test_clock_set(0);
    close_held(&held);
}

static void there_is_no_such_held_request(void **state) {
    (void)state;
    struct held held = {0};
    hold_one(&held, gateway_start());
    held.number = "999";
    assert_string_equal(decide(&held, true), "unknown");
    close_held(&held);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(released_it_goes_on),
        cmocka_unit_test(what_its_version_had_it_has),
        cmocka_unit_test(it_is_judged_as_it_is_now),
        cmocka_unit_test(some_devices_fail_by_then),
        cmocka_unit_test(the_oldest_decision_first_and_each_once),
        cmocka_unit_test(a_restart_loses_nothing),
        cmocka_unit_test(of_two_daemons_one_does_it),
        cmocka_unit_test(a_fault_of_the_database_is_got_over),
        cmocka_unit_test(what_we_cannot_do_is_put_off),
        cmocka_unit_test(it_goes_on_by_itself),
        cmocka_unit_test(a_clock_set_back_does_not_hold_it_up),
        cmocka_unit_test(the_watchdog_sees_whether_it_gets_on),
        cmocka_unit_test(rejected_its_sender_is_told),
        cmocka_unit_test(nobody_decides),
        cmocka_unit_test(there_is_no_such_held_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
