/* What becomes known late, twice, out of order or not at all corrects the
 * record and is never the end of it (requirements T4 to T7; scenarios 10, 21,
 * 22, 24). */
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

/* ---- meters ---- */

#define METERS "n1.esme,n2.esme,n3.esme,n4.esme,n5.esme,n6.esme"
#define EACH_METER "n1.esme n2.esme n3.esme n4.esme n5.esme n6.esme"
#define METERS_GET_IT                                                          \
    {sends, "1 11.1 " ESME_IMAGE " " METERS " I99"},                           \
        {is_told, "2 N59 " METERS}, {is_told, "1 N61 " EACH_METER},            \
        {is_told, "1 N62 " EACH_METER}, {is_told, "1 8F72 " EACH_METER}, {     \
        is, METERS " SUCCESSFUL_HAN_TRANSFER"                                  \
    }
/* A part of what the page of the first update shows. */
#define PAGE(value, part)                                                      \
    {                                                                          \
        holds, value " select " part " from service_request r,"                \
                     " request_screen(r, '{now}') s where counter = {#1}"      \
    }
#define ACTIVATES(device)                                                      \
    {activates, "1 " device " " ESME_IMAGE}, {                                 \
        is_told, "1 I0/GBCSPayload " device                                    \
    }

static void meters_that_have_it_have_not_failed(void **state) {
    (void)state;
    RUN(METERS_GET_IT, {clock_by, "121h"},
        {is, METERS " SUCCESSFUL_HAN_TRANSFER"}, PAGE("[]", "s->>'failures'"),
        PAGE("0", "jsonb_path_query_first(s,"
                  " '$.stages[*]?(@.stage==\"timedOut\").devices')"),
        ACTIVATES("n1.esme"), {is, "n1.esme FIRMWARE_ACTIVATED"},
        {inventory, "n1.esme 01020000"}, {clock_by, "15d"},
        ACTIVATES("n2.esme"), {is, "n2.esme FIRMWARE_ACTIVATED"},
        COUNT("#1", "FIRMWARE_ACTIVATED", "2"),
        COUNT("#1", "SUCCESSFUL_HAN_TRANSFER", "4"), {clock_by, "9d"},
        ACTIVATES("n3.esme"), {is, "n3.esme FIRMWARE_ACTIVATED"},
        COUNT("#1", "FIRMWARE_ACTIVATED", "3"), PAGE("[]", "s->>'failures'"));
}

#define ESME_GETS_IT                                                           \
    {sends, "1 11.1 " ESME_IMAGE " n1.esme I99"}, {is_told, "2 N59 n1.esme"},  \
        {is_told, "1 N61 n1.esme"}, {is_told, "1 N62 n1.esme"},                \
        {is_told, "1 8F72 n1.esme"}, {                                         \
        is, "n1.esme SUCCESSFUL_HAN_TRANSFER"                                  \
    }

static void a_delivered_meter_takes_the_next_request(void **state) {
    (void)state;
    RUN(ESME_GETS_IT, {clock_by, "1h"}, ESME_GETS_IT,
        COUNT("#1", "SUCCESSFUL_HAN_TRANSFER", "1"));
}

static void a_delivered_meter_blocks_if_we_want(void **state) {
    (void)state;
    scenario_run(
        &(struct scenario_wish){.config =
                                    "[tracking]\ndelivered_blocks = yes\n"},
        (const struct scenario_step[]){ESME_GETS_IT,
                                       {clock_by, "30d"},
                                       {sends,
                                        "1 11.1 " ESME_IMAGE " n1.esme W110101"
                                        " OtherRequestInProgressList n1.esme"},
                                       {clock_by, "2d"},
                                       {is, "n1.esme SUCCESSFUL_HAN_TRANSFER"},
                                       ESME_GETS_IT,
                                       END});
}

static void a_delivered_meter_is_activated_later(void **state) {
    (void)state;
    RUN(ESME_GETS_IT, {clock_by, "20d"},
        {activates, "1 n1.esme " ESME_IMAGE " 2h"},
        {is_told, "1 I0/GBCSPayload n1.esme"},
        {is, "n1.esme SUCCESSFUL_HAN_TRANSFER"}, {clock_by, "121m"},
        {is_told, "1 8F66 n1.esme"}, {is, "n1.esme FIRMWARE_ACTIVATED"},
        COUNT("#1", "FIRMWARE_ACTIVATED", "1"));
}

