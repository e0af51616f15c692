/*
 * The people listener against those who are not who they say, or may not do
 * what they ask (requirements G4 and I5): every route of
 * src/people/routes.def, sessions, cookies, CSRF, guessing, paths and bodies.
 */
#include "hostile/ledger.h"
#include "support/people.h"

static struct screens *s;
static struct ledger ledger;
static const char *request_a;

#define NOT_SIGNED_IN "sat_entry"
#define SIGNED_IN "sat_entry,session,sign_in_failure,sign_in_try"

/* A request of A that is being carried out; B has nothing to do with it. */
static int set_up(void **state) {
    (void)state;
    s = screens_start();
    const eui64 device = PPMID(PLAIN);
    request_a = gateway_request_id(s->gateway, SUPPLIER_A);
    struct answer answer =
        gateway_send(s->gateway, USER_A,
                     &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                            .request_id = request_a,
                                            .device_ids = &device,
                                            .device_id_count = 1});
    assert_string_equal(answer_says(s->gateway, &answer), "I99");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    screens_free(s);
    return 0;
}

static void begin(const char *but) {
    ledger_open(&ledger, s->gateway->conninfo, but);
}

/* After each case the auditor can still look. */
static void expect(const char *name, const struct ask *call,
                   unsigned expected) {
    bool whole = strncmp(call->path, "/api", 4) == 0 ||
                 strncmp(call->path, "/ssi", 4) == 0 ||
                 strncmp(call->path, "/etc", 4) == 0 ||
                 strncmp(call->path, "/API", 4) == 0;
    struct ask raw = *call;
    raw.raw = true;
    raw.path =
        whole ? call->path : arena_printf(s->arena, "/api/v1%s", call->path);
    struct told told = ask(s, &raw);
    if (told.http != expected)
        fail_msg("%s: %s %s: %u, not %u: %s", name, call->method, call->path,
                 told.http, expected, told.text);
    assert_int_equal(look(s, AUDITOR, "/requests").http, 200);
    ledger_check(&ledger, name);
}

/* The path with A's device, A's request and A's account in it. */
static const char *of_a(const char *path) {
    char id[EUI64_TEXT_SIZE];
    const struct {
        const char *mark, *value;
    } marks[] = {{"{deviceId}", eui64_format(PPMID(PLAIN), id)},
                 {"{requestId}", request_a},
                 {"{name}", "anne"},
                 {"{holdId}", "1"},
                 {"{orderId}", "1"}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        const char *at = strstr(path, marks[i].mark);
        if (at)
            return arena_printf(s->arena, "%.*s%s%s", (int)(at - path), path,
                                marks[i].value, at + strlen(marks[i].mark));
    }
    return path;
}

static bool is_safe(const struct people_route *route) {
    return strcmp(route->method, "GET") == 0;
}

/* What would be done if it were allowed. */
static struct ask call_of(const struct people_route *route) {
    static const struct {
        const char *operation, *body;
    } bodies[] = {
        {"signIn", "{\"name\":\"anne\",\"password\":\"x\"}"},
        {"changePassword",
         "{\"current\":\"" PASSWORD "\",\"password\":\"another password\"}"},
        {"resetDevice", "{\"reason\":\"x\"}"},
        {"retryUndelivered", "{}"},
        {"replayMessages", "{\"userId\":\"90-B3-D5-1F-30-01-00-00\","
                           "\"number\":1,\"reason\":\"x\"}"},
        {"setGuard", "{\"mode\":\"refuse\",\"reason\":\"x\"}"},
        {"setAlarmRule", "{\"on\":false,\"reason\":\"x\"}"},
        {"setPlan", "{\"plan\":\"first 1\",\"reason\":\"x\"}"},
        {"steer", "{\"verb\":\"stop\",\"reason\":\"x\","
                  "\"user\":\"90-B3-D5-1F-30-01-00-00\"}"},
        {"approveOrder", "{\"reason\":\"x\"}"},
        {"refuseOrder", "{\"reason\":\"x\"}"},
        {"releaseRequest", "{\"reason\":\"x\"}"},
        {"rejectRequest", "{\"reason\":\"x\"}"},
        {"dryRun", "<x/>"},
        {"addAccount", "{\"name\":\"eve\",\"role\":\"administrator\"}"},
        {"changeAccount", "{\"role\":\"administrator\",\"active\":true}"},
        {"setPassword", "{\"password\":\"another password\"}"},
        {"changeNotices", "{\"address\":\"eve@example.org\",\"wishes\":[]}"},
        {NULL, NULL},
    };
    size_t i = 0;
    while (bodies[i].operation &&
           strcmp(bodies[i].operation, route->operation) != 0)
        i++;
    bool xml = strcmp(route->operation, "dryRun") == 0;
    return (struct ask){.method = route->method,
                        .path = of_a(route->path + strlen("/api/v1")),
                        .body = bodies[i].body,
                        .type = xml ? "application/xml" : NULL};
}

