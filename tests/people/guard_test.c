/* The guard as people see it: how its rules stand, who sets them, and what it
 * says in a dry run and on the page of a request. */
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

static struct told put(struct screens *s, enum who who, const char *rule,
                       const char *body) {
    return ask(s,
               &(struct ask){.method = "PUT",
                             .path = arena_printf(s->arena, "/guard/%s", rule),
                             .who = who,
                             .body = body});
}

static void rules_are_off_until_the_desk_sets_them(void **state) {
    struct screens *s = *state;
    struct told told = look(s, A, "/guard");
    told_expect(s, &told, "items.0.rule", "same_version");
    told_expect(s, &told, "items.0.mode", "off");
    told_expect(s, &told, "items.3.level", "5");
    told_expect(s, &told, "items.3.counts", "days");
    static const char good[] =
        "{\"mode\":\"refuse\",\"user\":\"90-B3-D5-1F-30-01-00-00\","
        "\"level\":7,\"list\":\"not_applicable\",\"reason\":\"agreed\"}";
    assert_int_equal(put(s, A, "sent_again", good).http, 403);
    assert_int_equal(put(s, AUDITOR, "sent_again", good).http, 403);
    told = put(s, DESK, "sent_again", good);
    told_expect(s, &told, "mode", "refuse");
    told = look(s, A, "/guard");
    told_expect(s, &told, "items.4.rule", "sent_again");
    told_expect(s, &told, "items.4.user", "90-B3-D5-1F-30-01-00-00");
    told_expect(s, &told, "items.4.mode", "refuse");
    told_expect(s, &told, "items.4.level", "7");
    told_expect(s, &told, "items.4.list", "not_applicable");
    told_expect(s, &told, "items.4.person", who_name(DESK));
    /* another supplier's is not its business */
    told = look(s, B, "/guard");
    told_expect(s, &told, "items.4.rule", "hub_block");
}

static void what_cannot_be_is_not_set(void **state) {
    struct screens *s = *state;
    static const struct {
        const char *rule, *body;
        unsigned http;
    } rows[] = {
        {"no_such", "{\"mode\":\"warn\",\"reason\":\"x\"}", 400},
        {"sent_again", "{\"mode\":\"maybe\",\"reason\":\"x\"}", 400},
        {"sent_again", "{\"mode\":\"warn\"}", 400},
        {"sent_again", "{\"mode\":\"warn\",\"reason\":\"x\",\"level\":-1}",
         400},
        {"sent_again", "{\"mode\":\"warn\",\"reason\":\"x\",\"level\":0}", 400},
        {"same_version", "{\"mode\":\"warn\",\"reason\":\"x\",\"level\":1}",
         400},
        {"sent_again", "{\"mode\":\"warn\",\"reason\":\"x\",\"list\":\"y\"}",
         400},
        {"sent_again", "{\"mode\":\"warn\",\"reason\":\"x\",\"user\":\"y\"}",
         400},
        {"sent_again",
         "{\"mode\":\"warn\",\"reason\":\"x\","
         "\"user\":\"00-00-00-00-00-00-00-01\"}",
         409},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(put(s, DESK, rows[i].rule, rows[i].body).http,
                         rows[i].http);
    assert_string_equal(
        gateway_ask(s->gateway, "select count(*)::text from guard"), "0");
}

static struct told dry_run(struct screens *s, const eui64 *devices,
                           size_t count) {
    struct test_request request = {.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                   .device_ids = devices,
                                   .device_id_count = count};
    struct span xml = gateway_sign(s->gateway, USER_A, &request);
    return ask(s, &(struct ask){.method = "POST",
                                .path = "/dry-runs",
                                .who = A,
                                .body = (const char *)xml.data,
                                .body_len = xml.len,
                                .type = "application/xml"});
}

static void a_dry_run_counts_by_csp_model_and_hub(void **state) {
    struct screens *s = *state;
    const eui64 devices[] = {PPMID(PLAIN), PPMID(PLAIN_TOO), PPMID(CENTRAL),
                             PPMID(OF_B)};
    struct told told = dry_run(s, devices, 4);
    told_expect(s, &told, "accepted", "3");
    told_expect(s, &told, "byCsp.0.csp", "north");
    told_expect(s, &told, "byCsp.0.devices", "2");
    told_expect(s, &told, "byCsp.1.devices", "1");
    told_expect(s, &told, "byModel.0.deviceType", "PPMID");
    told_expect(s, &told, "byModel.0.manufacturerId", "1212");
    told_expect(s, &told, "byModel.0.devices", "3");
    told_expect(s, &told, "hubs", "3");
    told_expect(s, &told, "byHub.0.devices", "1");
    told_expect(s, &told, "guard", "[]");
    gateway_tell(s->gateway,
                 "update smi_device set firmware_version = '\\x0123abcd'");
    put(s, DESK, "same_version", "{\"mode\":\"warn\",\"reason\":\"x\"}");
    told = dry_run(s, devices, 4);
    told_expect(s, &told, "accepted", "3");
    told_expect(s, &told, "guard.0.rule", "same_version");
    told_expect(s, &told, "guard.0.mode", "warn");
    told_expect(s, &told, "guard.0.devices", "3");
    told_expect(s, &told, "guard.0.byCsp.0.devices", "2");
    told_expect(s, &told, "guard.0.byModel.0.devices", "3");
    told_expect(s, &told, "guard.0.hubs", "3");
    told_expect(s, &told, "guard.0.deviceIds.0", "00-DB-12-00-00-00-00-05");
    put(s, DESK, "same_version", "{\"mode\":\"refuse\",\"reason\":\"x\"}");
    told = dry_run(s, devices, 4);
    told_expect(s, &told, "accepted", "0");
    told_expect(s, &told, "guard.0.mode", "refuse");
    told_expect(s, &told, "guard.0.list", "not_applicable");
    told_expect(s, &told, "guard.0.devices", "3");
    told_expect(s, &told, "refused.notApplicableFirmwareDeviceIdList.2",
                "00-DB-12-00-00-00-05-05");
    assert_string_equal(
        gateway_ask(s->gateway, "select count(*)::text from guard_finding"),
        "0");
}

static void the_page_of_a_request_has_its_warnings(void **state) {
    struct screens *s = *state;
    gateway_tell(s->gateway,
                 "update smi_device set firmware_version = '\\x0123abcd'");
    put(s, DESK, "same_version", "{\"mode\":\"warn\",\"reason\":\"x\"}");
    eui64 device = PPMID(PLAIN);
    const char *id = screens_update(s, USER_A, &device, 1, "I99");
    struct told told = look(s, A, arena_printf(s->arena, "/requests/%s", id));
    told_expect(s, &told, "guard.0.rule", "same_version");
    told_expect(s, &told, "guard.0.mode", "warn");
    told_expect(s, &told, "guard.0.devices", "1");
    told_expect(s, &told, "guard.0.deviceIds.0", "00-DB-12-00-00-00-00-05");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(rules_are_off_until_the_desk_sets_them),
        TEST(what_cannot_be_is_not_set),
        TEST(a_dry_run_counts_by_csp_model_and_hub),
        TEST(the_page_of_a_request_has_its_warnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
