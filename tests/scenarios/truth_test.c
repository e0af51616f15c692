/* Which update an event belongs to: devices that people update, updates sent
 * again, hubs that discard the older of two copies (requirement T3; scenarios
 * 14, 19, 20). */
#include "steps.h"

/* ---- 8F8B with another version than the live update's ---- */

static void a_local_update_while_the_csp_is_busy(void **state) {
    (void)state;
    RUN({csp, "north job 503"}, {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {tries, "north 2"}, {says, "n1.ppmid 8F8B " OTHER},
        {is_told_of, "1 N39 none n1.ppmid"},
        {is_told_of, "2 N39 none n1.ppmid"}, {inventory, "n1.ppmid " OTHER},
        {is, "n1.ppmid AWAITING_CSP"}, {csp, "north"}, {clock_by, "61m"},
        {is_told, "2 N59 n1.ppmid"}, {is_told_of, "1 N61 #1 n1.ppmid"},
        {is_told_of, "1 N62 #1 n1.ppmid"}, N39_TO_BOTH,
        {is, "n1.ppmid FIRMWARE_ACTIVATED"}, {inventory, "n1.ppmid " NEW});
}

/* It cannot be this update that did it, whatever the version. */
static void a_local_update_to_the_same_version(void **state) {
    (void)state;
    RUN({csp, "north job 503"}, {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {tries, "north 2"}, {says, "n1.ppmid 8F8B " NEW},
        {is_told_of, "1 N39 none n1.ppmid"},
        {is_told_of, "2 N39 none n1.ppmid"}, {inventory, "n1.ppmid " NEW},
        {is, "n1.ppmid AWAITING_CSP"}, {csp, "north"}, {clock_by, "61m"},
        {is_told, "2 N59 n1.ppmid"}, {is_told_of, "1 N61 #1 n1.ppmid"},
        {is_told_of, "1 N62 #1 n1.ppmid"}, N39_TO_BOTH,
        {is, "n1.ppmid FIRMWARE_ACTIVATED"});
}

static void a_local_update_while_the_hub_has_the_image(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "1h"},
        {says, "n1.ppmid 8F8B " OTHER}, {is_told_of, "1 N39 none n1.ppmid"},
        {is_told_of, "2 N39 none n1.ppmid"}, {inventory, "n1.ppmid " OTHER},
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"},
        {shows, "unknown.0.kind told status n1.ppmid"}, {clock_by, "1h"},
        HUB_SAYS("8F8A", NEW, "#1"), PPMID_SAYS(NEW),
        {is, "n1.ppmid FIRMWARE_ACTIVATED"}, {inventory, "n1.ppmid " NEW});
}

static void a_local_update_without_any_request(void **state) {
    (void)state;
    RUN({says, "n1.ppmid 8F8B " OTHER}, {is_told_of, "1 N39 none n1.ppmid"},
        {is_told_of, "2 N39 none n1.ppmid"}, {inventory, "n1.ppmid " OTHER},
        {shows, "status - status n1.ppmid"});
}

/* An update to OTHER was at the hub and ended as `ends`; one to NEW is on its
 * way when the PPMID says what became of the first. */
#define WHILE_A_NEWER_ONE(ends)                                                \
    QUIET, ASKED(OTHER), AT_HUB("#1"), {clock_by, "1h"},                       \
        HUB_SAYS("8F8A", OTHER, "#1"), ends, ASKED(NEW), {                     \
        clock_by, "1h"                                                         \
    }
#define RESET                                                                  \
    { reset, "n1.ppmid" }

static void a_late_8f8b_of_a_reset_update(void **state) {
    (void)state;
    RUN(WHILE_A_NEWER_ONE(RESET), PPMID_SAYS(OTHER),
        {inventory, "n1.ppmid " OTHER},
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"},
        COUNT("#1", "RESET_BY_DCC", "1"), AT_HUB("#2"),
        HUB_SAYS("8F8A", NEW, "#2"), PPMID_SAYS(NEW),
        {is, "n1.ppmid FIRMWARE_ACTIVATED"}, COUNT("#1", "RESET_BY_DCC", "1"));
}

