/* The reports of outcomes and of neighbours: what the screens get, as JSON and
 * CSV, and who sees whose. */
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

/* A: three PPMIDs of one model, of which one fails, and one is under way; one
 * of the failed is sent again. B: one. */
static void begin(struct screens *s) {
    const eui64 devices[] = {PPMID(PLAIN), PPMID(PLAIN_TOO), PPMID(CENTRAL)};
    const eui64 of_b = PPMID(OF_B);
    screens_update(s, USER_A, devices, 3, "I99");
    screens_update(s, USER_B, &of_b, 1, "I99");
    gateway_tell(s->gateway,
                 "update tracking_live set job_no = 1;"
                 "update distribution set unassigned = 0, ready = 0");
    screens_event(s, "device_activated", PPMID(PLAIN));
    screens_event(s, "hub_failed", PPMID(PLAIN_TOO));
    screens_update(s, USER_A, &devices[1], 1, "I99");
    gateway_tell(s->gateway,
                 "select count_day(day_of(received), received) from"
                 " (select max(received) as received from service_request) x");
}

#define SINCE "?from=2000-01-01&to=2100-01-01"

static void which_models_fail_is_one_page(void **state) {
    struct screens *s = *state;
    begin(s);
    struct told told = look(s, DESK, "/reports/outcomes" SINCE);
    told_expect(s, &told, "items.0.deviceType", "PPMID");
    told_expect(s, &told, "items.0.manufacturerId", "1212");
    told_expect(s, &told, "items.0.firmwareVersion", "0123ABCD");
    told_expect(s, &told, "items.0.devices", "5");
    told_expect(s, &told, "items.0.succeeded", "1");
    told_expect(s, &told, "items.0.failed", "1");
    told_expect(s, &told, "items.0.inProgress", "3");
    told_expect(s, &told, "items.0.share", "0.5");
    told_expect(s, &told, "periods.0.failed", "1");
    told_expect(s, &told, "periods.1", "");
    told = look(s, A, "/reports/outcomes" SINCE);
    told_expect(s, &told, "items.0.devices", "4");
    told =
        look(s, B, "/reports/outcomes" SINCE "&user=90-B3-D5-1F-30-01-00-00");
    told_expect(s, &told, "items.0.devices", "1");
    told = look(s, DESK,
                "/reports/outcomes" SINCE
                "&user=90-B3-D5-1F-30-02-00-00&period=week");
    told_expect(s, &told, "items.0.devices", "1");
    told = look(s, DESK, "/reports/outcomes" SINCE "&version=00000001");
    told_expect(s, &told, "items", "[]");
    told = look(s, DESK, "/reports/outcomes" SINCE "&deviceType=ESME");
    told_expect(s, &told, "items", "[]");
    told = look(s, DESK, "/reports/outcomes" SINCE "&format=csv");
    assert_int_equal(told.http, 200);
    assert_non_null(strstr(
        told.text, "period,deviceType,manufacturerId,modelId,hardwareVersion,"
                   "firmwareVersion,devices,succeeded,failed,inProgress,share,"
                   "low,high\r\n"));
    assert_non_null(strstr(told.text, ",0123ABCD,5,1,1,3,0.500000,"));
}

static void a_supplier_sees_itself_among_neighbours(void **state) {
    struct screens *s = *state;
    begin(s);
    gateway_tell(s->gateway,
                 "insert into guard_finding select min(request_no),"
                 " 'same_version', false, 2, null from service_request where"
                 " originator = '90b3d51f30010000'");
    struct told told = look(s, DESK, "/reports/neighbours" SINCE);
    told_expect(s, &told, "items.0.user", "90-B3-D5-1F-30-01-00-00");
    told_expect(s, &told, "items.0.requests", "2");
    told_expect(s, &told, "items.0.singleRequests", "1");
    told_expect(s, &told, "items.0.devices", "4");
    told_expect(s, &told, "items.0.again", "1");
    told_expect(s, &told, "items.0.share", "0.25");
    told_expect(s, &told, "items.0.warned", "2");
    told_expect(s, &told, "items.1.user", "90-B3-D5-1F-30-02-00-00");
    told_expect(s, &told, "items.1.again", "0");
    told_expect(s, &told, "rules.0.rule", "same_version");
    told_expect(s, &told, "rules.0.devices", "2");
    told = look(s, B, "/reports/neighbours" SINCE);
    told_expect(s, &told, "items.0.user", "90-B3-D5-1F-30-02-00-00");
    told_expect(s, &told, "items.1", "");
    told_expect(s, &told, "rules", "[]");
    told = look(s, DESK, "/reports/neighbours" SINCE "&format=csv");
    assert_non_null(strstr(told.text, "\r\n90-B3-D5-1F-30-01-00-00,"));
    assert_non_null(strstr(told.text, ",4,1,0.250000,"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(which_models_fail_is_one_page),
        TEST(a_supplier_sees_itself_among_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
