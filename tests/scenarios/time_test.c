/* What takes hours and days: busy CSPs, silent devices, Users that are away
 * (scenarios 9, 10, 18). */
#include "steps.h"

#define SENDS(device)                                                          \
    { sends, "1 11.4 ppmid-a-0A000003 " device " I99" }
#define ALL_IS_TOLD(device)                                                    \
    {is_told, "2 N59 " device}, {is_told, "1 N61 " device},                    \
        {is_told, "1 N62 " device}, {is_told, "1 N39 " device},                \
        {is_told, "2 N39 " device}, {                                          \
        is, device " FIRMWARE_ACTIVATED"                                       \
    }

/* ---- 9: a CSP is busy ---- */

static void busy_once(void **state) {
    (void)state;
    RUN({csp, "north job 503 - 1"}, SENDS("n1.ppmid"), ALL_IS_TOLD("n1.ppmid"),
        {tries, "north 2"});
}

static void busy_for_hours_while_the_other_works(void **state) {
    (void)state;
    RUN({csp, "north job 503"}, SENDS("n1.ppmid"), {tries, "north 2"},
        SENDS("s1.ppmid"), ALL_IS_TOLD("s1.ppmid"), {clock_by, "59m"},
        {tries, "north 2"}, {clock_by, "2m"}, {tries, "north 3"},
        {restart, "term"}, {tries, "north 3"}, {clock_by, "61m"},
        {tries, "north 4"}, {restart, "kill"}, SENDS("c1.ppmid"),
        ALL_IS_TOLD("c1.ppmid"), {tries, "north 4"},
        {is, "n1.ppmid AWAITING_CSP"}, {csp, "north"}, {clock_by, "61m"},
        {tries, "north 5"}, ALL_IS_TOLD("n1.ppmid"));
}

static void busy_for_four_days(void **state) {
    (void)state;
    RUN({csp, "north job 503"}, SENDS("n1.ppmid"), {tries, "north 2"},
        {clock_by, "1d"}, {tries, "north 3"}, {clock_by, "1d"},
        {tries, "north 4"}, {restart, "term"}, {clock_by, "1d"},
        {tries, "north 5"}, {clock_by, "23h"}, {tries, "north 6"},
        {is, "n1.ppmid AWAITING_CSP"}, {clock_by, "61m"},
        {is_told, "1 N21 n1.ppmid"},
        {is, "n1.ppmid REJECTED_BY_CSP NEVER_ANSWERED"}, {csp, "north"},
        SENDS("n1.ppmid"), ALL_IS_TOLD("n1.ppmid"));
}

static void a_csp_that_does_not_speak_http(void **state) {
    (void)state;
    RUN({csp, "north job garbage - 1 | image cut - 1"},
        {csp, "south job hang - 1 | image 500 - 1"},
        {sends, "1 11.4 ppmid-a-0A000003 n1.ppmid,c1.ppmid I99"},
        {holds, "2 select count(*) from csp_job where tries = 2"},
        {clock_by, "61m"}, {is_told, "2 N59 n1.ppmid,c1.ppmid"},
        {is_told, "1 N61 n1.ppmid c1.ppmid"},
        {is_told, "1 N62 n1.ppmid c1.ppmid"},
        {is_told, "1 N39 n1.ppmid c1.ppmid"},
        {is_told, "2 N39 n1.ppmid c1.ppmid"});
}

/* ---- 10: silence ---- */

