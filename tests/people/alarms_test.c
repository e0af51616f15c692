/* Alarms as people see them: those that stand and stood, on the start page too,
 * their rules, and who may set one. */
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

/* One of a CSP that stands, and before it two of a device, of which one has
 * ended. */
static void three_alarms(struct screens *s) {
    char id[EUI64_TEXT_SIZE];
    const eui64 device = PPMID(PLAIN);
    screens_update(s, USER_A, &device, 1, "I99");
    eui64_format(device, id);
    gateway_tell(s->gateway,
                 "insert into alarm (rule, about, device_id, csp, request_no,"
                 " since, until, count, why) select v.rule, v.about, v.device,"
                 " v.csp, case when v.device is not null then r.request_no end,"
                 " now() - v.ago, v.until, v.count, v.why from"
                 " (select min(request_no) as request_no from service_request)"
                 " r, (values"
                 " ('device_failures', '%s', '%s'::macaddr8, null, interval"
                 " '3 days', now(), 3, 'three of them'),"
                 " ('device_failures', '%s', '%s', null, '1 day', null, 4,"
                 " 'four of them'),"
                 " ('csp_silent', 'north', null, 'north', '1 hour', null, 2,"
                 " '2 jobs are with it')) v (rule, about, device, csp, ago,"
                 " until, count, why)",
                 id, id, id, id);
}

static void they_are_a_page(void **state) {
    struct screens *s = *state;
    three_alarms(s);
    struct told told = look(s, DESK, "/alarms");
    told_expect(s, &told, "items.0.rule", "csp_silent");
    told_expect(s, &told, "items.0.title", "A CSP is silent");
    told_expect(s, &told, "items.0.csp", "north");
    told_expect(s, &told, "items.0.until", "null");
    told_expect(s, &told, "items.0.count", "2");
    told_expect(s, &told, "items.0.why", "2 jobs are with it");
    assert_non_null(strstr(told_at(s, &told, "items.0.advice"), "Ask the CSP"));
    told_expect(s, &told, "items.1.deviceId", "00-DB-12-00-00-00-00-05");
    told_expect(s, &told, "items.1.count", "4");
    assert_non_null(
        strstr(told_at(s, &told, "items.1.requestId"), "90-B3-D5-1F-30-01"));
    assert_string_not_equal(told_at(s, &told, "items.2.until"), "null");
    told_expect(s, &told, "next", "null");
    told = look(s, AUDITOR, "/alarms?state=standing&rule=device_failures");
    told_expect(s, &told, "items.0.count", "4");
    told_expect(s, &told, "items.1", "");
    told = look(s, DESK, "/alarms?state=ended");
    told_expect(s, &told, "items.0.count", "3");
    told_expect(s, &told, "items.1", "");
    told = look(s, DESK, "/alarms?limit=1");
    const char *next = told_at(s, &told, "next");
    told = look(s, DESK, arena_printf(s->arena, "/alarms?after=%s", next));
    told_expect(s, &told, "items.0.count", "4");
    told_expect(s, &told, "items.2", "");
}

static void all_of_it_is_csv(void **state) {
    struct screens *s = *state;
    three_alarms(s);
    struct told told = look(s, DESK, "/alarms?format=csv&state=standing");
    assert_int_equal(told.http, 200);
    assert_non_null(strstr(
        told.text, "id,rule,title,about,deviceId,csp,requestId,user,userName,"
                   "since,until,count,why,advice\r\n3,csp_silent,A CSP is "
                   "silent,north,,north,,,,"));
    assert_non_null(strstr(told.text, "\r\n2,device_failures,"));
    assert_null(strstr(told.text, "\r\n1,device_failures,"));
}

/* Whose they are is the DCC's people's business alone. */
static void the_start_page_has_what_stands(void **state) {
    struct screens *s = *state;
    three_alarms(s);
    struct told told = look(s, DESK, "/needs");
    told_expect(s, &told, "items.0.kind", "alarm");
    told_expect(s, &told, "items.0.id", "csp_silent");
    told_expect(s, &told, "items.0.name", "A CSP is silent");
    told_expect(s, &told, "items.0.count", "1");
    told_expect(s, &told, "items.0.why", "2 jobs are with it");
    told_expect(s, &told, "items.1.id", "device_failures");
    told_expect(s, &told, "items.2", "");
    static const enum who others[] = {A, B, ADMINISTRATOR};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        told = look(s, others[i], "/needs");
        told_expect(s, &told, "items", "[]");
        assert_int_equal(look(s, others[i], "/alarms").http, 403);
    }
}

