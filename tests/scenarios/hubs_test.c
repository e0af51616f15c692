/* Emulated hubs with their memory, devices that are off, moved and updated
 * locally: what fotad says of them is what happened (requirements T1 and T2;
 * scenarios 19 to 21, 23). */
#include "steps.h"

#define SENT_TO_THE_HUB(update)                                                \
    {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},                            \
        {is_told, "2 N59 n1.ppmid"}, {                                         \
        is_told_of, "1 N61 " update " n1.ppmid"                                \
    }
#define IS_ON                                                                  \
    { devices, "" }
#define RUNS_IT(update)                                                        \
    {is_told_of, "1 N62 " update " n1.ppmid"}, N39_TO_BOTH,                    \
        {is, "n1.ppmid FIRMWARE_ACTIVATED"},                                   \
        COUNT(update, "FIRMWARE_ACTIVATED", "1"), {                            \
        inventory, "n1.ppmid " NEW                                             \
    }

/* ---- 19: the same update again ---- */

static void the_hub_discards_the_old_copy(void **state) {
    (void)state;
    RUN({devices, "off 100 n1.ppmid"}, SENT_TO_THE_HUB("#1"), {clock_by, "2h"},
        {reset, "n1.ppmid"}, {clock_by, "1h"}, SENT_TO_THE_HUB("#2"),
        {is_told_of, "1 N62 #1 n1.ppmid"},
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"}, {clock_by, "1h"}, IS_ON,
        RUNS_IT("#2"), COUNT("#1", "RESET_BY_DCC", "1"));
}

