/* What the screens show and do: scenarios 10 and 11, the lists, CSV, dry runs,
 * reports. Every answer is also held against the OpenAPI file. */
#include "support/check.h"
#include "support/people.h"

#include "db/db.h"
#include "tracking/housekeeping.h"

#include <stdio.h>
#include <stdlib.h>

static int setup(void **state) {
    gateway_move_clock(0);
    *state = screens_start();
    return 0;
}

static int teardown(void **state) {
    screens_free(*state);
    return 0;
}

static const char *send_update(struct screens *s, enum user user,
                               const eui64 *devices, size_t count,
                               const char *code) {
    struct gateway *g = s->gateway;
    const char *id = gateway_request_id(g, gateway_user_id(user));
    struct answer answer =
        gateway_send(g, user,
                     &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                            .request_id = id,
                                            .device_ids = devices,
                                            .device_id_count = count});
    assert_string_equal(answer_says(g, &answer), code);
    return id;
}

static const char *update(struct screens *s, enum user user, eui64 device) {
    return send_update(s, user, &device, 1, "I99");
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

static void expect(struct screens *s, const struct told *told, const char *path,
                   const char *value) {
    const char *got = told_at(s, told, path);
    if (told->http != 200 || strcmp(got, value) != 0)
        fail_msg("%s is %s, not %s, in %u %s", path, got, value, told->http,
                 told->text);
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
        gateway_move_clock((instant)i * MINUTE);
        if (c->event)
            screens_event(s, c->event, PPMID(PLAIN));
        struct told told = status(s, DESK, PPMID(PLAIN));
        expect(s, &told, "status", c->status);
        expect(s, &told, "requestId", id);
        expect(s, &told, "dataAge", "0.0");
        expect(s, &told, "inProgress",
               i + 1 < sizeof timelines / sizeof *timelines ? "true" : "false");
        assert_string_equal(timeline(s, &told), c->timeline);
        assert_string_equal(told_header(s, &told, "X-Data-Age"), "0.000");
    }
}

static void what_may_come_next_is_table_3(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    screens_event(s, "hub_delivered", PPMID(PLAIN));
    struct told told = status(s, DESK, PPMID(PLAIN));
    expect(s, &told, "next.0.event", "han_failed");
    expect(s, &told, "next.0.toStatus", "FAILED_HAN_TRANSFER");
    expect(s, &told, "next.0.alert", "N62");
    expect(s, &told, "next.6.event", "reset");
    expect(s, &told, "next.7.event", "");
    assert_string_equal(timeline(s, &told),
                        "done skipped skipped done current pending");
    screens_event(s, "hub_delivered", PPMID(PLAIN));
    told = status(s, DESK, PPMID(PLAIN));
    expect(s, &told, "trail.0.kind", "status");
    expect(s, &told, "trail.1.kind", "told");
    screens_event(s, "han_discarded", PPMID(PLAIN));
    told = status(s, DESK, PPMID(PLAIN));
    expect(s, &told, "next", "[]");
    assert_string_equal(timeline(s, &told),
                        "done skipped skipped done failed pending");
}

static void it_is_the_status_that_fotactl_tells(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    send_update(s, USER_A, (eui64[]){PPMID(PLAIN)}, 1, "W110401");
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
        expect(s, &told, both[i].member,
               gateway_ask(s->gateway,
                           arena_printf(s->arena,
                                        "select %s from device_status('%s',"
                                        " '%s')",
                                        both[i].column,
                                        eui64_format(PPMID(PLAIN), id),
                                        instant_format(clock_now(), now))));
    expect(s, &told, "earlier.0.status", "REJECTED_BY_DSP");
    expect(s, &told, "earlier.0.reasonCode", "in_progress");
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
                    " '2026-01-01', '2026-01-01', 'REJECTED_BY_DSP',"
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
    gateway_tell(g, arena_printf(s->arena,
                                 "update smi_home set supplier_ids ="
                                 " '{90b3d51f30020000}' where chf_id = '%s'",
                                 eui64_format(CHF(PLAIN), hub)));
    struct told told = status(s, A, PPMID(PLAIN));
    expect(s, &told, "status", "AWAITING_CSP");
    gateway_tell(g, "update service_request set originator ="
                    " '90b3d51f30020000'");
    assert_int_equal(status(s, A, PPMID(PLAIN)).http, 404);
    assert_int_equal(status(s, B, PPMID(PLAIN)).http, 200);
}

