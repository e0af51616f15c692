/*
 * What devices say is said once and by whom it is: messages brought again after
 * all rows of them are gone, brought by another CSP or hub, or checked by
 * nobody, have no effect and keep no genuine one out.
 */
#include "hostile/ledger.h"
#include "support/device_world.h"
#include "support/pg.h"

#include <pthread.h>
#include <unistd.h>

#define UNHEARD "gbcs_message,sat_entry"

static int set_up(void **state) {
    struct device_world *world = device_world_new();
    *state = world;
    world_begin(world);
    return 0;
}

static int tear_down(void **state) {
    if (*state)
        device_world_free(*state);
    return 0;
}

static struct said activated(uint64_t counter, instant at) {
    return (struct said){.from = PPMID,
                         .to = ACB,
                         .counter = counter,
                         .code = GBCS_CODE_CS09,
                         .cra = GBCS_ALERT,
                         .payload = {GBCS_PPMID_ALERT, 0x8F8B, .has_time = true,
                                     .time = at, .firmware_version = 0x2A}};
}

static struct said delivered(uint64_t counter) {
    return (struct said){
        .from = HUB,
        .to = ACB,
        .counter = counter,
        .code = GBCS_CODE_CCS08,
        .cra = GBCS_ALERT,
        .payload = {GBCS_TRANSFER_ALERT, 0x8F8A, .has_time = true, .time = NOON,
                    .device = PPMID, .firmware_version = 0x2A}};
}

static struct said verified_image(uint64_t counter) {
    static const uint8_t hash[GBCS_HASH_LEN] = {1};
    return (struct said){.from = ESME,
                         .to = S1,
                         .counter = counter,
                         .code = GBCS_CODE_FDRA_DLMS,
                         .cra = GBCS_ALERT,
                         .payload = {GBCS_VERIFICATION_ALERT, 0x8F72,
                                     .has_time = true, .time = NOON,
                                     .hash = {hash, sizeof hash}}};
}

static void hear(struct device_world *world, struct said said) {
    world_hear(world, &said);
    assert_int_equal(world_take(world), 1);
}

/* ---- brought again ---- */

/* Same octets, same messageId, when clean-up has been. */
static void nothing_counts_again_after_cleaning(void **state) {
    struct device_world *world = *state;
    struct said alerts[] = {activated(1, NOON), delivered(1),
                            verified_image(1)};
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++) {
        struct buffer octets = {0};
        world_say(&alerts[i], &octets);
        world_put(world, buffer_span(&octets));
        assert_int_equal(world_take(world), 1);
        world_expect_end(world, "first", "done", "");
        world_script(world, "select clean_messages(interval '-1 day', 1000);"
                            "update smi_device set firmware_version ="
                            " '\\x00000029', version_time = null;"
                            "delete from tracking_live;"
                            "delete from tracking_history");
        world->messages--;
        world_update(world, PPMID, 1, "SUCCESSFUL_CH_TRANSFER");
        struct ledger ledger;
        ledger_open(&ledger, world->conninfo, UNHEARD);
        world_put(world, buffer_span(&octets));
        assert_int_equal(world_take(world), 1);
        world_expect_end(world, "again", "unknown",
                         "duplicate: its counter was heard before");
        world_expect(world, "audited",
                     "select (detail ~ 'unknown: duplicate')::text from"
                     " sat_entry order by entry_no desc limit 1",
                     "true");
        ledger_check(&ledger, "again");
        ledger_close(&ledger);
        buffer_free(&octets);
    }
}

/* A message that nobody has heard counts, however many overtook it. */
static void those_that_were_overtaken_count(void **state) {
    struct device_world *world = *state;
    static const uint64_t counters[] = {
        500, 1, UINT64_MAX, 499, 501, 0, 1700000000000000, UINT64_MAX - 1};
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        hear(world, verified_image(counters[i]));
        world_expect_end(world, "overtaken", "done", "");
    }
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        hear(world, verified_image(counters[i]));
        world_expect_end(world, "again", "unknown",
                         "duplicate: its counter was heard before");
    }
    world_expect(world, "ranges", "select seen::text from replay_window",
                 "{[0,2),[499,502),[1700000000000000,1700000000000001),"
                 "[18446744073709551614,18446744073709551616)}");
}

