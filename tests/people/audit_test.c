/* The pages of the Service Audit Trail, and the messages about a device. */
#include "support/check.h"
#include "support/people.h"

#define ID_A "90-B3-D5-1F-30-01-00-00"

static int setup(void **state) {
    *state = screens_start();
    return 0;
}

static int teardown(void **state) {
    screens_free(*state);
    return 0;
}

static const char *device_id(struct screens *s, eui64 device) {
    return eui64_format(device, arena_alloc(s->arena, EUI64_TEXT_SIZE));
}

static size_t items(const struct told *told) {
    return json_array_size(json_object_get(told->json, "items"));
}

/* An update of one device that came to its end, and one of another that did
 * not. */
static const char *two_updates(struct screens *s) {
    static const eui64 devices[] = {PPMID(PLAIN), PPMID(PLAIN_TOO)};
    const char *id = screens_update(s, USER_A, devices, 2, "I99");
    screens_event(s, "csp_accepted", PPMID(PLAIN));
    screens_event(s, "hub_delivered", PPMID(PLAIN));
    screens_event(s, "device_activated", PPMID(PLAIN));
    return id;
}

/* ---- the trail ---- */

static void entries_are_of_what_is_asked_for(void **state) {
    struct screens *s = *state;
    const char *id = two_updates(s);
    struct told told = look(
        s, DESK,
        arena_printf(s->arena, "/audit?device=%s", device_id(s, PPMID(PLAIN))));
    assert_true(items(&told) >= 3);
    for (size_t i = 0; i < items(&told); i++)
        told_expect(s, &told, arena_printf(s->arena, "items.%zu.deviceId", i),
                    device_id(s, PPMID(PLAIN)));
    told = look(s, AUDITOR, arena_printf(s->arena, "/audit?request=%s", id));
    size_t of_request = items(&told);
    assert_true(of_request >= 4);
    for (size_t i = 0; i < of_request; i++)
        told_expect(s, &told, arena_printf(s->arena, "items.%zu.requestId", i),
                    id);
    told = look(s, AUDITOR,
                "/audit?request=90-B3-D5-1F-30-01-00-00:"
                "90-B3-D5-1F-30-00-00-02:99999");
    assert_int_equal(items(&told), 0);
    told = look(s, AUDITOR, "/audit?to=2026-01-01");
    assert_int_equal(items(&told), 0);
}

static void what_a_person_did_is_found(void **state) {
    struct screens *s = *state;
    two_updates(s);
    struct told told = ask(
        s, &(struct ask){.method = "POST",
                         .path = arena_printf(s->arena, "/devices/%s/reset",
                                              device_id(s, PPMID(PLAIN_TOO))),
                         .who = DESK,
                         .body = "{\"reason\":\"stuck since Monday\"}"});
    assert_int_equal(told.http, 200);
    told = look(s, AUDITOR,
                arena_printf(s->arena, "/audit?person=%s", who_name(DESK)));
    assert_true(items(&told) >= 1);
    for (size_t i = 0; i < items(&told); i++)
        told_expect(s, &told, arena_printf(s->arena, "items.%zu.person", i),
                    who_name(DESK));
    told_expect(s, &told, "items.0.detail", "stuck since Monday");
}

/* Every entry once, in their order, and the same in the CSV. */
static void pages_of_the_trail_meet(void **state) {
    struct screens *s = *state;
    const char *id = two_updates(s), *after = "";
    struct told whole =
        look(s, DESK, arena_printf(s->arena, "/audit?request=%s", id));
    size_t seen = 0;
    while (strcmp(after, "null") != 0) {
        struct told told =
            look(s, DESK,
                 arena_printf(s->arena, "/audit?request=%s&limit=2%s%s", id,
                              *after ? "&after=" : "", after));
        for (size_t i = 0; i < items(&told); i++, seen++)
            told_expect(
                s, &told, arena_printf(s->arena, "items.%zu.entry", i),
                told_at(s, &whole,
                        arena_printf(s->arena, "items.%zu.entry", seen)));
        after = told_at(s, &told, "next");
    }
    assert_int_equal(seen, items(&whole));
    struct told csv = look(
        s, DESK, arena_printf(s->arena, "/audit?request=%s&format=csv", id));
    size_t lines = 0;
    for (const char *at = csv.text; (at = strstr(at, "\r\n")); at += 2)
        lines++;
    assert_int_equal(lines, seen + 1);
    assert_non_null(
        strstr(csv.text, "entry,at,kind,requestId,deviceId,userId,userName,csp,"
                         "person,code,detail,message\r\n"));
}

static size_t items_of(struct screens *s, enum who who, const char *query) {
    struct told told = look(s, who, arena_printf(s->arena, "/audit?%s", query));
    assert_int_equal(told.http, 200);
    return items(&told);
}

/* What is asked for holds together. */
static void filters_hold_together(void **state) {
    struct screens *s = *state;
    const char *id = two_updates(s), *device = device_id(s, PPMID(PLAIN));
    size_t of_device =
        items_of(s, DESK, arena_printf(s->arena, "device=%s", device));
    size_t of_both = items_of(
        s, DESK, arena_printf(s->arena, "device=%s&request=%s", device, id));
    assert_true(of_both > 0 && of_both <= of_device);
    assert_int_equal(
        items_of(s, DESK,
                 arena_printf(s->arena, "device=%s&person=nobody", device)),
        0);
    size_t of_user = items_of(
        s, DESK, arena_printf(s->arena, "device=%s&user=" ID_A, device));
    assert_true(of_user > 0 && of_user < of_device);
}