/* ---- scenario 10: timeouts ---- */

static void a_silent_device_is_released_and_a_late_word_only_told(
    void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    screens_event(s, "csp_accepted", PPMID(PLAIN));
    struct told told = status(s, A, PPMID(PLAIN));
    assert_int_not_equal(strcmp(told_at(s, &told, "releaseDue"), "null"), 0);
    gateway_move_clock(5 * DAY - MINUTE);
    told = status(s, A, PPMID(PLAIN));
    expect(s, &told, "inProgress", "true");
    gateway_move_clock(5 * DAY + MINUTE);
    told = status(s, A, PPMID(PLAIN));
    expect(s, &told, "inProgress", "false");
    keep_house(s);
    told = status(s, A, PPMID(PLAIN));
    expect(s, &told, "status", "APPROVED_FOR_DISTRIBUTION");
    expect(s, &told, "inProgress", "false");
    expect(s, &told, "releaseDue", "null");
    expect(s, &told, "trail.1.kind", "released");
    expect(s, &told, "trail.1.code", "APPROVED_FOR_DISTRIBUTION");
    assert_string_equal(timeline(s, &told),
                        "done skipped done stopped pending pending");
    screens_event(s, "hub_delivered", PPMID(PLAIN));
    told = status(s, A, PPMID(PLAIN));
    expect(s, &told, "status", "APPROVED_FOR_DISTRIBUTION");
    expect(s, &told, "trail.2.kind", "told");
    assert_string_equal(gateway_ask(s->gateway, "select string_agg(code, ',')"
                                                " from alert"
                                                " where code = 'N61'"),
                        "N61");
    /* and it may be updated again */
    const char *again = update(s, USER_A, PPMID(PLAIN));
    told = status(s, A, PPMID(PLAIN));
    expect(s, &told, "requestId", again);
    expect(s, &told, "earlier.0.status", "APPROVED_FOR_DISTRIBUTION");
}

/* ---- scenario 11: the Service Desk ---- */

static void the_service_desk_resets_and_the_device_is_free(void **state) {
    struct screens *s = *state;
    const char *id = update(s, USER_A, PPMID(PLAIN));
    send_update(s, USER_A, (eui64[]){PPMID(PLAIN)}, 1, "W110401");
    struct told told = status(s, A, PPMID(PLAIN));
    expect(s, &told, "status", "AWAITING_CSP");
    expect(s, &told, "mayReset", "false");
    assert_int_equal(reset(s, A, PPMID(PLAIN)), 403);
    told = status(s, DESK, PPMID(PLAIN));
    expect(s, &told, "mayReset", "true");
    assert_int_equal(reset(s, DESK, PPMID(PLAIN)), 200);
    assert_int_equal(reset(s, DESK, PPMID(PLAIN)), 409);
    told = status(s, A, PPMID(PLAIN));
    expect(s, &told, "status", "RESET_BY_DCC");
    expect(s, &told, "requestId", id);
    expect(s, &told, "mayReset", "false");
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
    expect(s, &told, "status", "AWAITING_CSP");
    expect(s, &told, "earlier.0.status", "RESET_BY_DCC");
}