/* ---- who are they? ---- */

static const struct {
    const char *name, *cookie, *header;
} NOBODIES[] = {
    {"nobody", NULL, NULL},
    {"a token that there is not", NULL, "Authorization: Bearer nonsense"},
    {"a token cut short", NULL, "Authorization: Bearer token-of-roo"},
    {"a session that there is not", "fotad_session=nonsense", NULL},
    {"the word of a proxy", NULL, "X-Remote-User: root"},
};

static void nobody_calls_any_route(void **state) {
    (void)state;
    begin(NOT_SIGNED_IN);
    for (const struct people_route *route = people_routes; route->method;
         route++)
        for (size_t i = 0; i < sizeof NOBODIES / sizeof *NOBODIES; i++) {
            struct ask call = call_of(route);
            call.cookie = NOBODIES[i].cookie;
            call.headers[0] = NOBODIES[i].header;
            if (route->roles)
                expect(NOBODIES[i].name, &call, 401);
        }
    ledger_close(&ledger);
}

/* Another supplier: what is A's does not exist for B. The auditor changes
 * nothing, the administrator reads nothing of Users. */
static void every_route_keeps_to_its_owner(void **state) {
    (void)state;
    static const struct {
        enum who who;
        unsigned role;
    } callers[] = {{B, ACCOUNT_SUPPLIER},
                   {AUDITOR, ACCOUNT_AUDITOR},
                   {ADMINISTRATOR, ACCOUNT_ADMINISTRATOR},
                   {A, ACCOUNT_SUPPLIER},
                   {DESK, ACCOUNT_SERVICE_DESK}};
    begin(NOT_SIGNED_IN);
    for (const struct people_route *route = people_routes; route->method;
         route++)
        for (size_t i = 0; i < sizeof callers / sizeof *callers; i++) {
            struct ask call = call_of(route);
            call.who = callers[i].who;
            const char *name = who_name(callers[i].who);
            if (!route->roles)
                continue;
            if (!(route->roles & callers[i].role))
                expect(name, &call, 403);
            else if (call.who == B && strchr(route->path, '{'))
                expect(name, &call, 404);
        }
    ledger_close(&ledger);
}

/* ---- CSRF ---- */

/* Who may call the route, so that only the token is wrong. */
static struct signed_in caller_of(const struct people_route *route) {
    static const enum who order[] = {DESK, ADMINISTRATOR, A};
    static const unsigned roles[] = {ACCOUNT_SERVICE_DESK,
                                     ACCOUNT_ADMINISTRATOR, ACCOUNT_SUPPLIER};
    size_t i = 0;
    while (!(route->roles & roles[i]))
        i++;
    return sign_in(s, who_name(order[i]), PASSWORD);
}

