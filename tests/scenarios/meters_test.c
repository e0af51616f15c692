/* Meters that have an image, and what becomes of it; versions that are read
 * (requirement T5; scenario 22). */
#include "steps.h"

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

/* It is for the supplier to check, so it changes nothing here; but it came, so
 * no E21 follows. */
static void a_read_of_a_meter_is_for_its_supplier(void **state) {
    (void)state;
    RUN(QUIET, {sends, "1 11.1 " ESME_IMAGE " n1.esme I99"},
        {is_told, "2 N59 n1.esme"}, {notifies, "north n1.esme Success"},
        {is_told, "1 N61 n1.esme"}, {clock_by, "1d"},
        {devices, "version 01020000"}, {reads, "1 n1.esme"},
        {is_told, "1 I0/GBCSPayload n1.esme"}, {clock_by, "25h"},
        {is, "n1.esme SUCCESSFUL_CH_TRANSFER"}, {inventory, "n1.esme 01010000"},
        {holds,
         "0 select count(*) from sat_entry where code in ('E21', 'N49')"});
}

/* The old version says nothing about an update that may still come. */
static void a_read_of_the_old_version(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "1h"},
        {reads, "1 n1.ppmid"}, {is_told, "1 I0/GBCSPayload n1.ppmid"},
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meters_that_have_it_have_not_failed),
        cmocka_unit_test(a_delivered_meter_takes_the_next_request),
        cmocka_unit_test(a_delivered_meter_blocks_if_we_want),
        cmocka_unit_test(a_delivered_meter_is_activated_later),
        cmocka_unit_test(a_meter_cannot_activate_it),
        cmocka_unit_test(a_meter_cannot_activate_it_later),
        cmocka_unit_test(a_success_with_the_old_version),
        cmocka_unit_test(a_read_stands_for_what_was_lost),
        cmocka_unit_test(a_read_of_a_meter_is_for_its_supplier),
        cmocka_unit_test(a_read_of_the_old_version),
    };
    return scenario_tests(tests, NULL, NULL);
}
