/* The page of a device: scenarios 10 and 11. Every answer is also held against
 * the OpenAPI file. */
#include "support/check.h"
#include "support/people.h"

#include "db/db.h"
#include "housekeeping/housekeeping.h"

static int setup(void **state) {
    test_clock_set(0);
    *state = screens_start();
    return 0;
}

static int teardown(void **state) {
    screens_free(*state);
    return 0;
}

static const char *update(struct screens *s, enum user user, eui64 device) {
    return screens_update(s, user, &device, 1, "I99");
}

static const char *device_path(struct screens *s, eui64 device,
                               const char *what) {
    char id[EUI64_TEXT_SIZE];
    return arena_printf(s->arena, "/devices/%s/%s", eui64_format(device, id),
                        what);
}

static struct told status(struct screens *s, enum who who, eui64 device) {
    return look(s, who, device_path(s, device, "firmware-status"));
}

static unsigned reset(struct screens *s, enum who who, eui64 device) {
    return ask(s, &(struct ask){.method = "POST",
                                .path = device_path(s, device, "reset"),
                                .who = who,
                                .body = "{\"reason\":\"stuck since Monday\"}"})
        .http;
}

static void keep_house(struct screens *s) {
    struct db *db = db_open(s->gateway->conninfo, "housekeeping");
    struct housekeeping_report report;
    assert_int_equal(
        housekeeping_run(db, &s->gateway->config, clock_now(), &report), DONE);
    db_close(db);
}

/* The states of the six stages: request, job, csp, hub, han, device. */
static const char *timeline(struct screens *s, const struct told *told) {
    const char *all = "";
    for (int i = 0; i < 6; i++)
        all = arena_printf(
            s->arena, "%s%s%s", all, i ? " " : "",
            told_at(s, told, arena_printf(s->arena, "timeline.%d.state", i)));
    return all;
}

/* An event of the device's update in that request, which happened so long
 * ago. */
static void event_of(struct screens *s, const char *event, eui64 device,
                     int request_no, instant ago) {
    char id[EUI64_TEXT_SIZE], now[INSTANT_TEXT_SIZE], then[INSTANT_TEXT_SIZE];
    gateway_tell(s->gateway,
                 "select apply_events(array[row(1, '%s', '%s', %d, null, null,"
                 " null, '%s', null, null)::tracking_event], '%s', '5 days')",
                 event, eui64_format(device, id), request_no,
                 instant_format(clock_now() - ago, then),
                 instant_format(clock_now(), now));
}

/* ---- one device ---- */

struct timeline_case {
    const char *event, *status, *timeline;
};

static const struct timeline_case timelines[] = {
    {NULL, "AWAITING_CSP", "done current pending pending pending pending"},
    {"csp_accepted", "APPROVED_FOR_DISTRIBUTION",
     "done skipped done current pending pending"},
    {"hub_delivered", "SUCCESSFUL_CH_TRANSFER",
     "done skipped done done current pending"},
    {"han_delivered", "SUCCESSFUL_HAN_TRANSFER",
     "done skipped done done done current"},
    {"device_activated", "FIRMWARE_ACTIVATED",
     "done skipped done done done done"},
};

static void a_device_s_page_follows_its_update(void **state) {
    struct screens *s = *state;
    const char *id = update(s, USER_A, PPMID(PLAIN));
    for (size_t i = 0; i < sizeof timelines / sizeof *timelines; i++) {
        const struct timeline_case *c = &timelines[i];
        test_clock_set((instant)i * MINUTE);
        if (c->event)
            screens_event(s, c->event, PPMID(PLAIN));
        struct told told = status(s, DESK, PPMID(PLAIN));
        told_expect(s, &told, "status", c->status);
        told_expect(s, &told, "requestId", id);
        told_expect(s, &told, "dataAge", "0.0");
        told_expect(s, &told, "inProgress",
                    i + 1 < sizeof timelines / sizeof *timelines ? "true"
                                                                 : "false");
        assert_string_equal(timeline(s, &told), c->timeline);
        assert_string_equal(told_header(s, &told, "X-Data-Age"), "0.000");
    }
}