static void the_hub_discards_a_copy_of_three_weeks(void **state) {
    (void)state;
    RUN({devices, "off 100 n1.ppmid"}, SENT_TO_THE_HUB("#1"),
        {devices, "no_wan 100 n1.hub | off 100 n1.ppmid"}, {clock_by, "21d"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {is_told, "2 N59 n1.ppmid"}, {devices, "off 100 n1.ppmid"},
        {is_told_of, "1 N62 #1 n1.ppmid"}, COUNT("#1", "HAN_DISCARDED", "1"),
        {is_told_of, "1 N61 #2 n1.ppmid"},
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"}, {clock_by, "1h"}, IS_ON,
        RUNS_IT("#2"));
}

/* ---- 20: updated locally ---- */

#define LOCALLY(version)                                                       \
    {devices, "not_beginning 100 n1.ppmid |"                                   \
              " local 2020-01-01T00:00:00Z " version " n1.ppmid"},             \
        N39_TO_BOTH, {                                                         \
        inventory, "n1.ppmid " version                                         \
    }

static void locally_while_the_hub_has_the_image(void **state) {
    (void)state;
    RUN({devices, "not_beginning 100 n1.ppmid"}, SENT_TO_THE_HUB("#1"),
        {clock_by, "1d"}, LOCALLY(OTHER),
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"}, {clock_by, "1h"}, IS_ON,
        RUNS_IT("#1"));
}

static void locally_before_the_image_reaches_the_hub(void **state) {
    (void)state;
    RUN({csp, "north job 503"}, {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {tries, "north 2"}, LOCALLY(OTHER), {is, "n1.ppmid AWAITING_CSP"},
        IS_ON, {csp, "north"}, {clock_by, "61m"}, {is_told, "2 N59 n1.ppmid"},
        {is_told_of, "1 N61 #1 n1.ppmid"}, RUNS_IT("#1"));
}

/* ---- 21: off for days ---- */

static void off_for_6_days(void **state) {
    (void)state;
    RUN({devices, "off 100 n1.ppmid"}, SENT_TO_THE_HUB("#1"), {clock_by, "6d"},
        IS_ON, RUNS_IT("#1"));
}

static void off_for_13_days(void **state) {
    (void)state;
    RUN({devices, "off 100 n1.ppmid"}, SENT_TO_THE_HUB("#1"), {clock_by, "13d"},
        IS_ON, RUNS_IT("#1"));
}

static void off_for_15_days(void **state) {
    (void)state;
    RUN({devices, "off 100 n1.ppmid"}, SENT_TO_THE_HUB("#1"), {clock_by, "15d"},
        {is_told_of, "1 N62 #1 n1.ppmid"}, IS_ON,
        {is, "n1.ppmid HAN_DISCARDED"}, {clock_by, "1d"}, SENT_TO_THE_HUB("#2"),
        RUNS_IT("#2"), COUNT("#1", "HAN_DISCARDED", "1"));
}

static void a_hub_without_wan_for_20_days(void **state) {
    (void)state;
    RUN({devices, "off 100 n1.ppmid"}, SENT_TO_THE_HUB("#1"),
        {devices, "no_wan 100 n1.hub"}, {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"},
        {clock_by, "20d"}, IS_ON, RUNS_IT("#1"));
}

static void a_transfer_that_stops(void **state) {
    (void)state;
    RUN({devices, "stopping 100 n1.ppmid"}, SENT_TO_THE_HUB("#1"),
        {clock_by, "23h"}, {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"},
        {clock_by, "2h"}, {is_told_of, "1 N62 #1 n1.ppmid"},
        {is, "n1.ppmid FAILED_HAN_TRANSFER"});
}

/* The hub it left keeps the image as long as it keeps any. */
static void a_moved_ppmid(void **state) {
    (void)state;
    RUN({devices, "joined m1.hub n1.ppmid"}, SENT_TO_THE_HUB("#1"),
        {sql, "update smi_device set chf_id = '{m1.hub}'"
              " where device_id = '{n1.ppmid}'"},
        {sql, "select refresh_homes(null)"}, {clock_by, "13d"},
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"}, {clock_by, "2d"},
        {is_told_of, "1 N62 #1 n1.ppmid"}, {is, "n1.ppmid HAN_DISCARDED"});
}

/* ---- 23: a GSME image ---- */

#define GSME_IMAGE "gsme-a-00010003"
#define GSME_SENT                                                              \
    {sends, "2 11.1 " GSME_IMAGE " n1.gsme I99"}, {is_told, "1 N59 n1.gsme"},  \
    {                                                                          \
        is_told, "2 N61 n1.gsme"                                               \
    }

static void a_gsme_image_comes(void **state) {
    (void)state;
    RUN({devices, "not_beginning 100 n1.ppmid"}, SENT_TO_THE_HUB("#1"),
        {clock_by, "1d"}, GSME_SENT, {is_told_of, "1 N62 #1 n1.ppmid"},
        {is, "n1.ppmid HAN_DISCARDED"}, {is_told, "2 N62 n1.gsme"},
        {is_told, "2 8F72 n1.gsme"}, {is, "n1.gsme SUCCESSFUL_HAN_TRANSFER"});
}

/* The PPMID's image waits with us: the GSME's has the block until its 14 days
 * are over. */
static void a_gsme_image_is_there(void **state) {
    (void)state;
    RUN({devices, "not_beginning 100 n1.gsme"}, GSME_SENT, {clock_by, "1d"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"}, {clock_by, "12d"},
        {is, "n1.ppmid AWAITING_CSP"},
        {holds, "hub select code from list_waits(null, null, '{now}')"},
        {tries, "north 1"}, {clock_by, "2d"}, {is_told, "2 N62 n1.gsme"},
        {is, "n1.gsme HAN_DISCARDED"}, {is_told, "2 N59 n1.ppmid"},
        {is_told_of, "1 N61 #2 n1.ppmid"}, RUNS_IT("#2"));
}

/* With hub_wait = 0s it waits with the CSP, longer than anybody waits for it.
 */
static void an_image_waits_beside_the_hub(void **state) {
    static const struct scenario_wish at_once = {
        .config = "[tracking]\nhub_wait = 0s\n"};
    (void)state;
    scenario_run(&at_once, (const struct scenario_step[]){
                               {devices, "not_beginning 100 n1.gsme"},
                               GSME_SENT,
                               {clock_by, "1d"},
                               {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
                               {is_told, "2 N59 n1.ppmid"},
                               {clock_by, "12d"},
                               {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"},
                               {clock_by, "2d"},
                               {is_told, "2 N62 n1.gsme"},
                               {is, "n1.gsme HAN_DISCARDED"},
                               {is_told_of, "1 N61 #2 n1.ppmid"},
                               RUNS_IT("#2"),
                               END});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hub_discards_the_old_copy),
        cmocka_unit_test(the_hub_discards_a_copy_of_three_weeks),
        cmocka_unit_test(locally_while_the_hub_has_the_image),
        cmocka_unit_test(locally_before_the_image_reaches_the_hub),
        cmocka_unit_test(off_for_6_days),
        cmocka_unit_test(off_for_13_days),
        cmocka_unit_test(off_for_15_days),
        cmocka_unit_test(a_hub_without_wan_for_20_days),
        cmocka_unit_test(a_transfer_that_stops),
        cmocka_unit_test(a_moved_ppmid),
        cmocka_unit_test(a_gsme_image_comes),
        cmocka_unit_test(a_gsme_image_is_there),
        cmocka_unit_test(an_image_waits_beside_the_hub),
    };
    return scenario_tests(tests, NULL, NULL);
}
