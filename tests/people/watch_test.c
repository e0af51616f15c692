/* Live counts as server-sent events: at once, with every change, once a second
 * for all who watch; and they end with the listener. */
#include "support/check.h"
#include "support/people.h"

#include "http/wire.h"

static struct screens *s;
static const char *id;

static int setup(void **state) {
    (void)state;
    s = screens_start();
    eui64 device = PPMID(PLAIN);
    id = gateway_request_id(s->gateway, SUPPLIER_A);
    gateway_send(s->gateway, USER_A,
                 &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                        .request_id = id,
                                        .device_ids = &device,
                                        .device_id_count = 1});
    return 0;
}

static int teardown(void **state) {
    (void)state;
    screens_free(s);
    return 0;
}

static int watch(const char *more) {
    int handle = wire_connect(people_port(s->people));
    const char *text =
        arena_printf(s->arena,
                     "GET /api/v1/requests/%s/events HTTP/1.1\r\nHost: x\r\n%s"
                     "Authorization: Bearer token-of-anne\r\n\r\n",
                     id, more);
    assert_true(wire_text(handle, text));
    return handle;
}

/* The next line that begins with `name`; what follows it. */
static const char *next(int handle, const char *name) {
    char line[4096];
    while (wire_line(handle, line, sizeof line))
        if (strncmp(line, name, strlen(name)) == 0)
            return arena_text(s->arena, span_text(line + strlen(name)));
    fail_msg("no line with %s", name);
    return NULL;
}

static bool is_quiet(int handle, int milliseconds) {
    struct pollfd wait = {.fd = handle, .events = POLLIN};
    return poll(&wait, 1, milliseconds) == 0;
}

static void check_event(const char *data, const char *status) {
    json_t *event = json_loads(data, 0, NULL);
    assert_non_null(event);
    const json_t *schema = json_object_get(
        json_object_get(json_object_get(s->openapi, "components"), "schemas"),
        "Progress");
    const char *fault = openapi_fault(s->arena, s->openapi, schema, event);
    if (fault)
        fail_msg("%s in %s", fault, data);
    const json_t *statuses = json_object_get(event, "statuses");
    if (!json_object_get(statuses, status))
        fail_msg("no %s in %s", status, data);
    json_decref(event);
}

static void events_come_at_once_and_with_every_change(void **state) {
    (void)state;
    int handle = watch("");
    assert_string_equal(next(handle, "Content-Type: "), "text/event-stream");
    assert_string_equal(next(handle, "event: "), "progress");
    const char *first = next(handle, "id: ");
    check_event(next(handle, "data: "), "AWAITING_CSP");
    while (!is_quiet(handle, 300))
        wire_octet(handle);
    assert_true(is_quiet(handle, 1500));
    screens_event(s, "csp_accepted", PPMID(PLAIN));
    assert_string_not_equal(next(handle, "id: "), first);
    check_event(next(handle, "data: "), "APPROVED_FOR_DISTRIBUTION");
    close(handle);
}

static void who_comes_back_hears_only_what_is_new(void **state) {
    (void)state;
    int handle = watch("");
    const char *seen = next(handle, "id: ");
    close(handle);
    handle = watch(arena_printf(s->arena, "Last-Event-ID: %s\r\n", seen));
    next(handle, "retry: ");
    while (!is_quiet(handle, 300))
        wire_octet(handle);
    assert_true(is_quiet(handle, 1500));
    screens_event(s, "hub_delivered", PPMID(PLAIN));
    check_event(next(handle, "data: "), "SUCCESSFUL_CH_TRANSFER");
    close(handle);
    handle = watch(arena_printf(s->arena, "Last-Event-ID: %s\r\n", seen));
    assert_string_not_equal(next(handle, "id: "), seen);
    close(handle);
}

/* Who looks at a picture that stands still is told so. */
static void a_database_that_is_away_is_said(void **state) {
    (void)state;
    int handle = watch("");
    next(handle, "data: ");
    gateway_tell(s->gateway, "alter function request_progress(service_request,"
                             " timestamptz) rename to request_progress_away");
    assert_string_equal(next(handle, "event: "), "unavailable");
    gateway_tell(s->gateway,
                 "alter function request_progress_away(service_request,"
                 " timestamptz) rename to request_progress");
    assert_string_equal(next(handle, "event: "), "progress");
    close(handle);
}