static void a_cookie_alone_changes_nothing(void **state) {
    (void)state;
    struct signed_in other = sign_in(s, "dora", PASSWORD);
    for (const struct people_route *route = people_routes; route->method;
         route++) {
        if (is_safe(route) || !route->roles)
            continue;
        struct signed_in own = caller_of(route);
        const struct {
            const char *name, *csrf, *header;
        } cases[] = {
            {"no token", NULL, NULL},
            {"another session's token", other.csrf, NULL},
            {"the token without its end",
             arena_printf(s->arena, "%.10s", own.csrf), NULL},
            {"the cookie for a token", own.cookie, NULL},
            {"our own origin", NULL, "Origin: http://127.0.0.1"},
            {"a call by script", NULL, "X-Requested-With: XMLHttpRequest"},
        };
        begin(SIGNED_IN);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct ask call = call_of(route);
            call.cookie = own.cookie;
            call.csrf = cases[i].csrf;
            call.headers[0] = cases[i].header;
            expect(cases[i].name, &call, 403);
        }
        ledger_close(&ledger);
    }
}

/* What a browser's form can send is not taken for JSON. */
static void a_form_is_no_call(void **state) {
    (void)state;
    static const char *const types[] = {
        "text/plain", "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x", "text/plain; application/json",
        "application/jsonx"};
    begin(NOT_SIGNED_IN);
    for (const struct people_route *route = people_routes; route->method;
         route++) {
        struct ask call = call_of(route);
        if (!call.body)
            continue;
        for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
            call.type = types[i];
            call.who = ADMINISTRATOR;
            expect(types[i], &call, 415);
        }
    }
    ledger_close(&ledger);
}

/* ---- cookies and sessions ---- */

static void malformed_cookies_are_nobody(void **state) {
    (void)state;
    struct signed_in dora = sign_in(s, "dora", PASSWORD);
    const char *token = strchr(dora.cookie, '=') + 1;
    const char *const cookies[] = {
        "",
        "=",
        ";",
        ";;;;",
        "fotad_session",
        "fotad_session=",
        "fotad_session=;",
        "fotad_session==",
        "fotad_session=\"\"",
        "fotad_session=%00",
        "fotad_session=0",
        "fotad_session=null",
        "fotad_session=' or 1=1 --",
        "fotad_session=../../etc/passwd",
        "FOTAD_SESSION=x",
        "fotad_session=\xff\xfe",
        arena_printf(s->arena, "fotad_sessio=%s", token),
        arena_printf(s->arena, "fotad_session_=%s", token),
        arena_printf(s->arena, "x%s", dora.cookie),
        arena_printf(s->arena, "%sx", dora.cookie),
        arena_printf(s->arena, "fotad_session=%.*s", (int)strlen(token) - 1,
                     token),
        arena_printf(s->arena, "fotad_session=x; %s", dora.cookie),
        arena_printf(s->arena, "fotad_session=x%s", token),
        arena_printf(s->arena, "$Version=1; $fotad_session=%s", token),
        arena_printf(s->arena, "fotad_session:%s", token),
    };
    begin(SIGNED_IN);
    for (size_t i = 0; i < sizeof cookies / sizeof *cookies; i++)
        expect(
            cookies[i],
            &(struct ask){.method = "GET", .path = "/me", .cookie = cookies[i]},
            401);
    ledger_close(&ledger);
}

/* A cookie that somebody planted before the sign-in is worth nothing after
 * it. */
static void a_session_cannot_be_fixed(void **state) {
    (void)state;
    static const char *const planted[] = {
        "fotad_session=0000000000000000000000000000000000000000000000000000",
        "fotad_session=x", "fotad_session=; fotad_session=y"};
    for (size_t i = 0; i < sizeof planted / sizeof *planted; i++) {
        struct told told = ask(
            s,
            &(struct ask){.method = "POST",
                          .path = "/sign-in",
                          .cookie = planted[i],
                          .body = "{\"name\":\"dora\",\"password\":\"" PASSWORD
                                  "\"}"});
        assert_int_equal(told.http, 200);
        const char *cookie = told_header(s, &told, "Set-Cookie");
        assert_null(strstr(cookie, planted[i]));
        assert_non_null(strstr(cookie, "HttpOnly"));
        assert_non_null(strstr(cookie, "SameSite=Strict"));
        begin(SIGNED_IN);
        expect(
            planted[i],
            &(struct ask){.method = "GET", .path = "/me", .cookie = planted[i]},
            401);
        ledger_close(&ledger);
    }
}

/* ---- guessing ---- */

