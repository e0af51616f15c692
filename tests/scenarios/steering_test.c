/* Updates that are under way are held, released, stopped and reset
 * (requirements S1 to S4). */
#include "steps.h"

#define RUN_WITH(wish, ...)                                                    \
    scenario_run(&(wish), (const struct scenario_step[]){__VA_ARGS__, END})

#define ASKS(version)                                                          \
    { sends, "1 11.4 ppmid-a-" version " n1.ppmid I99" }
/* It goes its whole way, as nothing had been. */
#define GOES(update)                                                           \
    {is_told, "2 N59 n1.ppmid"}, {is_told_of, "1 N61 " update " n1.ppmid"},    \
        {is_told_of, "1 N62 " update " n1.ppmid"}, N39_TO_BOTH, {              \
        is, "n1.ppmid FIRMWARE_ACTIVATED"                                      \
    }
/* The same of another one. */
#define GOES_TOO(update, device)                                               \
    {is_told, "2 N59 " device}, {is_told_of, "1 N61 " update " " device},      \
        {is_told_of, "1 N62 " update " " device}, {is_told, "1 N39 " device},  \
        {is_told, "2 N39 " device}, {                                          \
        is, device " FIRMWARE_ACTIVATED"                                       \
    }
#define STATE(update, state)                                                   \
    { shows, "state " state " request " update }
#define ORDERS(query, expected)                                                \
    { holds, expected " select " query " from steering" }

/* ---- holds ---- */

/* What waits here is as long as it waits: no window runs. */
static void what_comes_to_a_held_csp_waits(void **state) {
    (void)state;
    RUN({steers, "0 hold --csp north"}, ASKS(NEW), STATE("#1", "held"),
        {clock_by, "20d"}, STATE("#1", "held"),
        {shows, "inProgress true status n1.ppmid"}, {tries, "north 0"},
        {steers, "0 release --csp north"}, GOES("#1"), STATE("#1", "finished"));
}

/* The CSP was busy, so its job is taken back. */
static void a_held_request_is_not_tried_again(void **state) {
    (void)state;
    RUN({csp, "north job 503"}, ASKS(NEW), {tries, "north 2"},
        {steers, "0 hold #1"}, STATE("#1", "held"), {csp, "north"},
        {clock_by, "61m"}, {is, "n1.ppmid AWAITING_CSP"}, {tries, "north 2"},
        {steers, "1 hold #1"}, {steers, "0 release #1"}, GOES("#1"));
}

static void another_request_goes_on_beside_it(void **state) {
    (void)state;
    RUN({csp, "north job 503"}, ASKS(NEW), {tries, "north 2"},
        {steers, "0 hold #1"}, {csp, "north"},
        {sends, "1 11.4 ppmid-a-" NEW " n2.ppmid I99"},
        GOES_TOO("#2", "n2.ppmid"), {is, "n1.ppmid AWAITING_CSP"},
        STATE("#1", "held"), {steers, "0 release #1"}, GOES("#1"));
}

static void what_the_csp_has_goes_on(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), {steers, "0 hold #1"}, STATE("#1", "held"),
        AT_HUB("#1"), {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"});
}

static void a_hold_ends_by_itself(void **state) {
    (void)state;
    RUN({steers, "0 hold --csp north --until 2199-01-01"}, ASKS(NEW),
        STATE("#1", "held"),
        {sql,
         "update steering set until = '{now}'::timestamptz + interval '2 h'"},
        {clock_by, "1h"}, STATE("#1", "held"), {clock_by, "2h"}, GOES("#1"),
        ORDERS("state || '-' || coalesce(ended_by, 'itself')", "done-itself"));
}

static void a_hold_outlives_a_kill(void **state) {
    (void)state;
    RUN({steers, "0 hold --csp north"}, ASKS(NEW), STATE("#1", "held"),
        {restart, "kill"}, STATE("#1", "held"), {tries, "north 0"},
        {steers, "0 release --csp north"}, GOES("#1"));
}

/* The second request is of the image that the first was. */
static void an_image_is_held_in_every_request(void **state) {
    (void)state;
    RUN(ASKS(NEW), GOES("#1"), {steers, "0 hold --image @#1"},
        {sends, "1 11.4 " PPMID_IMAGE " n2.ppmid I99"}, STATE("#2", "held"),
        {sends, "1 11.4 ppmid-a-" OTHER " n3.ppmid I99"},
        GOES_TOO("#3", "n3.ppmid"), {is, "n2.ppmid AWAITING_CSP"},
        {steers, "0 release --image @#1"}, GOES_TOO("#2", "n2.ppmid"));
}