/* pg_stat_statements is not there everywhere; a function that counts its calls
 * is. */
static int counts(void) {
    return atoi(gateway_ask(s->gateway,
                            "select coalesce((select calls from"
                            " pg_stat_user_functions where funcname ="
                            " 'request_tally'), 0)"));
}

static void many_viewers_are_one_count_a_second(void **state) {
    (void)state;
    enum { VIEWERS = 40 };
    int handles[VIEWERS];
    gateway_tell(s->gateway,
                 "do $$ begin execute 'alter database ' || current_database()"
                 " || ' set track_functions = ''all'''; end $$");
    screens_close(s);
    screens_open(s); /* new connections */
    instant start = clock_elapsed();
    for (int i = 0; i < VIEWERS; i++)
        handles[i] = watch("");
    for (int i = 0; i < VIEWERS; i++)
        next(handles[i], "data: ");
    usleep(3000 * 1000);
    for (int i = 0; i < VIEWERS; i++)
        close(handles[i]);
    instant seconds = (clock_elapsed() - start) / SECOND + 2;
    screens_close(s); /* what it counted is told at its end */
    int counted = counts();
    screens_open(s);
    if (counted < 2 || counted > seconds + 1)
        fail_msg("%d counts in %d s", counted, (int)seconds);
}

/* Within a second or so; "still here" would come later. */
static void expect_end(int handle, const char *why) {
    instant begun = clock_elapsed();
    while (clock_elapsed() - begun < 4 * SECOND && wire_octet(handle) >= 0)
        ;
    if (clock_elapsed() - begun >= 4 * SECOND)
        fail_msg("%s: it goes on", why);
    close(handle);
}

static int watch_as(const char *credential) {
    int handle = wire_connect(people_port(s->people));
    assert_true(wire_text(
        handle, arena_printf(s->arena,
                             "GET /api/v1/requests/%s/events HTTP/1.1\r\n"
                             "Host: x\r\nConnection: close\r\n%s\r\n\r\n",
                             id, credential)));
    next(handle, "data: ");
    return handle;
}

static int watch_by_session(struct signed_in *dora) {
    *dora = sign_in(s, "dora", PASSWORD);
    return watch_as(arena_printf(s->arena, "Cookie: %s", dora->cookie));
}

/* By sign-out, idleness, another password, another role, an ended token or
 * account: nobody hears more than they may. */
static void who_may_no_more_hears_no_more(void **state) {
    (void)state;
    struct signed_in dora;
    int handle = watch_by_session(&dora);
    ask(s, &(struct ask){.method = "POST",
                         .path = "/sign-out",
                         .cookie = dora.cookie,
                         .csrf = dora.csrf});
    expect_end(handle, "sign-out");
    static const char *const changes[] = {
        "update session set expires = now() - interval '1 s'",
        "update session set seen = now() - interval '31 min'",
        "select change_account('dora', 'auditor', null, true, 'x', now())"};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        handle = watch_by_session(&dora);
        gateway_tell(s->gateway, "%s", changes[i]);
        expect_end(handle, changes[i]);
    }
    static const char *const of_token[] = {
        "select change_account('dora', 'service_desk', null, true, 'x', now())",
        "select change_account('dora', 'service_desk', null, false, 'x',"
        " now())"};
    for (size_t i = 0; i < sizeof of_token / sizeof *of_token; i++) {
        handle = watch_as("Authorization: Bearer token-of-dora");
        gateway_tell(s->gateway, "%s", of_token[i]);
        expect_end(handle, of_token[i]);
    }
    handle = watch_as("Authorization: Bearer token-of-anne");
    gateway_tell(s->gateway, "update account set token = null"
                             " where name = 'anne'");
    expect_end(handle, "the token's end");
}

static void the_listener_s_end_ends_the_streams(void **state) {
    (void)state;
    int handle = watch("");
    next(handle, "data: ");
    screens_close(s);
    assert_true(wire_ended(handle));
    close(handle);
    screens_open(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_at_once_and_with_every_change),
        cmocka_unit_test(who_comes_back_hears_only_what_is_new),
        cmocka_unit_test(a_database_that_is_away_is_said),
        cmocka_unit_test(many_viewers_are_one_count_a_second),
        cmocka_unit_test(the_listener_s_end_ends_the_streams),
        cmocka_unit_test(who_may_no_more_hears_no_more),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