static void a_silent_device_is_released(void **state) {
    (void)state;
    RUN({csp, "north silent 100"}, SENDS("n1.ppmid"),
        {is_told, "2 N59 n1.ppmid"}, {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"},
        {clock_by, "119h"},
        {sends, "1 11.4 ppmid-a-0A000003 n1.ppmid W110401"
                " OtherRequestInProgressList n1.ppmid"},
        {clock_by, "2h"},
        {holds, "f select in_progress from device_status('{n1.ppmid}',"
                " now() + '5 days 2 hours')"},
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"}, {csp, "north"},
        SENDS("n1.ppmid"), ALL_IS_TOLD("n1.ppmid"));
}

static void a_late_notification(void **state) {
    (void)state;
    RUN({csp, "north silent 100"}, SENDS("n1.ppmid"),
        {is_told, "2 N59 n1.ppmid"}, {clock_by, "121h"},
        {notifies, "north n1.ppmid Success"}, {is_told, "1 N61 n1.ppmid"},
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"}, {csp, "north"},
        SENDS("n1.ppmid"), ALL_IS_TOLD("n1.ppmid"));
}

/* ---- 18: a User is away ---- */

/* Supplier 2 has the fault; 1 hears all of both homes meanwhile. */
#define WHILE(fault)                                                           \
    {users, "2 " fault}, SENDS("n1.ppmid"), SENDS("c1.ppmid"),                 \
        {is_told, "1 N61 n1.ppmid c1.ppmid"},                                  \
        {is_told, "1 N62 n1.ppmid c1.ppmid"},                                  \
        {is_told, "1 N39 n1.ppmid c1.ppmid"}, {                                \
        is, "n1.ppmid,c1.ppmid FIRMWARE_ACTIVATED"                             \
    }
#define THEN                                                                   \
    {users, "2 well"}, {clock_by, "16m"},                                      \
        {is_told, "2 N59 n1.ppmid c1.ppmid"}, {                                \
        is_told, "2 N39 n1.ppmid c1.ppmid"                                     \
    }

static void a_user_answers_500(void **state) {
    (void)state;
    RUN(WHILE("status 500"), {clock_by, "30m"}, {clock_by, "30m"}, THEN);
}

static void a_users_address_is_not_found(void **state) {
    (void)state;
    RUN(WHILE("status 404"), {clock_by, "30m"}, {clock_by, "30m"}, THEN);
}

static void a_user_refuses(void **state) {
    (void)state;
    RUN(WHILE("status 400"), {clock_by, "1h"}, {restart, "term"}, THEN);
}

static void a_user_hangs(void **state) {
    (void)state;
    scenario_run(
        &(struct scenario_wish){.config = "[delivery]\ntimeout = 1s\n"},
        (const struct scenario_step[]){
            WHILE("hang"), {clock_by, "1h"}, THEN, END});
}

static void a_user_sends_rubbish(void **state) {
    (void)state;
    RUN(WHILE("garbage"), {clock_by, "1h"}, THEN);
}

/* It has taken the message, but fotad cannot know. */
static void a_user_breaks_off(void **state) {
    (void)state;
    scenario_run(&(struct scenario_wish){.repeats = true},
                 (const struct scenario_step[]){
                     WHILE("close"), {clock_by, "1h"}, THEN, END});
}

static void all_addresses_are_down_for_an_hour(void **state) {
    (void)state;
    RUN({users, "all down"}, SENDS("n1.ppmid"),
        {is, "n1.ppmid FIRMWARE_ACTIVATED"}, {clock_by, "1h"},
        {restart, "kill"}, {users, "all up"}, {clock_by, "16m"},
        ALL_IS_TOLD("n1.ppmid"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(busy_once),
        cmocka_unit_test(busy_for_hours_while_the_other_works),
        cmocka_unit_test(busy_for_four_days),
        cmocka_unit_test(a_csp_that_does_not_speak_http),
        cmocka_unit_test(a_silent_device_is_released),
        cmocka_unit_test(a_late_notification),
        cmocka_unit_test(a_user_answers_500),
        cmocka_unit_test(a_users_address_is_not_found),
        cmocka_unit_test(a_user_refuses),
        cmocka_unit_test(a_user_hangs),
        cmocka_unit_test(a_user_sends_rubbish),
        cmocka_unit_test(a_user_breaks_off),
        cmocka_unit_test(all_addresses_are_down_for_an_hour),
    };
    return scenario_tests(tests, NULL, NULL);
}
