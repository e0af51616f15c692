/* The list of stuck devices: page, CSV, the page of a device, and who sees
 * which. */
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

/* Two PPMIDs of supplier A at their hub, where 99 of 100 are for an hour. */
static void two_at_their_hubs(struct screens *s, const char *since) {
    struct gateway *g = s->gateway;
    const eui64 devices[] = {PPMID(DUAL), PPMID(PLAIN)};
    screens_update(s, USER_A, devices, 2, "I99");
    for (int i = 0; i < 2; i++) {
        screens_event(s, "csp_accepted", devices[i]);
        screens_event(s, "hub_delivered", devices[i]);
    }
    gateway_tell(g,
                 "insert into duration_known select distinct csp, device_type,"
                 " 'hub'::update_span, '', -1, 100, interval '1 hour',"
                 " '{}'::integer[], '{}'::double precision[] from"
                 " tracking_live; update tracking_live set delivery_time ="
                 " delivery_time - interval '%s'",
                 since);
}

static void it_says_why_and_what_comes(void **state) {
    struct screens *s = *state;
    two_at_their_hubs(s, "3 days");
    struct told told = look(s, DESK, "/stuck?limit=1");
    told_expect(s, &told, "counts.0.devices", "2");
    told_expect(s, &told, "counts.0.stage", "hub");
    told_expect(s, &told, "items.0.stage", "hub");
    assert_non_null(strstr(told_at(s, &told, "items.0.why"),
                           "has had the image for 3 days"));
    assert_string_equal(told_at(s, &told, "items.0.comesAt"),
                        gateway_ask(s->gateway,
                                    "select instant_text(release_due) from"
                                    " tracking_live order by delivery_time,"
                                    " device_id limit 1"));
    const char *first = told_at(s, &told, "items.0.deviceId");
    const char *next = told_at(s, &told, "next");
    assert_true(*next);
    told = look(s, DESK, arena_printf(s->arena, "/stuck?after=%s", next));
    assert_string_equal(told_at(s, &told, "items.1.deviceId"), "");
    assert_string_not_equal(told_at(s, &told, "items.0.deviceId"), first);
    told = look(s, DESK, "/stuck?csp=elsewhere");
    told_expect(s, &told, "items.0.deviceId", "");
}

static void a_supplier_sees_its_own(void **state) {
    struct screens *s = *state;
    two_at_their_hubs(s, "3 days");
    struct told told = look(s, A, "/stuck");
    assert_true(*told_at(s, &told, "items.1.deviceId"));
    told = look(s, B, "/stuck");
    told_expect(s, &told, "items.0.deviceId", "");
    told_expect(s, &told, "counts.0.devices", "");
    told = look(s, ADMINISTRATOR, "/stuck");
    assert_int_equal(told.http, 403);
}

static void all_of_it_is_csv(void **state) {
    struct screens *s = *state;
    two_at_their_hubs(s, "3 days");
    struct told told = look(s, DESK, "/stuck?format=csv");
    assert_int_equal(told.http, 200);
    int lines = 0;
    for (const char *at = told.text; (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, 3);
    assert_non_null(strstr(told.text, "deviceId,deviceType,csp,stage,since"));
    assert_non_null(strstr(told.text, "has had the image for 3 days"));
}

static void the_page_of_a_device_says_the_same(void **state) {
    struct screens *s = *state;
    char id[EUI64_TEXT_SIZE];
    eui64_format(PPMID(DUAL), id);
    const char *path =
        arena_printf(s->arena, "/devices/%s/firmware-status", id);
    two_at_their_hubs(s, "0");
    struct told told = look(s, DESK, path);
    told_expect(s, &told, "stuck", "null");
    gateway_tell(s->gateway, "update tracking_live set delivery_time ="
                             " delivery_time - interval '2 hours'");
    told = look(s, DESK, path);
    told_expect(s, &told, "stuck.stage", "hub");
    told_expect(s, &told, "stuck.deviceId", id);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(it_says_why_and_what_comes),
        TEST(a_supplier_sees_its_own),
        TEST(all_of_it_is_csv),
        TEST(the_page_of_a_device_says_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