static void a_reset_takes_the_device_out_of_its_job(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    gateway_tell(
        s->gateway,
        "select make_job('north', 10, '2026-11-21 09:00Z', '2000-01-01')");
    assert_int_equal(reset(s, DESK, PPMID(PLAIN)), 200);
    assert_string_equal(
        gateway_ask(s->gateway,
                    "select coalesce(job_no, 0) from lease_job('north',"
                    " '2999-01-01', '2999-01-02')"),
        "0");
}

static void past_its_time_there_is_nothing_to_reset(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    gateway_move_clock(6 * DAY);
    assert_int_equal(reset(s, DESK, PPMID(PLAIN)), 409);
    struct told told = status(s, DESK, PPMID(PLAIN));
    expect(s, &told, "status", "AWAITING_CSP");
}

/* ---- requests ---- */

enum { MANY = 25 };

static const char *many(struct screens *s, struct db *db) {
    static eui64 devices[MANY];
    estate_bulk_ppmids(db, MANY);
    for (size_t i = 0; i < MANY; i++)
        devices[i] = BULK(i);
    return send_update(s, USER_A, devices, MANY, "I99");
}

static const char *bulk_request(struct screens *s) {
    struct db *db = db_open(s->gateway->conninfo, "bulk");
    const char *id = many(s, db);
    db_close(db);
    return id;
}

static const char *request_path(struct screens *s, const char *id,
                                const char *rest) {
    return arena_printf(s->arena, "/requests/%s%s", id, rest);
}