static void what_may_come_next_is_table_3(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    screens_event(s, "hub_delivered", PPMID(PLAIN));
    struct told told = status(s, DESK, PPMID(PLAIN));
    told_expect(s, &told, "next.0.event", "hub_failed");
    told_expect(s, &told, "next.1.event", "han_failed");
    told_expect(s, &told, "next.1.toStatus", "FAILED_HAN_TRANSFER");
    told_expect(s, &told, "next.1.alert", "N62");
    told_expect(s, &told, "next.9.event", "command_failed");
    told_expect(s, &told, "next.10.event", "reset");
    told_expect(s, &told, "next.11.event", "stopped_by_dcc");
    told_expect(s, &told, "next.12.event", "stopped_by_sender");
    told_expect(s, &told, "next.13.event", "");
    assert_string_equal(timeline(s, &told),
                        "done skipped skipped done current pending");
    screens_event(s, "hub_delivered", PPMID(PLAIN));
    told = status(s, DESK, PPMID(PLAIN));
    told_expect(s, &told, "trail.0.kind", "status");
    told_expect(s, &told, "trail.1.kind", "told");
    screens_event(s, "han_discarded", PPMID(PLAIN));
    told = status(s, DESK, PPMID(PLAIN));
    told_expect(s, &told, "next", "[]");
    assert_string_equal(timeline(s, &told),
                        "done skipped skipped done failed pending");
}

/* fotactl of the release before asks device_status(). */
static void it_is_the_status_that_an_older_fotactl_tells(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    assert_int_equal(reset(s, DESK, PPMID(PLAIN)), 200);
    update(s, USER_A, PPMID(PLAIN));
    screens_update(s, USER_A, (eui64[]){PPMID(PLAIN)}, 1, "W110401");
    struct told told = status(s, DESK, PPMID(PLAIN));
    char now[INSTANT_TEXT_SIZE], id[EUI64_TEXT_SIZE];
    static const struct {
        const char *member, *column;
    } both[] = {{"status", "status"},
                {"requestId", "request_id"},
                {"firmwareVersion", "firmware_version"},
                {"releaseDue", "instant_text(release_due)"},
                {"commsHubId", "eui64_text(chf_id)"},
                {"sender", "eui64_text(sender)"}};
    for (size_t i = 0; i < sizeof both / sizeof *both; i++)
        told_expect(s, &told, both[i].member,
                    gateway_ask(s->gateway,
                                "select %s from device_status('%s',"
                                " '%s')",
                                both[i].column, eui64_format(PPMID(PLAIN), id),
                                instant_format(clock_now(), now)));
    told_expect(s, &told, "earlier.0.status", "RESET_BY_DCC");
    told_expect(s, &told, "earlier.1", "");
}

/* Nobody's screen says what became of another's request, or that it came. */
static void a_refusal_is_seen_in_its_request_alone(void **state) {
    struct screens *s = *state;
    screens_update(s, USER_B, (eui64[]){PPMID(PLAIN)}, 1, "W110401");
    static const enum who who[] = {A, B, DESK};
    for (size_t i = 0; i < sizeof who / sizeof *who; i++) {
        struct told told = status(s, who[i], PPMID(PLAIN));
        assert_int_equal(told.http, 404);
        assert_non_null(strstr(told.text, "refused is seen in its request"));
    }
    assert_int_equal(reset(s, DESK, PPMID(PLAIN)), 404);
    update(s, USER_A, PPMID(PLAIN));
    screens_event(s, "device_activated", PPMID(PLAIN));
    const char *refused =
        screens_update(s, USER_B, (eui64[]){PPMID(PLAIN)}, 1, "W110401");
    struct told told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "status", "FIRMWARE_ACTIVATED");
    told_expect(s, &told, "earlier", "[]");
    told = look(s, B, arena_printf(s->arena, "/requests/%s/devices", refused));
    told_expect(s, &told, "items.0.status", "REJECTED_BY_DSP");
    told_expect(s, &told, "items.0.reasonCode", "invalid");
}

