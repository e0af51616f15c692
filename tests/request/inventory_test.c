/*
 * SR 8.2 (§6.2.4): what the Smart Metering Inventory has of a device and of the
 * others of its home, for those who may see them. And Service Requests that are
 * not served here. (Every answer is checked against the official schema.)
 */
#include "support/check.h"
#include "support/user_gateway.h"

static struct answer read_in(struct gateway *g, const char *version,
                             enum user user, eui64 device) {
    return gateway_send(g, user,
                        &(struct test_request){.body = DUIS_READ_INVENTORY,
                                               .schema_version = version,
                                               .device_ids = &device,
                                               .device_id_count = 1});
}

/* The last two octets of each device that is in an answer, in its order. */
static const char *devices_in(struct gateway *g, const struct answer *answer) {
    static const char start[] = "<sr:DeviceID>";
    struct buffer text = {0};
    const char *at = (const char *)answer->body.data;
    while ((at = strstr(at, start))) {
        at += strlen(start) + EUI64_TEXT_LEN - 5;
        buffer_printf(&text, "%s%.5s", text.len ? " " : "", at);
    }
    buffer_text(&text, "");
    const char *copy = arena_text(g->arena, buffer_span(&text));
    buffer_free(&text);
    return copy;
}

static const char *body_in(struct gateway *g, const struct answer *answer) {
    const char *at = strstr((const char *)answer->body.data, "<sr:Device>");
    const char *end = strstr(at, "</sr:Device>");
    return arena_printf(g->arena, "%.*s", (int)(end - at), at);
}

static void a_device_is_as_the_inventory_has_it(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    gateway_tell(g, "update smi_device set firmware_version = '\\x0123ABCD',"
                    " model_id = 266, hardware_version = 3,"
                    " hardware_revision = 11, gbcs_version ="
                    " gbcs_version('3.2') where device_id ="
                    " '00-db-12-00-00-00-05-02'");
    struct answer answer = read_in(g, "5.4", USER_A, ESME(CENTRAL));
    assert_string_equal(answer_says(g, &answer), "I0");
    assert_string_equal(body_in(g, &answer),
                        "<sr:Device><sr:DeviceID>00-DB-12-00-00-00-05-02"
                        "</sr:DeviceID><sr:DeviceType>ESME</sr:DeviceType>"
                        "<sr:DeviceStatus>Commissioned</sr:DeviceStatus>"
                        "<sr:DeviceManufacturer>1212</sr:DeviceManufacturer>"
                        "<sr:DeviceModel>010A030B</sr:DeviceModel>"
                        "<sr:SMETSCHTSVersion>SMETS2</sr:SMETSCHTSVersion>"
                        "<sr:DeviceFirmwareVersion>0123ABCD"
                        "</sr:DeviceFirmwareVersion>"
                        "<sr:CSPRegion>4G Central</sr:CSPRegion>"
                        "<sr:DeviceGBCSVersion>3.2</sr:DeviceGBCSVersion>");
    /* a region that DUIS did not have yet */
    answer = read_in(g, "5.2", USER_A, ESME(CENTRAL));
    assert_string_equal(answer_text(g, &answer, "CSPRegion"), "Central");
    assert_string_equal(answer_text(g, &answer, "schemaVersion"), "5.2");
    /* the CPL says what that firmware is; a model that nobody knows is said so
     */
    gateway_tell(g, "update smi_device set firmware_version = '\\x0123ABCD'"
                    " where device_id = '00-db-12-00-00-00-00-02'");
    answer = read_in(g, "2.0", USER_A, ESME(PLAIN));
    assert_string_equal(answer_text(g, &answer, "DeviceFirmwareVersionStatus"),
                        "Active");
    answer = read_in(g, "5.4", USER_A, ESME(NO_MODEL));
    assert_string_equal(answer_text(g, &answer, "DeviceModel"), "Unknown");
    assert_string_equal(answer_text(g, &answer, "DeviceFirmwareVersion"), "");
    gateway_free(g);
}

static void who_may_see_what(void **state) {
    (void)state;
    static const struct {
        const char *what;
        enum user user;
        eui64 device;
        const char *says, *devices;
    } rows[] = {
        {"its meter, first, and its home", USER_A, GSME(PLAIN), "I0",
         "00-03 00-01 00-02 00-04 00-05 00-06 00-07 00-08"},
        {"the home without the other's meter", USER_A, PPMID(DUAL), "I0",
         "02-05 02-01 02-02 02-04 02-06 02-07 02-08"},
        {"the other one likewise", USER_B, GSME(DUAL), "I0",
         "02-03 02-01 02-04 02-05 02-06 02-07 02-08"},
        {"the other's meter", USER_A, GSME(DUAL), "E4", ""},
        {"another's home", USER_A, CHF(OF_B), "E4", ""},
        {"a meter without a supplier", USER_A, ESME(NO_SUPPLIER), "E4", ""},
        {"a device that is not there", USER_A, NOWHERE, "E19", ""},
        {"a device without a hub", USER_A, ESME(NO_HUB), "I0",
         "07-02 07-03 07-04 07-05 07-06 07-07 07-08"},
        {"an export supplier its meter alone", USER_EXPORT, ESME(PLAIN), "I0",
         "00-02"},
        {"and nothing else", USER_EXPORT, PPMID(PLAIN), "E4", ""},
        {"a User without a role", USER_NO_ROLE, ESME(PLAIN), "E1", ""},
        {"a suspended User", USER_SUSPENDED, ESME(PLAIN), "E3", ""},
    };
    struct gateway *g = gateway_start();
    gateway_tell(g, "update smi_device set export_supplier_id ="
                    " '90b3d51f30030000' where device_id ="
                    " '00-db-12-00-00-00-00-02'");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer answer = read_in(g, "5.4", rows[i].user, rows[i].device);
        const char *says = answer_says(g, &answer),
                   *devices = devices_in(g, &answer);
        if (strcmp(says, rows[i].says) != 0 ||
            strcmp(devices, rows[i].devices) != 0)
            fail_msg("%s: %s %s", rows[i].what, says, devices);
    }
    gateway_tell(g, "update service_user set roles = '{OU}' where name ="
                    " 'User 2'");
    struct answer answer = read_in(g, "5.4", USER_EXPORT, CHF(OF_B));
    assert_string_equal(devices_in(g, &answer),
                        "03-01 03-02 03-03 03-04 03-05 03-06 03-07 03-08");
    gateway_free(g);
}