static void a_model_is_held(void **state) {
    (void)state;
    RUN({steers, "0 hold --model 1301:0084"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        STATE("#1", "in-progress"), {is, "n1.ppmid AWAITING_CSP"},
        {tries, "north 0"},
        {holds, "t select held is not null from tracking_live where"
                " device_type = 'PPMID'"},
        {steers, "0 release --model 13:01:00:84"}, GOES("#1"));
}

/* ---- holds of fotad's own ---- */

#define CPL_STATUS(status)                                                     \
    { sql, "update cpl_entry set status = '" status "'" }

static void an_image_that_is_withdrawn_is_not_handed_over(void **state) {
    (void)state;
    RUN({csp, "north job 503"}, ASKS(NEW), {tries, "north 2"},
        CPL_STATUS("Withdrawn"), {csp, "north"}, {clock_by, "61m"},
        STATE("#1", "held"), {tries, "north 2"},
        ORDERS("cause || '-' || state", "image_not_active-active"),
        {steers, "1 release --image @#1"}, CPL_STATUS("Active"),
        {clock_by, "1h"}, STATE("#1", "held"),
        {steers, "0 release --image @#1"}, GOES("#1"));
}

static void a_suspended_user_s_requests_wait(void **state) {
    (void)state;
    RUN({csp, "north job 503"}, ASKS(NEW), {tries, "north 2"},
        {sql, "update service_user set status = 'suspended'"}, {csp, "north"},
        {clock_by, "61m"}, STATE("#1", "held"),
        ORDERS("cause || '-' || state", "user_suspended-active"),
        {sql, "update service_user set status = 'active'"},
        {holds, "done select case when release.outcome = 'done' then"
                " release.outcome end from service_request r, steer('release',"
                " null, r.originator, null, null, null, null, null, null, null,"
                " false, 'ann', 'x', null, false, array[]::text[], '{now}', '5 "
                "d') release"},
        GOES("#1"));
}

/* ---- stops ---- */

static void what_waits_here_is_stopped(void **state) {
    (void)state;
    RUN({csp, "north job 503"}, ASKS(NEW), {tries, "north 2"},
        {steers, "0 stop #1"}, {is_told, "1 N22 n1.ppmid"},
        {is, "n1.ppmid STOPPED_BY_DCC STOPPED_BY_DCC"}, STATE("#1", "stopped"),
        {csp, "north"}, {clock_by, "61m"}, {tries, "north 2"},
        {steers, "1 stop #1"}, ASKS(NEW), GOES("#2"), STATE("#1", "stopped"),
        COUNT("#1", "STOPPED_BY_DCC", "1"));
}

static void what_is_held_is_stopped(void **state) {
    (void)state;
    RUN({steers, "0 hold --csp north"}, ASKS(NEW), STATE("#1", "held"),
        {steers, "0 stop #1"}, {is_told, "1 N22 n1.ppmid"},
        {is, "n1.ppmid STOPPED_BY_DCC STOPPED_BY_DCC"}, STATE("#1", "stopped"),
        {steers, "0 release --csp north"});
}

/* "Stop this campaign now": one order, whatever requests it is of. */
static void a_campaign_is_stopped_at_once(void **state) {
    (void)state;
    RUN({steers, "0 hold --csp north"}, ASKS(NEW),
        {sends, "1 11.4 " PPMID_IMAGE " n2.ppmid I99"},
        {sends, "1 11.4 ppmid-a-" OTHER " n3.ppmid I99"},
        {steers, "0 stop --image @#1"}, {is_told, "1 N22 n1.ppmid n2.ppmid"},
        {is, "n1.ppmid,n2.ppmid STOPPED_BY_DCC STOPPED_BY_DCC"},
        STATE("#2", "stopped"), {steers, "0 release --csp north"},
        GOES_TOO("#3", "n3.ppmid"));
}

/* CSPs do not give jobs back unless their section says so. */
static void what_a_csp_has_is_not_stopped(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), {steers, "0 stop #1"}, STATE("#1", "stopped"),
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"}, AT_HUB("#1"),
        HUB_SAYS("8F8A", NEW, "#1"), PPMID_SAYS(NEW),
        {is, "n1.ppmid FIRMWARE_ACTIVATED"}, STATE("#1", "stopped"));
}