/* ---- how it is known ---- */

/* A statement about jobs as of now: `before` the time and after it. */
static void job_tell(struct screens *s, const char *before, const char *after) {
    char now[INSTANT_TEXT_SIZE];
    gateway_tell(s->gateway, "select %s, '%s'%s", before,
                 instant_format(clock_now(), now), after);
}

static void job_make(struct screens *s) {
    job_tell(s, "make_some_jobs('north', 10", ", '2000-01-01', 1)");
}

static void job_lease(struct screens *s) {
    job_tell(s, "job_leases('north'",
             ", '2999-01-01 10:00Z', 10, '2999-01-02', 1)");
}

static void hand_over(struct screens *s) {
    job_make(s);
    job_lease(s);
    job_tell(s, "jobs_handed_over(array(select job_no from csp_job)", ")");
}

/* By whom, when by their clock, when we took it, and what nobody reported. */
static void each_step_says_how_it_is_known(void **state) {
    struct screens *s = *state;
    char now[INSTANT_TEXT_SIZE], then[INSTANT_TEXT_SIZE];
    update(s, USER_A, PPMID(PLAIN));
    struct told told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "known.by", "dsp");
    told_expect(s, &told, "known.unreported", "[]");
    hand_over(s);
    screens_event(s, "csp_accepted", PPMID(PLAIN));
    told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "timeline.1.by", "csp");
    told_expect(s, &told, "known.by", "csp");
    told_expect(s, &told, "known.eventTime", "null");
    told_expect(s, &told, "timeline.3.by", "null");
    test_clock_set(3 * HOUR);
    event_of(s, "han_delivered", PPMID(PLAIN), 1, 2 * HOUR);
    instant_format(clock_now(), now);
    instant_format(clock_now() - 2 * HOUR, then);
    told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "known.by", "hub");
    assert_memory_equal(told_at(s, &told, "known.eventTime"), then, 16);
    assert_memory_equal(told_at(s, &told, "known.at"), now, 16);
    told_expect(s, &told, "known.unreported.0", "hub");
    told_expect(s, &told, "known.unreported.1", "");
    told_expect(s, &told, "timeline.3.state", "skipped");
    told_expect(s, &told, "timeline.3.concluded", "true");
    told_expect(s, &told, "timeline.4.by", "hub");
    told_expect(s, &told, "timeline.4.concluded", "false");
    event_of(s, "hub_delivered", PPMID(PLAIN), 1, 3 * HOUR);
    told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "status", "SUCCESSFUL_HAN_TRANSFER");
    told_expect(s, &told, "timeline.3.state", "done");
    told_expect(s, &told, "known.unreported", "[]");
    assert_int_equal(reset(s, DESK, PPMID(PLAIN)), 200);
    told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "known.by", "dcc");
    told_expect(s, &told, "timeline.5.state", "stopped");
    told_expect(s, &told, "timeline.5.by", "dcc");
    /* what comes after is shown beside it */
    event_of(s, "device_activated", PPMID(PLAIN), 1, 0);
    told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "status", "RESET_BY_DCC");
    told_expect(s, &told, "timeline.5.state", "done");
    told_expect(s, &told, "timeline.5.by", "device");
}

/* Who is nearest to the device is believed. */
static void a_failure_that_a_later_message_contradicts(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    hand_over(s);
    screens_event(s, "csp_accepted", PPMID(PLAIN));
    screens_event(s, "hub_failed", PPMID(PLAIN));
    struct told told = status(s, A, PPMID(PLAIN));
    assert_string_equal(timeline(s, &told),
                        "done done done failed pending pending");
    screens_event(s, "device_activated", PPMID(PLAIN));
    told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "status", "FIRMWARE_ACTIVATED");
    assert_string_equal(timeline(s, &told),
                        "done done done outweighed skipped done");
    told_expect(s, &told, "timeline.3.status", "FAILED_CH_TRANSFER");
    told_expect(s, &told, "known.by", "device");
}