static void a_request_s_page_counts_its_devices(void **state) {
    struct screens *s = *state;
    const char *id = bulk_request(s);
    for (size_t i = 0; i < 20; i++)
        screens_event(s, "csp_accepted", BULK(i));
    for (size_t i = 0; i < 12; i++)
        screens_event(s, "hub_delivered", BULK(i));
    for (size_t i = 0; i < 8; i++)
        screens_event(s, "han_delivered", BULK(i));
    for (size_t i = 0; i < 4; i++)
        screens_event(s, "device_activated", BULK(i));
    screens_event(s, "hub_failed", BULK(19));
    screens_event(s, "csp_refused", BULK(20));
    screens_event(s, "reset", BULK(21));
    gateway_move_clock(HOUR);
    struct told told = look(s, A, request_path(s, id, ""));
    static const struct {
        const char *path, *value;
    } expected[] = {
        {"state", "in-progress"},
        {"senderName", "User 0"},
        {"devices.accepted", "25"},
        {"statuses.AWAITING_CSP", "3"},
        {"statuses.FIRMWARE_ACTIVATED", "4"},
        {"stages.0.devices", "3"},
        {"stages.1.devices", "7"},
        {"stages.2.devices", "4"},
        {"stages.3.devices", "4"},
        {"stages.4.devices", "4"},
        {"stages.5.devices", "2"},
        {"stages.6.devices", "1"},
        {"stages.7.devices", "0"},
        {"stages.8.devices", "0"},
        {"failures.0.devices", "1"},
        {"byCsp.0.csp", "north"},
        {"byCsp.0.devices", "25"},
        {"byCsp.0.inProgress", "18"},
        {"byCsp.0.succeeded", "4"},
        {"byCsp.0.failed", "3"},
        {"byModel.0.deviceType", "PPMID"},
        {"byModel.0.manufacturerId", "1212"},
        {"byModel.0.modelId", "0001"},
        {"byModel.0.hardwareVersion", "01"},
        {"byModel.0.devices", "25"},
        {"alerts.confirmed", "0"},
        {"rate.remaining", "14"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        expect(s, &told, expected[i].path, expected[i].value);
    expect(s, &told, "alerts.sent",
           gateway_ask(s->gateway, "select count(*) from alert"));
    /* 11 of 25 in an hour: 14 more take 1.27 hours */
    double rate = atof(told_at(s, &told, "rate.devicesPerHour"));
    assert_true(rate > 10.9 && rate < 11.1);
    assert_true(strcmp(told_at(s, &told, "rate.earliest"),
                       told_at(s, &told, "rate.expectedEnd")) < 0);
    assert_true(strcmp(told_at(s, &told, "rate.expectedEnd"),
                       told_at(s, &told, "rate.latest")) < 0);
    gateway_tell(s->gateway, "delete from alert where code = 'N62'");
    told = look(s, A, request_path(s, id, ""));
    expect(s, &told, "alerts.confirmed", "8");
}

static void models_are_told_apart(void **state) {
    struct screens *s = *state;
    struct db *db = db_open(s->gateway->conninfo, "cpl");
    const char *id = many(s, db);
    gateway_tell(s->gateway,
                 "insert into cpl_entry select 'other', device_type,"
                 " manufacturer_id, 2, hardware_version, hardware_revision,"
                 " firmware_version, manufacturer_image_hash, status from"
                 " cpl_entry where device_type = 'PPMID' and model_id = 1"
                 " limit 1");
    gateway_tell(s->gateway, "update smi_device set model_id = 2 where"
                             " device_id < '00:db:13:00:00:00:00:05'"
                             " and device_id >= '00:db:13:00:00:00:00:00'");
    db_close(db);
    struct told told = look(s, A, request_path(s, id, ""));
    expect(s, &told, "byModel.0.modelId", "0001");
    expect(s, &told, "byModel.0.devices", "20");
    expect(s, &told, "byModel.1.modelId", "0002");
    expect(s, &told, "byModel.1.devices", "5");
}

static void pages_of_devices_meet_without_gap_or_overlap(void **state) {
    struct screens *s = *state;
    const char *id = bulk_request(s);
    for (size_t i = 0; i < MANY; i += 2)
        screens_event(s, "device_activated", BULK(i));
    const char *after = "";
    for (size_t seen = 0, pages = 0; seen < MANY; pages++) {
        struct told told = look(
            s, A,
            request_path(
                s, id,
                arena_printf(s->arena, "/devices?limit=7&after=%s", after)));
        size_t count = json_array_size(json_object_get(told.json, "items"));
        assert_int_equal(count, pages < 3 ? 7 : 4);
        for (size_t i = 0; i < count; i++, seen++) {
            char wanted[EUI64_TEXT_SIZE];
            expect(s, &told, arena_printf(s->arena, "items.%zu.deviceId", i),
                   eui64_format(BULK(seen), wanted));
        }
        after = told_at(s, &told, "next");
        if (seen == MANY)
            expect(s, &told, "next", "null");
    }
    struct told told = look(
        s, A,
        request_path(s, id, "/devices?status=FIRMWARE_ACTIVATED&csp=north"));
    assert_int_equal(json_array_size(json_object_get(told.json, "items")), 13);
    told = look(s, A, request_path(s, id, "/devices?reason=NONE"));
    expect(s, &told, "items", "[]");
}

static size_t lines(const char *text) {
    size_t count = 0;
    for (; (text = strstr(text, "\r\n")); text += 2)
        count++;
    return count;
}

static void the_whole_list_comes_as_csv(void **state) {
    struct screens *s = *state;
    const char *id = bulk_request(s);
    gateway_tell(s->gateway,
                 "update tracking_live set csp = '=cmd,\"x\"' where device_id"
                 " = '00:db:13:00:00:00:00:03'");
    struct told told = look(s, A, request_path(s, id, "/devices?format=csv"));
    assert_int_equal(told.http, 200);
    assert_int_equal(lines(told.text), MANY + 1);
    assert_non_null(
        strstr(told.text, "deviceId,deviceType,status,inProgress,reasonCode,"
                          "lastUpdated,releaseDue,commsHubId,csp\r\n"
                          "00-DB-13-00-00-00-00-00,PPMID,AWAITING_CSP,true,,"));
    assert_non_null(strstr(told.text, ",\"'=cmd,\"\"x\"\"\"\r\n"));
    assert_non_null(
        strstr(told_header(s, &told, "Content-Disposition"), "devices.csv"));
    struct ask by_accept = {.method = "GET",
                            .path = request_path(s, id, "/devices"),
                            .who = A,
                            .headers = {"Accept: text/csv"}};
    assert_int_equal(lines(ask(s, &by_accept).text), MANY + 1);
    assert_string_equal(
        gateway_ask(s->gateway, "select count(*) from sat_entry where code ="
                                " 'downloaded' and person = 'anne'"),
        "2");
}

struct list_case {
    const char *query;
    enum who who;
    int count;
};

/* Three of A (one refused), two of B. */
static const struct list_case lists[] = {
    {"", DESK, 5},
    {"", A, 3},
    {"", B, 2},
    {"?user=90-B3-D5-1F-30-02-00-00", DESK, 2},
    {"?user=90-B3-D5-1F-30-02-00-00", A, 0},
    {"?state=refused", DESK, 1},
    {"?state=in-progress", DESK, 3},
    {"?state=in-progress", B, 2},
    {"?state=finished", DESK, 1},
    {"?state=quarantined", DESK, 0},
    {"?variant=11.4", DESK, 5},
    {"?variant=11.1", DESK, 0},
    {"?from=2001-01-01&to=2001-02-01", DESK, 0},
    {"?from=2001-01-01", DESK, 5},
    {"?search=0123ABCD", DESK, 5},
    {"?search=00000010", DESK, 0},
    {"?search=00-DB-12-00-00-00-00-05", DESK, 2},
    {"?search=00-DB-12-00-00-00-00-05", B, 0},
    {"?search=1", DESK, 1},
    {"?search=90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1", DESK, 1},
    {"?search=90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1", B, 0},
    {"?limit=2", DESK, 2},
};

static void requests_are_found(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(PLAIN));
    send_update(s, USER_A, (eui64[]){PPMID(PLAIN)}, 1, "W110401");
    update(s, USER_A, PPMID(PLAIN_TOO));
    update(s, USER_B, PPMID(OF_B));
    update(s, USER_B, PPMID(DUAL));
    screens_event(s, "device_activated", PPMID(PLAIN_TOO));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const struct list_case *c = &lists[i];
        struct told told =
            look(s, c->who, arena_printf(s->arena, "/requests%s", c->query));
        size_t count = json_array_size(json_object_get(told.json, "items"));
        if (told.http != 200 || (int)count != c->count)
            fail_msg("%s by %s: %zu in %s", c->query, who_name(c->who), count,
                     told.text);
    }
    /* the newest first, page by page */
    const char *after = "";
    for (int left = 5; left > 0; left -= 2) {
        struct told told =
            look(s, DESK,
                 arena_printf(s->arena, "/requests?limit=2&after=%s", after));
        expect(s, &told, "items.0.requestId",
               gateway_ask(s->gateway,
                           arena_printf(s->arena,
                                        "select request_id_text(originator,"
                                        " target, counter) from service_request"
                                        " where request_no = %d",
                                        left)));
        after = told_at(s, &told, "next");
    }
    assert_string_equal(after, "null");
}

