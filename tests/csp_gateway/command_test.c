/*
 * Commands on their way: to the right CSP, again while it is busy, at their
 * time, and what the User hears when nothing comes of them (decision 30, E20,
 * E21). The clock is moved; the requests come in by HTTP.
 */
#include "support/check.h"
#include "support/command_scene.h"
#include "support/fake_csp.h"

#include "base/base64.h"
#include "csp_gateway/send.h"

#include <time.h>

enum { NORTH, SOUTH, CSPS };

struct world {
    struct scene *scene;
    struct gateway *gateway;
    struct fake_csp *csps[CSPS];
    struct csp_sender *sender;
    instant moved;
};

static struct world open_world(const char *north, const char *south) {
    struct world w = {.scene = scene_open()};
    w.gateway = w.scene->gateway;
    const char *const scripts[] = {north, south};
    for (int i = 0; i < CSPS; i++) {
        struct config_csp *csp = &w.gateway->config.csps[i];
        w.csps[i] = fake_csp_start();
        fake_csp_script(w.csps[i], "500", scripts[i]);
        csp->base_url = fake_csp_url(w.csps[i]);
        csp->token = "ours";
        csp->timeout = 400 * MILLISECOND;
        csp->busy_retry = HOUR;
        csp->busy_give_up = 4 * DAY;
    }
    w.sender = csp_send_start(&w.gateway->config);
    return w;
}

static void stop_sender(struct world *w) {
    csp_send_stop(w->sender);
    w->sender = NULL;
}

static void start_sender(struct world *w) {
    w->sender = csp_send_start(&w->gateway->config);
}

static void close_world(struct world *w) {
    csp_send_stop(w->sender);
    for (int i = 0; i < CSPS; i++)
        fake_csp_stop(w->csps[i]);
    scene_close(w->scene);
}

static void advance(struct world *w, instant by) {
    w->moved += by;
    test_clock_set(w->moved);
}

static void pause_for(instant how_long) {
    nanosleep(&(struct timespec){.tv_sec = how_long / SECOND,
                                 .tv_nsec = how_long % SECOND * 1000},
              NULL);
}

/* Asks the database until it says so, for 10 s. */
static void expect(struct world *w, const char *sql, const char *expected) {
    const char *got = "";
    for (int i = 0; i < 500; i++) {
        got = gateway_ask(w->gateway, "%s", sql);
        if (strcmp(got, expected) == 0)
            return;
        pause_for(20 * MILLISECOND);
    }
    assert_string_equal(got, expected);
}

#define STATES                                                                 \
    "select coalesce(string_agg(state::text, ' ' order by command_no), '')"    \
    " from device_command"
/* By request: two senders may end overdue commands side by side. */
#define TOLD                                                                   \
    "select coalesce(string_agg(alert.response_code || ' to '"                 \
    " || eui64_text(user_id) || ' of ' || counter || case code"                \
    " when 'ResponseMessage' then '' else code end"                            \
    " || coalesce(' ' || payload::text, ''), ', ' order by request_no), '')"   \
    " from alert join service_request using (request_no)"
#define TO_A " to 90-B3-D5-1F-30-01-00-00 of "

static void read_version(struct world *w, eui64 device, instant from_now) {
    struct answer answer = scene_ask(
        w->scene,
        &(struct asked){.device = device,
                        .body = DUIS_READ_FIRMWARE_VERSION,
                        .when =
                            from_now ? scene_time(w->scene, from_now) : NULL});
    assert_string_equal(answer_says(w->gateway, &answer), "I99");
}

static const char *member(const struct fake_request *request,
                          const char *name) {
    return json_string_value(json_object_get(request->json, name));
}

/* ---- */

static void check_post(struct world *w, int csp, uint64_t counter, eui64 hub,
                       eui64 device) {
    struct fake_request got = fake_csp_request(w->csps[csp], "POST", 0);
    char text[EUI64_TEXT_SIZE];
    assert_string_equal(got.path, "/gbcs-commands");
    assert_string_equal(got.media_type, "application/json");
    assert_string_equal(got.authorization, "Bearer ours");
    assert_string_equal(member(&got, "commandId"), got.key);
    assert_string_equal(
        got.key,
        gateway_ask(w->gateway, "%s",
                    arena_printf(w->scene->arena,
                                 "select command_id from device_command"
                                 " join service_request using (request_no)"
                                 " where service_request.counter = %ju",
                                 (uintmax_t)counter)));
    assert_string_equal(member(&got, "commsHubId"), eui64_format(hub, text));
    assert_string_equal(member(&got, "deviceId"), eui64_format(device, text));
    assert_int_equal(json_object_size(got.json), 4);
    struct buffer payload = {0};
    base64_add(&payload, scene_command_octets(w->scene, counter));
    assert_string_equal(member(&got, "payload"), (const char *)payload.data);
    buffer_free(&payload);
}