static void a_late_failed_8f8b_of_a_reset_update(void **state) {
    (void)state;
    RUN(WHILE_A_NEWER_ONE(RESET), {says, "n1.ppmid 8F8B " OTHER " failed"},
        N39_TO_BOTH, {inventory, "n1.ppmid 0A000001"},
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"},
        COUNT("#1", "RESET_BY_DCC", "1"));
}

/* N61 and 8F8A of the first were lost. */
#define WHILE_A_NEWER_ONE_AFTER_TIMEOUT                                        \
    QUIET, ASKED(OTHER), {clock_by, "121h"}, ASKED(NEW), {                     \
        clock_by, "1h"                                                         \
    }

static void a_late_8f8b_of_a_timed_out_update(void **state) {
    (void)state;
    RUN(WHILE_A_NEWER_ONE_AFTER_TIMEOUT, PPMID_SAYS(OTHER),
        {inventory, "n1.ppmid " OTHER},
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"},
        COUNT("#1", "FIRMWARE_ACTIVATED", "1"), AT_HUB("#2"), PPMID_SAYS(NEW),
        {is, "n1.ppmid FIRMWARE_ACTIVATED"});
}

static void a_late_failed_8f8b_of_a_timed_out_update(void **state) {
    (void)state;
    RUN(WHILE_A_NEWER_ONE_AFTER_TIMEOUT,
        {says, "n1.ppmid 8F8B " OTHER " failed"}, N39_TO_BOTH,
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"},
        COUNT("#1", "ACTIVATION_FAILED", "1"),
        COUNT("#2", "APPROVED_FOR_DISTRIBUTION", "1"));
}

/* ---- firmware in two images (Appendix B) ---- */

static void the_first_of_two_images(void **state) {
    (void)state;
    RUN(QUIET, ASKED(OTHER), AT_HUB("#1"), {clock_by, "1h"},
        HUB_SAYS("8F8A", OTHER, "#1"), PPMID_SAYS("0A000001"),
        {is, "n1.ppmid STORED_ON_DEVICE"}, {inventory, "n1.ppmid 0A000001"},
        {clock_by, "1h"}, ASKED(NEW), AT_HUB("#2"), {clock_by, "1h"},
        HUB_SAYS("8F8A", NEW, "#2"), PPMID_SAYS(NEW),
        {is, "n1.ppmid FIRMWARE_ACTIVATED"},
        COUNT("#1", "STORED_ON_DEVICE", "1"), {inventory, "n1.ppmid " NEW});
}

/* N61 and 8F8A of the first are lost. */
static void the_first_of_two_images_is_all_that_is_heard(void **state) {
    (void)state;
    RUN(QUIET, ASKED(OTHER), AT_HUB("#1"), {clock_by, "1h"},
        PPMID_SAYS("0A000001"), {is, "n1.ppmid STORED_ON_DEVICE"},
        {clock_by, "1h"}, HUB_SAYS("8F8A", OTHER, "#1"),
        {is, "n1.ppmid STORED_ON_DEVICE"});
}

/* ---- the same update again ---- */

/* The newer copy goes its way; nobody else gets in between. */
#define A_THIRD_IS_REFUSED                                                     \
    {                                                                          \
        sends, "1 11.4 " PPMID_IMAGE " n1.ppmid W110401"                       \
               " OtherRequestInProgressList n1.ppmid"                          \
    }
#define THE_NEW_ONE_ARRIVES                                                    \
    A_THIRD_IS_REFUSED, HUB_SAYS("8F8A", NEW, "#2"),                           \
        {is, "n1.ppmid SUCCESSFUL_HAN_TRANSFER"}, PPMID_SAYS(NEW), {           \
        is, "n1.ppmid FIRMWARE_ACTIVATED"                                      \
    }

static void again_after_a_reset(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "1h"}, RESET, ASKED(NEW),
        {clock_by, "1h"}, HUB_SAYS("8F89 1", NEW, "#1"),
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"}, A_THIRD_IS_REFUSED,
        AT_HUB("#2"), {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"},
        THE_NEW_ONE_ARRIVES, COUNT("#1", "RESET_BY_DCC", "1"),
        COUNT("#2", "FIRMWARE_ACTIVATED", "1"));
}