/* ---- dry runs ---- */

static struct told dry_run(struct screens *s, enum who who, struct span xml) {
    return ask(s, &(struct ask){.method = "POST",
                                .path = "/dry-runs",
                                .who = who,
                                .body = (const char *)xml.data,
                                .body_len = xml.len,
                                .type = "application/xml"});
}

static void a_dry_run_says_what_the_request_would_be_told(void **state) {
    struct screens *s = *state;
    struct gateway *g = s->gateway;
    update(s, USER_A, PPMID(PLAIN_TOO));
    const eui64 devices[] = {PPMID(PLAIN), PPMID(OF_B),     PPMID(PENDING),
                             NOWHERE,      PPMID(OLD_GBCS), PPMID(OTHER_MODEL),
                             PPMID(PLAIN), PPMID(PLAIN_TOO)};
    struct test_request request = {.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                   .device_ids = devices,
                                   .device_id_count = 8};
    const char *before =
        gateway_ask(g, "select (select count(*) from service_request) || ' ' ||"
                       " (select count(*) from tracking) || ' ' ||"
                       " (select count(*) from firmware_image)");
    struct span signed_text = gateway_sign(g, USER_A, &request);
    struct told told = dry_run(s, A, signed_text);
    expect(s, &told, "outcome", "some_devices_failed");
    expect(s, &told, "responseCode", "W110401");
    expect(s, &told, "signature", "good");
    expect(s, &told, "listed", "7");
    expect(s, &told, "accepted", "1");
    static const struct {
        const char *list;
        eui64 first;
        const char *second;
    } expected[] = {
        {"invalidDeviceIdList", PPMID(OF_B), "00-DB-12-FF-FF-FF-FF-FF"},
        {"notCommissionedDeviceIdList", PPMID(PENDING), ""},
        {"notApplicableFirmwareDeviceIdList", PPMID(OTHER_MODEL), ""},
        {"otherRequestInProgressList", PPMID(PLAIN_TOO), ""},
        {"invalidGbcsVersionList", PPMID(OLD_GBCS), ""}};
    for (size_t i = 0; i < 5; i++) {
        char id[EUI64_TEXT_SIZE];
        expect(s, &told,
               arena_printf(s->arena, "refused.%s.0", expected[i].list),
               eui64_format(expected[i].first, id));
        expect(s, &told,
               arena_printf(s->arena, "refused.%s.1", expected[i].list),
               expected[i].second);
    }
    assert_string_equal(
        gateway_ask(g, "select (select count(*) from service_request) || ' ' ||"
                       " (select count(*) from tracking) || ' ' ||"
                       " (select count(*) from firmware_image)"),
        before);
    /* the same, sent, is told the same */
    struct answer answer = gateway_post(g, "serviceD", signed_text);
    assert_string_equal(answer_says(g, &answer), "W110401");
    assert_string_equal(
        gateway_ask(g, "select concat_ws(' ', invalid, not_commissioned,"
                       " not_applicable, in_progress, gbcs_version, accepted)"
                       " from service_request order by request_no desc limit"
                       " 1"),
        "2 1 1 1 1 1");
}