static void a_csp_gives_a_job_back(void **state) {
    static const struct scenario_wish recall = {.csp_config = "recall = yes\n"};
    (void)state;
    RUN_WITH(recall, {csp, "north delivery_delay 600000"}, ASKED(NEW),
             {steers, "0 stop #1"}, {is_told, "1 N22 n1.ppmid"},
             {is, "n1.ppmid STOPPED_BY_DCC STOPPED_BY_DCC"},
             STATE("#1", "stopped"));
}

/* ---- resets of many ---- */

static void a_request_is_reset(void **state) {
    (void)state;
    RUN(QUIET, {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid,n2.ppmid I99"},
        {is_told, "2 N59 n1.ppmid,n2.ppmid"}, {steers, "0 reset --request #1"},
        {is, "n1.ppmid,n2.ppmid RESET_BY_DCC"}, STATE("#1", "finished"),
        {holds, "2 select count(*) from sat_entry where kind = 'reset' and"
                " detail = 'a test'"},
        {steers, "1 reset --request #1"});
}

/* ---- plans ---- */

/* A default, which begins two hours later; what waits for it holds up nobody.
 */
static void a_plan_begins_by_itself(void **state) {
    (void)state;
    RUN({holds, "done select set_plan(null, '11.4', null, null, 'start '"
                " || to_char('{now}'::timestamptz at time zone 'UTC' +"
                " interval '2 h', 'YYYY-MM-DD\"T\"HH24:MI\"Z\"'), 'ann',"
                " 'x', '{now}')"},
        ASKS(NEW), {holds, "start select waits from request_plan"},
        {tries, "north 0"}, {clock_by, "1h"}, {is, "n1.ppmid AWAITING_CSP"},
        {tries, "north 0"}, {clock_by, "2h"}, GOES("#1"));
}

/* ---- two people ---- */

static void another_person_decides(void **state) {
    static const struct scenario_wish two = {
        .config = "[steering]\nsecond_person = all\n"};
    (void)state;
    RUN_WITH(two, {csp, "north job 503"}, ASKS(NEW), {tries, "north 2"},
             {steers, "0 stop #1"}, ORDERS("state", "asked"),
             STATE("#1", "in-progress"), {steers, "1 steering approve 1"},
             {sql, "update steering set person = 'ann'"},
             {steers, "0 steering approve 1"}, {is_told, "1 N22 n1.ppmid"},
             {is, "n1.ppmid STOPPED_BY_DCC STOPPED_BY_DCC"},
             {steers, "1 steering refuse 1"});
}

static void two_fotads_hold_alike(void **state) {
    static const struct scenario_wish two = {.fotads = 2};
    (void)state;
    RUN_WITH(two, {csp, "north job 503"}, ASKS(NEW), {tries, "north 2"},
             {steers, "0 hold #1"}, {csp, "north"}, {clock_by, "61m"},
             {is, "n1.ppmid AWAITING_CSP"}, {tries, "north 2"},
             {steers, "0 release #1"}, GOES("#1"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_to_a_held_csp_waits),
        cmocka_unit_test(a_held_request_is_not_tried_again),
        cmocka_unit_test(another_request_goes_on_beside_it),
        cmocka_unit_test(what_the_csp_has_goes_on),
        cmocka_unit_test(a_hold_ends_by_itself),
        cmocka_unit_test(a_hold_outlives_a_kill),
        cmocka_unit_test(an_image_is_held_in_every_request),
        cmocka_unit_test(a_model_is_held),
        cmocka_unit_test(an_image_that_is_withdrawn_is_not_handed_over),
        cmocka_unit_test(a_suspended_user_s_requests_wait),
        cmocka_unit_test(what_waits_here_is_stopped),
        cmocka_unit_test(what_is_held_is_stopped),
        cmocka_unit_test(a_campaign_is_stopped_at_once),
        cmocka_unit_test(what_a_csp_has_is_not_stopped),
        cmocka_unit_test(a_csp_gives_a_job_back),
        cmocka_unit_test(a_request_is_reset),
        cmocka_unit_test(a_plan_begins_by_itself),
        cmocka_unit_test(another_person_decides),
        cmocka_unit_test(two_fotads_hold_alike),
    };
    return scenario_tests(tests, NULL, NULL);
}