static struct told put(struct screens *s, enum who who, const char *rule,
                       const char *body) {
    return ask(s, &(struct ask){
                      .method = "PUT",
                      .path = arena_printf(s->arena, "/alarm-rules/%s", rule),
                      .who = who,
                      .body = body});
}

static void an_administrator_sets_the_rules(void **state) {
    struct screens *s = *state;
    static const char good[] =
        "{\"on\":true,\"threshold\":5,\"reason\":\"agreed\"}";
    struct told told = look(s, ADMINISTRATOR, "/alarm-rules");
    told_expect(s, &told, "items.0.rule", "device_failures");
    told_expect(s, &told, "items.0.on", "true");
    told_expect(s, &told, "items.0.threshold", "3");
    told_expect(s, &told, "items.0.unit", "failures");
    told_expect(s, &told, "items.0.standing", "0");
    told_expect(s, &told, "items.0.person", "null");
    told_expect(s, &told, "items.2.threshold", "null");
    assert_int_equal(put(s, DESK, "device_failures", good).http, 403);
    assert_int_equal(put(s, AUDITOR, "device_failures", good).http, 403);
    assert_int_equal(put(s, A, "device_failures", good).http, 403);
    told = put(s, ADMINISTRATOR, "device_failures", good);
    told_expect(s, &told, "on", "true");
    told = put(s, ADMINISTRATOR, "breaker",
               "{\"on\":false,\"reason\":\"too loud\"}");
    told_expect(s, &told, "on", "false");
    told = look(s, DESK, "/alarm-rules");
    told_expect(s, &told, "items.0.threshold", "5");
    told_expect(s, &told, "items.0.person", who_name(ADMINISTRATOR));
    told_expect(s, &told, "items.2.on", "false");
    assert_string_equal(
        gateway_ask(s->gateway,
                    "select string_agg(code || ' ' || detail, ', ' order by"
                    " entry_no) from sat_entry where kind = 'alarm'"),
        "device_failures on, 5 failures: agreed, breaker off: too loud");
}

static void what_cannot_be_is_not_set(void **state) {
    struct screens *s = *state;
    static const struct {
        const char *rule, *body;
    } rows[] = {
        {"csp_silent", "{\"on\":true}"},
        {"csp_silent", "{\"reason\":\"x\"}"},
        {"csp_silent", "{\"on\":\"yes\",\"reason\":\"x\"}"},
        {"csp_silent", "{\"on\":true,\"reason\":\"x\",\"threshold\":-1}"},
        {"csp_silent", "{\"on\":true,\"reason\":\"x\",\"threshold\":0}"},
        {"csp_silent", "{\"on\":true,\"reason\":\"x\",\"threshold\":1000001}"},
        {"breaker", "{\"on\":true,\"reason\":\"x\",\"threshold\":1}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(put(s, ADMINISTRATOR, rows[i].rule, rows[i].body).http,
                         400);
    assert_int_equal(
        put(s, ADMINISTRATOR, "no_such", "{\"on\":true,\"reason\":\"x\"}").http,
        404);
    assert_string_equal(gateway_ask(s->gateway,
                                    "select count(*)::text from alarm_rule"
                                    " where made is not null"),
                        "0");
}

/* Who is told by e-mail: not a supplier. */
static void a_supplier_cannot_wish_for_them(void **state) {
    struct screens *s = *state;
    static const char body[] =
        "{\"mail\":\"a@example.org\",\"wishes\":[\"alarm\"]}";
    struct ask asked = {
        .method = "PUT", .path = "/me/notices", .who = A, .body = body};
    struct told told = ask(s, &asked);
    assert_int_equal(told.http, 400);
    assert_non_null(strstr(told.text, "alarms are told to the DCC's people"));
    asked.who = DESK;
    told = ask(s, &asked);
    told_expect(s, &told, "wishes.0", "alarm");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(they_are_a_page),
        TEST(all_of_it_is_csv),
        TEST(the_start_page_has_what_stands),
        TEST(an_administrator_sets_the_rules),
        TEST(what_cannot_be_is_not_set),
        TEST(a_supplier_cannot_wish_for_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
