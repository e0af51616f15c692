/* Who may call what (requirement G4): every route by every role, for what is
 * the caller's own, another's, and nobody's. */
#include "support/check.h"
#include "support/people.h"

#include <stdio.h>

static struct screens *s;
static const char *request_a, *request_b;

static const char *claim(enum user user, eui64 device) {
    struct gateway *g = s->gateway;
    const char *id = gateway_request_id(g, gateway_user_id(user));
    struct answer answer =
        gateway_send(g, user,
                     &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                            .request_id = id,
                                            .device_ids = &device,
                                            .device_id_count = 1});
    assert_string_equal(answer_says(g, &answer), "I99");
    return id;
}

static int setup(void **state) {
    (void)state;
    s = screens_start();
    request_a = claim(USER_A, PPMID(PLAIN));
    request_b = claim(USER_B, PPMID(OF_B));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    screens_free(s);
    return 0;
}

/* ---- the table ---- */

/* What stands for what in a path. */
static const char *filled(const char *path) {
    static const char *const marks[] = {"DEVICE_A",  "DEVICE_B",  "DEVICE_0",
                                        "REQUEST_A", "REQUEST_B", "REQUEST_0"};
    static char ids[3][EUI64_TEXT_SIZE];
    const char *values[] = {
        eui64_format(PPMID(PLAIN), ids[0]),
        eui64_format(PPMID(OF_B), ids[1]),
        eui64_format(NOWHERE, ids[2]),
        request_a,
        request_b,
        "90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:99999"};
    for (int i = 0; i < 6; i++) {
        const char *at = strstr(path, marks[i]);
        if (at)
            return arena_printf(s->arena, "%.*s%s%s", (int)(at - path), path,
                                values[i], at + strlen(marks[i]));
    }
    return path;
}

struct route_case {
    const char *operation, *method, *path, *body;
    unsigned expected[WHO]; /* nobody, A, B, desk, auditor, administrator */
};

#define REASON "{\"reason\":\"stuck\"}"
#define DRY "dry"

/* Who is answered alike, and with what; nobody and all others are refused. */
#define PEOPLE(all)                                                            \
    { 401, all, all, all, all, all }
#define READERS(all)                                                           \
    { 401, all, all, all, all, 403 }
#define DCC(all)                                                               \
    { 401, 403, 403, all, all, all }
#define AUDITORS(all)                                                          \
    { 401, 403, 403, all, all, 403 }
/* of nobody's but the DCC's people */
#define IF_OWN(all)                                                            \
    { 401, 404, 404, all, all, 403 }
#define DECIDERS(all)                                                          \
    { 401, 403, 403, all, 403, all }
#define DESK(alone)                                                            \
    { 401, 403, 403, alone, 403, 403 }
#define ADMINISTRATOR(alone)                                                   \
    { 401, 403, 403, 403, 403, alone }
#define ONLY_A_S                                                               \
    { 401, 200, 404, 200, 200, 403 }
#define ONLY_B_S                                                               \
    { 401, 404, 200, 200, 200, 403 }