/* As many as DUIS has room for. */
static void a_large_home_is_cut(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    gateway_tell(g,
                 "insert into smi_device (device_id, chf_id, device_type,"
                 " device_status, smets_version) select ('00db12000000ff'"
                 " || lpad(to_hex(i), 2, '0'))::macaddr8, '%s', 'PPMID',"
                 " 'Commissioned', 'SMETS2' from generate_series(1, 30) i",
                 eui64_format(CHF(PLAIN), (char[EUI64_TEXT_SIZE]){0}));
    struct answer answer = read_in(g, "5.4", USER_A, ESME(PLAIN));
    const char *devices = devices_in(g, &answer);
    assert_int_equal(strlen(devices), 17 * 6 - 1);
    assert_memory_equal(devices, "00-02 00-01", 11);
    gateway_free(g);
}

static void the_same_again_gets_the_same_answer(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    const eui64 device = ESME(PLAIN);
    struct span body =
        gateway_sign(g, USER_A,
                     &(struct test_request){.body = DUIS_READ_INVENTORY,
                                            .device_ids = &device,
                                            .device_id_count = 1});
    struct answer first = gateway_post(g, "serviceD", body);
    gateway_tell(g, "update smi_device set device_status = 'Suspended'");
    struct answer again = gateway_post(g, "serviceD", body);
    assert_true(span_equal(first.body, again.body));
    /* at its own URL alone, and by DeviceID alone */
    struct answer answer = gateway_post(
        g, "serviceS",
        gateway_sign(g, USER_A,
                     &(struct test_request){.body = DUIS_READ_INVENTORY,
                                            .device_ids = &device,
                                            .device_id_count = 1}));
    assert_string_equal(answer_says(g, &answer), "E13");
    answer = gateway_send(g, USER_A,
                          &(struct test_request){.body = DUIS_READ_INVENTORY});
    assert_string_equal(answer_says(g, &answer), "E080201");
    gateway_free(g);
}

/* In excess of a threshold it is held as any other. */
static void a_flood_of_reads_is_held(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    gateway_tell(g, "insert into volume_threshold (user_id,"
                    " service_reference_variant, period_seconds, quarantine)"
                    " values ('90b3d51f30010000', '8.2', 3600, 2)");
    for (int i = 0; i < 4; i++) {
        struct answer answer = read_in(g, "5.4", USER_A, ESME(PLAIN));
        assert_string_equal(answer_says(g, &answer), i < 2 ? "I0" : "I99");
    }
    assert_string_equal(gateway_ask(g, "select count(*) from held_request"),
                        "2");
    gateway_free(g);
}

/* ---- what is not served here ---- */

static struct answer send_other(struct gateway *g, enum user user,
                                const char *reference, const char *variant) {
    return gateway_send(
        g, user,
        &(struct test_request){.body = DUIS_OTHER,
                               .service_reference = reference,
                               .service_reference_variant = variant});
}

static void other_services_are_not_served(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    struct answer answer = send_other(g, USER_A, "4.1", "4.1.1");
    assert_int_equal(answer.http, 200);
    assert_string_equal(answer_says(g, &answer), "E12");
    assert_string_equal(answer_text(g, &answer, "ServiceReferenceVariant"),
                        "4.1.1");
    assert_string_equal(gateway_ask(g, "select condition from service_request"),
                        "service_not_served");
    /* a header of ours with another's body is what it was */
    answer = send_other(g, USER_A, "11.2", "11.2");
    assert_string_equal(answer_says(g, &answer), "E12");
    /* who is nobody is not told */
    answer = send_other(g, USER_STRANGER, "4.1", "4.1.1");
    assert_string_equal(answer_says(g, &answer), "E1");
    gateway_tell(g, "update response_code set response_code = 'E2' where"
                    " condition = 'service_not_served'");
    assert_true(gateway_reload(g));
    answer = send_other(g, USER_A, "4.1", "4.1.1");
    assert_string_equal(answer_says(g, &answer), "E2");
    gateway_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_is_as_the_inventory_has_it),
        cmocka_unit_test(who_may_see_what),
        cmocka_unit_test(a_large_home_is_cut),
        cmocka_unit_test(the_same_again_gets_the_same_answer),
        cmocka_unit_test(a_flood_of_reads_is_held),
        cmocka_unit_test(other_services_are_not_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
