/* The list of requests, the page of one, its devices. Every answer is also held
 * against the OpenAPI file. */
#include "support/check.h"
#include "support/people.h"

#include <stdlib.h>

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

/* ---- requests ---- */

enum { MANY = 25 };

static const char *bulk_request(struct screens *s) {
    static eui64 devices[MANY];
    estate_bulk_ppmids(s->gateway->sql, MANY);
    for (size_t i = 0; i < MANY; i++)
        devices[i] = BULK(i);
    return screens_update(s, USER_A, devices, MANY, "I99");
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
    test_clock_set(HOUR);
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
        {"stages.8.devices", "0"},
        {"stages.9.devices", "0"},
        {"failures.0.devices", "1"},
        {"byCsp.0.csp", "north"},
        {"byCsp.0.devices", "25"},
        {"byCsp.0.inProgress", "18"},
        {"byCsp.0.succeeded", "4"},
        {"byCsp.0.failed", "2"},
        {"byModel.0.deviceType", "PPMID"},
        {"byModel.0.manufacturerId", "1212"},
        {"byModel.0.modelId", "0001"},
        {"byModel.0.hardwareVersion", "01"},
        {"byModel.0.devices", "25"},
        {"alerts.confirmed", "0"},
        {"rate.remaining", "14"},
        {"where", "3 devices not with a CSP yet (others are before them); 7 "
                  "devices on the way to the "
                  "Communications Hub; 4 devices on the hub, waiting to be "
                  "passed on; 4 devices delivered and not heard to run it "
                  "yet."},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        told_expect(s, &told, expected[i].path, expected[i].value);
    told_expect(s, &told, "alerts.sent",
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
    told_expect(s, &told, "alerts.confirmed", "8");
    told_expect(s, &told, "ended", "null");
    told = look(s, A, request_path(s, id, "/devices?outcome=failed"));
    told_expect(s, &told, "total", "2");
    told = look(s, A, request_path(s, id, "/devices?limit=10"));
    told_expect(s, &told, "total", "25");
    told =
        look(s, A, request_path(s, id, "/devices?model=1212:0001:01&limit=1"));
    told_expect(s, &told, "total", "25");
    told_expect(s, &told, "items.1", "");
    told = look(s, A, request_path(s, id, "/devices?model=1212:0002"));
    told_expect(s, &told, "total", "0");
    char device[EUI64_TEXT_SIZE];
    told = look(s, A,
                request_path(s, id,
                             arena_printf(s->arena, "/devices?device=%s",
                                          eui64_format(BULK(19), device))));
    told_expect(s, &told, "items.0.status", "FAILED_CH_TRANSFER");
    told_expect(s, &told, "total", "1");
    told = look(s, A, request_path(s, id, "/devices?format=csv"));
    assert_non_null(
        strstr(told_header(s, &told, "Content-Disposition"), "devices-"));
    told = look(s, A, "/requests?progress=yes");
    told_expect(s, &told, "items.0.progress.inProgress", "18");
    told_expect(s, &told, "items.0.progress.succeeded", "4");
    told_expect(s, &told, "items.0.progress.failed", "2");
    assert_true(*told_at(s, &told, "items.0.progress.expectedEnd") == '2');
    told = look(s, A, "/requests");
    told_expect(s, &told, "items.0.progress", "");
}

/* ---- what a status means ---- */

static void one_rule_says_what_a_status_means(void **state) {
    struct screens *s = *state;
    static const struct {
        const char *status, *type, *live, *released;
    } rows[] = {
        {"AWAITING_CSP", "PPMID", "awaitingCsp inProgress", "timedOut failed"},
        {"APPROVED_FOR_DISTRIBUTION", "ESME", "approved inProgress",
         "timedOut failed"},
        {"SUCCESSFUL_CH_TRANSFER", "GSME", "onHub inProgress",
         "timedOut failed"},
        {"SUCCESSFUL_HAN_TRANSFER", "PPMID", "onHan inProgress",
         "timedOut failed"},
        {"SUCCESSFUL_HAN_TRANSFER", "ESME", "onHan succeeded",
         "onHan succeeded"},
        {"SUCCESSFUL_HAN_TRANSFER", "GSME", "onHan succeeded",
         "onHan succeeded"},
        {"SUCCESSFUL_HAN_TRANSFER", "HCALCS", "onHan succeeded",
         "onHan succeeded"},
        {"STORED_ON_DEVICE", "PPMID", NULL, "onHan succeeded"},
        {"FIRMWARE_ACTIVATED", "PPMID", NULL, "activated succeeded"},
        {"ACTIVATION_FAILED", "ESME", NULL, "failed failed"},
        {"HAN_DISCARDED", "PPMID", NULL, "failed failed"},
        {"RESET_BY_DCC", "PPMID", NULL, "reset reset"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int live = 0; live < 2; live++) {
            const char *expected = live ? rows[i].live : rows[i].released;
            if (!expected)
                continue;
            const char *arguments =
                arena_printf(s->arena, "'%s', %d::boolean, '%s'",
                             rows[i].status, live, rows[i].type);
            assert_string_equal(gateway_ask(s->gateway,
                                            "select device_stage(%s) || ' ' ||"
                                            " device_outcome(%s)",
                                            arguments, arguments),
                                expected);
        }
}

/* Meters that have the firmware, and PPMIDs that were never heard to use it:
 * the bar, the failures, the tables and the e-mail say the same. */
static void the_pages_and_the_email_agree(void **state) {
    struct screens *s = *state;
    const char *id = bulk_request(s);
    static const struct {
        const char *type, *on_han, *timed_out, *failures, *succeeded, *failed;
    } cases[] = {
        {"ESME", "25", "0", "", "25", "0"},
        {"PPMID", "0", "25", "25", "0", "25"},
    };
    test_clock_set(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gateway_tell(s->gateway,
                     "update tracking_live set device_type = '%s', status ="
                     " 'SUCCESSFUL_HAN_TRANSFER', release_due = last_updated",
                     cases[i].type);
        struct told told = look(s, A, request_path(s, id, ""));
        told_expect(s, &told, "stages.3.devices", cases[i].on_han);
        told_expect(s, &told, "stages.8.devices", cases[i].timed_out);
        told_expect(s, &told, "failures.0.devices", cases[i].failures);
        told_expect(s, &told, "byCsp.0.succeeded", cases[i].succeeded);
        told_expect(s, &told, "byCsp.0.failed", cases[i].failed);
        told_expect(s, &told, "byModel.0.succeeded", cases[i].succeeded);
        told_expect(s, &told, "byModel.0.failed", cases[i].failed);
        assert_string_equal(
            gateway_ask(s->gateway,
                        "select settled || ' ' || failed from failed_devices("
                        "request_tally(1, 'infinity', now()))"),
            arena_printf(s->arena, "25 %s", cases[i].failed));
    }
    /* what a person ended is no failure */
    gateway_tell(s->gateway,
                 "with gone as (delete from tracking_live returning *)"
                 " insert into tracking_history (device_id, chf_id, request_no,"
                 " last_updated, released, status, device_type, csp)"
                 " select device_id, chf_id, request_no, last_updated,"
                 " last_updated, 'RESET_BY_DCC', device_type, csp from gone");
    struct told told = look(s, A, request_path(s, id, ""));
    told_expect(s, &told, "state", "finished");
    told_expect(s, &told, "ended",
                gateway_ask(s->gateway, "select instant_text(max(last_updated))"
                                        " from tracking_history"));
    told_expect(s, &told, "failures.0.devices", "25");
    told_expect(s, &told, "byCsp.0.devices", "25");
    told_expect(s, &told, "byCsp.0.failed", "0");
    told_expect(s, &told, "byModel.0.failed", "0");
    assert_string_equal(
        gateway_ask(s->gateway,
                    "select settled || ' ' || failed from failed_devices("
                    "request_tally(1, 'infinity', now()))"),
        "0 0");
}

static void what_is_heard_after_release_is_said_to_be_late(void **state) {
    struct screens *s = *state;
    const char *id = bulk_request(s);
    gateway_tell(
        s->gateway,
        "with gone as (delete from tracking_live where device_id ="
        " (select device_id from tracking_live order by 1 limit 1) returning *)"
        " insert into tracking_history (device_id, chf_id,"
        " request_no, last_updated, released, status, device_type,"
        " csp) select device_id, chf_id, request_no, last_updated +"
        " interval '1 day', last_updated, 'FIRMWARE_ACTIVATED',"
        " device_type, csp from gone");
    struct told told = look(s, A, request_path(s, id, "/devices"));
    told_expect(s, &told, "items.0.late", "true");
    told_expect(s, &told, "items.1.late", "false");
    told = look(s, A, request_path(s, id, "/devices?format=csv"));
    assert_non_null(strstr(told.text, ",csp,late\r\n"));
    assert_non_null(strstr(told.text, ",north,true\r\n"));
    /* its distribution is not of the hour in which it was heard of */
    assert_string_equal(
        gateway_ask(s->gateway,
                    "select sum(t.settled) from tracking_history h,"
                    " unnest(request_tally(h.request_no, h.released +"
                    " interval '1 hour', h.released)) t"),
        "0");
    /* a meter is released when it is delivered, and activates after that */
    gateway_tell(s->gateway,
                 "update tracking_history set device_type = 'ESME',"
                 " hub_status = 'SUCCESSFUL_HAN_TRANSFER', hub_time = released,"
                 " device_status = status, device_time = last_updated");
    told = look(s, A, request_path(s, id, "/devices"));
    told_expect(s, &told, "items.0.late", "false");
    gateway_tell(s->gateway, "update tracking_history set hub_time ="
                             " released + interval '2 hours'");
    told = look(s, A, request_path(s, id, "/devices"));
    told_expect(s, &told, "items.0.late", "true");
}

/* What is doubtful about a job is for whoever sees the request. */
static void a_job_says_whether_its_csp_can_be_relied_on(void **state) {
    struct screens *s = *state;
    const char *id = bulk_request(s);
    gateway_tell(s->gateway, "select make_some_jobs('north', 10, now(),"
                             " '2000-01-01', 1)");
    struct told told = look(s, A, request_path(s, id, ""));
    told_expect(s, &told, "jobs.0.contradicted", "null");
    told_expect(s, &told, "jobs.0.silent", "null");
    gateway_tell(s->gateway, "update csp_job set contradicted = '2026-03-01',"
                             " silent = '2026-03-02'");
    told = look(s, A, request_path(s, id, ""));
    told_expect(s, &told, "jobs.0.contradicted", "2026-03-01T00:00:00.000Z");
    told_expect(s, &told, "jobs.0.silent", "2026-03-02T00:00:00.000Z");
}

static void models_are_told_apart(void **state) {
    struct screens *s = *state;
    const char *id = bulk_request(s);
    gateway_tell(s->gateway,
                 "insert into cpl_entry select 'other', device_type,"
                 " manufacturer_id, 2, hardware_version, hardware_revision,"
                 " firmware_version, manufacturer_image_hash, status from"
                 " cpl_entry where device_type = 'PPMID' and model_id = 1"
                 " limit 1");
    gateway_tell(s->gateway, "update smi_device set model_id = 2 where"
                             " device_id < '00:db:13:00:00:00:00:05'"
                             " and device_id >= '00:db:13:00:00:00:00:00'");
    struct told told = look(s, A, request_path(s, id, ""));
    told_expect(s, &told, "byModel.0.modelId", "0001");
    told_expect(s, &told, "byModel.0.devices", "20");
    told_expect(s, &told, "byModel.1.modelId", "0002");
    told_expect(s, &told, "byModel.1.devices", "5");
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
            request_path(s, id,
                         arena_printf(s->arena, "/devices?limit=7%s", after)));
        size_t count = json_array_size(json_object_get(told.json, "items"));
        assert_int_equal(count, pages < 3 ? 7 : 4);
        for (size_t i = 0; i < count; i++, seen++) {
            char wanted[EUI64_TEXT_SIZE];
            told_expect(s, &told,
                        arena_printf(s->arena, "items.%zu.deviceId", i),
                        eui64_format(BULK(seen), wanted));
        }
        after = arena_printf(s->arena, "&after=%s", told_at(s, &told, "next"));
        if (seen == MANY)
            told_expect(s, &told, "next", "null");
    }
    struct told told = look(
        s, A,
        request_path(s, id, "/devices?status=FIRMWARE_ACTIVATED&csp=north"));
    assert_int_equal(json_array_size(json_object_get(told.json, "items")), 13);
    told = look(s, A, request_path(s, id, "/devices?reason=NONE"));
    told_expect(s, &told, "items", "[]");
}