/* As it was known at a moment, the state of a device with it. */
static void it_is_as_known_then(void **state) {
    struct screens *s = *state;
    const char *id = two_updates(s), *device = device_id(s, PPMID(PLAIN));
    const char *first = gateway_ask(
        s->gateway,
        "select instant_text(min(at)) from sat_entry where device_id = '%s'"
        " and kind = 'status'",
        device);
    struct told told =
        look(s, DESK,
             arena_printf(s->arena, "/audit?device=%s&at=%s", device, first));
    size_t then = items(&told);
    told_expect(s, &told, "state.requestId", id);
    told_expect(s, &told, "at", first);
    assert_true(
        then > 0 &&
        then < items_of(s, DESK, arena_printf(s->arena, "device=%s", device)));
    told =
        look(s, DESK,
             arena_printf(s->arena, "/audit?device=%s&at=2026-01-01", device));
    told_expect(s, &told, "state", "null");
    assert_int_equal(items(&told), 0);
}

/* A supplier: its own, by itself when it asks for nothing, and no names of the
 * DCC's people. */
static void a_supplier_sees_its_own(void **state) {
    struct screens *s = *state;
    const char *id = two_updates(s);
    struct told told = look(s, A, "/audit");
    assert_int_equal(told.http, 200);
    assert_true(items(&told) > 0);
    for (size_t i = 0; i < items(&told); i++)
        told_expect(s, &told, arena_printf(s->arena, "items.%zu.userId", i),
                    ID_A);
    assert_true(items_of(s, A, arena_printf(s->arena, "request=%s", id)) > 0);
    assert_int_equal(
        look(s, B, arena_printf(s->arena, "/audit?request=%s", id)).http, 404);
    struct told reset = ask(
        s, &(struct ask){.method = "POST",
                         .path = arena_printf(s->arena, "/devices/%s/reset",
                                              device_id(s, PPMID(PLAIN_TOO))),
                         .who = DESK,
                         .body = "{\"reason\":\"stuck\"}"});
    assert_int_equal(reset.http, 200);
    told = look(s, A, arena_printf(s->arena, "/audit?request=%s", id));
    assert_non_null(strstr(told.text, "\"the DCC\""));
    assert_null(strstr(told.text, who_name(DESK)));
}

/* ---- messages ---- */

static void each_supplier_s_message_says_whether_it_was_confirmed(
    void **state) {
    struct screens *s = *state;
    two_updates(s);
    const char *path = arena_printf(s->arena, "/devices/%s/messages",
                                    device_id(s, PPMID(PLAIN)));
    struct told told = look(s, DESK, path);
    size_t all = items(&told);
    assert_true(all >= 1);
    told_expect(s, &told, "items.0.state", "waiting");
    told_expect(s, &told, "items.0.confirmed", "null");
    const char *alert =
        gateway_ask(s->gateway,
                    "select min(a.alert_no) from alert a where a.device_id ="
                    " '%s'",
                    device_id(s, PPMID(PLAIN)));
    gateway_tell(s->gateway,
                 "insert into sat_entry (at, kind, request_no, device_id,"
                 " party, code, detail) select created + interval '3 seconds',"
                 " 'delivered', request_no, device_id, user_id, code,"
                 " 'counter ' || alert_no from alert where alert_no = %s",
                 alert);
    gateway_tell(s->gateway, "delete from alert where alert_no = %s", alert);
    gateway_tell(s->gateway, "update alert set state = 'given_up', next_try ="
                             " 'infinity'");
    told = look(s, DESK, path);
    assert_int_equal(items(&told), all);
    size_t confirmed = 0, given_up = 0;
    for (size_t i = 0; i < all; i++) {
        const char *is =
            told_at(s, &told, arena_printf(s->arena, "items.%zu.state", i));
        confirmed +=
            strcmp(is, "confirmed") == 0 &&
            *told_at(s, &told,
                     arena_printf(s->arena, "items.%zu.confirmed", i)) == '2';
        given_up += strcmp(is, "given_up") == 0;
    }
    assert_int_equal(confirmed, 1);
    assert_int_equal(given_up, all - 1);
    /* a supplier sees its own */
    told = look(s, A, path);
    for (size_t i = 0; i < items(&told); i++)
        told_expect(s, &told, arena_printf(s->arena, "items.%zu.userId", i),
                    eui64_format(gateway_user_id(USER_A),
                                 arena_alloc(s->arena, EUI64_TEXT_SIZE)));
}

static void a_device_says_how_its_csp_is(void **state) {
    struct screens *s = *state;
    two_updates(s);
    const char *path = arena_printf(s->arena, "/devices/%s/firmware-status",
                                    device_id(s, PPMID(PLAIN_TOO)));
    struct told told = look(s, DESK, path);
    told_expect(s, &told, "cspState.busySince", "null");
    told_expect(s, &told, "cspState.held", "null");
    const char *csp = told_at(s, &told, "csp");
    told = ask(s, &(struct ask){
                      .method = "POST",
                      .path = "/steering",
                      .who = DESK,
                      .body = arena_printf(s->arena,
                                           "{\"verb\":\"hold\",\"csp\":\"%s\","
                                           "\"reason\":\"storm\"}",
                                           csp)});
    assert_int_equal(told.http, 200);
    told = look(s, DESK, path);
    assert_true(*told_at(s, &told, "cspState.held") == '2');
    told = look(s, DESK,
                arena_printf(s->arena, "/devices/%s/firmware-status",
                             device_id(s, PPMID(PLAIN))));
    told_expect(s, &told, "cspState", "null");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(entries_are_of_what_is_asked_for),
        TEST(what_a_person_did_is_found),
        TEST(pages_of_the_trail_meet),
        TEST(filters_hold_together),
        TEST(it_is_as_known_then),
        TEST(a_supplier_sees_its_own),
        TEST(each_supplier_s_message_says_whether_it_was_confirmed),
        TEST(a_device_says_how_its_csp_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