/* Those of one device and recipient: `count` from `first` on, `step` apart. */
static const char *take(struct device_world *world, int first, int count,
                        int step) {
    return world_ask(
        world,
        "select concat_ws(' ', count(*), min(detail)) from unnest("
        "take_counters(array(select row(n, 'north', 'x', " ID_FORMAT
        ", " ID_FORMAT ", 3, 0, %d + (n - 1) * %d, 'alert', true, null, null,"
        " null, null, null, null, null, null, null, null)::device_message"
        " from generate_series(1, %d) n), '2030-01-01'))",
        ID(ESME), ID(S1), first, step, count);
}

static void a_window_is_as_wide_as_it_says(void **state) {
    struct device_world *world = *state;
    static const char below[] =
        "its counter is below the 256 ranges that were heard last";
    /* one by one a device may be ahead by any number */
    assert_string_equal(take(world, 1001, 10000, 1), "0");
    assert_string_equal(take(world, 7, 1, 1), "0");
    assert_string_equal(take(world, 1001, 1, 1),
                        "1 duplicate: its counter was heard before");
    /* by a clock, by 255 others */
    assert_string_equal(take(world, 1000000, 254, 1000), "0");
    assert_string_equal(take(world, 900, 1, 1), "0");
    assert_string_equal(take(world, 7, 1, 1),
                        arena_printf(world->arena, "1 %s", below));
    assert_string_equal(take(world, 1000000, 254, 1000),
                        "254 duplicate: its counter was heard before");
}

struct second {
    const char *conninfo, *call;
    char ends[200];
};

static void *second_take(void *context) {
    struct second *second = context;
    struct sql *sql = sql_open(second->conninfo);
    snprintf(second->ends, sizeof second->ends, "%s",
             sql_text(sql, "%s", second->call));
    sql_close(sql);
    return NULL;
}

#define TAKE(counters)                                                         \
    "select count(*) || ' ' || coalesce(min(ordinal), 0) from unnest("         \
    "take_counters(array(select row(ordinal, 'north', 'x',"                    \
    " '00DB000000000101', '90B3D51F30010000', 3, 0, counter, 'alert', true,"   \
    " null, null, null, null, null, null, null, null, null, null)"             \
    "::device_message from unnest(array" counters                              \
    ") with ordinality as x (counter, ordinal)), '2030-01-01'))"

/* Of two that hear a device for the first time at once the second waits, and
 * takes what the first has not. */
static void two_at_once_take_each_once(void **state) {
    struct device_world *world = *state;
    world_script(world, "begin");
    assert_string_equal(world_ask(world, TAKE("[1,2,3]")), "0 0");
    struct second second = {.conninfo = world->conninfo,
                            .call = TAKE("[4,2,5]")};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, second_take, &second), 0);
    usleep(300000);
    world_script(world, "commit");
    pthread_join(thread, NULL);
    assert_string_equal(second.ends, "1 2");
    world_expect(world, "taken", "select seen::text from replay_window",
                 "{[1,6)}");
}

/* A restored copy of the database counts from where it was made. */
static void our_own_numbers_do_not_come_again(void **state) {
    struct device_world *world = *state;
    static const char *const counters[] = {"acb_counter", "alert_counter",
                                           "held_request_hold_no_seq"};
    struct sql *daemon = sql_open(pg_as_daemon(world->conninfo));
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        sql_do(daemon, "select advance_counters()");
        const char *used =
            world_ask(world, "select nextval('%s')", counters[i]);
        world_script(world,
                     "select setval('%s', seqmin) from pg_sequence"
                     " where seqrelid = '%s'::regclass",
                     counters[i], counters[i]);
        world_script(world, "select pg_sleep(2)"); /* some count seconds */
        sql_do(daemon, "select advance_counters()");
        world_expect(world, counters[i],
                     arena_printf(world->arena,
                                  "select (nextval('%s') > %s)::text",
                                  counters[i], used),
                     "true");
        /* what is ahead of the time stays so */
        world_script(world, "select setval('%s', 9000000000000000000)",
                     counters[i]);
        sql_do(daemon, "select advance_counters()");
        world_expect(world, "ahead",
                     arena_printf(world->arena, "select nextval('%s')::text",
                                  counters[i]),
                     "9000000000000000001");
    }
    sql_close(daemon);
}

/* A new counter makes nothing new of what is older than the update. */
static void an_older_alert_ends_no_update(void **state) {
    struct device_world *world = *state;
    static const instant ages[] = {13 * DAY, 60 * DAY};
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
        world_begin(world);
        world_update(world, PPMID, 1, "SUCCESSFUL_CH_TRANSFER");
        world_script(world, "update csp_job set created = '2030-01-01'");
        hear(world, activated(100, NOON - 20 * DAY));
        hear(world, activated(50, NOON - ages[i]));
        world_expect_device(world, "older", PPMID, "SUCCESSFUL_CH_TRANSFER",
                            "2A");
    }
}

