/* Forecasts on the page of a request, in the list of requests and in a dry
 * run. */
#include "support/check.h"
#include "support/people.h"

#include "support/files.h"

static int setup(void **state) {
    test_clock_set(0);
    *state = screens_start();
    return 0;
}

static int teardown(void **state) {
    screens_free(*state);
    return 0;
}

/* All PPMIDs of CSP north: half within an hour, nine of ten within four. */
static void known(struct screens *s) {
    gateway_tell(s->gateway,
                 "insert into duration_known select distinct csp, 'PPMID'"
                 "::device_type, 'total'::update_span, '', -1, 1000,"
                 " interval '1 day', array[47, 63, 90],"
                 " array[500, 400, 100]::double precision[] from"
                 " tracking_live");
}

static void make(struct screens *s) {
    gateway_tell(s->gateway,
                 "select watch_forecasts(now()), make_forecasts(100, now())");
}

static const char *path_of(struct screens *s, const char *id) {
    return arena_printf(s->arena, "/requests/%s", id);
}

static void the_page_of_a_request_shows_it(void **state) {
    struct screens *s = *state;
    const eui64 device = PPMID(DUAL);
    const char *id = screens_update(s, USER_A, &device, 1, "I99");
    struct told told = look(s, A, path_of(s, id));
    told_expect(s, &told, "forecast", "null");
    known(s);
    make(s);
    told = look(s, A, path_of(s, id));
    told_expect(s, &told, "forecast.devices", "1");
    told_expect(s, &told, "forecast.done", "0");
    told_expect(s, &told, "forecast.why", "null");
    told_expect(s, &told, "forecast.history", "1000");
    told_expect(s, &told, "forecast.parts.0.deviceType", "PPMID");
    assert_true(strcmp(told_at(s, &told, "forecast.p50"),
                       told_at(s, &told, "forecast.p90")) < 0);
    const char *p90 = told_at(s, &told, "forecast.parts.0.p90");
    told_expect(s, &told, "forecast.p90", p90);
    told = look(s, A, "/requests?progress=yes");
    told_expect(s, &told, "items.0.progress.p90", p90);
}

static void nothing_is_drawn_of_too_little(void **state) {
    struct screens *s = *state;
    const eui64 device = PPMID(DUAL);
    const char *id = screens_update(s, USER_A, &device, 1, "I99");
    make(s);
    struct told told = look(s, DESK, path_of(s, id));
    told_expect(s, &told, "forecast.why", "history");
    told_expect(s, &told, "forecast.p90", "null");
    assert_non_null(
        strstr(told_at(s, &told, "forecast.words"), "too little history"));
}

/* A supplier's is of its own requests. */
static void how_often_it_held_is_beside_it(void **state) {
    struct screens *s = *state;
    const eui64 device = PPMID(DUAL), other = PPMID(PLAIN);
    const char *id = screens_update(s, USER_A, &device, 1, "I99");
    screens_update(s, USER_A, &other, 1, "I99");
    known(s);
    make(s);
    gateway_tell(s->gateway,
                 "update forecast set scored = now(), due = null, counted = 1,"
                 " by_p50 = 0, by_p90 = 1 where csp is not null");
    struct told told = look(s, A, path_of(s, id));
    told_expect(s, &told, "forecast.score.0.forecasts", "2");
    told_expect(s, &told, "forecast.score.0.held", "2");
    told_expect(s, &told, "forecast.score.0.devices", "2");
    told_expect(s, &told, "forecast.score.0.byP90", "2");
    told_expect(s, &told, "forecast.score.0.byP50", "0");
    gateway_tell(s->gateway, "update service_request set originator ="
                             " '90b3d51f30990000' where request_no = (select"
                             " max(request_no) from service_request)");
    told = look(s, A, path_of(s, id));
    told_expect(s, &told, "forecast.score.0.forecasts", "1");
    told = look(s, DESK, path_of(s, id));
    told_expect(s, &told, "forecast.score.0.forecasts", "2");
}

static struct told dry_run(struct screens *s, const eui64 *devices,
                           size_t count) {
    struct buffer image = {0}, text = {0};
    estate_image(span_text(FOR_ALL), false, &image);
    struct test_request request = {
        .body = DUIS_UPDATE_PPMID_FIRMWARE,
        .request_id = gateway_request_id(s->gateway, SUPPLIER_A),
        .image = buffer_span(&image),
        .device_ids = devices,
        .device_id_count = count};
    test_request_build(&request, &text);
    struct told told =
        ask(s, &(struct ask){.method = "POST",
                             .path = "/dry-runs",
                             .who = A,
                             .type = "application/xml",
                             .body = arena_text(s->arena, buffer_span(&text)),
                             .body_len = text.len});
    buffer_free(&image);
    buffer_free(&text);
    return told;
}

/* Of the devices that would be accepted, with the plan that it would have. */
static void a_dry_run_tells_it(void **state) {
    struct screens *s = *state;
    const eui64 before = PPMID(PLAIN);
    const eui64 devices[] = {PPMID(DUAL), PPMID(PLAIN), PPMID(PLAIN_TOO),
                             PPMID(PENDING)};
    screens_update(s, USER_A, &before, 1, "I99");
    known(s);
    struct told told = dry_run(s, devices, 4);
    told_expect(s, &told, "accepted", "2");
    told_expect(s, &told, "forecast.devices", "2");
    told_expect(s, &told, "forecast.parts.0.history", "1000");
    const char *at_once = told_at(s, &told, "forecast.p90");
    assert_true(*at_once == '2');
    gateway_tell(s->gateway,
                 "insert into plan (terms, said, person, made) values"
                 " (parse_plan('first 1, wait 2d'), 'first 1, wait 2d', 'p',"
                 " now())");
    told = dry_run(s, devices, 4);
    told_expect(s, &told, "plan.plan", "first 1, wait 2d");
    assert_true(strcmp(told_at(s, &told, "forecast.p90"), at_once) > 0);
    told = dry_run(s, &devices[1], 1);
    told_expect(s, &told, "forecast", "null");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_page_of_a_request_shows_it),
        TEST(nothing_is_drawn_of_too_little),
        TEST(how_often_it_held_is_beside_it),
        TEST(a_dry_run_tells_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