struct dry_case {
    const char *image, *outcome, *code;
    enum user signer; /* the document's originator is A */
    bool unsigned_draft;
    const char *signature;
};

static const struct dry_case dry_cases[] = {
    {FOR_ALL, "accepted", "I99", USER_A, false, "good"},
    {FOR_ALL, "accepted", "I99", USER_A, true, "absent"},
    {FOR_ALL, "not_authentic", "E1", USER_B, false, "not good"},
    {"on no list", "image_not_on_cpl", "E110401", USER_A, true, "absent"},
    {CANCELLED, "image_not_active", "E110402", USER_A, true, "absent"},
};

static void image_and_signature_are_judged_as_well(void **state) {
    struct screens *s = *state;
    const eui64 device = PPMID(PLAIN);
    for (size_t i = 0; i < sizeof dry_cases / sizeof *dry_cases; i++) {
        const struct dry_case *c = &dry_cases[i];
        struct buffer image = {0}, text = {0};
        estate_image(span_text(c->image), false, &image);
        struct test_request request = {
            .body = DUIS_UPDATE_PPMID_FIRMWARE,
            .request_id = gateway_request_id(s->gateway, SUPPLIER_A),
            .image = buffer_span(&image),
            .device_ids = &device,
            .device_id_count = 1};
        if (c->unsigned_draft)
            test_request_build(&request, &text);
        else
            test_request_signed(&request, &s->gateway->users[c->signer], &text);
        struct told told = dry_run(s, DESK, buffer_span(&text));
        expect(s, &told, "outcome", c->outcome);
        expect(s, &told, "responseCode", c->code);
        expect(s, &told, "signature", c->signature);
        buffer_free(&image);
        buffer_free(&text);
    }
    struct told told = dry_run(s, DESK, span_text("<a/>"));
    assert_int_equal(told.http, 400);
}