static void again_after_a_timeout(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), {clock_by, "121h"}, ASKED(NEW), {clock_by, "1h"},
        HUB_SAYS("8F89 1", NEW, "#1"),
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"},
        COUNT("#1", "HAN_DISCARDED", "1"), AT_HUB("#2"), THE_NEW_ONE_ARRIVES,
        COUNT("#1", "HAN_DISCARDED", "1"),
        COUNT("#2", "FIRMWARE_ACTIVATED", "1"));
}

/* The CSP tells of the new copy before the hub tells of the old one. */
static void again_and_the_csp_is_faster(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "1h"}, RESET, ASKED(NEW),
        {clock_by, "1h"}, AT_HUB("#2"), HUB_SAYS("8F89 1", NEW, "#1"),
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"}, THE_NEW_ONE_ARRIVES,
        COUNT("#1", "RESET_BY_DCC", "1"));
}

/* All that the hub says of the new copy is heard before it. */
static void again_and_the_old_one_is_heard_of_last(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), {clock_by, "121h"}, ASKED(NEW), {clock_by, "1h"},
        AT_HUB("#2"), {clock_by, "2h"}, HUB_SAYS("8F8A", NEW, "#2"),
        {says, "n1.hub 8F89 1 n1.ppmid " NEW " at -2h"},
        {is_told_of, "1 N62 #1 n1.ppmid"},
        {is, "n1.ppmid SUCCESSFUL_HAN_TRANSFER"},
        COUNT("#1", "HAN_DISCARDED", "1"));
}

/* The new copy meets the hub's own limit, too. */
static void both_copies_are_discarded(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "1h"}, RESET, ASKED(NEW),
        {clock_by, "1h"}, AT_HUB("#2"), HUB_SAYS("8F89 1", NEW, "#1"),
        {clock_by, "14d"}, HUB_SAYS("8F89 1", NEW, "#2"),
        {is, "n1.ppmid HAN_DISCARDED"}, COUNT("#1", "RESET_BY_DCC", "1"),
        COUNT("#2", "HAN_DISCARDED", "1"));
}

/* The old copy went to the device while the new one was on its way. */
static void the_old_copy_is_transferred(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "1h"}, RESET,
        {clock_by, "1h"}, ASKED(NEW), {clock_by, "1h"},
        {says, "n1.hub 8F8A n1.ppmid " NEW}, {is_told_of, "1 N62 #1 n1.ppmid"},
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"},
        COUNT("#1", "RESET_BY_DCC", "1"));
}

/* The first copy was off the hub's hands before the second came. */
static void the_old_copy_was_transferred_first(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), {clock_by, "121h"}, ASKED(NEW), {clock_by, "1h"},
        HUB_SAYS("8F8A", NEW, "#2"), {clock_by, "2h"}, AT_HUB("#2"),
        COUNT("#1", "SUCCESSFUL_HAN_TRANSFER", "1"),
        COUNT("#2", "SUCCESSFUL_CH_TRANSFER", "1"), {clock_by, "14d"},
        HUB_SAYS("8F89 1", NEW, "#2"),
        COUNT("#1", "SUCCESSFUL_HAN_TRANSFER", "1"),
        COUNT("#2", "HAN_DISCARDED", "1"));
}

/* What is heard last of the first is of the time before the second. */
static void both_copies_are_heard_of_late(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), {clock_by, "121h"}, ASKED(NEW), {clock_by, "10h"},
        HUB_SAYS("8F8A", NEW, "#2"),
        {says, "n1.hub 8F89 3 n1.ppmid " NEW " at -70h"},
        {is_told_of, "1 N62 #1 n1.ppmid"},
        {notifies, "north n1.ppmid Success at -5h"},
        {is_told_of, "1 N61 #2 n1.ppmid"},
        COUNT("#1", "FAILED_HAN_TRANSFER", "1"),
        COUNT("#2", "SUCCESSFUL_HAN_TRANSFER", "1"));
}

/* ---- of yesterday, and heard today ---- */

