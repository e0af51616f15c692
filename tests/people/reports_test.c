/* Dry runs, RSAT_004, the CSPs and undelivered messages. Every answer is also
 * held against the OpenAPI file. */
#include "support/check.h"
#include "support/people.h"

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
    told_expect(s, &told, "outcome", "some_devices_failed");
    told_expect(s, &told, "responseCode", "W110401");
    told_expect(s, &told, "signature", "good");
    told_expect(s, &told, "listed", "7");
    told_expect(s, &told, "accepted", "1");
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
        told_expect(s, &told,
                    arena_printf(s->arena, "refused.%s.0", expected[i].list),
                    eui64_format(expected[i].first, id));
        told_expect(s, &told,
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
        told_expect(s, &told, "outcome", c->outcome);
        told_expect(s, &told, "responseCode", c->code);
        told_expect(s, &told, "signature", c->signature);
        buffer_free(&image);
        buffer_free(&text);
    }
    struct told told = dry_run(s, DESK, span_text("<a/>"));
    assert_int_equal(told.http, 400);
}

/* Which E1 does not say: what of the signature offends, or whose it is; and
 * what the image's own signature lacks. */
static void a_dry_run_says_why_it_would_be_e1(void **state) {
    struct screens *s = *state;
    static const struct {
        enum user signer;
        const char *transforms, *says;
    } rows[] = {
        {USER_B, NULL, "the signer is not the RequestID's originator"},
        {USER_A,
         "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/"
         "REC-xslt-19991116\"/>",
         "Transform"},
    };
    const eui64 device = ESME(PLAIN);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer image = {0}, text = {0}, out = {0};
        estate_image(span_text(FOR_ALL), true, &image);
        test_request_build(
            &(struct test_request){
                .body = DUIS_UPDATE_FIRMWARE,
                .request_id = gateway_request_id(s->gateway, SUPPLIER_A),
                .image = buffer_span(&image),
                .device_ids = &device,
                .device_id_count = 1},
            &text);
        test_sign(
            buffer_span(&text),
            &(struct test_signing){.signer = &s->gateway->users[rows[i].signer],
                                   .transforms = rows[i].transforms},
            &out);
        struct told told = dry_run(s, DESK, buffer_span(&out));
        told_expect(s, &told, "responseCode", "E1");
        if (!strstr(told.text, rows[i].says))
            fail_msg("%s: %s", rows[i].says, told.text);
        told = dry_run(s, DESK, buffer_span(&text));
        told_expect(s, &told, "responseCode", "I99");
        told_expect(s, &told, "imageSignature",
                    "no certificate of its sender for digital signatures is"
                    " known");
        buffer_free(&image);
        buffer_free(&text);
        buffer_free(&out);
    }
}

/* It is not valid before anybody looks at its signature: of that nothing is
 * said, least of all that it is good. */
static void what_its_version_lacks_has_no_signature(void **state) {
    struct screens *s = *state;
    const eui64 device = PPMID(PLAIN);
    struct buffer image = {0}, text = {0};
    estate_image(span_text(FOR_ALL), false, &image);
    test_request_signed(
        &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                               .schema_version = "4.0",
                               .request_id =
                                   gateway_request_id(s->gateway, SUPPLIER_A),
                               .image = buffer_span(&image),
                               .device_ids = &device,
                               .device_id_count = 1},
        &s->gateway->users[USER_B], &text);
    struct told told = dry_run(s, DESK, buffer_span(&text));
    assert_int_equal(told.http, 400);
    if (!strstr(told.text, "11.4 is not in DUIS 4.0"))
        fail_msg("%s", told.text);
    buffer_free(&image);
    buffer_free(&text);
}