/* ---- reports ---- */

static void rsat_004_counts_activations_by_day_and_type(void **state) {
    struct screens *s = *state;
    gateway_tell(
        s->gateway,
        "insert into service_request (originator, target, counter, stage,"
        " used, service, service_reference_variant, command_variant, content,"
        " received, condition, response_code)"
        " select case n when 4 then macaddr8 '90b3d51f30020000'"
        "  else '90b3d51f30010000' end, '00db120000000004', n, 2, true,"
        "  'serviceS', '11.3', 5, sha256(''), '2026-03-01', 'accepted', 'I99'"
        " from generate_series(1, 5) n;"
        "insert into device_command (request_no, device_id, device_type,"
        " chf_id, csp, originator, counter, message_code, state,"
        " future_dated, created, next_try, ended, payload)"
        " select r.request_no, '00db120000000004', t::device_type,"
        "  '00db120000000001', 'north', r.originator, r.counter, code,"
        "  st::command_state, f, at::timestamptz, at::timestamptz, null, 'x'"
        " from (values (1, 'HCALCS', 18, 'answered', false, '2026-03-01"
        " 10:00Z'),"
        " (2, 'HCALCS', 18, 'no_answer', true, '2026-03-01 11:00Z'),"
        " (3, 'ESME', 18, 'sent', false, '2026-03-02 00:00Z'),"
        " (4, 'HCALCS', 18, 'cancelled', true, '2026-03-02 23:59Z'),"
        " (5, 'HCALCS', 89, 'answered', false, '2026-03-01 10:00Z'))"
        " as c (n, t, code, st, f, at)"
        " join service_request r on r.counter = c.n");
    struct told told =
        look(s, DESK, "/reports/rsat-004?from=2026-03-01&to=2026-03-02");
    assert_int_equal(json_array_size(json_object_get(told.json, "items")), 4);
    expect(s, &told, "summary.0.period", "2026-03-01");
    expect(s, &told, "summary.0.deviceType", "HCALCS");
    expect(s, &told, "summary.0.requested", "2");
    expect(s, &told, "summary.0.answered", "1");
    expect(s, &told, "summary.0.failed", "1");
    expect(s, &told, "summary.0.futureDated", "1");
    expect(s, &told, "summary.1.deviceType", "ESME");
    expect(s, &told, "summary.1.underWay", "1");
    expect(s, &told, "summary.2.cancelled", "1");
    told = look(s, A, "/reports/rsat-004?from=2026-03-01&to=2026-03-02");
    assert_int_equal(json_array_size(json_object_get(told.json, "items")), 3);
    told = look(s, B, "/reports/rsat-004?from=2026-03-01&to=2026-03-01");
    expect(s, &told, "items", "[]");
    told = look(s, DESK,
                "/reports/rsat-004?from=2026-03-01&to=2026-03-02&limit=3");
    const char *next = told_at(s, &told, "next");
    told = look(s, DESK,
                arena_printf(s->arena,
                             "/reports/rsat-004?from=2026-03-01&to=2026-03-02"
                             "&limit=3&after=%s",
                             next));
    assert_int_equal(json_array_size(json_object_get(told.json, "items")), 1);
    expect(s, &told, "summary", "[]");
    told = look(s, DESK,
                "/reports/rsat-004?from=2026-03-01&deviceType=HCALCS&"
                "to=2026-03-02&format=csv");
    assert_int_equal(lines(told.text), 4);
    assert_non_null(strstr(told.text, "requestId,sender,senderName,deviceId,"));
}