static void guessing_ends_after_five(void **state) {
    (void)state;
    begin(SIGNED_IN);
    for (int i = 0; i < 20; i++) {
        struct ask call = {
            .method = "POST",
            .path = "/sign-in",
            .body = arena_printf(
                s->arena, "{\"name\":\"dora\",\"password\":\"guess %d\"}", i),
            .headers = {
                arena_printf(s->arena, "X-Forwarded-For: 192.0.2.%d", i),
                arena_printf(s->arena, "X-Real-IP: 192.0.2.%d", i)}};
        expect("a guess", &call, i < 5 ? 401 : 429);
    }
    expect("the right one, too late",
           &(struct ask){.method = "POST",
                         .path = "/sign-in",
                         .body = "{\"name\":\"dora\",\"password\":\"" PASSWORD
                                 "\"}"},
           429);
    ledger_close(&ledger);
    sign_in(s, "otto", PASSWORD);
}

static void what_is_no_sign_in(void **state) {
    (void)state;
    static const struct {
        const char *body;
        unsigned status;
    } cases[] = {
        {"{}", 400},
        {"[]", 400},
        {"null", 400},
        {"x", 400},
        {"{\"name\":\"dora\"}", 400},
        {"{\"name\":null,\"password\":null}", 400},
        {"{\"name\":[\"dora\"],\"password\":\"" PASSWORD "\"}", 400},
        {"{\"name\":{\"$ne\":1},\"password\":{\"$ne\":1}}", 400},
        {"{\"name\":\"dora\",\"password\":true}", 400},
        {"{\"name\":\"\",\"password\":\"\"}", 400},
        {"{\"name\":\"dora\",\"password\":\"" PASSWORD "\",\"role\":\"x\"}",
         400},
        {"{\"name\":\"otto\",\"name\":\"dora\",\"password\":\"" PASSWORD "\"}",
         400},
        {"{\"name\":\"dora\\u0000\",\"password\":\"" PASSWORD "\"}", 400},
        {"{\"name\":\"dora\",\"password\":\"" PASSWORD "\\u0000x\"}", 400},
        {"{\"name\":\"dora\",\"password\":\"" PASSWORD "\"} x", 400},
        {"{\"name\":\"dora\xff\",\"password\":\"" PASSWORD "\"}", 400},
        {"{\"name\":\"Dora\",\"password\":\"" PASSWORD "\"}", 401},
        {"{\"name\":\"dora \",\"password\":\"" PASSWORD "\"}", 401},
        {"{\"name\":\"dora' --\",\"password\":\"" PASSWORD "\"}", 401},
        {"{\"name\":\"d%\",\"password\":\"" PASSWORD "\"}", 401},
        {"{\"name\":\"dora\",\"password\":\"" PASSWORD " \"}", 401},
    };
    begin(SIGNED_IN);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(cases[i].body,
               &(struct ask){
                   .method = "POST", .path = "/sign-in", .body = cases[i].body},
               cases[i].status);
    ledger_close(&ledger);
}

/* ---- paths and bodies ---- */