/* Page by page in every order: each device once, and the texts that they are
 * sorted by go the right way. */
static void pages_of_sorted_devices_meet(void **state) {
    struct screens *s = *state;
    static const struct {
        const char *sort, *member;
    } sorts[] = {{"status", "status"},       {"-status", "status"},
                 {"updated", "lastUpdated"}, {"-updated", "lastUpdated"},
                 {"reason", "deviceType"},   {"-reason", "deviceType"}};
    const char *id = bulk_request(s);
    for (size_t i = 0; i < MANY; i += 2)
        screens_event(s, "device_activated", BULK(i));
    for (size_t k = 0; k < sizeof sorts / sizeof *sorts; k++) {
        const char *after = "", *last = NULL;
        size_t seen = 0;
        json_t *all = json_object();
        while (seen < MANY) {
            struct told told =
                look(s, A,
                     request_path(s, id,
                                  arena_printf(s->arena,
                                               "/devices?limit=7&sort=%s%s",
                                               sorts[k].sort, after)));
            size_t count = json_array_size(json_object_get(told.json, "items"));
            assert_true(count > 0);
            for (size_t i = 0; i < count; i++, seen++) {
                const char *at = arena_printf(s->arena, "items.%zu.", i);
                const char *value = told_at(
                    s, &told,
                    arena_printf(s->arena, "%s%s", at, sorts[k].member));
                json_object_set_new(
                    all,
                    told_at(s, &told, arena_printf(s->arena, "%sdeviceId", at)),
                    json_true());
                int way = last ? strcmp(value, last) : 0;
                assert_true(*sorts[k].sort == '-' ? way <= 0 : way >= 0);
                last = value;
            }
            after =
                arena_printf(s->arena, "&after=%s", told_at(s, &told, "next"));
        }
        assert_int_equal(json_object_size(all), MANY);
        json_decref(all);
    }
}

