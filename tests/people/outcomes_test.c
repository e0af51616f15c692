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

/* A payload of Activate Firmware: what it names is the image FOR_ALL. */
static void command(struct screens *s, int counter, eui64 device,
                    const char *state, const char *result) {
    char id[EUI64_TEXT_SIZE];
    gateway_tell(s->gateway,
                 "insert into device_command (request_no, device_id,"
                 " device_type, chf_id, csp, originator, counter,"
                 " message_code, state, created, next_try, response_result,"
                 " payload) select r.request_no, '%s', 'ESME', '%s', 'north',"
                 " r.originator, %d, 18, '%s', r.received, r.received, %s,"
                 " decode(repeat('00', 45), 'hex') || '\\x00120000000420'"
                 " || sha256('%s') from service_request r"
                 " order by r.request_no limit 1",
                 eui64_format(device, id), id, counter, state, result, FOR_ALL);
}

/* Two executed, of which one only its update's record says so; one refused by
 * its device; one without any word. */
static void results_follow_what_is_heard_late(void **state) {
    struct screens *s = *state;
    const eui64 devices[] = {ESME(PLAIN), ESME(PLAIN_TOO), 0};
    struct answer answer =
        gateway_send_devices(s->gateway, USER_A, false, NULL, devices);
    assert_string_equal(answer_says(s->gateway, &answer), "I99");
    command(s, 1, ESME(PLAIN), "answered", "0");
    command(s, 2, ESME(PLAIN_TOO), "no_answer", "null");
    command(s, 3, ESME(DUAL), "answered", "2");
    command(s, 4, ESME(CENTRAL), "failed", "null");
    command(s, 5, ESME(OF_B), "sent", "null");
    struct told told = look(s, DESK, "/reports/rsat-004/results" SINCE);
    told_expect(s, &told, "items.0.sent", "5");
    told_expect(s, &told, "items.0.executed", "1");
    told_expect(s, &told, "items.0.failed", "1");
    told_expect(s, &told, "items.0.notAnswered", "2");
    told_expect(s, &told, "items.0.underWay", "1");
    told_expect(s, &told, "items.0.corrected", "0");
    told_expect(s, &told, "items.0.results", "hashMismatch 1, success 1");
    /* the second runs it all the same */
    gateway_tell(s->gateway, "update tracking_live set device_status ="
                             " 'FIRMWARE_ACTIVATED', device_time = last_updated"
                             " where device_id = '00-DB-12-00-00-00-01-02'");
    told = look(s, DESK, "/reports/rsat-004/results" SINCE);
    told_expect(s, &told, "items.0.executed", "2");
    told_expect(s, &told, "items.0.notAnswered", "1");
    told_expect(s, &told, "items.0.corrected", "1");
    told = look(s, B, "/reports/rsat-004/results" SINCE);
    told_expect(s, &told, "items", "[]");
    told = look(s, A, "/reports/rsat-004/results" SINCE "&format=csv");
    assert_non_null(strstr(told.text, ",ESME,5,2,1,1,0,1,1,0.500000,"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(which_models_fail_is_one_page),
        TEST(a_supplier_sees_itself_among_neighbours),
        TEST(results_follow_what_is_heard_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