static const struct {
    const char *method, *path;
    unsigned status;
} PATHS[] = {
    {"GET", "/ssi/../../etc/passwd", 404},
    {"GET", "/ssi/..%2f..%2fetc%2fpasswd", 404},
    {"GET", "/ssi/%2e%2e/%2e%2e/etc/passwd", 404},
    {"GET", "/ssi/..\\..\\etc\\passwd", 404},
    {"GET", "/ssi/....//etc/passwd", 404},
    {"GET", "/ssi//etc/passwd", 404},
    {"GET", "/ssi/%00", 404},
    {"GET", "/ssi/app.js%00.html", 404},
    {"GET", "/ssi/%c0%ae%c0%ae/app.js", 404},
    {"GET", "/ssi/%zz", 404},
    {"GET", "/etc/passwd", 404},
    {"GET", "/api/v1/../v1/me", 404},
    {"GET", "/api//v1/me", 404},
    {"GET", "/api/v1/me/", 404},
    {"GET", "/api/v1/%6de", 404},
    {"GET", "/API/V1/ME", 404},
    {"GET", "/api/v1/me;x=y", 404},
    {"GET", "/api/v1/devices/../me", 404},
    {"GET", "/api/v1/devices/%2e%2e/firmware-status", 404},
    {"GET", "/api/v1/devices//firmware-status", 404},
    {"GET", "/api/v1/devices/x%2fy/firmware-status", 404},
    {"GET", "/api/v1/devices/'--/firmware-status", 400},
    {"GET", "/api/v1/devices/%27%20or%201%3d1/firmware-status", 400},
    {"GET", "/api/v1/requests/%27;drop%20table%20alert", 400},
    {"GET", "/api/v1/requests?limit=-1", 400},
    {"GET", "/api/v1/requests?limit=99999999999999999999", 400},
    {"GET", "/api/v1/requests?limit=1e9", 400},
    {"GET", "/api/v1/requests?from=0000-00-00", 400},
    {"GET", "/api/v1/requests?search=%ff%fe", 400},
    {"GET", "/api/v1/requests?after=%27", 400},
    {"DELETE", "/api/v1/me", 405},
    {"PUT", "/api/v1/requests", 405},
    {"TRACE", "/api/v1/me", 405},
    {"OPTIONS", "/api/v1/me", 405},
    {"POST", "/ssi/app.js", 405},
};

static void odd_paths_lead_nowhere(void **state) {
    (void)state;
    begin(NOT_SIGNED_IN);
    for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++)
        expect("a path",
               &(struct ask){.method = PATHS[i].method,
                             .path = PATHS[i].path,
                             .who = DESK},
               PATHS[i].status);
    ledger_close(&ledger);
}

static void odd_bodies_reset_nothing(void **state) {
    (void)state;
    char id[EUI64_TEXT_SIZE];
    struct buffer deep = {0}, large = {0};
    for (int i = 0; i < 5000; i++)
        buffer_text(&deep, "[");
    buffer_text(&deep, "");
    buffer_add(&deep, span_of("", 1));
    buffer_text(&large, "{\"reason\":\"");
    memset(buffer_room(&large, 20000), 'x', 20000);
    large.len += 20000;
    buffer_add(&large, span_of("\"}", 3));
    const struct {
        const char *body;
        unsigned status;
    } cases[] = {
        {"", 400},
        {"{}", 400},
        {"[]", 400},
        {"\"x\"", 400},
        {"{\"reason\":1}", 400},
        {"{\"reason\":null}", 400},
        {"{\"reason\":[\"x\"]}", 400},
        {"{\"reason\":\"x\",\"reason\":\"y\"}", 400},
        {"{\"reason\":\"x\",\"__proto__\":{}}", 400},
        {"{\"Reason\":\"x\"}", 400},
        {"{\"reason\":\"\\u0000\"}", 400},
        {"{\"reason\":\"\\ud800\"}", 400},
        {"{\"reason\":\"\xff\"}", 400},
        {"{\"reason\":\"x\"}}", 400},
        {"{\"reason\":\"x\"", 400},
        {"\xef\xbb\xbf{\"reason\":\"x\"}", 400},
        {(const char *)deep.data, 400},
        {(const char *)large.data, 413},
    };
    begin(NOT_SIGNED_IN);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(
            "a body",
            &(struct ask){.method = "POST",
                          .path = arena_printf(s->arena, "/devices/%s/reset",
                                               eui64_format(PPMID(PLAIN), id)),
                          .body = cases[i].body,
                          .who = DESK},
            cases[i].status);
    ledger_close(&ledger);
    buffer_free(&deep);
    buffer_free(&large);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nobody_calls_any_route),
        TEST(every_route_keeps_to_its_owner),
        TEST(a_cookie_alone_changes_nothing),
        TEST(a_form_is_no_call),
        TEST(malformed_cookies_are_nobody),
        TEST(a_session_cannot_be_fixed),
        TEST(guessing_ends_after_five),
        TEST(what_is_no_sign_in),
        TEST(odd_paths_lead_nowhere),
        TEST(odd_bodies_reset_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