static const struct route_case cases[] = {
    {"openapi", "GET", "/openapi.json", NULL, {200, 200, 200, 200, 200, 200}},
    {"signIn",
     "POST",
     "/sign-in",
     "{\"name\":\"x\",\"password\":\"y\"}",
     {401, 401, 401, 401, 401, 429}},
    {"whoAmI", "GET", "/me", NULL, PEOPLE(200)},
    {"changePassword", "PUT", "/me/password", "{}", PEOPLE(400)},
    {"showNotices", "GET", "/me/notices", NULL, READERS(200)},
    {"changeNotices", "PUT", "/me/notices",
     "{\"mail\":\"a@b\",\"wishes\":[\"quarantine\"]}", READERS(200)},
    {"changeNotices", "PUT", "/me/notices", "{\"mail\":\"a\",\"wishes\":[]}",
     READERS(400)},
    {"signOut", "POST", "/sign-out", NULL, PEOPLE(204)},

    {"deviceStatus", "GET", "/devices/DEVICE_A/firmware-status", NULL,
     ONLY_A_S},
    {"deviceStatus", "GET", "/devices/DEVICE_B/firmware-status", NULL,
     ONLY_B_S},
    {"deviceStatus", "GET", "/devices/DEVICE_0/firmware-status", NULL,
     READERS(404)},
    {"deviceStatus", "GET", "/devices/none/firmware-status", NULL,
     READERS(400)},

    {"deviceMessages", "GET", "/devices/DEVICE_A/messages", NULL, ONLY_A_S},
    {"deviceMessages", "GET", "/devices/DEVICE_0/messages", NULL, READERS(404)},
    {"deviceMessages", "GET", "/devices/none/messages", NULL, READERS(400)},

    {"resetDevice", "POST", "/devices/DEVICE_0/reset", REASON, DESK(404)},
    {"resetDevice", "POST", "/devices/none/reset", REASON, DESK(400)},
    {"resetDevice", "POST", "/devices/DEVICE_A/reset", "{}", DESK(400)},
    {"resetDevice", "POST", "/devices/DEVICE_A/reset", "{\"reason\":\"\"}",
     DESK(400)},
    {"resetDevice", "POST", "/devices/DEVICE_A/reset",
     "{\"reason\":\"x\",\"more\":1}", DESK(400)},

    {"listRequests", "GET", "/requests", NULL, READERS(200)},
    {"listRequests", "GET", "/requests?state=lost", NULL, READERS(400)},
    {"listRequests", "GET", "/requests?format=csv", NULL, READERS(200)},
    {"listRequests", "GET", "/requests?format=xls", NULL, READERS(400)},
    {"listRequests", "GET", "/requests?search=%ff", NULL, READERS(400)},
    {"listRequests", "GET", "/requests?from=yesterday", NULL, READERS(400)},
    {"listRequests", "GET", "/requests?limit=0", NULL, READERS(400)},
    {"listRequests", "GET", "/requests?limit=+1", NULL, READERS(400)},
    {"listRequests", "GET", "/requests?user=", NULL, READERS(400)},
    {"listRequests", "GET", "/requests?to=9999-12-31", NULL, READERS(400)},
    {"showRequest", "GET", "/requests/REQUEST_A", NULL, ONLY_A_S},
    {"showRequest", "GET", "/requests/REQUEST_B", NULL, ONLY_B_S},
    {"showRequest", "GET", "/requests/REQUEST_0", NULL, READERS(404)},
    {"showRequest", "GET", "/requests/none", NULL, READERS(400)},
    {"listRequestDevices", "GET", "/requests/REQUEST_A/devices", NULL,
     ONLY_A_S},
    {"listRequestDevices", "GET", "/requests/REQUEST_B/devices?format=csv",
     NULL, ONLY_B_S},
    {"listRequestDevices", "GET", "/requests/REQUEST_0/devices", NULL,
     READERS(404)},
    {"listRequestDevices",
     "GET",
     "/requests/REQUEST_A/devices?after=7",
     NULL,
     {401, 400, 404, 400, 400, 403}},
    {"watchRequest", "GET", "/requests/REQUEST_0/events", NULL, READERS(404)},

    {"dryRun", "POST", "/dry-runs", DRY, {401, 200, 403, 200, 403, 403}},
    {"reportRsat004", "GET", "/reports/rsat-004", NULL, READERS(200)},
    {"reportRsat004", "GET", "/reports/rsat-004?from=2026-02-01&to=2026-01-01",
     NULL, READERS(400)},
    {"reportVolumes", "GET", "/reports/volumes", NULL, READERS(200)},
    {"reportVolumes", "GET", "/reports/volumes?variant=11.5", NULL,
     READERS(400)},
    {"reportVolumes", "GET", "/reports/volumes?variant=", NULL, READERS(400)},
    {"reportVolumes", "GET", "/reports/volumes?from=2026-02-01&to=2026-01-01",
     NULL, READERS(400)},
    {"listQuarantine", "GET", "/quarantine", NULL, DCC(200)},
    {"listQuarantine", "GET", "/quarantine?state=lost", NULL, DCC(400)},
    {"listQuarantine", "GET", "/quarantine?format=csv", NULL, DCC(200)},
    {"releaseRequest", "POST", "/quarantine/99/release", REASON, DECIDERS(404)},
    {"releaseRequest", "POST", "/quarantine/none/release", REASON,
     DECIDERS(400)},
    {"releaseRequest", "POST", "/quarantine/099/release", REASON,
     DECIDERS(400)},
    {"releaseRequest", "POST", "/quarantine/99/release", "{\"reason\":\"\"}",
     DECIDERS(400)},
    {"rejectRequest", "POST", "/quarantine/99/reject", REASON, DECIDERS(404)},
    {"rejectRequest", "POST", "/quarantine/99/reject", "{}", DECIDERS(400)},
    {"setPlan",
     "PUT",
     "/requests/REQUEST_0/plan",
     "{\"plan\":\"first 1\",\"reason\":\"x\"}",
     {401, 404, 404, 404, 403, 403}},
    {"setPlan",
     "PUT",
     "/requests/REQUEST_A/plan",
     "{\"plan\":\"first none\",\"reason\":\"x\"}",
     {401, 400, 404, 400, 403, 403}},
    {"showGuard", "GET", "/guard", NULL, READERS(200)},
    {"reportOutcomes", "GET", "/reports/outcomes", NULL, READERS(200)},
    {"reportOutcomes", "GET", "/reports/outcomes?period=year", NULL,
     READERS(400)},
    {"reportOutcomes", "GET", "/reports/outcomes?version=1", NULL,
     READERS(400)},
    {"reportResults", "GET", "/reports/rsat-004/results", NULL, READERS(200)},
    {"reportNeighbours", "GET", "/reports/neighbours", NULL, READERS(200)},
    {"reportNeighbours", "GET", "/reports/neighbours?user=x", NULL,
     READERS(400)},
    {"setGuard",
     "PUT",
     "/guard/sent_again",
     "{\"mode\":\"off\",\"reason\":\"x\"}",
     {401, 403, 403, 200, 403, 403}},
    {"listSteering", "GET", "/steering", NULL, READERS(200)},
    {"listSteering", "GET", "/steering?state=lost", NULL, READERS(400)},
    {"listSteering", "GET", "/steering?format=csv", NULL, READERS(200)},
    {"steer",
     "POST",
     "/steering",
     "{\"verb\":\"hold\",\"reason\":\"x\"}",
     {401, 400, 400, 400, 403, 403}},
    {"steer",
     "POST",
     "/steering",
     "{\"verb\":\"release\",\"csp\":\"north\",\"reason\":\"x\"}",
     {401, 409, 409, 409, 403, 403}},
    {"steer",
     "POST",
     "/steering",
     "{\"verb\":\"reset\",\"requestId\":\"REQUEST_0\",\"reason\":\"x\"}",
     {401, 403, 403, 400, 403, 403}},
    {"approveOrder",
     "POST",
     "/steering/99/approve",
     REASON,
     {401, 404, 404, 404, 403, 403}},
    {"refuseOrder",
     "POST",
     "/steering/99/refuse",
     REASON,
     {401, 404, 404, 404, 403, 403}},
    {"refuseOrder",
     "POST",
     "/steering/none/refuse",
     REASON,
     {401, 400, 400, 400, 403, 403}},
    {"listCsps", "GET", "/csps", NULL, {401, 403, 403, 200, 200, 403}},
    {"showLedger", "GET", "/ledger", NULL, {401, 200, 200, 400, 400, 403}},
    {"showLedger",
     "GET",
     "/ledger?user=90-B3-D5-1F-30-01-00-00",
     NULL,
     {401, 200, 404, 200, 200, 403}},
    {"showLedger",
     "GET",
     "/ledger?from=never",
     NULL,
     {401, 400, 400, 400, 400, 403}},
    {"showCspLedger",
     "GET",
     "/ledger/csps",
     NULL,
     {401, 403, 403, 200, 200, 403}},
    {"replayMessages",
     "POST",
     "/ledger/replay",
     "{\"userId\":\"90-B3-D5-1F-30-01-00-00\",\"number\":1,"
     "\"reason\":\"x\"}",
     {401, 403, 403, 200, 403, 403}},
    {"replayMessages",
     "POST",
     "/ledger/replay",
     "{\"userId\":\"90-B3-D5-1F-30-01-00-00\",\"number\":0,"
     "\"reason\":\"x\"}",
     {401, 403, 403, 400, 403, 403}},
    {"listRetry",
     "GET",
     "/requests/none/retry",
     NULL,
     {401, 400, 400, 400, 400, 403}},
    {"retryRequest",
     "GET",
     "/requests/none/retry-request",
     NULL,
     {401, 400, 400, 400, 400, 403}},
    {"listStuck", "GET", "/stuck", NULL, READERS(200)},
    {"listAlarms", "GET", "/alarms", NULL, AUDITORS(200)},
    {"listAlarms", "GET", "/alarms?state=lost", NULL, AUDITORS(400)},
    {"listAlarmRules", "GET", "/alarm-rules", NULL, DCC(200)},
    {"setAlarmRule", "PUT", "/alarm-rules/breaker",
     "{\"on\":true,\"reason\":\"x\"}", ADMINISTRATOR(200)},
    {"setAlarmRule", "PUT", "/alarm-rules/breaker", REASON, ADMINISTRATOR(400)},
    {"listUndelivered", "GET", "/undelivered", NULL, READERS(200)},
    {"listUndelivered", "GET", "/undelivered?format=csv", NULL, READERS(200)},
    {"retryUndelivered",
     "POST",
     "/undelivered/retry",
     "{}",
     {401, 403, 403, 200, 403, 403}},
    {"retryUndelivered",
     "POST",
     "/undelivered/retry",
     "{\"userId\":\"one\"}",
     {401, 403, 403, 400, 403, 403}},
    {"showNeeds", "GET", "/needs", NULL, {401, 200, 200, 200, 200, 200}},

    {"listAudit", "GET", "/audit", NULL, READERS(200)},
    {"listAudit", "GET", "/audit?request=REQUEST_0", NULL, IF_OWN(200)},
    {"listAudit", "GET", "/audit?request=none", NULL, READERS(400)},
    {"listAudit", "GET", "/audit?device=DEVICE_PLAIN_TEXT", NULL, READERS(400)},
    {"listAudit", "GET", "/audit?at=soon", NULL, READERS(400)},
    {"listAudit",
     "GET",
     "/audit?user=90-B3-D5-1F-30-01-00-00",
     NULL,
     {401, 200, 404, 200, 200, 403}},
    {"listAudit", "GET", "/audit?hub=90-B3-D5-1F-30-01-00-00", NULL,
     IF_OWN(200)},
    {"listAudit", "GET", "/audit?person=desk", NULL, IF_OWN(200)},
    {"listAudit", "GET", "/audit?device=00-00-00-00-00-00-00-99&at=2026-03-03",
     NULL, IF_OWN(200)},
    {"listAudit", "GET",
     "/audit?device=00-00-00-00-00-00-00-99&hub=00-00-00-00-00-00-00-98", NULL,
     READERS(400)},
    {"listAudit", "GET", "/audit?from=2026-01-01&to=2026-06-01", NULL,
     READERS(400)},

    {"listAccounts", "GET", "/accounts", NULL, ADMINISTRATOR(200)},
    {"addAccount", "POST", "/accounts",
     "{\"name\":\"anne\",\"role\":\"auditor\"}", ADMINISTRATOR(409)},
    {"addAccount", "POST", "/accounts", "{\"name\":\"-\",\"role\":\"auditor\"}",
     ADMINISTRATOR(400)},
    {"addAccount", "POST", "/accounts", "{\"name\":\"x\",\"role\":\"king\"}",
     ADMINISTRATOR(400)},
    {"addAccount", "POST", "/accounts",
     "{\"name\":\"x\",\"role\":\"supplier\"}", ADMINISTRATOR(409)},
    {"addAccount", "POST", "/accounts",
     "{\"name\":\"x\",\"role\":\"auditor\",\"password\":\"short\"}",
     ADMINISTRATOR(400)},
    {"changeAccount", "PUT", "/accounts/nobody",
     "{\"role\":\"auditor\",\"active\":true}", ADMINISTRATOR(404)},
    {"changeAccount", "PUT", "/accounts/root",
     "{\"role\":\"auditor\",\"active\":true}", ADMINISTRATOR(409)},
    {"setPassword", "PUT", "/accounts/nobody/password",
     "{\"password\":\"correct horse battery\"}", ADMINISTRATOR(404)},
    {"issueToken", "POST", "/accounts/nobody/token", NULL, ADMINISTRATOR(404)},
    {"revokeToken", "DELETE", "/accounts/nobody/token", NULL,
     ADMINISTRATOR(404)},
};
enum { CASES = sizeof cases / sizeof *cases };

