/* Updates that are refused, fail, cross each other or lose their device
 * (scenarios 4, 5, 6, 8, 12, 16). */
#include "steps.h"

#include <signal.h>

/* ---- 4: another update is in progress ---- */

static void a_device_in_two_requests(void **state) {
    (void)state;
    RUN({csp, "north silent 100"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid W110401"
                " OtherRequestInProgressList n1.ppmid"},
        {sends, "2 11.4 " PPMID_IMAGE " n1.ppmid,n2.ppmid W110401"
                " OtherRequestInProgressList n1.ppmid"},
        {sends, "1 11.1 " HCALCS_IMAGE " n3.hcalcs I99"},
        {sends, "1 11.1 " HCALCS_IMAGE " n3.hcalcs,n4.hcalcs W110101"
                " OtherRequestInProgressList n3.hcalcs"},
        {is_told, "2 N59 n1.ppmid n3.hcalcs n4.hcalcs"},
        {is_told, "1 N59 n2.ppmid"},
        {is, "n1.ppmid,n2.ppmid,n3.hcalcs,n4.hcalcs APPROVED_FOR_DISTRIBUTION"},
        {reset, "n1.ppmid"}, {csp, "north"},
        {sends, "2 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {is_told, "1 N59 n1.ppmid"}, {is_told, "2 N61 n1.ppmid"},
        {is_told, "2 N62 n1.ppmid"}, {is_told, "1 N39 n1.ppmid"},
        {is_told, "2 N39 n1.ppmid"});
}

/* Each device goes to one of two requests that come at the same moment. */
static void two_suppliers_at_the_same_moment(void **state) {
    (void)state;
    enum { ROUNDS = 5, EACH = 20 };
    struct scenario *s =
        scenario_open(&(struct scenario_wish){.bulk = ROUNDS * EACH});
    scenario_faults(s, "north", "silent 100\n");
    scenario_faults(s, "south", "silent 100\n");
    for (size_t round = 0; round < ROUNDS; round++) {
        struct span requests[2];
        const char *answers[2];
        for (unsigned i = 0; i < 2; i++)
            requests[i] = scenario_update(s, i + 1, "ppmid-a-0A000003",
                                          s->bulk + EACH * round, EACH);
        scenario_post_both(s, requests, answers);
        size_t refused = 0;
        for (size_t i = 0; i < 2; i++) {
            const char *list =
                scenario_element(s, answers[i], "OtherRequestInProgressList");
            refused += (strlen(list) + 1) / EUI64_TEXT_SIZE;
        }
        assert_int_equal(refused, EACH);
    }
    scenario_settle(s);
    assert_string_equal(scenario_ask(s, "select count(*) from tracking_live"),
                        arena_printf(s->arena, "%d", ROUNDS * EACH));
    scenario_stop_fotad(s, SIGTERM);
    scenario_end(s);
}

/* ---- 5: the CSP refuses ---- */

static void each_reason_of_a_csp(void **state) {
    (void)state;
    RUN({csp, "north device n1.ppmid reject IMAGE_INVALID"
              " | device n2.ppmid reject DEVICE_NOT_IDENTIFIED"
              " | device n3.ppmid reject DEVICE_NOT_IDENTIFIED"
              " | device n4.ppmid reject DISTRIBUTION_EXPIRED"
              " | device n5.ppmid reject OTHER"},
        {sends, "1 11.4 " PPMID_IMAGE
                " n1.ppmid,n2.ppmid,n3.ppmid,n4.ppmid,n5.ppmid,n6.ppmid I99"},
        {is_told, "1 N18 n1.ppmid"}, {is_told, "1 N19 n2.ppmid,n3.ppmid"},
        {is_told, "1 N20 n4.ppmid"}, {is_told, "1 N22 n5.ppmid"},
        {is_told, "2 N59 n6.ppmid"}, {is_told, "1 N61 n6.ppmid"},
        {is_told, "1 N62 n6.ppmid"}, {is_told, "1 N39 n6.ppmid"},
        {is_told, "2 N39 n6.ppmid"},
        {is, "n1.ppmid REJECTED_BY_CSP IMAGE_INVALID"},
        {is, "n2.ppmid,n3.ppmid REJECTED_BY_CSP DEVICE_NOT_IDENTIFIED"},
        {is, "n4.ppmid REJECTED_BY_CSP DISTRIBUTION_EXPIRED"},
        {is, "n5.ppmid REJECTED_BY_CSP OTHER"},
        {is, "n6.ppmid FIRMWARE_ACTIVATED"},
        {holds, "2 select count(*) from sat_entry where code = 'N19'"
                " and device_id in ('{n2.ppmid}', '{n3.ppmid}')"});
}

static void a_csp_refuses_a_whole_job(void **state) {
    (void)state;
    RUN({csp, "north job 400 IMAGE_INVALID"},
        {csp, "south job 422 HUBS_ON_STRIKE"},
        {sends, "1 11.1 " HCALCS_IMAGE " n1.hcalcs,n2.hcalcs,c1.hcalcs I99"},
        {is_told, "1 N18 n1.hcalcs,n2.hcalcs"}, {is_told, "1 N22 c1.hcalcs"},
        {is, "n1.hcalcs,n2.hcalcs REJECTED_BY_CSP IMAGE_INVALID"},
        {is, "c1.hcalcs REJECTED_BY_CSP OTHER"}, {tries, "north 1"},
        {tries, "south 1"}, {csp, "south silent 100"},
        {sends, "1 11.1 " HCALCS_IMAGE " c1.hcalcs I99"},
        {is_told, "2 N59 c1.hcalcs"});
}

/* ---- 6: distribution fails, and is allowed again ---- */

#define FAILS(device, fault, status)                                           \
    {devices, fault " 100 " device},                                           \
        {sends, "1 11.4 " PPMID_IMAGE " " device " I99"},                      \
        {is_told, "2 N59 " device}, {is_told, "1 N61 " device},                \
        {is_told, "1 N62 " device}, {                                          \
        is, device " " status                                                  \
    }

static void distribution_fails(void **state) {
    (void)state;
    RUN({csp, "north device n1.ppmid fail NO_SLOT"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {is_told, "2 N59 n1.ppmid"}, {is_told, "1 N60 n1.ppmid"},
        {is, "n1.ppmid FAILED_CH_TRANSFER NO_SLOT"}, {csp, "north"},
        FAILS("n1.ppmid", "transfer_failed", "FAILED_HAN_TRANSFER"),
        FAILS("n1.ppmid", "discarded", "HAN_DISCARDED"),
        FAILS("n1.ppmid", "hardware_mismatch", "HAN_REJECTED_HW_MISMATCH"),
        FAILS("n1.ppmid", "activation_failed", "ACTIVATION_FAILED"),
        {is_told, "1 N39 n1.ppmid"}, {is_told, "2 N39 n1.ppmid"},
        {inventory, "n1.ppmid 0A000001"});
}

static void distribution_to_meters_fails(void **state) {
    (void)state;
    RUN({csp, "south device c1.esme fail NO_SLOT"},
        {sends, "1 11.1 " ESME_IMAGE " c1.esme I99"},
        {is_told, "2 N59 c1.esme"}, {is_told, "1 N60 c1.esme"},
        {is, "c1.esme FAILED_CH_TRANSFER NO_SLOT"}, {csp, "south"},
        {devices, "transfer_failed 100 c1.esme | discarded 100 c1.gsme"
                  " | hardware_mismatch 100 c1.hcalcs"},
        {sends, "1 11.1 " ESME_IMAGE " c1.esme I99"},
        {is_told, "2 N59 c1.esme"},
        {sends, "2 11.1 gsme-a-00010003 c1.gsme I99"},
        {is_told, "1 N59 c1.gsme"},
        {sends, "1 11.1 " HCALCS_IMAGE " c1.hcalcs I99"},
        {is_told, "2 N59 c1.hcalcs"}, {is_told, "1 N61 c1.esme c1.hcalcs"},
        {is_told, "2 N61 c1.gsme"}, {is_told, "1 N62 c1.esme c1.hcalcs"},
        {is_told, "2 N62 c1.gsme"}, {is, "c1.esme FAILED_HAN_TRANSFER"},
        {is, "c1.gsme HAN_DISCARDED"},
        {is, "c1.hcalcs HAN_REJECTED_HW_MISMATCH"});
}

/* ---- 8: two suppliers of one home ---- */

static void either_supplier_updates_a_ppmid(void **state) {
    (void)state;
    RUN({sends, "2 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {is_told, "1 N59 n1.ppmid"}, {is_told, "2 N61 n1.ppmid"},
        {is_told, "2 N62 n1.ppmid"}, {is_told, "1 N39 n1.ppmid"},
        {is_told, "2 N39 n1.ppmid"}, {is, "n1.ppmid FIRMWARE_ACTIVATED"},
        {sends, "1 11.4 " PPMID_IMAGE " m1.ppmid I99"},
        {is_told, "1 N61 m1.ppmid"}, {is_told, "1 N62 m1.ppmid"},
        {is_told, "1 N39 m1.ppmid"},
        {sends, "2 11.4 " PPMID_IMAGE " m1.ppmid W110401"
                " InvalidDeviceIDList m1.ppmid"});
}

static void only_the_import_supplier_updates_an_hcalcs(void **state) {
    (void)state;
    RUN({sends, "2 11.1 " HCALCS_IMAGE " n1.hcalcs,o1.hcalcs W110101"
                " InvalidDeviceIDList n1.hcalcs"},
        {is_told, "2 N61 o1.hcalcs"}, {is_told, "2 N62 o1.hcalcs"},
        {sends, "1 11.1 " HCALCS_IMAGE " n1.hcalcs I99"},
        {is_told, "2 N59 n1.hcalcs"}, {is_told, "1 N61 n1.hcalcs"},
        {is_told, "1 N62 n1.hcalcs"},
        {is, "n1.hcalcs SUCCESSFUL_HAN_TRANSFER"});
}

/* ---- 12: the home changes in the middle of an update ---- */

#define MIDDLE                                                                 \
    {csp, "north silent 100"}, {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"}, \
        {is_told, "2 N59 n1.ppmid"},                                           \
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"}, {                          \
        csp, "north"                                                           \
    }

static void the_ppmid_is_removed(void **state) {
    (void)state;
    RUN(MIDDLE, {sql, "delete from smi_device where device_id = '{n1.ppmid}'"},
        {sql, "select refresh_homes(null)"},
        {notifies, "north n1.ppmid Success"}, {is_told, "1 N61 n1.ppmid"},
        {hubs_get_it, "north"}, {is_told, "1 N62 n1.ppmid"},
        {holds, "1 select count(*) from gbcs_message where state = 'unknown'"},
        {is, "n1.ppmid SUCCESSFUL_HAN_TRANSFER"});
}

static void the_ppmid_moves_to_another_hub(void **state) {
    (void)state;
    RUN(MIDDLE,
        {sql, "update smi_device set chf_id = '{m1.hub}'"
              " where device_id = '{n1.ppmid}'"},
        {sql, "select refresh_homes(null)"},
        {notifies, "north n1.ppmid Success m1.hub"},
        {notifies, "north n1.ppmid Success"}, {is_told, "1 N61 n1.ppmid"},
        {hubs_get_it, "north"}, {is_told, "1 N62 n1.ppmid"},
        {is_told, "1 N39 n1.ppmid"}, {is_told, "2 N39 n1.ppmid"},
        {is, "n1.ppmid FIRMWARE_ACTIVATED"});
}

static void the_supplier_changes(void **state) {
    (void)state;
    RUN(MIDDLE,
        {sql, "update smi_device set import_supplier_id = gas.id from (select"
              " gas_supplier_id as id from smi_device where device_id ="
              " '{n1.gsme}') gas where device_id = '{n1.esme}'"},
        {sql, "select refresh_homes(null)"},
        {notifies, "north n1.ppmid Success"}, {is_told, "1 N61 n1.ppmid"},
        {hubs_get_it, "north"}, {is_told, "1 N62 n1.ppmid"},
        {is_told, "1 N39 n1.ppmid"}, {is_told, "2 N39 n1.ppmid"},
        {is, "n1.ppmid FIRMWARE_ACTIVATED"});
}

/* ---- 16: duplicates and disorder ---- */

static void everything_comes_twice(void **state) {
    (void)state;
    RUN({csp, "north copies 2"}, {devices, "twice 100"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid,n2.ppmid I99"},
        {is_told, "2 N59 n1.ppmid,n2.ppmid"},
        {is_told, "1 N61 n1.ppmid n2.ppmid"},
        {is_told, "1 N62 n1.ppmid n2.ppmid"},
        {is_told, "1 N39 n1.ppmid n2.ppmid"},
        {is_told, "2 N39 n1.ppmid n2.ppmid"},
        {sends, "1 11.1 " ESME_IMAGE " n1.esme I99"},
        {is_told, "2 N59 n1.esme"}, {is_told, "1 N61 n1.esme"},
        {is_told, "1 N62 n1.esme"}, {is_told, "1 8F72 n1.esme"},
        {activates, "1 n1.esme " ESME_IMAGE},
        {is_told, "1 I0/GBCSPayload n1.esme"},
        {is, "n1.esme FIRMWARE_ACTIVATED"});
}

static void everything_comes_in_another_order(void **state) {
    (void)state;
    RUN(MIDDLE, {devices, "early 100"}, {hubs_get_it, "north"},
        {is_told, "1 N39 n1.ppmid"}, {is_told, "2 N39 n1.ppmid"},
        {is, "n1.ppmid FIRMWARE_ACTIVATED"}, {is_told, "1 N62 n1.ppmid"},
        {notifies, "north n1.ppmid Success"}, {is_told, "1 N61 n1.ppmid"},
        {is, "n1.ppmid FIRMWARE_ACTIVATED"}, {inventory, "n1.ppmid 0A000003"});
}

static void a_delivery_after_a_reset(void **state) {
    (void)state;
    RUN(MIDDLE, {reset, "n1.ppmid"}, {is, "n1.ppmid RESET_BY_DCC"},
        {notifies, "north n1.ppmid Success"}, {is_told, "1 N61 n1.ppmid"},
        {is, "n1.ppmid RESET_BY_DCC"});
}

static void forged_messages_have_no_effect(void **state) {
    (void)state;
    RUN({devices, "bad_signature 100"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {is_told, "2 N59 n1.ppmid"}, {is_told, "1 N61 n1.ppmid"},
        {holds, "2 select count(*) from gbcs_message where state ="
                " 'unverified'"},
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"}, {devices, "bad_mac 100"},
        {reads, "1 n1.gsme E4"}, {reads, "1 n1.ppmid"},
        {holds, "3 select count(*) from gbcs_message where state ="
                " 'unverified'"},
        {devices, ""}, {clock_by, "25h"}, {is_told, "1 E21/ n1.ppmid"});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_in_two_requests),
        cmocka_unit_test(two_suppliers_at_the_same_moment),
        cmocka_unit_test(each_reason_of_a_csp),
        cmocka_unit_test(a_csp_refuses_a_whole_job),
        cmocka_unit_test(distribution_fails),
        cmocka_unit_test(distribution_to_meters_fails),
        cmocka_unit_test(either_supplier_updates_a_ppmid),
        cmocka_unit_test(only_the_import_supplier_updates_an_hcalcs),
        cmocka_unit_test(the_ppmid_is_removed),
        cmocka_unit_test(the_ppmid_moves_to_another_hub),
        cmocka_unit_test(the_supplier_changes),
        cmocka_unit_test(everything_comes_twice),
        cmocka_unit_test(everything_comes_in_another_order),
        cmocka_unit_test(a_delivery_after_a_reset),
        cmocka_unit_test(forged_messages_have_no_effect),
    };
    return scenario_tests(tests, NULL, NULL);
}