static void a_command_goes_to_the_csp_of_its_hub(void **state) {
    (void)state;
    struct world w = open_world("202", "202");
    read_version(&w, PPMID(PLAIN), 0);
    read_version(&w, ESME(CENTRAL), 0);
    expect(&w, STATES, "sent sent");
    assert_int_equal(fake_csp_count(w.csps[NORTH], "POST"), 1);
    assert_int_equal(fake_csp_count(w.csps[SOUTH], "POST"), 1);
    check_post(&w, NORTH, 1, CHF(PLAIN), PPMID(PLAIN));
    check_post(&w, SOUTH, 2, CHF(CENTRAL), ESME(CENTRAL));
    expect(&w, TOLD, "");
    close_world(&w);
}

static void a_busy_csp_is_asked_again_at_once(void **state) {
    (void)state;
    struct world w = open_world("503 202", "202");
    read_version(&w, ESME(PLAIN), 0);
    expect(&w, STATES, "sent");
    assert_int_equal(fake_csp_count(w.csps[NORTH], "POST"), 2);
    struct fake_request first = fake_csp_request(w.csps[NORTH], "POST", 0);
    struct fake_request second = fake_csp_request(w.csps[NORTH], "POST", 1);
    assert_string_equal(first.key, second.key);
    close_world(&w);
}

/* Twice at once, every hour for the 24 hours that a response may take. */
static void a_csp_that_stays_busy(void **state) {
    (void)state;
    struct world w = open_world("503", "202");
    read_version(&w, ESME(PLAIN), 0);
    for (size_t hour = 0; hour < 24; hour++) {
        assert_true(fake_csp_wait(w.csps[NORTH], "POST", 2 + hour));
        expect(&w, "select tries from device_command",
               arena_printf(w.scene->arena, "%zu", 2 + hour));
        expect(&w, STATES, "waiting");
        expect(&w, TOLD, "");
        advance(&w, HOUR + SECOND);
    }
    expect(&w, STATES, "failed");
    expect(&w, TOLD, "E20" TO_A "1");
    size_t tries = fake_csp_count(w.csps[NORTH], "POST");
    assert_int_equal(tries, 26);
    advance(&w, 10 * DAY);
    pause_for(SECOND);
    assert_int_equal(fake_csp_count(w.csps[NORTH], "POST"), tries);
    expect(&w, TOLD, "E20" TO_A "1");
    close_world(&w);
}

static void a_refused_command(void **state) {
    (void)state;
    struct world w = open_world("404:OTHER", "202");
    gateway_tell(w.gateway, "insert into response_code values"
                            " ('device_unreachable', '11.2', 200, 'E97', '')");
    read_version(&w, ESME(PLAIN), 0);
    expect(&w, STATES, "failed");
    expect(&w, TOLD, "E97" TO_A "1");
    expect(&w, "select last_error from device_command", "404 OTHER");
    expect(&w,
           "select code || ' ' || detail from sat_entry"
           " where kind = 'command' order by entry_no desc limit 1",
           "failed command 1: 404 OTHER");
    assert_int_equal(fake_csp_count(w.csps[NORTH], "POST"), 1);
    close_world(&w);
}

/* They are posted at once, and each has an answer of its own. */
static void a_batch_with_every_answer(void **state) {
    (void)state;
    struct world w =
        open_world("202 202 404:OTHER 503 503 404:OTHER 500", "202");
    stop_sender(&w);
    for (int i = 0; i < 5; i++)
        read_version(&w, ESME(PLAIN), 0);
    start_sender(&w);
    /* the two that were busy were tried once more at once */
    assert_true(fake_csp_wait(w.csps[NORTH], "POST", 7));
    expect(&w,
           "select string_agg(state || ' ' || tries || coalesce(' '"
           " || last_error, ''), ', ' order by state, tries)"
           " from device_command",
           "waiting 2 500, sent 1, sent 1, failed 1 404 OTHER, failed 2 404 "
           "OTHER");
    expect(&w, "select count(*) from alert where response_code = 'E20'", "2");
    close_world(&w);
}

