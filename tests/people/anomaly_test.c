/* Held requests and volumes against thresholds (requirement A7). Every answer
 * is also held against the OpenAPI file. */
#include "support/check.h"
#include "support/people.h"

#define ID_A "90-B3-D5-1F-30-01-00-00"
#define ID_B "90-B3-D5-1F-30-02-00-00"

static int setup(void **state) {
    test_clock_set(0);
    *state = screens_start();
    return 0;
}

static int teardown(void **state) {
    screens_free(*state);
    test_clock_set(0);
    return 0;
}

static void level(struct screens *s, const char *user, const char *warning,
                  const char *quarantine) {
    gateway_tell(s->gateway,
                 "insert into volume_threshold (user_id,"
                 " service_reference_variant, period_seconds, warning,"
                 " quarantine) values ('%s', '11.4', 86400, %s, %s)",
                 user, warning, quarantine);
}

/* `count` devices that no inventory has. */
static const char *ask_for(struct screens *s, enum user user, size_t count,
                           bool held) {
    eui64 ids[16];
    for (size_t i = 0; i < count; i++)
        ids[i] = BULK(i);
    return screens_update(s, user, ids, count, held ? "I99" : "W110401");
}

static size_t items(const struct told *told) {
    return json_array_size(json_object_get(told->json, "items"));
}

static struct told decide(struct screens *s, enum who who, const char *path) {
    return ask(s, &(struct ask){.method = "POST",
                                .path = path,
                                .body = "{\"reason\":\"agreed by phone\"}",
                                .who = who});
}

/* ---- held requests ---- */

static void a_held_request_says_why(void **state) {
    struct screens *s = *state;
    level(s, ID_A, "null", "5");
    ask_for(s, USER_A, 4, false);
    const char *id = ask_for(s, USER_A, 2, true);
    struct told told = look(s, DESK, "/quarantine");
    assert_int_equal(items(&told), 1);
    told_expect(s, &told, "items.0.id", "1");
    told_expect(s, &told, "items.0.requestId", id);
    told_expect(s, &told, "items.0.sender", ID_A);
    told_expect(s, &told, "items.0.senderName", "User 0");
    told_expect(s, &told, "items.0.serviceReferenceVariant", "11.4");
    told_expect(s, &told, "items.0.threshold", "user");
    told_expect(s, &told, "items.0.devices", "2");
    told_expect(s, &told, "items.0.volume", "6");
    told_expect(s, &told, "items.0.quarantine", "5");
    told_expect(s, &told, "items.0.periodSeconds", "86400");
    told_expect(s, &told, "items.0.state", "held");
    told_expect(s, &told, "items.0.decided", "null");
    /* its sender sees that it is held */
    told = look(s, A, arena_printf(s->arena, "/requests/%s", id));
    told_expect(s, &told, "state", "quarantined");
    told = look(s, DESK, "/requests?state=quarantined");
    assert_int_equal(items(&told), 1);
}

static void decisions_are_made_once_with_a_reason(void **state) {
    static const struct {
        enum who who;
        const char *verb, *state;
    } rows[] = {{DESK, "release", "released"},
                {DESK, "reject", "rejected"},
                {ADMINISTRATOR, "release", "released"}};
    struct screens *s = *state;
    level(s, ID_A, "null", "0");
    for (unsigned i = 0; i < 3; i++) {
        const char *id = ask_for(s, USER_A, 1, true);
        const char *path =
            arena_printf(s->arena, "/quarantine/%u/%s", i + 1, rows[i].verb);
        struct told told = decide(s, rows[i].who, path);
        told_expect(s, &told, "requestId", id);
        told_expect(s, &told, "state", rows[i].state);
        told = decide(s, DESK, path);
        assert_int_equal(told.http, 409);
        told = look(s, AUDITOR, "/quarantine?limit=1");
        told_expect(s, &told, "items.0.state", rows[i].state);
        told_expect(s, &told, "items.0.person", who_name(rows[i].who));
        told_expect(s, &told, "items.0.reason", "agreed by phone");
    }
    assert_string_equal(
        gateway_ask(s->gateway,
                    "select string_agg(code || ' ' || person, ', ' order by"
                    " entry_no) from sat_entry where kind = 'quarantine'"
                    " and person is not null"),
        arena_printf(s->arena, "released %s, rejected %s, released %s",
                     who_name(DESK), who_name(DESK), who_name(ADMINISTRATOR)));
    struct told told = look(s, DESK, "/quarantine?state=rejected");
    assert_int_equal(items(&told), 1);
    told_expect(s, &told, "items.0.responseCode", "E71");
}

static void held_requests_come_in_pages(void **state) {
    struct screens *s = *state;
    level(s, ID_A, "null", "0");
    level(s, ID_B, "null", "0");
    for (int i = 0; i < 3; i++)
        ask_for(s, i == 1 ? USER_B : USER_A, 1, true);
    struct told told = look(s, DESK, "/quarantine?limit=2");
    told_expect(s, &told, "items.0.id", "3");
    told_expect(s, &told, "items.1.id", "2");
    told = look(s, DESK,
                arena_printf(s->arena, "/quarantine?limit=2&after=%s",
                             told_at(s, &told, "next")));
    assert_int_equal(items(&told), 1);
    told_expect(s, &told, "items.0.id", "1");
    told = look(s, DESK, "/quarantine?user=" ID_B);
    assert_int_equal(items(&told), 1);
}