/* A CSP that never answered said nothing. */
static void a_csp_that_never_answered_said_nothing(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    job_make(s);
    char now[INSTANT_TEXT_SIZE];
    gateway_tell(s->gateway,
                 "update csp_job set state = 'given_up', ended = '%s';"
                 "select apply_events(array[row(1, 'csp_never_answered',"
                 " device_id, request_no, 'NEVER_ANSWERED', chf_id, null, null,"
                 " null, null)::tracking_event], '%s', '5 days')"
                 " from tracking_live",
                 instant_format(clock_now(), now), now);
    struct told told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "status", "REJECTED_BY_CSP");
    told_expect(s, &told, "known.by", "dsp");
    told_expect(s, &told, "timeline.1.by", "dsp");
    told_expect(s, &told, "timeline.2.by", "dsp");
}

/* It is in the audit trail alone. */
static void what_the_release_before_heard_is_not_missing(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    hand_over(s);
    screens_event(s, "csp_accepted", PPMID(PLAIN));
    screens_event(s, "hub_delivered", PPMID(PLAIN));
    screens_event(s, "han_delivered", PPMID(PLAIN));
    gateway_tell(s->gateway, "update tracking_live set report_status = null,"
                             " delivery_status = null, delivery_time = null");
    struct told told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "known.unreported.1", "hub");
    gateway_tell(s->gateway, "update migration set applied = now() + interval"
                             " '1 day'");
    told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "known.unreported", "[]");
    assert_string_equal(timeline(s, &told), "done done done done done current");
}

/* The first of two images (Appendix B): it does not run. */
static void an_image_that_is_stored_is_not_said_to_run(void **state) {
    struct screens *s = *state;
    const char *id = update(s, USER_A, PPMID(PLAIN));
    hand_over(s);
    screens_event(s, "hub_delivered", PPMID(PLAIN));
    screens_event(s, "device_stored", PPMID(PLAIN));
    struct told told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "status", "STORED_ON_DEVICE");
    told_expect(s, &told, "inProgress", "false");
    told_expect(s, &told, "known.by", "device");
    assert_string_equal(timeline(s, &told),
                        "done done skipped done skipped stored");
    told = look(s, A, arena_printf(s->arena, "/requests/%s", id));
    told_expect(s, &told, "stages.3.devices", "1");
    told_expect(s, &told, "byCsp.0.succeeded", "1");
    told_expect(s, &told, "failures", "[]");
}

static void what_is_of_no_update_is_shown_apart(void **state) {
    struct screens *s = *state;
    char id[EUI64_TEXT_SIZE];
    update(s, USER_A, PPMID(PLAIN));
    gateway_tell(s->gateway,
                 "insert into sat_entry (at, kind, device_id, detail)"
                 " select now() - n * interval '1 day', 'told', '%s',"
                 " 'device_activated 36747 version 0000002A of no update that"
                 " is known' from (values (0), (30)) as x (n)",
                 eui64_format(PPMID(PLAIN), id));
    static const enum who see[] = {A, DESK};
    for (size_t i = 0; i < 2; i++) {
        struct told told = status(s, see[i], PPMID(PLAIN));
        told_expect(s, &told, "unknown.0.kind", "told");
        told_expect(s, &told, "unknown.1", "");
        told_expect(s, &told, "trail", "[]");
    }
    /* its own update is all that a former supplier sees */
    gateway_tell(s->gateway, "update smi_home set supplier_ids = '{}'");
    struct told told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "status", "AWAITING_CSP");
    told_expect(s, &told, "unknown", "[]");
}

/* It is kept longer than that, for late messages. */
static void screens_show_what_retention_says(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    screens_event(s, "device_activated", PPMID(PLAIN));
    test_clock_set(7 * DAY - MINUTE);
    assert_int_equal(status(s, A, PPMID(PLAIN)).http, 200);
    test_clock_set(7 * DAY + MINUTE);
    assert_int_equal(status(s, A, PPMID(PLAIN)).http, 404);
    assert_string_equal(
        gateway_ask(s->gateway, "select count(*) from tracking_history"), "1");
}