static void what_is_no_answer_is_tried_again(void **state) {
    (void)state;
    static const char *const scripts[] = {"reset 202", "garbage 202", "500 202",
                                          "200 202"};
    struct world w = open_world("202", "202");
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        fake_csp_script(w.csps[NORTH], "500", scripts[i]);
        read_version(&w, ESME(PLAIN), 0);
        expect(&w,
               "select state || ' ' || tries from device_command"
               " order by command_no desc limit 1",
               "sent 2");
    }
    close_world(&w);
}

static void a_csp_that_hangs_delays_nobody_else(void **state) {
    (void)state;
    struct world w = open_world("hang", "202");
    stop_sender(&w);
    w.gateway->config.csps[NORTH].timeout = 5 * SECOND;
    start_sender(&w);
    read_version(&w, ESME(PLAIN), 0);
    assert_true(fake_csp_wait(w.csps[NORTH], "POST", 1));
    instant start = clock_elapsed();
    read_version(&w, ESME(CENTRAL), 0);
    expect(&w, STATES, "waiting sent");
    assert_true(clock_elapsed() - start < 3 * SECOND);
    close_world(&w);
}

/* ---- future dated ---- */

static void a_held_command_is_sent_at_its_time(void **state) {
    (void)state;
    struct world w = open_world("202", "202");
    read_version(&w, ESME(PLAIN), 30 * DAY - SECOND);
    read_version(&w, ESME(PLAIN), 0);
    expect(&w, STATES, "held sent");
    advance(&w, 30 * DAY - MINUTE);
    pause_for(600 * MILLISECOND);
    assert_int_equal(fake_csp_count(w.csps[NORTH], "POST"), 1);
    /* the device has moved meanwhile, and so has fotad */
    stop_sender(&w);
    gateway_tell(w.gateway, "update smi_device set chf_id = '00db120000000101'"
                            " where device_id = '00db120000000002'");
    advance(&w, MINUTE);
    start_sender(&w);
    assert_true(fake_csp_wait(w.csps[NORTH], "POST", 2));
    struct fake_request got = fake_csp_request(w.csps[NORTH], "POST", 1);
    assert_string_equal(member(&got, "commsHubId"), "00-DB-12-00-00-00-01-01");
    assert_string_equal(member(&got, "deviceId"), "00-DB-12-00-00-00-00-02");
    expect(&w, "select state from device_command where command_no = 1", "sent");
    close_world(&w);
}

/* A command that the CSP may have heard of goes out as it was, or under another
 * name. */
static void another_hub_is_another_name(void **state) {
    (void)state;
    struct world w = open_world("hang hang 503 202", "202");
    read_version(&w, ESME(PLAIN), 0);
    expect(&w, "select tries::text from device_command", "2");
    gateway_tell(w.gateway,
                 "update smi_device set chf_id = '00db120000000101'"
                 " where device_id = '%s'",
                 eui64_format(ESME(PLAIN), (char[EUI64_TEXT_SIZE]){0}));
    for (int hours = 0; hours < 2; hours++) {
        advance(&w, HOUR + SECOND);
        expect(&w, "select tries::text from device_command", hours ? "4" : "3");
    }
    struct fake_request got[4];
    for (size_t i = 0; i < 4; i++)
        got[i] = fake_csp_request(w.csps[NORTH], "POST", i);
    assert_string_equal(got[0].key, got[1].key);
    assert_true(json_equal(got[0].json, got[1].json));
    assert_string_not_equal(got[1].key, got[2].key);
    assert_string_equal(member(&got[2], "commandId"), got[2].key);
    assert_string_equal(member(&got[2], "commsHubId"),
                        "00-DB-12-00-00-00-01-01");
    assert_true(json_equal(got[2].json, got[3].json));
    close_world(&w);
}

/* Nothing ran for two days: what was to be sent meanwhile is told with E20 and
 * not sent; what may have been heard, or is not so late, goes on. */