/* A client's first request may be an 8.2. */
static void other_requests_are_tried_up_to_their_signature(void **state) {
    struct screens *s = *state;
    static const struct {
        enum user signer;
        bool unsigned_draft;
        const char *says;
    } rows[] = {
        {USER_B, false, "the signer is not the RequestID's originator"},
        {USER_A, false, "the signature is good"},
        {USER_A, true, "without a signature only an 11.1 or 11.4"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct test_request request = {
            .body = DUIS_READ_INVENTORY,
            .request_id = gateway_request_id(s->gateway, SUPPLIER_A)};
        struct buffer text = {0};
        if (rows[i].unsigned_draft)
            test_request_build(&request, &text);
        else
            test_request_signed(&request, &s->gateway->users[rows[i].signer],
                                &text);
        struct told told = dry_run(s, DESK, buffer_span(&text));
        if (rows[i].signer == USER_B)
            told_expect(s, &told, "responseCode", "E1");
        else
            assert_int_equal(told.http, 400);
        if (!strstr(told.text, rows[i].says))
            fail_msg("%s: %s", rows[i].says, told.text);
        buffer_free(&text);
    }
}

static size_t lines(const char *text) {
    size_t count = 0;
    for (; (text = strstr(text, "\r\n")); text += 2)
        count++;
    return count;
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
    told_expect(s, &told, "summary.0.period", "2026-03-01");
    told_expect(s, &told, "summary.0.deviceType", "HCALCS");
    told_expect(s, &told, "summary.0.requested", "2");
    told_expect(s, &told, "summary.0.answered", "1");
    told_expect(s, &told, "summary.0.failed", "1");
    told_expect(s, &told, "summary.0.futureDated", "1");
    told_expect(s, &told, "summary.1.deviceType", "ESME");
    told_expect(s, &told, "summary.1.underWay", "1");
    told_expect(s, &told, "summary.2.cancelled", "1");
    told_expect(s, &told, "summary.0.succeeded", "0");
    told_expect(s, &told, "items.0.result", "null");
    told_expect(s, &told, "items.0.outcomeSeen", "null");
    told = look(s, A, "/reports/rsat-004?from=2026-03-01&to=2026-03-02");
    assert_int_equal(json_array_size(json_object_get(told.json, "items")), 3);
    told = look(s, B, "/reports/rsat-004?from=2026-03-01&to=2026-03-01");
    told_expect(s, &told, "items", "[]");
    told = look(s, DESK,
                "/reports/rsat-004?from=2026-03-01&to=2026-03-02&limit=3");
    const char *next = told_at(s, &told, "next");
    told = look(s, DESK,
                arena_printf(s->arena,
                             "/reports/rsat-004?from=2026-03-01&to=2026-03-02"
                             "&limit=3&after=%s",
                             next));
    assert_int_equal(json_array_size(json_object_get(told.json, "items")), 1);
    told_expect(s, &told, "summary", "[]");
    told = look(s, DESK,
                "/reports/rsat-004?from=2026-03-01&deviceType=HCALCS&"
                "to=2026-03-02&format=csv");
    assert_int_equal(lines(told.text), 4);
    assert_non_null(strstr(told.text, "requestId,sender,senderName,deviceId,"));
    assert_non_null(strstr(told.text, ",executed,result,outcomeSeen\r\n"));
    /* what the devices said of them */
    gateway_tell(s->gateway,
                 "update device_command set response_result = 1 where"
                 " counter = 1; update device_command set outcome_result = 2,"
                 " outcome_seen = '2026-03-03' where counter = 2;"
                 "update device_command set response_result = 0 where"
                 " counter = 3");
    told = look(s, DESK, "/reports/rsat-004?from=2026-03-01&to=2026-03-02");
    told_expect(s, &told, "summary.0.answered", "0");
    told_expect(s, &told, "summary.0.failed", "2");
    told_expect(s, &told, "summary.1.answered", "1");
    told_expect(s, &told, "summary.1.underWay", "0");
    told_expect(s, &told, "summary.1.succeeded", "1");
    told_expect(s, &told, "items.0.state", "answered");
    told_expect(s, &told, "items.0.result", "noImageHeld");
    told_expect(s, &told, "items.1.executed", "null");
    told_expect(s, &told, "items.1.result", "hashMismatch");
    told_expect(s, &told, "items.1.outcomeSeen", "2026-03-03T00:00:00.000Z");
    told_expect(s, &told, "items.2.result", "success");
}

static void a_dry_run_tells_that_it_would_be_held(void **state) {
    struct screens *s = *state;
    struct gateway *g = s->gateway;
    struct test_request request = {.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                   .device_ids =
                                       (eui64[]){PPMID(PLAIN), PPMID(PENDING)},
                                   .device_id_count = 2};
    struct span xml = gateway_sign(g, USER_A, &request);
    gateway_tell(g, "insert into volume_threshold (user_id,"
                    " service_reference_variant, period_seconds, warning,"
                    " quarantine) values ('90-B3-D5-1F-30-01-00-00', '11.4',"
                    " 3600, 1, 2)");
    struct told told = dry_run(s, A, xml);
    told_expect(s, &told, "outcome", "some_devices_failed");
    gateway_tell(g, "update volume_threshold set quarantine = 1");
    told = dry_run(s, A, xml);
    told_expect(s, &told, "outcome", "quarantined");
    told_expect(s, &told, "responseCode", "I99");
    told_expect(s, &told, "detail",
                "2 devices in 3600 s exceed the level of 1 of this User");
    told_expect(s, &told, "accepted", "1");
    /* nothing is counted by it, and the request itself is held */
    assert_string_equal(gateway_ask(g, "select count(*) from request_volume"),
                        "0");
    gateway_post(g, "serviceD", xml);
    assert_string_equal(gateway_ask(g, "select condition from service_request"),
                        "quarantined");
    gateway_tell(g, "update volume_threshold set user_id ="
                    " '00-00-00-00-00-00-00-00'");
    told = dry_run(s, A, xml);
    told_expect(s, &told, "detail",
                "2 devices in 3600 s exceed the level of 1 of all Users"
                " together");
}

static void csps_tell_how_busy_they_are(void **state) {
    struct screens *s = *state;
    struct told told = look(s, AUDITOR, "/csps");
    told_expect(s, &told, "items.0.csp", "north");
    told_expect(s, &told, "items.0.up", "true");
    told_expect(s, &told, "items.0.regions.1", "4G North");
    told_expect(s, &told, "items.1.csp", "south-and-central");
    update(s, USER_A, PPMID(PLAIN));
    gateway_tell(s->gateway,
                 "select make_some_jobs('north', 10, now(), '2000-01-01', 1);"
                 "update csp_job set leased_until = '2000-01-02';"
                 "select job_again(1, now() + interval '1 hour', 'busy',"
                 " '2000-01-02')");
    gateway_tell(s->gateway,
                 "insert into csp_job (request_no, csp, device_type, devices,"
                 " created, state, next_try, ended) values (1, 'north',"
                 " 'PPMID', 700, now(), 'handed_over', now(), now())");
    told = look(s, DESK, "/csps");
    told_expect(s, &told, "items.0.up", "false");
    told_expect(s, &told, "items.0.lastError", "busy");
    told_expect(s, &told, "items.0.jobs.waiting", "1");
    told_expect(s, &told, "items.0.jobs.handedOver", "1");
    told_expect(s, &told, "items.0.devices.waiting", "1");
    told_expect(s, &told, "items.0.devices.underWay", "0");
    told_expect(s, &told, "items.0.throughput.23.devices", "700");
    told_expect(s, &told, "items.0.jobs.silent", "0");
    gateway_tell(s->gateway, "update csp_job set silent = now()"
                             " where state = 'handed_over'");
    told = look(s, DESK, "/csps");
    told_expect(s, &told, "items.0.jobs.silent", "1");
    told_expect(s, &told, "items.0.throughput.24", "");
    told_expect(s, &told, "items.1.up", "true");
}

static void undelivered_messages_are_their_user_s(void **state) {
    struct screens *s = *state;
    gateway_tell(s->gateway, "update tracking_setting set n59_collect = '0'");
    update(s, USER_A, PPMID(DUAL));
    screens_event(s, "csp_accepted", PPMID(DUAL));
    screens_event(s, "hub_delivered", PPMID(DUAL));
    struct told told = look(s, DESK, "/undelivered");
    told_expect(s, &told, "items", "[]");
    gateway_tell(s->gateway, "update alert set tries = 3, last_error ="
                             " 'connection refused', next_try = now(),"
                             " state = case code when"
                             " 'N59' then 'given_up'::alert_state else"
                             " 'waiting' end");
    told = look(s, DESK, "/undelivered");
    told_expect(s, &told, "items.0.code", "N59");
    told_expect(s, &told, "items.0.devices", "1");
    told_expect(s, &told, "items.0.nextTry", "null");
    told_expect(s, &told, "items.1.code", "N61");
    told_expect(s, &told, "items.1.lastError", "connection refused");
    /* the ResponseIDs that they are sent with */
    static const char own[] =
        "select request_id_text('90-B3-D5-1F-30-00-00-02', user_id, alert_no)"
        " from alert where code = 'N61'";
    told_expect(s, &told, "items.1.responseId", gateway_ask(s->gateway, own));
    gateway_tell(
        s->gateway,
        "update alert set code = 'ServiceResponse' where code = 'N61'");
    told = look(s, DESK, "/undelivered");
    told_expect(s, &told, "items.1.responseId",
                gateway_ask(s->gateway,
                            "select request_id_text(target, originator,"
                            " counter) from service_request"));
    gateway_tell(
        s->gateway,
        "update alert set code = 'N61' where code = 'ServiceResponse'");
    told = look(s, A, "/undelivered");
    told_expect(s, &told, "items.0.code", "N61");
    told_expect(s, &told, "items.1.code", "");
    told = look(s, B, "/undelivered?state=given_up");
    told_expect(s, &told, "items.0.code", "N59");
    told = look(s, B, "/undelivered?state=waiting");
    told_expect(s, &told, "items", "[]");
    told = look(s, DESK, "/undelivered?limit=1");
    told = look(s, DESK,
                arena_printf(s->arena, "/undelivered?limit=1&after=%s",
                             told_at(s, &told, "next")));
    told_expect(s, &told, "items.0.code", "N61");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_dry_run_says_what_the_request_would_be_told),
        TEST(image_and_signature_are_judged_as_well),
        TEST(a_dry_run_says_why_it_would_be_e1),
        TEST(what_its_version_lacks_has_no_signature),
        TEST(other_requests_are_tried_up_to_their_signature),
        TEST(rsat_004_counts_activations_by_day_and_type),
        TEST(csps_tell_how_busy_they_are),
        TEST(a_dry_run_tells_that_it_would_be_held),
        TEST(undelivered_messages_are_their_user_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
