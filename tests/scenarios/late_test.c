/* What becomes known late, twice, out of order or not at all corrects the
 * record and is never the end of it (requirements T4 and T5; scenarios 10 and
 * 21). */
#include "steps.h"

/* ---- a hub's own limits, and devices that are off ---- */

static void a_hub_discards_after_14_days(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "14d"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid W110401"
                " OtherRequestInProgressList n1.ppmid"},
        HUB_SAYS("8F89 1", NEW, "#1"), {is, "n1.ppmid HAN_DISCARDED"},
        {shows, "requestId #1 status n1.ppmid"});
}

/* The hub had no WAN; the update was released meanwhile. */
static void a_discard_is_heard_six_days_late(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "20d"},
        {says, "n1.hub 8F89 1 n1.ppmid " NEW " at -6d"},
        {is_told_of, "1 N62 #1 n1.ppmid"}, {is, "n1.ppmid HAN_DISCARDED"});
}

static void a_ppmid_is_off_for_six_days(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), HUB_SAYS("8F8A", NEW, "#1"),
        {clock_by, "6d"}, PPMID_SAYS(NEW), {is, "n1.ppmid FIRMWARE_ACTIVATED"},
        COUNT("#1", "FIRMWARE_ACTIVATED", "1"),
        {shows, "status FIRMWARE_ACTIVATED status n1.ppmid"},
        {inventory, "n1.ppmid " NEW});
}

/* Longer than anything waits for it. */
static void a_ppmid_is_off_for_32_days(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), HUB_SAYS("8F8A", NEW, "#1"),
        {clock_by, "32d"}, PPMID_SAYS(NEW), {is, "n1.ppmid FIRMWARE_ACTIVATED"},
        COUNT("#1", "FIRMWARE_ACTIVATED", "1"), {inventory, "n1.ppmid " NEW},
        {shows, "late true status n1.ppmid"},
        {shows, "known.by device status n1.ppmid"});
}

static void a_hub_is_waited_for_15_days(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "359h"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid W110401"
                " OtherRequestInProgressList n1.ppmid"},
        {clock_by, "2h"}, {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {is_told, "2 N59 n1.ppmid"});
}

static void a_hub_is_waited_for_5_days_for_a_meter(void **state) {
    (void)state;
    RUN(QUIET, {sends, "1 11.1 " ESME_IMAGE " n1.esme I99"},
        {is_told, "2 N59 n1.esme"}, {clock_by, "100h"},
        {notifies, "north n1.esme Success"}, {is_told, "1 N61 n1.esme"},
        {clock_by, "119h"},
        {sends, "1 11.1 " ESME_IMAGE " n1.esme W110101"
                " OtherRequestInProgressList n1.esme"},
        {clock_by, "2h"}, {sends, "1 11.1 " ESME_IMAGE " n1.esme I99"},
        {is_told, "2 N59 n1.esme"});
}

/* ---- what is nearer to the device is right ---- */

#define ACTIVATED                                                              \
    {is, "n1.ppmid FIRMWARE_ACTIVATED"}, COUNT("#1", "FIRMWARE_ACTIVATED", "1")
#define NOT_DELIVERED                                                          \
    {notifies, "north n1.ppmid Failed because NO_SLOT"}, {                     \
        is_told_of, "1 N60 #1 n1.ppmid"                                        \
    }

static void the_csp_failed_and_the_device_runs_it(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), NOT_DELIVERED,
        {is, "n1.ppmid FAILED_CH_TRANSFER NO_SLOT"}, {clock_by, "1h"},
        PPMID_SAYS(NEW), ACTIVATED, {shows, "known.by device status n1.ppmid"},
        {shows, "timeline.stage=hub.state outweighed status n1.ppmid"});
}

static void the_device_runs_it_and_the_csp_failed(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), PPMID_SAYS(NEW), ACTIVATED, {clock_by, "1h"},
        NOT_DELIVERED, ACTIVATED);
}

static void the_csp_failed_and_the_hub_has_it(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), NOT_DELIVERED, {clock_by, "1h"},
        HUB_SAYS("8F8A", NEW, "#1"), {is, "n1.ppmid SUCCESSFUL_HAN_TRANSFER"},
        {clock_by, "1h"}, PPMID_SAYS(NEW), ACTIVATED);
}

static void the_hub_failed_and_the_device_runs_it(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "1h"},
        HUB_SAYS("8F89 3", NEW, "#1"), {is, "n1.ppmid FAILED_HAN_TRANSFER"},
        {clock_by, "1h"}, PPMID_SAYS(NEW), ACTIVATED);
}

static void the_device_runs_it_and_the_hub_failed(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "1h"}, PPMID_SAYS(NEW),
        ACTIVATED, {clock_by, "1h"}, HUB_SAYS("8F89 3", NEW, "#1"), ACTIVATED);
}

static void a_late_notification_moves_the_record(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), {clock_by, "121h"}, AT_HUB("#1"),
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"},
        COUNT("#1", "SUCCESSFUL_CH_TRANSFER", "1"), HUB_SAYS("8F8A", NEW, "#1"),
        {is, "n1.ppmid SUCCESSFUL_HAN_TRANSFER"});
}