/* ---- brought by others ---- */

static void bring(struct device_world *world, const char *csp, eui64 hub,
                  struct said said) {
    world->by.csp = csp;
    world->by.hub = hub;
    hear(world, said);
    world->by.csp = NULL;
    world->by.hub = 0;
}

static void another_csp_says_nothing(void **state) {
    struct device_world *world = *state;
    world_update(world, PPMID, 1, "SUCCESSFUL_CH_TRANSFER");
    struct said alerts[] = {delivered(1), activated(1, NOON),
                            verified_image(1)};
    struct ledger ledger;
    ledger_open(&ledger, world->conninfo, UNHEARD);
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++) {
        bring(world, "south", HUB_2, alerts[i]);
        world_expect_end(world, "another CSP", "unverified",
                         "its device is at no hub of this CSP");
        ledger_check(&ledger, "another CSP");
    }
    ledger_close(&ledger);
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++) {
        hear(world, alerts[i]);
        world_expect_end(world, "genuine", "done", "");
    }
}

/* It moved to a region of another CSP in the middle of its update. */
static void the_csp_of_its_job_may_bring_it(void **state) {
    struct device_world *world = *state;
    world_update(world, PPMID, 1, "SUCCESSFUL_CH_TRANSFER");
    world_script(world, "update tracking_live set csp = 'south'");
    bring(world, "south", HUB_2, activated(1, NOON));
    world_expect_end(world, "its job's", "done", "");
}

/* ---- checked by nobody ---- */

/* As src/device/receive.c hands it over. */
static void take_unchecked(struct device_world *world, const char *kind,
                           const char *event, eui64 device) {
    world_script(world,
                 "select take_device_messages(array['%s'], array['m-%u'],"
                 " '{unchecked}', '{\"\"}', '{%s}', '{%s}', array[" ID_FORMAT
                 "],"
                 " '{36746}', '{0}', '{42}', '{2030-01-01 12:00Z}', '{2000}',"
                 " array[" ID_FORMAT "], '{2000}', '{North}', '{north}',"
                 " '2030-01-01 12:00Z', '5 days')",
                 world->by.csp ? world->by.csp : "north", world->messages, kind,
                 event, ID(device), ID(S1));
}

static void put_command(struct device_world *world, eui64 device) {
    world_script(
        world,
        "with r as (insert into service_request (originator, target, counter,"
        " stage, used, service, service_reference_variant, command_variant,"
        " content, received) values (" ID_FORMAT ", " ID_FORMAT ", 2000, 1,"
        " true, 'serviceS', '11.2', 1, sha256('y'), '2030-01-01')"
        " on conflict do nothing returning request_no)"
        " insert into device_command (request_no, device_id, device_type,"
        " chf_id, csp, originator, counter, message_code, state, created,"
        " next_try, response_due, payload) select request_no, device_id,"
        " device_type, chf_id, 'north', " ID_FORMAT ", 2000, %d, 'sent',"
        " '2030-01-01', '2030-01-01', '2030-01-02', '' from r, smi_device"
        " where device_id = " ID_FORMAT,
        ID(S1), ID(device), ID(S1), GBCS_CODE_ECS52, ID(device));
}

/* Every kind of message, told to be unchecked. */
static void what_is_unchecked_changes_nothing(void **state) {
    struct device_world *world = *state;
    static const struct {
        const char *kind, *event;
        struct said said;
        eui64 device;
    } kinds[] = {
        {"transfer", "han_delivered", {.from = HUB, .to = ACB}, PPMID},
        {"ppmid", "device_activated", {.from = PPMID, .to = ACB}, PPMID},
        {"outcome", "", {.from = ESME, .to = S1}, ESME},
        {"response", "", {.from = ESME, .to = S1}, ESME},
        {"alert", "", {.from = ESME, .to = S1}, ESME},
    };
    world_update(world, PPMID, 1, "SUCCESSFUL_CH_TRANSFER");
    world_update(world, ESME, 1, "SUCCESSFUL_HAN_TRANSFER");
    put_command(world, ESME);
    struct ledger ledger;
    /* Users are told of what they can check, and then no E21 follows */
    ledger_open(&ledger, world->conninfo,
                UNHEARD ",alert,alert_count,alert_lane,device_command");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct said said = verified_image(2000);
        said.from = kinds[i].said.from;
        said.to = kinds[i].said.to;
        bool answers = strcmp(kinds[i].kind, "response") == 0;
        if (answers) {
            said.cra = GBCS_RESPONSE;
            said.code = GBCS_CODE_ECS52;
            said.payload = (struct gbcs_payload){GBCS_READ_RESULT,
                                                 .firmware_version = 0x2A};
        }
        world_hear(world, &said);
        take_unchecked(world, kinds[i].kind, kinds[i].event, kinds[i].device);
        ledger_check(&ledger, kinds[i].kind);
        world_expect(world, kinds[i].kind,
                     "select count(*)::text from replay_window", "0");
    }
    ledger_close(&ledger);
    world_expect_told(world, "passed on",
                      "ResponseMessage S1, DeviceAlertMessage S1");
    world_expect(world, "no E21, and no answer",
                 "select concat_ws(' ', state, response_due is null,"
                 " response_result, ended) from device_command",
                 "sent t");
}