/* Three had ended after an hour, five when it is looked at. */
static void the_curve_goes_from_all_under_way_to_what_came(void **state) {
    struct screens *s = *state;
    const char *id = bulk_request(s);
    screens_event(s, "device_activated", BULK(0));
    screens_event(s, "device_activated", BULK(1));
    screens_event(s, "csp_refused", BULK(2));
    screens_event(s, "device_activated", BULK(3));
    screens_event(s, "csp_refused", BULK(4));
    gateway_tell(s->gateway, "update service_request set received = now() -"
                             " interval '4 hours'");
    gateway_tell(s->gateway,
                 "update tracking_history set last_updated = now() - interval"
                 " '3 hours', released = now() - interval '3 hours' where"
                 " device_id < '00:db:13:00:00:00:00:03'");
    struct told told = look(s, A, request_path(s, id, ""));
    assert_int_equal(json_array_size(json_object_get(told.json, "curve")), 49);
    static const struct {
        const char *path, *value;
    } expected[] = {
        {"curve.0.inProgress", "25"},  {"curve.0.succeeded", "0"},
        {"curve.11.inProgress", "25"}, {"curve.13.succeeded", "2"},
        {"curve.13.failed", "1"},      {"curve.47.inProgress", "22"},
        {"curve.48.succeeded", "3"},   {"curve.48.failed", "2"},
        {"curve.48.takenBack", "0"},   {"curve.48.inProgress", "20"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        told_expect(s, &told, expected[i].path, expected[i].value);
    gateway_tell(s->gateway, "update tracking_history set released = now() -"
                             " interval '2 hours', last_updated = now() where"
                             " device_id = '00:db:13:00:00:00:00:03'");
    told = look(s, A, request_path(s, id, ""));
    told_expect(s, &told, "curve.25.succeeded", "3");
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
                          "lastUpdated,releaseDue,commsHubId,csp,late\r\n"
                          "00-DB-13-00-00-00-00-00,PPMID,AWAITING_CSP,true,,"));
    assert_non_null(strstr(told.text, ",\"'=cmd,\"\"x\"\"\",false\r\n"));
    assert_non_null(
        strstr(told_header(s, &told, "Content-Disposition"), "devices-"));
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
    screens_update(s, USER_A, (eui64[]){PPMID(PLAIN)}, 1, "W110401");
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
            look(s, DESK, arena_printf(s->arena, "/requests?limit=2%s", after));
        told_expect(s, &told, "items.0.requestId",
                    gateway_ask(s->gateway,
                                "select request_id_text(originator,"
                                " target, counter) from service_request"
                                " where request_no = %d",
                                left));
        after = arena_printf(s->arena, "&after=%s", told_at(s, &told, "next"));
    }
    assert_string_equal(after, "&after=null");
}