static const char *draft_of_a(void) {
    static const eui64 device = PPMID(PLAIN_TOO);
    struct buffer image = {0}, text = {0};
    estate_image(span_text(FOR_ALL), false, &image);
    test_request_build(
        &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                               .request_id = "90-B3-D5-1F-30-01-00-00:"
                                             "90-B3-D5-1F-30-00-00-02:5000",
                               .image = buffer_span(&image),
                               .device_ids = &device,
                               .device_id_count = 1},
        &text);
    const char *draft = arena_text(s->arena, buffer_span(&text));
    buffer_free(&image);
    buffer_free(&text);
    return draft;
}

static unsigned status_of(const struct route_case *c, enum who who) {
    bool dry = c->body && strcmp(c->body, DRY) == 0;
    struct told told =
        ask(s, &(struct ask){.method = c->method,
                             .path = filled(c->path),
                             .body = dry ? draft_of_a() : c->body,
                             .type = dry ? "application/xml" : NULL,
                             .who = who});
    return told.http;
}

static void every_route_knows_its_callers(void **state) {
    (void)state;
    for (size_t i = 0; i < CASES; i++)
        for (enum who who = NOBODY; who < WHO; who++) {
            unsigned got = status_of(&cases[i], who);
            if (got != cases[i].expected[who])
                fail_msg("%s %s by %s: %u, not %u", cases[i].method,
                         cases[i].path, who ? who_name(who) : "nobody", got,
                         cases[i].expected[who]);
        }
}