static void what_is_too_late_is_told_and_not_sent(void **state) {
    (void)state;
    struct world w = open_world("hang hang 202", "202");
    read_version(&w, ESME(PLAIN), 0);
    expect(&w, "select tries::text from device_command", "2");
    stop_sender(&w);
    read_version(&w, ESME(PLAIN), 0);
    read_version(&w, ESME(PLAIN), HOUR);
    read_version(&w, ESME(PLAIN), 2 * DAY - HOUR);
    advance(&w, 2 * DAY);
    start_sender(&w);
    expect(&w, STATES, "sent failed failed sent");
    assert_int_equal(fake_csp_count(w.csps[NORTH], "POST"), 4);
    expect(&w,
           "select string_agg(distinct code || ' ' || response_code || ' ' ||"
           " c.last_error, ', ') from alert a join device_command c using"
           " (request_no)",
           "ResponseMessage E20 not sent, for it would have been too late");
    close_world(&w);
}

/* Its device has moved to a hub of the other CSP, or of none. */
static void a_held_command_follows_its_device(void **state) {
    (void)state;
    struct world w = open_world("202", "202");
    read_version(&w, ESME(PLAIN), DAY);
    read_version(&w, GSME(PLAIN), DAY);
    expect(&w, STATES, "held held");
    gateway_tell(w.gateway,
                 "update smi_device set chf_id = (select chf_id from"
                 " smi_device where device_id = '%s')"
                 " where device_id = '%s'",
                 eui64_format(ESME(CENTRAL), (char[EUI64_TEXT_SIZE]){0}),
                 eui64_format(ESME(PLAIN), (char[EUI64_TEXT_SIZE]){0}));
    gateway_tell(w.gateway,
                 "update smi_device set chf_id = (select chf_id from"
                 " smi_home where csp_region = 'Unknown' limit 1)"
                 " where device_id = '%s'",
                 eui64_format(GSME(PLAIN), (char[EUI64_TEXT_SIZE]){0}));
    advance(&w, DAY);
    expect(&w, STATES, "sent held");
    /* a fotad that serves the other's region may come */
    advance(&w, HOUR + SECOND);
    expect(&w, STATES, "sent failed");
    assert_int_equal(fake_csp_count(w.csps[NORTH], "POST"), 0);
    check_post(&w, SOUTH, 1, CHF(CENTRAL), ESME(PLAIN));
    expect(&w, TOLD, "E20" TO_A "2");
    expect(&w,
           "select count(*) from sat_entry where detail like"
           " 'command 1: its device left north' and csp <> 'north'",
           "1");
    close_world(&w);
}

/* Its 24 hours begin when it could be sent. */
static void a_held_command_for_a_busy_csp(void **state) {
    (void)state;
    struct world w = open_world("503", "202");
    read_version(&w, ESME(PLAIN), 10 * DAY);
    advance(&w, 10 * DAY + SECOND);
    assert_true(fake_csp_wait(w.csps[NORTH], "POST", 2));
    expect(&w, "select tries from device_command", "2");
    expect(&w, STATES, "waiting");
    advance(&w, DAY);
    expect(&w, STATES, "failed");
    expect(&w, TOLD, "E20" TO_A "1");
    close_world(&w);
}

/* ---- nothing comes of it ---- */

static void a_device_that_does_not_answer(void **state) {
    (void)state;
    struct world w = open_world("202", "202");
    struct csp_sender *other = csp_send_start(&w.gateway->config);
    read_version(&w, ESME(PLAIN), 0);
    read_version(&w, PPMID(PLAIN), 0);
    read_version(&w, GSME(PLAIN), 0);
    expect(&w, STATES, "sent sent sent");
    /* a row for its variant goes before that for all */
    gateway_tell(w.gateway, "insert into response_code values ('device_silent',"
                            " '11.2', 200, 'E99', ''), ('device_silent',"
                            " '11.1', 200, 'E98', '')");
    gateway_tell(w.gateway, "update device_command set state = 'answered',"
                            " response_due = null where command_no = 3");
    advance(&w, DAY - MINUTE);
    pause_for(600 * MILLISECOND);
    expect(&w, TOLD, "");
    advance(&w, 2 * MINUTE);
    expect(&w, STATES, "no_answer no_answer answered");
    expect(&w, TOLD, "E99" TO_A "1, E99" TO_A "2");
    expect(&w, "select count(*) from alert_lane", "1");
    pause_for(600 * MILLISECOND);
    expect(&w, TOLD, "E99" TO_A "1, E99" TO_A "2");
    csp_send_stop(other);
    close_world(&w);
}

