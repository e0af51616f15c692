/*
 * At most one update of a device is in progress (requirements C3, C4, scenario
 * 4): which requests are refused for it, by which statuses, and until when.
 */
#include "support/check.h"
#include "support/user_gateway.h"

static void check_busy(struct gateway *g, enum user sender, eui64 device,
                       bool ppmid) {
    const eui64 devices[MOST_REFUSED] = {device};
    const refused_lists refused = {[DUIS_OTHER_REQUEST_IN_PROGRESS] = {device}};
    struct answer answer =
        gateway_send_devices(g, sender, ppmid, NULL, devices);
    assert_string_equal(answer_says(g, &answer), ppmid ? "W110401" : "W110101");
    answer_check_lists(g, &answer, refused);
}

static void check_free(struct gateway *g, enum user sender, eui64 device,
                       bool ppmid) {
    const eui64 devices[MOST_REFUSED] = {device};
    struct answer answer =
        gateway_send_devices(g, sender, ppmid, NULL, devices);
    assert_string_equal(answer_says(g, &answer), "I99");
}

static void a_device_has_one_update_at_a_time(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    check_free(g, USER_A, PPMID(DUAL), true);
    check_busy(g, USER_A, PPMID(DUAL), true);
    check_busy(g, USER_B, PPMID(DUAL), true);
    check_free(g, USER_A, ESME(DUAL), false);
    check_busy(g, USER_A, ESME(DUAL), false);
    check_free(g, USER_B, GSME(DUAL), false);
    assert_string_equal(gateway_tracked(g),
                        "3 AWAITING_CSP, 3 REJECTED_BY_DSP, image");
    gateway_free(g);
}

static void in_progress_comes_last_of_all_reasons(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    const eui64 devices[MOST_REFUSED] = {PPMID(PLAIN), PPMID(CENTRAL),
                                         PPMID(DUAL), PPMID(PLAIN_TOO)};
    gateway_send_devices(g, USER_A, true, NULL, devices);
    gateway_tell(g, "update smi_device set device_status = 'Suspended' where"
                    " device_id = '00:db:12:00:00:00:00:05';"
                    "update smi_device set model_id = 2 where"
                    " device_id = '00:db:12:00:00:00:05:05';"
                    "update smi_home set gbcs_version = 30200 where"
                    " chf_id = '00:db:12:00:00:00:02:01'");
    struct answer answer = gateway_send_devices(g, USER_A, true, NULL, devices);
    const refused_lists refused = {
        [DUIS_NOT_COMMISSIONED] = {PPMID(PLAIN)},
        [DUIS_NOT_APPLICABLE_FIRMWARE] = {PPMID(CENTRAL)},
        [DUIS_OTHER_REQUEST_IN_PROGRESS] = {PPMID(PLAIN_TOO)},
        [DUIS_INVALID_GBCS_VERSION] = {PPMID(DUAL)}};
    answer_check_lists(g, &answer, refused);
    gateway_free(g);
}

/* 11.1 and 11.4 never take the same type, so one of them is made to. */
static void a_live_11_4_blocks_an_11_1(void **state) {
    (void)state;
    struct gateway *g = gateway_new();
    gateway_tell(g, "insert into service_device_type values"
                    " ('11.1', 'PPMID', 'either')");
    gateway_open(g);
    check_free(g, USER_A, PPMID(PLAIN), true);
    check_busy(g, USER_A, PPMID(PLAIN), false);
    gateway_free(g);
}

static void the_statuses_in_progress_block(void **state) {
    (void)state;
    static const char *const blocking[] = {
        "AWAITING_CSP", "APPROVED_FOR_DISTRIBUTION", "SUCCESSFUL_CH_TRANSFER"};
    struct gateway *g = gateway_start();
    check_free(g, USER_A, PPMID(PLAIN), true);
    for (size_t i = 0; i < sizeof blocking / sizeof *blocking; i++) {
        gateway_tell(g, "%s",
                     arena_printf(g->arena,
                                  "update tracking_live set status = '%s'",
                                  blocking[i]));
        check_busy(g, USER_A, PPMID(PLAIN), true);
    }
    gateway_free(g);
}

