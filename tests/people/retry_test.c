/* "Retry the failed": which devices of a request may be sent again now, why the
 * others may not, and the request that does it. */
#include "support/check.h"
#include "support/people.h"

static int setup(void **state) {
    test_clock_set(0);
    *state = screens_start();
    return 0;
}

static int teardown(void **state) {
    screens_free(*state);
    return 0;
}

static const char *of(struct screens *s, const char *id, const char *rest) {
    return arena_printf(s->arena, "/requests/%s%s", id, rest);
}

/* A request of three PPMIDs that the CSP took so many days ago and that all
 * failed over the HAN. */
static const char *three_failed(struct screens *s, int days) {
    struct gateway *g = s->gateway;
    const eui64 devices[] = {PPMID(PLAIN), PPMID(PLAIN_TOO), PPMID(DUAL)};
    const char *id = screens_update(s, USER_A, devices, 3, "I99");
    for (int i = 0; i < 3; i++) {
        screens_event(s, "csp_accepted", devices[i]);
        screens_event(s, "hub_delivered", devices[i]);
        screens_event(s, "han_failed", devices[i]);
    }
    gateway_tell(g,
                 "insert into csp_job (request_no, csp, device_type, devices,"
                 " created, next_try, state, ended) select request_no, csp,"
                 " device_type, 3, now(), now(), 'handed_over', now() -"
                 " interval '%d days' from tracking_history limit 1;"
                 "update tracking_history set job_no = (select max(job_no)"
                 " from csp_job)",
                 days);
    return id;
}

/* How the list has it: "yes", or why not. */
static void list_says(struct screens *s, const char *id, eui64 device,
                      const char *expected) {
    char text[EUI64_TEXT_SIZE];
    struct told told = look(s, A, of(s, id, "/retry"));
    eui64_format(device, text);
    for (int i = 0; i < 3; i++)
        if (strcmp(told_at(s, &told,
                           arena_printf(s->arena, "items.%d.deviceId", i)),
                   text) == 0) {
            const char *why =
                told_at(s, &told, arena_printf(s->arena, "items.%d.why", i));
            told_expect(s, &told,
                        arena_printf(s->arena, "items.%d.mayBeSent", i),
                        strcmp(why, "null") == 0 ? "true" : "false");
            assert_string_equal(strcmp(why, "null") == 0 ? "yes" : why,
                                expected);
            return;
        }
    fail_msg("%s is not in the list", text);
}

static void what_may_and_what_may_not(void **state) {
    struct screens *s = *state;
    struct gateway *g = s->gateway;
    const char *id = three_failed(s, 6);
    const eui64 device = PPMID(DUAL);
    list_says(s, id, device, "yes");
    gateway_tell(g, "update csp_job set ended = now() - interval '4 days'");
    list_says(s, id, device, "it is within 5 days of the last attempt");
    struct told told = look(s, A, of(s, id, "/retry"));
    assert_true(*told_at(s, &told, "items.0.mayFrom") == '2');
    gateway_tell(g, "update csp_job set ended = now() - interval '6 days'");
    gateway_tell(
        g, "insert into held_request (request_no, breach, devices,"
           " volume, quarantine, period_seconds, held, body) select"
           " request_no, 'user', 1, 1, 1, 1, now(), ('<sr:DeviceIDList>'"
           " || eui64_text((select device_id from tracking_history order by"
           " device_id desc limit 1)) || '<')::bytea from service_request "
           "limit 1");
    eui64 last =
        PPMID(PLAIN) > PPMID(PLAIN_TOO) ? PPMID(PLAIN) : PPMID(PLAIN_TOO);
    last = last > device ? last : device;
    list_says(s, id, last, "it is in a request that anomaly detection holds");
    gateway_tell(g, "update held_request set state = 'rejected', body = null,"
                    " decided = now(), person = 'p', reason = 'r',"
                    " ended = now()");
    list_says(s, id, last, "yes");
    gateway_tell(g, "update smi_device d set firmware_version ="
                    " r.firmware_version from service_request r, (select"
                    " device_id from tracking_history order by device_id desc"
                    " limit 1) t where d.device_id = t.device_id");
    list_says(s, id, last, "it runs this version");
    screens_update(s, USER_A, &device, 1, "I99");
    list_says(s, id, device, "another update of it is in progress");
    gateway_tell(g, "update smi_device set device_status = 'Pending' where"
                    " device_id = (select device_id from"
                    " tracking_history order by device_id limit 1)");
    eui64 first =
        PPMID(PLAIN) < PPMID(PLAIN_TOO) ? PPMID(PLAIN) : PPMID(PLAIN_TOO);
    if (first < device)
        list_says(s, id, first, "it is not commissioned");
    gateway_tell(g, "delete from smi_device where device_id = (select"
                    " device_id from tracking_history order by device_id"
                    " limit 1)");
    if (first < device)
        list_says(s, id, first, "it is no longer in the inventory");
}