static void an_8f8b_of_before_the_update(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), {clock_by, "1h"},
        {says, "n1.ppmid 8F8B " NEW " at -20h"}, N39_TO_BOTH,
        {inventory, "n1.ppmid " NEW},
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"}, AT_HUB("#1"),
        {clock_by, "14d"}, HUB_SAYS("8F89 1", NEW, "#1"),
        {is, "n1.ppmid HAN_DISCARDED"});
}

/* Nothing is stored: it was reinstalled before the image came. */
static void an_8f8b_of_the_old_version_of_before_the_update(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "1h"},
        {says, "n1.ppmid 8F8B 0A000001 at -20h"}, N39_TO_BOTH,
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"});
}

/* By the time when it was said, not when it was heard. */
static void the_first_of_two_images_is_heard_of_late(void **state) {
    (void)state;
    RUN(QUIET, ASKED(OTHER), AT_HUB("#1"), HUB_SAYS("8F8A", OTHER, "#1"),
        {clock_by, "32d"}, ASKED(OTHER), {clock_by, "1h"},
        {says, "n1.ppmid 8F8B 0A000001 at -31d"}, N39_TO_BOTH,
        COUNT("#1", "STORED_ON_DEVICE", "1"),
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"});
}

static void the_inventory_has_the_latest(void **state) {
    (void)state;
    RUN({says, "n1.ppmid 8F8B " NEW}, N39_TO_BOTH, {inventory, "n1.ppmid " NEW},
        {says, "n1.ppmid 8F8B " OTHER " at -2d"}, N39_TO_BOTH,
        {inventory, "n1.ppmid " NEW}, {clock_by, "1d"},
        {says, "n1.ppmid 8F8B " OTHER " at -1h"}, N39_TO_BOTH,
        {inventory, "n1.ppmid " OTHER});
}

/* ---- none of them ---- */

static void a_version_that_nobody_asked_for(void **state) {
    (void)state;
    RUN({sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {is_told, "2 N59 n1.ppmid"}, {is_told_of, "1 N61 #1 n1.ppmid"},
        {is_told_of, "1 N62 #1 n1.ppmid"}, N39_TO_BOTH,
        {is, "n1.ppmid FIRMWARE_ACTIVATED"}, {clock_by, "1d"},
        HUB_SAYS("8F8A", OTHER, "none"), HUB_SAYS("8F89 3", OTHER, "none"),
        HUB_SAYS("8F89 1", OTHER, "none"), {is, "n1.ppmid FIRMWARE_ACTIVATED"});
}

/* Those who are responsible for the device are told. */
static void a_device_that_nobody_updates(void **state) {
    (void)state;
    RUN({says, "n1.hub 8F8A n1.ppmid " OTHER},
        {is_told_of, "1 N62 none n1.ppmid"},
        {is_told_of, "2 N62 none n1.ppmid"},
        {shows, "status - status n1.ppmid"});
}

/* While one of another version is on its way. */
static void another_version_than_the_live_update_s(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "1h"},
        HUB_SAYS("8F8A", OTHER, "none"), HUB_SAYS("8F89 2", OTHER, "none"),
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"});
}

static void a_hub_that_never_had_the_image(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "1h"},
        {sql, "update smi_device set chf_id = '{m1.hub}'"
              " where device_id = '{n1.ppmid}'"},
        {sql, "select refresh_homes(null)"},
        {says, "m1.hub 8F8A n1.ppmid " NEW},
        {is_told_of, "1 N62 none n1.ppmid"},
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"},
        {says, "m1.hub 8F89 3 n1.ppmid " NEW},
        {is_told_of, "1 N62 none n1.ppmid"},
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"}, HUB_SAYS("8F8A", NEW, "#1"),
        {is, "n1.ppmid SUCCESSFUL_HAN_TRANSFER"});
}