/* Both suppliers of a home may see its PPMID, but each meter has its own. A
 * supplier that is not responsible any more sees its own update, and no
 * other's. */
static void a_supplier_sees_what_it_is_responsible_for(void **state) {
    struct screens *s = *state;
    struct gateway *g = s->gateway;
    update(s, USER_A, PPMID(DUAL));
    assert_int_equal(status(s, A, PPMID(DUAL)).http, 200);
    assert_int_equal(status(s, B, PPMID(DUAL)).http, 200);
    gateway_tell(g, "insert into tracking_history (device_id, request_no,"
                    " last_updated, released, status, device_type) select"
                    " device_id, (select max(request_no) from service_request),"
                    " now(), now(), 'REJECTED_BY_CSP',"
                    " device_type from smi_device"
                    " where device_type in ('ESME', 'GSME')");
    gateway_tell(g, "update service_request set originator ="
                    " '90b3d51f30990000'");
    assert_int_equal(status(s, A, ESME(DUAL)).http, 200);
    assert_int_equal(status(s, B, ESME(DUAL)).http, 404);
    assert_int_equal(status(s, A, GSME(DUAL)).http, 404);
    assert_int_equal(status(s, B, GSME(DUAL)).http, 200);
    update(s, USER_A, PPMID(PLAIN));
    char hub[EUI64_TEXT_SIZE];
    gateway_tell(g,
                 "update smi_home set supplier_ids ="
                 " '{90b3d51f30020000}' where chf_id = '%s'",
                 eui64_format(CHF(PLAIN), hub));
    struct told told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "status", "AWAITING_CSP");
    gateway_tell(g, "update service_request set originator ="
                    " '90b3d51f30020000'");
    assert_int_equal(status(s, A, PPMID(PLAIN)).http, 404);
    assert_int_equal(status(s, B, PPMID(PLAIN)).http, 200);
}

/* ---- why it waits ---- */

static void a_device_without_a_job_waits_for_one(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    struct told told = status(s, DESK, PPMID(PLAIN));
    told_expect(s, &told, "waits.code", "job");
    told_expect(s, &told, "waits.for", "a place in a job for the CSP");
    told_expect(s, &told, "waits.job", "null");
    told_expect(s, &told, "waits.cspError", "null");
    told_expect(s, &told, "waits.command", "null");
    told_expect(s, &told, "waits.messages.count", "0");
    told_expect(s, &told, "waits.messages.oldest", "null");
    told_expect(s, &told, "waits.messages.all", "true");
}

static void job_refuse(struct screens *s) {
    gateway_tell(s->gateway, "select job_again(job_no, '2999-01-01 11:00Z',"
                             " 'HTTP 503: busy', leased_until) from csp_job");
}

static void a_device_waits_while_its_job_is_in_somebody_s_hands(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    job_make(s);
    struct told told = status(s, DESK, PPMID(PLAIN));
    told_expect(s, &told, "waits.code", "hand_over");
    told_expect(s, &told, "waits.job.leasedUntil", "null");
    job_lease(s);
    told = status(s, DESK, PPMID(PLAIN));
    told_expect(s, &told, "waits.code", "handing_over");
    told_expect(s, &told, "waits.job.state", "waiting");
    told_expect(s, &told, "waits.job.tries", "0");
    told_expect(s, &told, "waits.job.leasedUntil", "2999-01-01T10:00:00.000Z");
    job_tell(s, "jobs_handed_over(array(select job_no from csp_job)", ")");
    told = status(s, DESK, PPMID(PLAIN));
    told_expect(s, &told, "waits.code", "report");
    told_expect(s, &told, "waits.job.state", "handed_over");
    told_expect(s, &told, "waits.job.nextTry", "null");
    screens_event(s, "csp_accepted", PPMID(PLAIN));
    told = status(s, DESK, PPMID(PLAIN));
    told_expect(s, &told, "waits.code", "hub");
    assert_int_equal(reset(s, DESK, PPMID(PLAIN)), 200);
    told = status(s, DESK, PPMID(PLAIN));
    told_expect(s, &told, "waits.code", "null");
    told_expect(s, &told, "waits.for", "null");
}