static void csps_tell_how_busy_they_are(void **state) {
    struct screens *s = *state;
    struct told told = look(s, AUDITOR, "/csps");
    expect(s, &told, "items.0.csp", "north");
    expect(s, &told, "items.0.up", "true");
    expect(s, &told, "items.0.regions.1", "4G North");
    expect(s, &told, "items.1.csp", "south-and-central");
    update(s, USER_A, PPMID(PLAIN));
    gateway_tell(s->gateway,
                 "select make_job('north', 10, now(), '2000-01-01');"
                 "select job_again(1, now() + interval '1 hour', 'busy')");
    gateway_tell(s->gateway,
                 "insert into csp_job (request_no, csp, device_type, devices,"
                 " created, state, next_try, ended) values (1, 'north',"
                 " 'PPMID', 700, now(), 'handed_over', now(), now())");
    told = look(s, DESK, "/csps");
    expect(s, &told, "items.0.up", "false");
    expect(s, &told, "items.0.lastError", "busy");
    expect(s, &told, "items.0.jobs.waiting", "1");
    expect(s, &told, "items.0.jobs.handedOver", "1");
    expect(s, &told, "items.0.devices.waiting", "1");
    expect(s, &told, "items.0.devices.underWay", "0");
    expect(s, &told, "items.0.throughput.23.devices", "700");
    expect(s, &told, "items.0.throughput.24", "");
    expect(s, &told, "items.1.up", "true");
}

static void undelivered_messages_are_their_user_s(void **state) {
    struct screens *s = *state;
    update(s, USER_A, PPMID(DUAL));
    screens_event(s, "csp_accepted", PPMID(DUAL));
    screens_event(s, "hub_delivered", PPMID(DUAL));
    struct told told = look(s, DESK, "/undelivered");
    expect(s, &told, "items", "[]");
    gateway_tell(s->gateway, "update alert set tries = 3, last_error ="
                             " 'connection refused', state = case code when"
                             " 'N59' then 'given_up'::alert_state else"
                             " 'waiting' end");
    told = look(s, DESK, "/undelivered");
    expect(s, &told, "items.0.code", "N59");
    expect(s, &told, "items.0.devices", "1");
    expect(s, &told, "items.0.nextTry", "null");
    expect(s, &told, "items.1.code", "N61");
    expect(s, &told, "items.1.lastError", "connection refused");
    told = look(s, A, "/undelivered");
    expect(s, &told, "items.0.code", "N61");
    expect(s, &told, "items.1.code", "");
    told = look(s, B, "/undelivered?state=given_up");
    expect(s, &told, "items.0.code", "N59");
    told = look(s, B, "/undelivered?state=waiting");
    expect(s, &told, "items", "[]");
    told = look(s, DESK, "/undelivered?limit=1");
    told = look(s, DESK,
                arena_printf(s->arena, "/undelivered?limit=1&after=%s",
                             told_at(s, &told, "next")));
    expect(s, &told, "items.0.code", "N61");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_device_s_page_follows_its_update),
        TEST(what_may_come_next_is_table_3),
        TEST(it_is_the_status_that_fotactl_tells),
        TEST(a_supplier_sees_what_it_is_responsible_for),
        TEST(a_silent_device_is_released_and_a_late_word_only_told),
        TEST(the_service_desk_resets_and_the_device_is_free),
        TEST(a_reset_takes_the_device_out_of_its_job),
        TEST(past_its_time_there_is_nothing_to_reset),
        TEST(a_request_s_page_counts_its_devices),
        TEST(models_are_told_apart),
        TEST(pages_of_devices_meet_without_gap_or_overlap),
        TEST(the_whole_list_comes_as_csv),
        TEST(requests_are_found),
        TEST(a_dry_run_says_what_the_request_would_be_told),
        TEST(image_and_signature_are_judged_as_well),
        TEST(rsat_004_counts_activations_by_day_and_type),
        TEST(csps_tell_how_busy_they_are),
        TEST(undelivered_messages_are_their_user_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