/* [tracking] delivered_blocks */
static void a_delivered_device_blocks_if_it_is_to(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    check_free(g, USER_A, PPMID(PLAIN), true);
    gateway_tell(g, "update tracking_live set status ="
                    " 'SUCCESSFUL_HAN_TRANSFER';"
                    "update tracking_setting set delivered_blocks = true");
    check_busy(g, USER_A, PPMID(PLAIN), true);
    gateway_tell(g, "update tracking_setting set delivered_blocks = false");
    check_free(g, USER_A, PPMID(PLAIN), true);
    assert_string_equal(gateway_tracked(g),
                        "1 AWAITING_CSP, 1 SUCCESSFUL_HAN_TRANSFER,"
                        " 1 REJECTED_BY_DSP, image");
    gateway_free(g);
}

/* [tracking] one_update_per: a PPMID whose hub has a GSME's image in the block
 * that it needs, or will, but no GSME for a PPMID. A dry run says the same. */
static void a_block_of_a_hub_blocks_if_it_is_to(void **state) {
    (void)state;
    static const char set[] = "update tracking_setting set one_update_per ="
                              " '%s'";
    static const char another[] = "update service_request set"
                                  " manufacturer_image_hash = sha256('gas')";
    struct gateway *g = gateway_start();
    gateway_tell(g, set, "hub_block");
    check_free(g, USER_B, GSME(DUAL), false);
    gateway_tell(g, "%s", another);
    check_busy(g, USER_A, PPMID(DUAL), true);
    assert_string_equal(
        gateway_ask(
            g,
            "select array_to_string(x.refused_lists, ',') from"
            " service_request r, rehearse_update(r.originator, '11.4',"
            " r.firmware_version, r.manufacturer_image_hash, (select"
            " array_agg(device_id) from tracking_history), '{}', '{}', false,"
            " enum_range(null::csp_region), array_fill('north'::text,"
            " array[8]), r.received) x"
            " where r.service_reference_variant = '11.4'"),
        "4");
    check_free(g, USER_A, PPMID(PLAIN), true);
    gateway_tell(g, "%s", another);
    check_free(g, USER_A, GSME(PLAIN), false);
    gateway_tell(g, set, "device");
    check_free(g, USER_A, PPMID(DUAL), true);
    gateway_free(g);
}

/* [tracking] timeout is 5 days; one that waits here, for its job, is not
 * released by it. */
static void a_silent_device_is_released(void **state) {
    (void)state;
    test_clock_set(0);
    struct gateway *g = gateway_start();
    check_free(g, USER_A, PPMID(PLAIN), true);
    test_clock_set(5 * DAY - MINUTE);
    check_busy(g, USER_A, PPMID(PLAIN), true);
    test_clock_set(5 * DAY + MINUTE);
    check_busy(g, USER_A, PPMID(PLAIN), true);
    gateway_tell(g, "update tracking_live set"
                    " status = 'APPROVED_FOR_DISTRIBUTION'");
    check_free(g, USER_A, PPMID(PLAIN), true);
    assert_string_equal(gateway_tracked(g),
                        "1 AWAITING_CSP, 1 APPROVED_FOR_DISTRIBUTION,"
                        " 2 REJECTED_BY_DSP, image");
    assert_string_equal(gateway_ask(g, "select count(*) from tracking_live"),
                        "1");
    assert_string_equal(
        gateway_ask(g, "select released - last_updated > interval '5 days'"
                       " from tracking_history"
                       " where status = 'APPROVED_FOR_DISTRIBUTION'"),
        "t");
    test_clock_set(0);
    gateway_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_has_one_update_at_a_time),
        cmocka_unit_test(in_progress_comes_last_of_all_reasons),
        cmocka_unit_test(a_live_11_4_blocks_an_11_1),
        cmocka_unit_test(the_statuses_in_progress_block),
        cmocka_unit_test(a_delivered_device_blocks_if_it_is_to),
        cmocka_unit_test(a_block_of_a_hub_blocks_if_it_is_to),
        cmocka_unit_test(a_silent_device_is_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