static void no_route_is_left_out(void **state) {
    (void)state;
    for (const struct people_route *r = people_routes; r->method; r++) {
        size_t i = 0;
        while (i < CASES && strcmp(cases[i].operation, r->operation) != 0)
            i++;
        if (i == CASES)
            fail_msg("%s has no case", r->operation);
    }
}

/* ---- the OpenAPI file ---- */

static unsigned roles_of(const json_t *operation) {
    unsigned roles = 0;
    size_t i;
    json_t *role;
    json_array_foreach(json_object_get(operation, "x-roles"), i, role) {
        unsigned one = account_role_named(json_string_value(role));
        assert_int_not_equal(one, 0);
        roles |= one;
    }
    return roles;
}

static void the_openapi_file_has_these_routes_and_no_other(void **state) {
    (void)state;
    size_t routes = 0, operations = 0;
    const json_t *paths = json_object_get(s->openapi, "paths");
    for (const struct people_route *r = people_routes; r->method; r++) {
        char method[8] = "";
        for (size_t i = 0; r->method[i] && i < sizeof method - 1; i++)
            method[i] = (char)(r->method[i] | 0x20);
        const json_t *operation =
            json_object_get(json_object_get(paths, r->path), method);
        if (!operation)
            fail_msg("%s %s is not in the file", r->method, r->path);
        assert_string_equal(
            json_string_value(json_object_get(operation, "operationId")),
            r->operation);
        assert_int_equal(roles_of(operation), r->roles);
        routes++;
    }
    const char *path;
    json_t *methods;
    json_object_foreach((json_t *)(uintptr_t)paths, path, methods) operations +=
        json_object_size(methods);
    assert_int_equal(operations, routes);
}