static void an_answer_may_overtake_the_csps(void **state) {
    (void)state;
    struct world w = open_world("hang", "202");
    read_version(&w, ESME(PLAIN), 0);
    assert_true(fake_csp_wait(w.csps[NORTH], "POST", 1));
    gateway_tell(w.gateway, "update device_command set state = 'answered',"
                            " ended = created, leased_until = null");
    pause_for(SECOND);
    expect(&w, STATES, "answered");
    expect(&w, TOLD, "");
    assert_int_equal(fake_csp_count(w.csps[NORTH], "POST"), 1);
    close_world(&w);
}

/* ---- restarts ---- */

/* A process was killed with the command in hand. */
static void a_lease_runs_out(void **state) {
    (void)state;
    struct world w = open_world("202", "202");
    stop_sender(&w);
    read_version(&w, ESME(PLAIN), 0);
    gateway_tell(w.gateway, "select command_leases('north', null, null,"
                            " next_try,"
                            " next_try + interval '2 minutes', '-infinity', 1)"
                            " from device_command");
    start_sender(&w);
    pause_for(600 * MILLISECOND);
    assert_int_equal(fake_csp_count(w.csps[NORTH], "POST"), 0);
    advance(&w, 2 * MINUTE);
    expect(&w, STATES, "sent");
    assert_int_equal(fake_csp_count(w.csps[NORTH], "POST"), 1);
    check_post(&w, NORTH, 1, CHF(PLAIN), ESME(PLAIN));
    close_world(&w);
}

/* Another has it since: what the first writes is as if it were not said. */
static void an_old_lease_writes_nothing(void **state) {
    (void)state;
    struct world w = open_world("200", "200");
    stop_sender(&w);
    read_version(&w, ESME(PLAIN), 0);
    static const char lease[] =
        "select lease_number from command_leases('north', null, null,"
        " 'infinity', 'infinity', '-infinity', 10)";
    static const char row[] = "select row(c.*)::text from device_command c";
    static const struct {
        const char *call, *rest;
    } writes[] = {
        {"commands_sent(array[command_no], '{", "}', now(), now())"},
        {"commands_again(array[command_no], '{", "}', '{now}', '{x}', '{0}')"},
        {"commands_given_up(array[command_no], '{", "}', '{x}', now())"},
    };
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        gateway_tell(w.gateway, "update device_command set state = 'waiting',"
                                " leased_until = null, lease_number = 0");
        assert_string_equal(gateway_ask(w.gateway, "%s", lease), "1");
        gateway_tell(w.gateway, "update device_command set leased_until ="
                                " now()");
        assert_string_equal(gateway_ask(w.gateway, "%s", lease), "2");
        const char *before = gateway_ask(w.gateway, "%s", row);
        for (int number = 1; number <= 2; number++) {
            (void)gateway_ask(w.gateway,
                              "select (%s%d%s)::text from device_command",
                              writes[i].call, number, writes[i].rest);
            bool same = strcmp(gateway_ask(w.gateway, "%s", row), before) == 0;
            assert_int_equal(same, number == 1);
        }
    }
    close_world(&w);
}

static void a_csp_that_is_configured_no_more(void **state) {
    (void)state;
    struct world w = open_world("202", "202");
    stop_sender(&w);
    read_version(&w, ESME(CENTRAL), 0);
    read_version(&w, ESME(CENTRAL), DAY);
    w.gateway->config.csp_count = 1;
    start_sender(&w);
    pause_for(600 * MILLISECOND); /* it may be for a moment */
    expect(&w, STATES, "waiting held");
    advance(&w, HOUR + SECOND);
    expect(&w, STATES, "failed held");
    expect(&w, TOLD, "E20" TO_A "1");
    advance(&w, DAY + SECOND);
    expect(&w, STATES, "failed failed");
    expect(&w, TOLD, "E20" TO_A "1, E20" TO_A "2");
    close_world(&w);
}

static const char *clock_text(struct world *w, instant from_now) {
    return instant_format(clock_now() + from_now,
                          arena_alloc(w->scene->arena, INSTANT_TEXT_SIZE));
}