/* The job is the sender's affair, what a CSP answers to others' the DCC's. */
static void a_device_waits_for_a_busy_csp(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(DUAL));
    job_make(s);
    job_lease(s);
    job_refuse(s);
    static const enum who see_job[] = {DESK, AUDITOR, A};
    for (size_t i = 0; i < sizeof see_job / sizeof *see_job; i++) {
        struct told told = status(s, see_job[i], PPMID(DUAL));
        told_expect(s, &told, "waits.code", "csp");
        told_expect(s, &told, "waits.for", "the CSP to take its job");
        told_expect(s, &told, "waits.job.tries", "1");
        told_expect(s, &told, "waits.job.nextTry", "2999-01-01T11:00:00.000Z");
        told_expect(s, &told, "waits.job.leasedUntil", "null");
        told_expect(s, &told, "waits.job.lastError", "HTTP 503: busy");
        told_expect(s, &told, "waits.cspError",
                    see_job[i] == A ? "null" : "HTTP 503: busy");
    }
    struct told told = status(s, B, PPMID(DUAL));
    told_expect(s, &told, "waits.code", "csp");
    told_expect(s, &told, "waits.job", "null");
    told_expect(s, &told, "waits.cspError", "null");
    assert_null(strstr(told.text, "503"));
}

/* Another's request waits for the same CSP. */
static void what_the_csp_said_to_others_is_the_dcc_s_affair(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(DUAL));
    job_make(s);
    job_lease(s);
    job_refuse(s);
    update(s, USER_A, PPMID(PLAIN));
    struct told told = status(s, DESK, PPMID(PLAIN));
    told_expect(s, &told, "waits.code", "job");
    told_expect(s, &told, "waits.cspError", "HTTP 503: busy");
    told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "waits.cspError", "null");
}

static void unsent_messages_are_counted_for_those_they_go_to(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(DUAL));
    gateway_tell(s->gateway, "update tracking_setting set n59_collect = '0'");
    screens_event(s, "csp_accepted", PPMID(DUAL));  /* a list, to B */
    screens_event(s, "hub_delivered", PPMID(DUAL)); /* to A */
    gateway_tell(s->gateway,
                 "update alert set tries = 2, next_try = '2999-01-01 12:00Z',"
                 " last_error = 'no route to ' || user_id,"
                 " created = timestamptz '2026-01-01 00:00Z' +"
                 " case when device_id is null then interval '0'"
                 " else interval '1 day' end");
    struct told told = status(s, DESK, PPMID(DUAL));
    told_expect(s, &told, "waits.code", "han");
    told_expect(s, &told, "waits.messages.count", "2");
    told_expect(s, &told, "waits.messages.oldest", "2026-01-01T00:00:00.000Z");
    told_expect(s, &told, "waits.messages.nextTry", "2999-01-01T12:00:00.000Z");
    told = status(s, A, PPMID(DUAL));
    told_expect(s, &told, "waits.messages.count", "1");
    told_expect(s, &told, "waits.messages.oldest", "2026-01-02T00:00:00.000Z");
    told_expect(s, &told, "waits.messages.lastError",
                "no route to 90:b3:d5:1f:30:01:00:00");
    told = status(s, B, PPMID(DUAL));
    told_expect(s, &told, "waits.messages.count", "1");
    told_expect(s, &told, "waits.messages.lastError",
                "no route to 90:b3:d5:1f:30:02:00:00");
    /* of another device none, and of a lane that nobody tried no error */
    update(s, USER_A, PPMID(PLAIN));
    told = status(s, DESK, PPMID(PLAIN));
    told_expect(s, &told, "waits.messages.count", "0");
    gateway_tell(s->gateway, "update alert set tries = 0, last_error = null,"
                             " next_try = '-infinity';"
                             "update alert_lane set tries = 1,"
                             " last_error = 'HTTP 500'");
    told = status(s, DESK, PPMID(DUAL));
    told_expect(s, &told, "waits.messages.lastError", "HTTP 500");
}