static void a_meter_cannot_activate_it(void **state) {
    (void)state;
    RUN(ESME_GETS_IT, {devices, "activation_failed 100 n1.esme"},
        ACTIVATES("n1.esme"), {is, "n1.esme ACTIVATION_FAILED"},
        {inventory, "n1.esme 01010000"}, {devices, ""}, {clock_by, "1d"},
        ACTIVATES("n1.esme"), {is, "n1.esme FIRMWARE_ACTIVATED"});
}

static void a_meter_cannot_activate_it_later(void **state) {
    (void)state;
    RUN(ESME_GETS_IT, {devices, "activation_failed 100 n1.esme"},
        {clock_by, "6d"}, {activates, "1 n1.esme " ESME_IMAGE " 2h"},
        {is_told, "1 I0/GBCSPayload n1.esme"}, {clock_by, "121m"},
        {is_told, "1 8F67 n1.esme"}, {is, "n1.esme ACTIVATION_FAILED"},
        COUNT("#1", "ACTIVATION_FAILED", "1"));
}

/* It says so itself: nothing was activated. */
static void a_success_with_the_old_version(void **state) {
    (void)state;
    RUN(ESME_GETS_IT, {devices, "version_unchanged 100 n1.esme"},
        ACTIVATES("n1.esme"), {inventory, "n1.esme 01010000"},
        {is, "n1.esme SUCCESSFUL_HAN_TRANSFER"},
        COUNT("#1", "SUCCESSFUL_HAN_TRANSFER", "1"),
        {holds, "1 select count(*) from sat_entry where device_id ="
                " '{n1.esme}' and detail like '%still runs 01010000%'"});
}

/* ---- a version that is read ---- */

static void a_read_stands_for_what_was_lost(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "1d"},
        {devices, "version " NEW}, {reads, "1 n1.ppmid"},
        {is_told, "1 I0/GBCSPayload n1.ppmid"}, {is_told, "1 N49 n1.ppmid"},
        {is, "n1.ppmid FIRMWARE_ACTIVATED"}, {inventory, "n1.ppmid " NEW},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {is_told, "2 N59 n1.ppmid"});
}

static void a_read_of_a_meter_stands_for_what_was_lost(void **state) {
    (void)state;
    RUN(QUIET, {sends, "1 11.1 " ESME_IMAGE " n1.esme I99"},
        {is_told, "2 N59 n1.esme"}, {notifies, "north n1.esme Success"},
        {is_told, "1 N61 n1.esme"}, {clock_by, "1d"},
        {devices, "version 01020000"}, {reads, "1 n1.esme"},
        {is_told, "1 I0/GBCSPayload n1.esme"}, {is_told, "1 N49 n1.esme"},
        {is, "n1.esme FIRMWARE_ACTIVATED"}, {inventory, "n1.esme 01020000"});
}

/* The old version says nothing about an update that may still come. */
static void a_read_of_the_old_version(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "1h"},
        {reads, "1 n1.ppmid"}, {is_told, "1 I0/GBCSPayload n1.ppmid"},
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"});
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

/* ---- CSPs that say nothing, or two things ---- */