/* ---- pages ---- */

struct page_case {
    const char *path;
    unsigned expected;
    const char *header, *value; /* NULL: not looked at */
};

static const struct page_case pages[] = {
    {"/", 308, "Location", "/ssi/"},
    {"/ssi", 308, "Location", "/ssi/"},
    {"/ssmi", 308, "Location", "/ssmi/"},
    {"/ssi/", 200, "Content-Type", "text/html; charset=utf-8"},
    {"/ssmi/", 200, "Content-Type", "text/html; charset=utf-8"},
    {"/ssi/devices/00-DB-12-34-56-78-90-A0", 200, "Content-Type",
     "text/html; charset=utf-8"},
    {"/ssi/app.js", 200, "Content-Type", "text/javascript; charset=utf-8"},
    {"/ssi/style.css", 200, "Content-Type", "text/css; charset=utf-8"},
    {"/ssmi/icon.svg", 200, "Content-Type", "image/svg+xml"},
    {"/ssi/pages/device.js", 200, "X-Content-Type-Options", "nosniff"},
    {"/ssi/", 200, "Cache-Control", "no-cache"},
    {"/ssi/no-such-file.js", 404, "X-Frame-Options", "DENY"},
    {"/ssi/../schemas/ssi-openapi.json", 404, NULL, NULL},
    {"/ssi/..%2f..%2fschemas/ssi-openapi.json", 404, NULL, NULL},
    {"/api/v1/none", 404, NULL, NULL},
};