/* More of them than a page of it has; how far each is, too. */
static void the_list_of_requests_comes_as_csv(void **state) {
    struct screens *s = *state;
    const char *id = update(s, USER_A, PPMID(PLAIN));
    screens_event(s, "csp_accepted", PPMID(PLAIN));
    gateway_tell(
        s->gateway,
        "insert into service_request overriding system value"
        " select (jsonb_populate_record(r,"
        " jsonb_build_object('request_no', nextval(pg_get_serial_sequence("
        "'service_request', 'request_no')), 'counter', 1000 + n))).*"
        " from service_request r, generate_series(1, 249) n");
    struct told told = look(s, A, "/requests?format=csv");
    assert_int_equal(told.http, 200);
    assert_int_equal(lines(told.text), 1 + 250);
    assert_non_null(strstr(
        told.text,
        "requestId,serviceReferenceVariant,sender,senderName,received,"
        "responseCode,state,firmwareVersion,imageHash,devices.listed,"
        "devices.accepted,progress.inProgress,progress.succeeded,"
        "progress.failed,progress.expectedEnd,progress.p50,progress.p90\r\n"));
    const char *row =
        strstr(told.text, arena_printf(s->arena, "\n%s,11.4,", id));
    assert_non_null(row);
    row++;
    assert_non_null(
        strstr(arena_text(s->arena, span_of(row, strcspn(row, "\r"))),
               ",I99,in-progress,0123ABCD,"));
    assert_non_null(strstr(
        arena_text(s->arena, span_of(row, strcspn(row, "\r"))), ",1,1,1,0,0,"));
    assert_int_equal(
        lines(look(s, A, "/requests?format=csv&state=refused").text), 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_request_s_page_counts_its_devices),
        TEST(one_rule_says_what_a_status_means),
        TEST(the_pages_and_the_email_agree),
        TEST(what_is_heard_after_release_is_said_to_be_late),
        TEST(a_job_says_whether_its_csp_can_be_relied_on),
        TEST(models_are_told_apart),
        TEST(pages_of_devices_meet_without_gap_or_overlap),
        TEST(pages_of_sorted_devices_meet),
        TEST(the_curve_goes_from_all_under_way_to_what_came),
        TEST(the_whole_list_comes_as_csv),
        TEST(requests_are_found),
        TEST(the_list_of_requests_comes_as_csv),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