/* It has that CSP, and commands for it in hand. */
static void another_fotad_keeps_its_commands(void **state) {
    (void)state;
    struct world w = open_world("202", "202");
    stop_sender(&w);
    read_version(&w, ESME(CENTRAL), 0);
    read_version(&w, ESME(CENTRAL), 0);
    gateway_tell(w.gateway,
                 "update device_command set leased_until = '%s'"
                 " where command_no = 1;"
                 "insert into csp_section values"
                 " ('elsewhere:1', 'south-and-central', 'x', '%s')",
                 clock_text(&w, 2 * HOUR + 5 * MINUTE),
                 clock_text(&w, 55 * MINUTE));
    w.gateway->config.csp_count = 1;
    start_sender(&w);
    advance(&w, 110 * MINUTE); /* heard of within the hour */
    pause_for(600 * MILLISECOND);
    expect(&w, STATES, "waiting waiting");
    advance(&w, 10 * MINUTE); /* but a lease is a lease */
    expect(&w, STATES, "waiting failed");
    advance(&w, 6 * MINUTE);
    expect(&w, STATES, "failed failed");
    close_world(&w);
}

/* What /readyz warns of: a section that says another thing, and one that only
 * one of them has. */
static void sections_that_differ_are_known(void **state) {
    (void)state;
    struct world w = open_world("202", "202");
    expect(&w, "select string_agg(csp, ' ' order by csp) from csp_section",
           " north south-and-central");
    static const char differ[] =
        "select coalesce(string_agg(csp, ' ' order by csp), 'none')"
        " from csp_sections_that_differ('%s')";
    assert_string_equal(gateway_ask(w.gateway, differ, clock_text(&w, 0)),
                        "none");
    gateway_tell(w.gateway, "insert into csp_section select 'elsewhere:1', csp,"
                            " digest, seen from csp_section");
    assert_string_equal(gateway_ask(w.gateway, differ, clock_text(&w, 0)),
                        "none");
    gateway_tell(w.gateway, "update csp_section set digest = 'x' where csp ="
                            " 'north' and process = 'elsewhere:1'");
    assert_string_equal(gateway_ask(w.gateway, differ, clock_text(&w, 0)),
                        "north");
    gateway_tell(w.gateway, "delete from csp_section where csp <> 'north'"
                            " and csp <> ''"
                            " and process = 'elsewhere:1'");
    assert_string_equal(gateway_ask(w.gateway, differ, clock_text(&w, 0)),
                        "north south-and-central");
    gateway_tell(w.gateway, "update csp_section set seen = seen - interval"
                            " '2 minutes' where process = 'elsewhere:1'");
    assert_string_equal(gateway_ask(w.gateway, differ, clock_text(&w, 0)),
                        "none");
    close_world(&w);
}

static void what_is_returned_only_is_not_sent(void **state) {
    (void)state;
    struct world w = open_world("202", "202");
    struct answer answer =
        scene_ask(w.scene, &(struct asked){.device = ESME(PLAIN),
                                           .body = DUIS_READ_FIRMWARE_VERSION,
                                           .variant = "2"});
    assert_string_equal(answer_says(w.gateway, &answer), "I0");
    advance(&w, 2 * DAY);
    pause_for(600 * MILLISECOND);
    assert_int_equal(fake_csp_count(w.csps[NORTH], "POST"), 0);
    expect(&w, STATES, "local");
    expect(&w, TOLD, "");
    close_world(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_goes_to_the_csp_of_its_hub),
        cmocka_unit_test(a_busy_csp_is_asked_again_at_once),
        cmocka_unit_test(a_csp_that_stays_busy),
        cmocka_unit_test(a_refused_command),
        cmocka_unit_test(a_batch_with_every_answer),
        cmocka_unit_test(what_is_no_answer_is_tried_again),
        cmocka_unit_test(a_csp_that_hangs_delays_nobody_else),
        cmocka_unit_test(a_held_command_is_sent_at_its_time),
        cmocka_unit_test(another_hub_is_another_name),
        cmocka_unit_test(what_is_too_late_is_told_and_not_sent),
        cmocka_unit_test(a_held_command_follows_its_device),
        cmocka_unit_test(a_held_command_for_a_busy_csp),
        cmocka_unit_test(a_device_that_does_not_answer),
        cmocka_unit_test(an_answer_may_overtake_the_csps),
        cmocka_unit_test(a_lease_runs_out),
        cmocka_unit_test(an_old_lease_writes_nothing),
        cmocka_unit_test(a_csp_that_is_configured_no_more),
        cmocka_unit_test(another_fotad_keeps_its_commands),
        cmocka_unit_test(sections_that_differ_are_known),
        cmocka_unit_test(what_is_returned_only_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
