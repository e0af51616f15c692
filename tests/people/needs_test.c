/* What needs a person now, by role, and trying undelivered messages again. */
#include "support/check.h"
#include "support/people.h"

#include "base/expiry.h"

static int setup(void **state) {
    test_clock_set(0);
    *state = screens_start();
    return 0;
}

static int teardown(void **state) {
    screens_free(*state);
    return 0;
}

/* The kinds that `who` is told of, with their counts: "held 1, failing 3". */
static void needs(struct screens *s, enum who who, const char *expected) {
    struct told told = look(s, who, "/needs");
    const char *all = "";
    for (int i = 0;; i++) {
        const char *kind =
            told_at(s, &told, arena_printf(s->arena, "items.%d.kind", i));
        if (!*kind)
            break;
        all = arena_printf(
            s->arena, "%s%s%s %s", all, *all ? ", " : "", kind,
            told_at(s, &told, arena_printf(s->arena, "items.%d.count", i)));
    }
    assert_string_equal(all, expected);
}

static void nothing_at_first(void **state) {
    struct screens *s = *state;
    static const enum who all[] = {A, B, DESK, AUDITOR, ADMINISTRATOR};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        needs(s, all[i], "");
}

static void users_that_do_not_take_messages(void **state) {
    struct screens *s = *state;
    struct gateway *g = s->gateway;
    const eui64 device = PPMID(DUAL);
    screens_update(s, USER_A, &device, 1, "I99");
    screens_event(s, "csp_accepted", device);
    screens_event(s, "hub_delivered", device);
    gateway_tell(g, "update alert set tries = 2, next_try = now()");
    gateway_tell(g, "update alert_lane set tries = 2,"
                    " last_error = 'connection refused'");
    needs(s, DESK, "unreachable 1, unreachable 1");
    needs(s, A, "unreachable 1");
    needs(s, B, "unreachable 1");
    needs(s, ADMINISTRATOR, "");
    struct told told = look(s, DESK, "/needs");
    told_expect(s, &told, "items.0.why", "connection refused");
    gateway_tell(g, "update alert set state = 'given_up'");
    needs(s, DESK, "given_up 2");
    told = ask(s, &(struct ask){.method = "POST",
                                .path = "/undelivered/retry",
                                .who = DESK,
                                .body = "{}",
                                .body_len = 2,
                                .type = "application/json"});
    told_expect(s, &told, "messages", "2");
    assert_string_equal(
        gateway_ask(g, "select count(*) from alert where state = 'waiting'"
                       " and next_try = '-infinity' and tries = 0"),
        "2");
    assert_string_equal(
        gateway_ask(g, "select distinct person from sat_entry"
                       " where kind = 'person' and code = 'retry'"),
        who_name(DESK));
}

/* 20 devices and more, and more than one in 20 failed. */
static void a_request_that_fails(void **state) {
    struct screens *s = *state;
    struct gateway *g = s->gateway;
    const eui64 device = PPMID(DUAL);
    screens_update(s, USER_A, &device, 1, "I99");
    gateway_tell(g, "update service_request set accepted = 40, listed = 40");
    gateway_tell(g,
                 "insert into tracking_history (device_id, request_no, status,"
                 " device_type, csp, last_updated, released,"
                 " responsible_supplier_ids)"
                 " select ('00:db:00:00:00:00:01:' || lpad(to_hex(n), 2, '0'))"
                 "::macaddr8, request_no, 'FAILED_HAN_TRANSFER', 'PPMID',"
                 " 'north', now(), now(), '{}'"
                 " from service_request, generate_series(1, 2) n");
    needs(s, DESK, "");
    gateway_tell(g,
                 "insert into tracking_history (device_id, request_no, status,"
                 " device_type, csp, last_updated, released,"
                 " responsible_supplier_ids)"
                 " select '00:db:00:00:00:00:01:77', request_no,"
                 " 'HAN_DISCARDED', 'PPMID', 'north', now(), now(), '{}'"
                 " from service_request");
    needs(s, DESK, "failing 3");
    needs(s, A, "failing 3");
    needs(s, B, "");
    struct told told = look(s, DESK, "/needs");
    told_expect(s, &told, "items.0.of", "40");
}

static void devices_that_are_stuck_and_a_busy_csp(void **state) {
    struct screens *s = *state;
    struct gateway *g = s->gateway;
    const eui64 device = PPMID(DUAL);
    screens_update(s, USER_A, &device, 1, "I99");
    screens_event(s, "csp_accepted", device);
    needs(s, DESK, "");
    gateway_tell(g, "insert into duration_known select csp, device_type, 'way',"
                    " '', -1, 100, '1 hour', '{}', '{}' from tracking_live;"
                    " update"
                    " tracking_live set last_updated = last_updated -"
                    " interval '2 hours'");
    needs(s, DESK, "stuck 1");
    needs(s, A, "stuck 1");
    needs(s, ADMINISTRATOR, "");
    struct told told = look(s, DESK, "/needs");
    told_expect(s, &told, "items.0.why", "1 on the way to their hubs");
    gateway_tell(g, "insert into csp_job (request_no, csp, device_type,"
                    " devices, created, next_try, tries, last_error)"
                    " select request_no, 'north', 'PPMID', 1, now(), now(), 3,"
                    " 'answered 503' from service_request");
    needs(s, DESK, "csp_busy 1, stuck 1");
    needs(s, A, "stuck 1");
}

static void certificates_that_end(void **state) {
    struct screens *s = *state;
    struct gateway *g = s->gateway;
    expiry_note("[people] certificate", clock_now() + 40 * DAY);
    needs(s, ADMINISTRATOR, "");
    expiry_note("[people] certificate", clock_now() + 20 * DAY);
    needs(s, ADMINISTRATOR, "certificate 1");
    needs(s, A, "");
    gateway_tell(g, "update certificate set not_after = now() +"
                    " interval '10 days' where usage = 'ds' and eui64 ="
                    " (select user_id from service_user order by 1 limit 1)");
    needs(s, ADMINISTRATOR, "certificate 1, certificate 1");
    expiry_note("[people] certificate", clock_now() + 400 * DAY);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(nothing_at_first),
        TEST(users_that_do_not_take_messages),
        TEST(a_request_that_fails),
        TEST(devices_that_are_stuck_and_a_busy_csp),
        TEST(certificates_that_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