#define TAKES_IT_AND_IS_SILENT                                                 \
    {csp, "north job 202"}, {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"}, {  \
        holds, "1 select count(*) from csp_job where state = 'handed_over'"    \
    }

static void a_csp_never_reports(void **state) {
    (void)state;
    RUN(TAKES_IT_AND_IS_SILENT, {clock_by, "119h"},
        {is, "n1.ppmid AWAITING_CSP"}, {clock_by, "2h"},
        {is_told_of, "1 N21 #1 n1.ppmid"}, {logs, "csp.silent csp=north"},
        {measures, "fotad_csp_silent_jobs_total{csp=\"north\"} 1"},
        {csp, "north"}, {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {is_told, "2 N59 n1.ppmid"}, {is_told_of, "1 N61 #2 n1.ppmid"},
        {is_told_of, "1 N62 #2 n1.ppmid"}, N39_TO_BOTH,
        {is, "n1.ppmid FIRMWARE_ACTIVATED"});
}

static void a_csp_reports_after_all(void **state) {
    (void)state;
    RUN(TAKES_IT_AND_IS_SILENT, {clock_by, "121h"}, {is_told, "1 N21 n1.ppmid"},
        {reports, "north n1.ppmid"}, {is_told, "2 N59 n1.ppmid"},
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"}, AT_HUB("#1"),
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"},
        COUNT("#1", "SUCCESSFUL_CH_TRANSFER", "1"));
}

/* It worked, although the CSP never said so. */
static void a_silent_csp_delivers(void **state) {
    (void)state;
    RUN(TAKES_IT_AND_IS_SILENT, {clock_by, "1d"}, PPMID_SAYS(NEW),
        {is, "n1.ppmid FIRMWARE_ACTIVATED"}, {clock_by, "5d"},
        {is, "n1.ppmid FIRMWARE_ACTIVATED"});
}

/* The desk sees it. */
#define IT_CONTRADICTS                                                         \
    {holds, "2 select count(*) from sat_entry where kind = 'report'"}, {       \
        holds, "1 select count(*) from sat_entry where kind = 'report'"        \
               " and detail like '%contradicts%'"                              \
    }

static void a_second_report_rejects(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), {reports, "north n1.ppmid IMAGE_INVALID"},
        IT_CONTRADICTS, {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"},
        COUNT("#1", "APPROVED_FOR_DISTRIBUTION", "1"));
}

static void a_second_report_accepts(void **state) {
    (void)state;
    RUN({csp, "north device n1.ppmid reject IMAGE_INVALID"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {is_told, "1 N18 n1.ppmid"}, {reports, "north n1.ppmid"},
        IT_CONTRADICTS, {is, "n1.ppmid REJECTED_BY_CSP IMAGE_INVALID"});
}

static void a_second_report_says_the_same(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), {reports, "north n1.ppmid"},
        {holds, "2 select count(*) from sat_entry where kind = 'report'"},
        {holds, "0 select count(*) from sat_entry where detail like"
                " '%contradicts%'"},
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

/* ---- times that nobody believes ---- */

/* What waits for a User can be looked at. */
#define WHILE_NOBODY_LISTENS(...)                                              \
    {users, "all down"}, __VA_ARGS__, {users, "all up"}, {                     \
        clock_by, "16m"                                                        \
    }
#define OURS(code)                                                             \
    {                                                                          \
        holds, "t select max(event_time) < '2100-01-01' from alert"            \
               " where code = '" code "'"                                      \
    }
#define IN_THE_TRAIL(count)                                                    \
    {                                                                          \
        holds, count " select count(*) from sat_entry where detail like"       \
                     " '%2199-01-01%'"                                         \
    }

static void a_notification_of_another_century(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW),
        WHILE_NOBODY_LISTENS(
            {notifies, "north n1.ppmid Success at 2199-01-01T00:00:00Z"},
            OURS("N61")),
        {is_told_of, "1 N61 #1 n1.ppmid"}, IN_THE_TRAIL("1"),
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"}, {clock_by, "1h"},
        PPMID_SAYS(NEW), {is, "n1.ppmid FIRMWARE_ACTIVATED"});
}

static void a_hub_of_another_century(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "1h"},
        WHILE_NOBODY_LISTENS(
            {says, "n1.hub 8F8A n1.ppmid " NEW " at 2199-01-01T00:00:00Z"},
            OURS("N62")),
        {is_told_of, "1 N62 #1 n1.ppmid"}, IN_THE_TRAIL("1"),
        {is, "n1.ppmid SUCCESSFUL_HAN_TRANSFER"});
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
        cmocka_unit_test(meters_that_have_it_have_not_failed),
        cmocka_unit_test(a_delivered_meter_takes_the_next_request),
        cmocka_unit_test(a_delivered_meter_blocks_if_we_want),
        cmocka_unit_test(a_delivered_meter_is_activated_later),
        cmocka_unit_test(a_meter_cannot_activate_it),
        cmocka_unit_test(a_meter_cannot_activate_it_later),
        cmocka_unit_test(a_success_with_the_old_version),
        cmocka_unit_test(a_read_stands_for_what_was_lost),
        cmocka_unit_test(a_read_of_a_meter_stands_for_what_was_lost),
        cmocka_unit_test(a_read_of_the_old_version),
        cmocka_unit_test(a_message_before_its_certificate),
        cmocka_unit_test(a_forged_message_stays_forged),
        cmocka_unit_test(a_csp_never_reports),
        cmocka_unit_test(a_csp_reports_after_all),
        cmocka_unit_test(a_silent_csp_delivers),
        cmocka_unit_test(a_second_report_rejects),
        cmocka_unit_test(a_second_report_accepts),
        cmocka_unit_test(a_second_report_says_the_same),
        cmocka_unit_test(the_same_alert_again_after_30_days),
        cmocka_unit_test(a_notification_of_another_century),
        cmocka_unit_test(a_hub_of_another_century),
    };
    return scenario_tests(tests, NULL, NULL);
}