static void by_reason_and_as_csv(void **state) {
    struct screens *s = *state;
    const char *id = three_failed(s, 6);
    gateway_tell(s->gateway,
                 "update tracking_history set status = 'REJECTED_BY_CSP',"
                 " reason_code = 'IMAGE_INVALID' where device_id = (select"
                 " device_id from tracking_history order by device_id desc"
                 " limit 1)");
    struct told told = look(s, A, of(s, id, "/retry?reason=IMAGE_INVALID"));
    told_expect(s, &told, "items.0.status", "REJECTED_BY_CSP");
    told_expect(s, &told, "items.1", "");
    told = look(s, A, of(s, id, "/retry?reason=FAILED_HAN_TRANSFER"));
    assert_true(*told_at(s, &told, "items.1.deviceId"));
    told_expect(s, &told, "items.2", "");
    told = look(s, A, of(s, id, "/retry?limit=2"));
    const char *next = told_at(s, &told, "next");
    told =
        look(s, A, of(s, id, arena_printf(s->arena, "/retry?after=%s", next)));
    assert_true(*told_at(s, &told, "items.0.deviceId"));
    told_expect(s, &told, "items.1", "");
    told = look(s, A, of(s, id, "/retry?format=csv"));
    assert_non_null(strstr(told.text, ",REJECTED_BY_CSP,IMAGE_INVALID,"));
    assert_non_null(strstr(told.text, ",true,,"));
    told = look(s, B, of(s, id, "/retry"));
    assert_int_equal(told.http, 404);
    told = look(s, B, of(s, id, "/retry-request"));
    assert_int_equal(told.http, 404);
}

/* It is valid against the schema, and what it would be told is that it would be
 * accepted: an unsigned draft of all three. Signed and sent it is. */
static void the_request_is_ready_to_be_signed(void **state) {
    struct screens *s = *state;
    struct gateway *g = s->gateway;
    const char *id = three_failed(s, 6);
    struct told xml = look(s, A, of(s, id, "/retry-request"));
    assert_int_equal(xml.http, 200);
    assert_string_equal(xml.type, "application/xml");
    struct told told = ask(s, &(struct ask){.method = "POST",
                                            .path = "/dry-runs",
                                            .who = A,
                                            .type = "application/xml",
                                            .body = xml.text,
                                            .body_len = xml.len});
    told_expect(s, &told, "outcome", "accepted");
    told_expect(s, &told, "signature", "absent");
    told_expect(s, &told, "accepted", "3");
    /* nothing of it may be sent twice */
    gateway_tell(g, "update csp_job set ended = now()");
    told = look(s, A, of(s, id, "/retry-request"));
    assert_int_equal(told.http, 409);
    gateway_tell(g, "update csp_job set ended = now() - interval '6 days';"
                    "delete from csp_image; delete from firmware_image");
    told = look(s, A, of(s, id, "/retry-request"));
    assert_int_equal(told.http, 409);
    assert_non_null(strstr(told.text, "no longer held"));
    told = look(s, A, of(s, id, "/retry"));
    told_expect(s, &told, "imageHeld", "false");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_may_and_what_may_not),
        TEST(by_reason_and_as_csv),
        TEST(the_request_is_ready_to_be_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