/* The event is older than the newer update of its version. */
static void before_the_newer_one_was_handed_over(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), {clock_by, "1h"}, RESET, {clock_by, "1h"},
        ASKED(NEW), {clock_by, "1h"},
        {says, "n1.hub 8F8A n1.ppmid " NEW " at -90m"},
        {is_told_of, "1 N62 #1 n1.ppmid"},
        {says, "n1.ppmid 8F8B " NEW " at -89m"}, N39_TO_BOTH,
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"},
        COUNT("#1", "RESET_BY_DCC", "1"), AT_HUB("#2"),
        HUB_SAYS("8F8A", NEW, "#2"), PPMID_SAYS(NEW),
        {is, "n1.ppmid FIRMWARE_ACTIVATED"});
}

/* ---- refused requests ---- */

static void a_refused_request_is_its_sender_s(void **state) {
    (void)state;
    RUN({sends, "1 11.1 " HCALCS_IMAGE " n1.hcalcs I99"},
        {is_told, "2 N59 n1.hcalcs"}, {is_told, "1 N61 n1.hcalcs"},
        {is_told, "1 N62 n1.hcalcs"}, {is, "n1.hcalcs SUCCESSFUL_HAN_TRANSFER"},
        {clock_by, "121h"},
        {sends, "2 11.1 " HCALCS_IMAGE " n1.hcalcs W110101"
                " InvalidDeviceIDList n1.hcalcs"},
        {is, "n1.hcalcs SUCCESSFUL_HAN_TRANSFER"},
        {shows, "requestId #1 status n1.hcalcs"},
        COUNT("#2", "REJECTED_BY_DSP", "1"));
}

static void a_request_refused_meanwhile(void **state) {
    (void)state;
    RUN({sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {is_told, "2 N59 n1.ppmid"}, {is_told, "1 N61 n1.ppmid"},
        {is_told, "1 N62 n1.ppmid"}, N39_TO_BOTH,
        {is, "n1.ppmid FIRMWARE_ACTIVATED"}, {clock_by, "1h"},
        {sql, "update smi_device set device_status = 'Suspended'"
              " where device_id = '{n1.ppmid}'"},
        {sends, "2 11.4 " PPMID_IMAGE " n1.ppmid W110401"
                " NotCommissionedDeviceIDList n1.ppmid"},
        {is, "n1.ppmid FIRMWARE_ACTIVATED"},
        {shows, "requestId #1 status n1.ppmid"});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_local_update_while_the_csp_is_busy),
        cmocka_unit_test(a_local_update_to_the_same_version),
        cmocka_unit_test(a_local_update_while_the_hub_has_the_image),
        cmocka_unit_test(a_local_update_without_any_request),
        cmocka_unit_test(a_late_8f8b_of_a_reset_update),
        cmocka_unit_test(a_late_failed_8f8b_of_a_reset_update),
        cmocka_unit_test(a_late_8f8b_of_a_timed_out_update),
        cmocka_unit_test(a_late_failed_8f8b_of_a_timed_out_update),
        cmocka_unit_test(the_first_of_two_images),
        cmocka_unit_test(the_first_of_two_images_is_all_that_is_heard),
        cmocka_unit_test(again_after_a_reset),
        cmocka_unit_test(again_after_a_timeout),
        cmocka_unit_test(again_and_the_csp_is_faster),
        cmocka_unit_test(again_and_the_old_one_is_heard_of_last),
        cmocka_unit_test(both_copies_are_discarded),
        cmocka_unit_test(the_old_copy_is_transferred),
        cmocka_unit_test(the_old_copy_was_transferred_first),
        cmocka_unit_test(both_copies_are_heard_of_late),
        cmocka_unit_test(an_8f8b_of_before_the_update),
        cmocka_unit_test(an_8f8b_of_the_old_version_of_before_the_update),
        cmocka_unit_test(the_first_of_two_images_is_heard_of_late),
        cmocka_unit_test(the_inventory_has_the_latest),
        cmocka_unit_test(a_version_that_nobody_asked_for),
        cmocka_unit_test(a_device_that_nobody_updates),
        cmocka_unit_test(another_version_than_the_live_update_s),
        cmocka_unit_test(a_hub_that_never_had_the_image),
        cmocka_unit_test(before_the_newer_one_was_handed_over),
        cmocka_unit_test(a_refused_request_is_its_sender_s),
        cmocka_unit_test(a_request_refused_meanwhile),
    };
    return scenario_tests(tests, NULL, NULL);
}