static void a_command_under_way_is_its_user_s(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(DUAL));
    gateway_tell(s->gateway,
                 "insert into device_command (request_no, device_id,"
                 " device_type, chf_id, csp, originator, counter,"
                 " message_code, state, created, tries, next_try, last_error,"
                 " payload) select request_no, device_id, device_type, chf_id,"
                 " csp, '90b3d51f30010000', 7, 18, 'waiting', '2026-03-01', 3,"
                 " '2999-01-01 13:00Z', 'HTTP 502', 'x' from tracking_live");
    struct told told = status(s, DESK, PPMID(DUAL));
    told_expect(s, &told, "waits.command.state", "waiting");
    told_expect(s, &told, "waits.command.tries", "3");
    told_expect(s, &told, "waits.command.nextTry", "2999-01-01T13:00:00.000Z");
    told_expect(s, &told, "waits.command.lastError", "HTTP 502");
    told = status(s, A, PPMID(DUAL));
    told_expect(s, &told, "waits.command.state", "waiting");
    told = status(s, B, PPMID(DUAL));
    told_expect(s, &told, "waits.command", "null");
    gateway_tell(s->gateway, "update device_command set state = 'sent',"
                             " response_due = '2999-01-01 14:00Z'");
    told = status(s, DESK, PPMID(DUAL));
    told_expect(s, &told, "waits.command.responseDue",
                "2999-01-01T14:00:00.000Z");
    told_expect(s, &told, "waits.command.nextTry", "null");
    gateway_tell(s->gateway, "update device_command set state = 'answered'");
    told = status(s, DESK, PPMID(DUAL));
    told_expect(s, &told, "waits.command", "null");
}

/* ---- scenario 10: timeouts ---- */

static void a_silent_device_is_released_and_a_late_word_is_said_to_be_late(
    void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    screens_event(s, "csp_accepted", PPMID(PLAIN));
    struct told told = status(s, A, PPMID(PLAIN));
    assert_int_not_equal(strcmp(told_at(s, &told, "releaseDue"), "null"), 0);
    test_clock_set(5 * DAY - MINUTE);
    told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "inProgress", "true");
    test_clock_set(5 * DAY + MINUTE);
    told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "inProgress", "false");
    keep_house(s);
    told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "status", "APPROVED_FOR_DISTRIBUTION");
    told_expect(s, &told, "inProgress", "false");
    told_expect(s, &told, "releaseDue", "null");
    told_expect(s, &told, "trail.1.kind", "released");
    told_expect(s, &told, "trail.1.code", "APPROVED_FOR_DISTRIBUTION");
    assert_string_equal(timeline(s, &told),
                        "done skipped done stopped pending pending");
    told_expect(s, &told, "late", "false");
    screens_event(s, "hub_delivered", PPMID(PLAIN));
    told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "status", "SUCCESSFUL_CH_TRANSFER");
    told_expect(s, &told, "inProgress", "false");
    told_expect(s, &told, "late", "true");
    told_expect(s, &told, "trail.2.kind", "status");
    assert_string_equal(timeline(s, &told),
                        "done skipped done done stopped pending");
    assert_string_equal(gateway_ask(s->gateway, "select string_agg(code, ',')"
                                                " from alert"
                                                " where code = 'N61'"),
                        "N61");
    /* and it may be updated again */
    const char *again = update(s, USER_A, PPMID(PLAIN));
    told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "requestId", again);
    told_expect(s, &told, "earlier.0.status", "SUCCESSFUL_CH_TRANSFER");
    told_expect(s, &told, "earlier.0.late", "true");
    /* what comes of the older one is the older one's */
    screens_event(s, "reset", PPMID(PLAIN));
    event_of(s, "device_activated", PPMID(PLAIN), 1, 0);
    told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "requestId", again);
    told_expect(s, &told, "status", "RESET_BY_DCC");
    told_expect(s, &told, "earlier.0.status", "FIRMWARE_ACTIVATED");
}

/* ---- scenario 11: the Service Desk ---- */