/* A person's decision stands; what comes after is shown beside it. */
static void what_comes_after_a_reset(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "1h"}, {reset, "n1.ppmid"},
        HUB_SAYS("8F8A", NEW, "#1"), PPMID_SAYS(NEW),
        {is, "n1.ppmid RESET_BY_DCC"}, COUNT("#1", "RESET_BY_DCC", "1"),
        {inventory, "n1.ppmid " NEW}, {shows, "known.by dcc status n1.ppmid"},
        {shows, "timeline.stage=device.by device status n1.ppmid"},
        {shows, "timeline.stage=device.status FIRMWARE_ACTIVATED"
                " status n1.ppmid"});
}

#define IN_ORDER(...)                                                          \
    RUN(QUIET, ASKED(NEW), {clock_by, "2d"}, __VA_ARGS__, ACTIVATED,           \
        {shows, "known.unreported [] status n1.ppmid"},                        \
        {inventory, "n1.ppmid " NEW})
#define CSP_FIRST                                                              \
    {notifies, "north n1.ppmid Success at -40h"}, {                            \
        is_told_of, "1 N61 #1 n1.ppmid"                                        \
    }
#define HUB_NEXT                                                               \
    {says, "n1.hub 8F8A n1.ppmid " NEW " at -30h"}, {                          \
        is_told_of, "1 N62 #1 n1.ppmid"                                        \
    }
#define PPMID_LAST {says, "n1.ppmid 8F8B " NEW " at -20h"}, N39_TO_BOTH

static void in_every_order(void **state) {
    (void)state;
    IN_ORDER(CSP_FIRST, HUB_NEXT, PPMID_LAST);
    IN_ORDER(CSP_FIRST, PPMID_LAST, HUB_NEXT);
    IN_ORDER(HUB_NEXT, CSP_FIRST, PPMID_LAST);
    IN_ORDER(HUB_NEXT, PPMID_LAST, CSP_FIRST);
    IN_ORDER(PPMID_LAST, CSP_FIRST, HUB_NEXT);
    IN_ORDER(PPMID_LAST, HUB_NEXT, CSP_FIRST);
}

/* The page says what nobody said. */
static void an_n61_that_is_lost(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), {clock_by, "1h"}, HUB_SAYS("8F8A", NEW, "#1"),
        {is, "n1.ppmid SUCCESSFUL_HAN_TRANSFER"},
        {shows, "known.by hub status n1.ppmid"},
        {shows, "known.unreported [\"hub\"] status n1.ppmid"},
        {shows, "timeline.stage=hub.concluded true status n1.ppmid"});
}

/* ---- certificates that come later ---- */

static void a_message_before_its_certificate(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"),
        {sql, "delete from certificate where eui64 = '{n1.ppmid}'"},
        {says, "n1.ppmid 8F8B " NEW},
        {holds, "1 select count(*) from gbcs_message where state ="
                " 'unverified'"},
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"}, {clock_by, "1d"},
        {imports, "certificates"}, N39_TO_BOTH,
        {is, "n1.ppmid FIRMWARE_ACTIVATED"}, {inventory, "n1.ppmid " NEW});
}

static void a_forged_message_stays_forged(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), {csp, "north"}, {devices, "bad_signature 100"},
        {hubs_get_it, "north"},
        {holds, "2 select count(*) from gbcs_message where state ="
                " 'unverified'"},
        {imports, "certificates"},
        {holds, "2 select count(*) from gbcs_message where state ="
                " 'unverified'"},
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"});
}

/* ---- what is said twice ---- */

/* Old records are looked for. */
#define CLEANED                                                                \
    {holds, "t select due > '{now}' from housekeeping"}, {                     \
        clock_by, "2m"                                                         \
    }

static void the_same_alert_again_after_30_days(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {says, "n1.ppmid 8F8B " NEW},
        {is_told, "1 N39 n1.ppmid"}, {is_told, "2 N39 n1.ppmid"},
        {says_again, "north"}, {clock_by, "30d"}, CLEANED, CLEANED,
        {says_again, "north"}, {is, "n1.ppmid FIRMWARE_ACTIVATED"});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hub_discards_after_14_days),
        cmocka_unit_test(a_discard_is_heard_six_days_late),
        cmocka_unit_test(a_ppmid_is_off_for_six_days),
        cmocka_unit_test(a_ppmid_is_off_for_32_days),
        cmocka_unit_test(a_hub_is_waited_for_15_days),
        cmocka_unit_test(a_hub_is_waited_for_5_days_for_a_meter),
        cmocka_unit_test(the_csp_failed_and_the_device_runs_it),
        cmocka_unit_test(the_device_runs_it_and_the_csp_failed),
        cmocka_unit_test(the_csp_failed_and_the_hub_has_it),
        cmocka_unit_test(the_hub_failed_and_the_device_runs_it),
        cmocka_unit_test(the_device_runs_it_and_the_hub_failed),
        cmocka_unit_test(a_late_notification_moves_the_record),
        cmocka_unit_test(what_comes_after_a_reset),
        cmocka_unit_test(in_every_order),
        cmocka_unit_test(an_n61_that_is_lost),
        cmocka_unit_test(a_message_before_its_certificate),
        cmocka_unit_test(a_forged_message_stays_forged),
        cmocka_unit_test(the_same_alert_again_after_30_days),
    };
    return scenario_tests(tests, NULL, NULL);
}