static void pages_are_where_they_should_be(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        const struct page_case *c = &pages[i];
        struct told told = ask(
            s, &(struct ask){.method = "GET", .path = c->path, .raw = true});
        if (told.http != c->expected)
            fail_msg("%s: %u", c->path, told.http);
        const char *value = c->header ? told_header(s, &told, c->header) : NULL;
        if (c->header && (!value || strcmp(value, c->value) != 0))
            fail_msg("%s: %s is %s", c->path, c->header, value ? value : "-");
    }
}

static void what_has_not_changed_is_not_sent_again(void **state) {
    (void)state;
    struct told told = ask(s, &(struct ask){.method = "GET",
                                            .path = "/api/v1/openapi.json",
                                            .raw = true});
    const char *tag = told_header(s, &told, "ETag");
    assert_int_equal(told.http, 200);
    assert_non_null(tag);
    assert_string_equal(told_header(s, &told, "X-Content-Type-Options"),
                        "nosniff");
    told = ask(s, &(struct ask){.method = "GET",
                                .path = "/api/v1/openapi.json",
                                .headers = {arena_printf(
                                    s->arena, "If-None-Match: %s", tag)},
                                .raw = true});
    assert_int_equal(told.http, 304);
    assert_int_equal(told.len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_knows_its_callers),
        cmocka_unit_test(no_route_is_left_out),
        cmocka_unit_test(the_openapi_file_has_these_routes_and_no_other),
        cmocka_unit_test(pages_are_where_they_should_be),
        cmocka_unit_test(what_has_not_changed_is_not_sent_again),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