/* ---- volumes ---- */

static void ask_on_two_days(struct screens *s) {
    level(s, ID_A, "5", "9");
    level(s, "00-00-00-00-00-00-00-00", "null", "100");
    ask_for(s, USER_A, 7, false);
    ask_for(s, USER_B, 3, false);
    test_clock_set(DAY + HOUR);
    ask_for(s, USER_A, 8, false);
    ask_for(s, USER_A, 2, true);
}

static void volumes_stand_beside_their_thresholds(void **state) {
    struct screens *s = *state;
    ask_on_two_days(s);
    struct told told = look(s, DESK, "/reports/volumes");
    told_expect(s, &told, "thresholds.0.userId", "null");
    told_expect(s, &told, "thresholds.0.volume", "8");
    told_expect(s, &told, "thresholds.0.state", "below");
    told_expect(s, &told, "thresholds.1.userId", ID_A);
    told_expect(s, &told, "thresholds.1.volume", "8");
    told_expect(s, &told, "thresholds.1.warning", "5");
    told_expect(s, &told, "thresholds.1.quarantine", "9");
    told_expect(s, &told, "thresholds.1.periodSeconds", "86400");
    told_expect(s, &told, "thresholds.1.state", "warning");
    assert_int_equal(items(&told), 3);
    told_expect(s, &told, "items.0.userId", ID_A);
    told_expect(s, &told, "items.0.requests", "1");
    told_expect(s, &told, "items.0.devices", "7");
    told_expect(s, &told, "items.0.heldRequests", "0");
    told_expect(s, &told, "items.1.userId", ID_B);
    told_expect(s, &told, "items.2.devices", "8");
    told_expect(s, &told, "items.2.heldRequests", "1");
    told_expect(s, &told, "items.2.heldDevices", "2");
    ask_for(s, USER_A, 1, false);
    told = look(s, DESK, "/reports/volumes?user=" ID_A);
    told_expect(s, &told, "thresholds.0.state", "full");
}

static void a_supplier_sees_its_own_volumes_only(void **state) {
    struct screens *s = *state;
    ask_on_two_days(s);
    struct told told = look(s, B, "/reports/volumes");
    told_expect(s, &told, "thresholds", "[]");
    assert_int_equal(items(&told), 1);
    told_expect(s, &told, "items.0.userId", ID_B);
    told = look(s, A, "/reports/volumes");
    assert_int_equal(items(&told), 2);
    told_expect(s, &told, "thresholds.0.userId", ID_A);
    told_expect(s, &told, "thresholds.0.setBy", "null");
    told_expect(s, &told, "thresholds.1", "");
    told = look(s, A, "/reports/volumes?user=" ID_B);
    told_expect(s, &told, "items", "[]");
    told_expect(s, &told, "thresholds", "[]");
}

static void volumes_are_filtered_paged_and_downloaded(void **state) {
    struct screens *s = *state;
    ask_on_two_days(s);
    struct told told = look(s, DESK, "/reports/volumes?variant=11.1");
    told_expect(s, &told, "items", "[]");
    told_expect(s, &told, "thresholds", "[]");
    const char *first = gateway_ask(
        s->gateway, "select to_char(min(at) at time zone 'UTC', 'YYYY-MM-DD')"
                    " from request_volume");
    told = look(
        s, DESK,
        arena_printf(s->arena, "/reports/volumes?from=%s&to=%s", first, first));
    assert_int_equal(items(&told), 2);
    told_expect(s, &told, "items.0.day", first);
    told = look(s, DESK, "/reports/volumes?limit=2");
    const char *next = told_at(s, &told, "next");
    told =
        look(s, DESK,
             arena_printf(s->arena, "/reports/volumes?limit=2&after=%s", next));
    assert_int_equal(items(&told), 1);
    told_expect(s, &told, "items.0.devices", "8");
    told = look(s, DESK, "/reports/volumes?format=csv");
    assert_non_null(strstr(told.text,
                           "day,userId,userName,serviceReferenceVariant,"
                           "requests,devices,heldRequests,heldDevices,"
                           "periodSeconds,warning,quarantine\r\n"));
    assert_non_null(
        strstr(told.text, "," ID_A ",User 0,11.4,1,8,1,2,86400,5,9\r\n"));
    assert_non_null(strstr(told.text, "," ID_B ",User 1,11.4,1,3,0,0,,,\r\n"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_held_request_says_why),
        TEST(decisions_are_made_once_with_a_reason),
        TEST(held_requests_come_in_pages),
        TEST(volumes_stand_beside_their_thresholds),
        TEST(a_supplier_sees_its_own_volumes_only),
        TEST(volumes_are_filtered_paged_and_downloaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