static void the_service_desk_resets_and_the_device_is_free(void **state) {
    struct screens *s = *state;
    const char *id = update(s, USER_A, PPMID(PLAIN));
    screens_update(s, USER_A, (eui64[]){PPMID(PLAIN)}, 1, "W110401");
    struct told told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "status", "AWAITING_CSP");
    told_expect(s, &told, "mayReset", "false");
    assert_int_equal(reset(s, A, PPMID(PLAIN)), 403);
    told = status(s, DESK, PPMID(PLAIN));
    told_expect(s, &told, "mayReset", "true");
    assert_int_equal(reset(s, DESK, PPMID(PLAIN)), 200);
    assert_int_equal(reset(s, DESK, PPMID(PLAIN)), 409);
    told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "status", "RESET_BY_DCC");
    told_expect(s, &told, "requestId", id);
    told_expect(s, &told, "mayReset", "false");
    assert_string_equal(
        gateway_ask(s->gateway,
                    "select concat_ws(' ', person, eui64_text(device_id),"
                    " code, detail) from sat_entry where kind = 'reset'"),
        arena_printf(s->arena, "dora %s RESET_BY_DCC stuck since Monday",
                     told_at(s, &told, "deviceId")));
    /* who did it and why is the DCC's affair */
    assert_null(strstr(told.text, "Monday"));
    told = status(s, AUDITOR, PPMID(PLAIN));
    assert_non_null(strstr(told.text, "dora: stuck since Monday"));
    update(s, USER_A, PPMID(PLAIN));
    told = status(s, A, PPMID(PLAIN));
    told_expect(s, &told, "status", "AWAITING_CSP");
    told_expect(s, &told, "earlier.0.status", "RESET_BY_DCC");
}

static void a_reset_takes_the_device_out_of_its_job(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    gateway_tell(s->gateway, "select make_some_jobs('north', 10, '2026-11-21 "
                             "09:00Z', '2000-01-01', 1)");
    assert_int_equal(reset(s, DESK, PPMID(PLAIN)), 200);
    assert_string_equal(
        gateway_ask(s->gateway,
                    "select count(*) from job_leases('north',"
                    " '2999-01-01', '2999-01-02', 10, '2999-01-02', 1)"),
        "0");
}

static void past_its_time_there_is_nothing_to_reset(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    gateway_tell(s->gateway, "update tracking_live set"
                             " status = 'APPROVED_FOR_DISTRIBUTION'");
    test_clock_set(6 * DAY);
    assert_int_equal(reset(s, DESK, PPMID(PLAIN)), 409);
    struct told told = status(s, DESK, PPMID(PLAIN));
    told_expect(s, &told, "status", "APPROVED_FOR_DISTRIBUTION");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_device_s_page_follows_its_update),
        TEST(what_may_come_next_is_table_3),
        TEST(it_is_the_status_that_an_older_fotactl_tells),
        TEST(a_refusal_is_seen_in_its_request_alone),
        TEST(each_step_says_how_it_is_known),
        TEST(a_failure_that_a_later_message_contradicts),
        TEST(a_csp_that_never_answered_said_nothing),
        TEST(what_the_release_before_heard_is_not_missing),
        TEST(an_image_that_is_stored_is_not_said_to_run),
        TEST(what_is_of_no_update_is_shown_apart),
        TEST(screens_show_what_retention_says),
        TEST(a_supplier_sees_what_it_is_responsible_for),
        TEST(a_device_without_a_job_waits_for_one),
        TEST(a_device_waits_while_its_job_is_in_somebody_s_hands),
        TEST(a_device_waits_for_a_busy_csp),
        TEST(what_the_csp_said_to_others_is_the_dcc_s_affair),
        TEST(unsent_messages_are_counted_for_those_they_go_to),
        TEST(a_command_under_way_is_its_user_s),
        TEST(a_silent_device_is_released_and_a_late_word_is_said_to_be_late),
        TEST(the_service_desk_resets_and_the_device_is_free),
        TEST(a_reset_takes_the_device_out_of_its_job),
        TEST(past_its_time_there_is_nothing_to_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