/* The genuine alert comes after a forged one that only its User can check. */
static void a_forged_alert_keeps_no_genuine_one_out(void **state) {
    struct device_world *world = *state;
    struct said said = verified_image(9);
    world_hear(world, &said);
    take_unchecked(world, "alert", "", ESME);
    world_expect_end(world, "forged", "done", "");
    hear(world, said);
    world_expect_end(world, "genuine", "done", "");
    hear(world, said);
    world_expect_end(world, "again", "unknown",
                     "duplicate: its counter was heard before");
    world_expect_told(world, "both",
                      "DeviceAlertMessage S1, DeviceAlertMessage S1");
}

/* Nor an answer that another hub or CSP brings. */
static void an_answer_comes_from_where_its_command_went(void **state) {
    struct device_world *world = *state;
    put_command(world, ESME);
    struct said said = {
        .from = ESME,
        .to = S1,
        .counter = 2000,
        .code = GBCS_CODE_ECS52,
        .cra = GBCS_RESPONSE,
        .payload = {GBCS_READ_RESULT, .firmware_version = 0x2A}};
    struct ledger ledger;
    ledger_open(&ledger, world->conninfo, UNHEARD);
    bring(world, "north", HUB_2, said);
    world_expect_end(world, "another hub", "unverified",
                     "it did not come from the CSP and the hub that its "
                     "command went to");
    said.payload.firmware_version = 0x2B;
    bring(world, "south", HUB_2, said);
    world_expect_end(world, "another CSP", "unverified",
                     "its device is at no hub of this CSP");
    ledger_check(&ledger, "elsewhere");
    ledger_close(&ledger);
    said.payload.firmware_version = 0x29;
    hear(world, said);
    world_expect_told(world, "genuine", "ResponseMessage S1");
}

/* Whoever writes by what a device says is behind the gate. */
static void every_way_leads_through_the_gate(void **state) {
    struct device_world *world = *state;
    world_expect(world, "who takes messages",
                 "select string_agg(distinct caller.proname, ' ')"
                 " from pg_proc taker, pg_proc caller"
                 " where caller.oid <> taker.oid and taker.proname in "
                 "('take_transfer_alerts', 'take_ppmid_alerts',"
                 "  'take_outcome_alerts', 'take_responses', 'take_counters')"
                 " and caller.prosrc ~ ('\\m' || taker.proname || '\\(')",
                 "refuse_messages take_device_messages");
    world_expect(
        world, "the gate is first",
        "select bool_and(strpos(prosrc, 'refuse_messages(')"
        "  between 1 and strpos(prosrc, 'take_transfer_alerts('))::text"
        " from pg_proc where proname = 'take_device_messages'"
        " and prosrc <> ''",
        "true");
    world_expect(world, "who writes by them",
                 "select string_agg(distinct proname, ' ' order by proname)"
                 " from pg_proc where prosrc ~ '\\mlearn_versions\\('",
                 "take_outcome_alerts take_ppmid_alerts take_responses");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nothing_counts_again_after_cleaning),
        TEST(those_that_were_overtaken_count),
        TEST(a_window_is_as_wide_as_it_says),
        TEST(two_at_once_take_each_once),
        TEST(our_own_numbers_do_not_come_again),
        TEST(an_older_alert_ends_no_update),
        TEST(another_csp_says_nothing),
        TEST(the_csp_of_its_job_may_bring_it),
        TEST(what_is_unchecked_changes_nothing),
        TEST(a_forged_alert_keeps_no_genuine_one_out),
        TEST(an_answer_comes_from_where_its_command_went),
        TEST(every_way_leads_through_the_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
