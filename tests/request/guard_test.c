/*
 * The guard (sql/guard.sql): what each rule says of a device, off, warning or
 * refusing, for one User or for all; which list a refused device is in; what
 * is kept of it; and that a dry run says the same.
 */
#include "support/check.h"
#include "support/user_gateway.h"

#include <stdio.h>

enum {
    NOT_APPLICABLE = DUIS_NOT_APPLICABLE_FIRMWARE,
    IN_PROGRESS = DUIS_OTHER_REQUEST_IN_PROGRESS,
    GBCS = DUIS_INVALID_GBCS_VERSION,
};

#define SENDER "'90-B3-D5-1F-30-01-00-00'"

/* What a rule speaks of: how the world is made so, and into which list a device
 * goes when it refuses. */
struct rule {
    const char *name;
    const char *world; /* SQL */
    int list;
};

#define RUNS(version)                                                          \
    "update smi_device set firmware_version = '\\x" version "'"                \
    " where device_id = '00-DB-12-00-00-00-00-05'"

static const struct rule RULES[] = {
    {"same_version", RUNS("0123abcd"), NOT_APPLICABLE},
    {"older_version", RUNS("0123abce"), NOT_APPLICABLE},
    {"upgrade_path",
     RUNS("01000000") "; update cpl_entry set upgrades_from = array["
                      "'\\x00000001', '\\x00000002']::bytea[]",
     NOT_APPLICABLE},
};
enum { RULE_COUNT = sizeof RULES / sizeof *RULES };

static int setup(void **state) {
    test_clock_set(0);
    *state = gateway_start();
    return 0;
}

static int teardown(void **state) {
    gateway_free(*state);
    return 0;
}

/* The world as it was, and no rule. */
static void forget(struct gateway *g) {
    gateway_tell(g, "truncate guard; truncate guard_finding");
    gateway_forget(g);
    gateway_tell(g, "update smi_device set firmware_version = null;"
                    " update cpl_entry set upgrades_from = null");
}

static void set(struct gateway *g, const char *rule, const char *user,
                const char *mode, const char *more) {
    assert_string_equal(
        gateway_ask(g,
                    "select set_guard('%s', %s, '%s', %s, 'desk', 'a test',"
                    " now())",
                    rule, user, mode, more),
        "done");
}

static const char *findings(struct gateway *g) {
    return gateway_ask(
        g, "select coalesce(string_agg(format('%%s %%s %%s', rule,"
           " case when refused then 'refused' else 'warned' end, devices),"
           " ', ' order by request_no, rule), 'nothing') from guard_finding");
}

static void send_expect(struct gateway *g, enum user user, eui64 device,
                        int list) {
    const eui64 devices[] = {device, 0};
    struct answer answer = gateway_send_devices(g, user, true, NULL, devices);
    refused_lists refused = {{0}};
    if (list >= 0)
        refused[list][0] = device;
    assert_string_equal(answer_says(g, &answer), list < 0 ? "I99" : "W110401");
    answer_check_lists(g, &answer, refused);
}

static void a_rule_is_off_warns_or_refuses(void **state) {
    struct gateway *g = *state;
    eui64 device = PPMID(PLAIN);
    for (size_t i = 0; i < RULE_COUNT; i++) {
        const struct rule *rule = &RULES[i];
        print_message("  %s\n", rule->name);
        for (int mode = 0; mode < 3; mode++) {
            static const char *const modes[] = {"off", "warn", "refuse"};
            static const char *const said[] = {"nothing", "warned 1",
                                               "refused 1"};
            forget(g);
            gateway_tell(g, "%s", rule->world);
            set(g, rule->name, "null", modes[mode], "null, null");
            send_expect(g, USER_A, device, mode == 2 ? rule->list : -1);
            assert_string_equal(
                findings(g),
                mode ? arena_printf(g->arena, "%s %s", rule->name, said[mode])
                     : "nothing");
            assert_string_equal(
                gateway_ask(g, "select string_agg(concat_ws(' ', status,"
                               " reason_code), ',') from tracking"),
                mode == 2
                    ? arena_printf(g->arena, "REJECTED_BY_DSP %s", rule->name)
                    : "AWAITING_CSP");
        }
    }
}

/* A version among those that the image upgrades, or that nobody knows. */
static void a_path_that_the_cpl_allows_is_none_of_its_business(void **state) {
    struct gateway *g = *state;
    static const char *const versions[] = {"'\\x00000002'", "null"};
    for (size_t i = 0; i < 2; i++) {
        forget(g);
        gateway_tell(g, "%s", RULES[2].world);
        gateway_tell(g, "update smi_device set firmware_version = %s",
                     versions[i]);
        set(g, "upgrade_path", "null", "refuse", "null, null");
        send_expect(g, USER_A, PPMID(PLAIN), -1);
        assert_string_equal(findings(g), "nothing");
    }
    /* an image of which the CPL does not say */
    forget(g);
    gateway_tell(g, RUNS("01000000"));
    set(g, "upgrade_path", "null", "refuse", "null, null");
    send_expect(g, USER_A, PPMID(PLAIN), -1);
}

static const char ended[] =
    "with gone as (delete from tracking_live returning *)"
    " insert into tracking_history (device_id, chf_id, request_no, job_no,"
    " last_updated, released, status, device_type, csp)"
    " select device_id, chf_id, request_no, %s, last_updated, last_updated,"
    " 'FAILED_CH_TRANSFER', device_type, csp from gone;"
    " delete from distribution;"
    " update service_request set received = received - interval '%s'";

/* A device that a CSP was given, so many days ago. */
static void sent_again_within_days(void **state) {
    struct gateway *g = *state;
    static const struct {
        const char *job, *ago, *level;
        int list;
    } rows[] = {
        {"1", "4 days 23 hours", "null", IN_PROGRESS},
        {"1", "5 days 1 hour", "null", -1},
        {"1", "5 days 1 hour", "6", IN_PROGRESS},
        {"null", "1 hour", "null", -1}, /* no CSP ever had it */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        forget(g);
        set(g, "sent_again", "null", "refuse",
            arena_printf(g->arena, "%s, null", rows[i].level));
        send_expect(g, USER_A, PPMID(PLAIN), -1);
        gateway_tell(g, ended, rows[i].job, rows[i].ago);
        send_expect(g, USER_A, PPMID(PLAIN), rows[i].list);
    }
    /* another version is no repetition */
    forget(g);
    set(g, "sent_again", "null", "refuse", "null, null");
    send_expect(g, USER_A, PPMID(PLAIN), -1);
    gateway_tell(g, ended, "1", "1 hour");
    gateway_tell(g, "update service_request set firmware_version ="
                    " '\\x00000009'");
    send_expect(g, USER_A, PPMID(PLAIN), -1);
}

/* An image of another Device Model is on its way to the block. */
static void the_block_of_a_hub_is_taken(void **state) {
    struct gateway *g = *state;
    static const char *const modes[] = {"warn", "refuse"};
    for (int i = 0; i < 2; i++) {
        forget(g);
        set(g, "hub_block", "null", modes[i], "null, null");
        const eui64 gsme[] = {GSME(PLAIN), 0};
        gateway_send_devices(g, USER_A, false, NULL, gsme);
        gateway_tell(g, "update service_request set"
                        " manufacturer_image_hash = sha256('another')");
        send_expect(g, USER_A, PPMID(PLAIN), i ? IN_PROGRESS : -1);
        assert_string_equal(findings(g),
                            i ? "hub_block refused 1" : "hub_block warned 1");
        send_expect(g, USER_A, PPMID(PLAIN_TOO), -1);
    }
}

static void one_device_requests_beyond_n_a_day(void **state) {
    struct gateway *g = *state;
    forget(g);
    set(g, "single_device", "null", "refuse", "2, null");
    const eui64 two[] = {ESME(PLAIN), GSME(PLAIN), 0};
    gateway_send_devices(g, USER_A, false, NULL, two);
    send_expect(g, USER_A, PPMID(PLAIN), -1);
    send_expect(g, USER_A, PPMID(PLAIN_TOO), -1);
    send_expect(g, USER_A, PPMID(CENTRAL), IN_PROGRESS);
    /* what was refused does not count, another User has its own number */
    send_expect(g, USER_B, PPMID(OF_B), -1);
    /* two devices are more than one */
    const eui64 both[] = {PPMID(CENTRAL), PPMID(DUAL), 0};
    struct answer answer = gateway_send_devices(g, USER_A, true, NULL, both);
    assert_string_equal(answer_says(g, &answer), "I99");
    /* a day later it may again */
    gateway_tell(g, "update service_request set"
                    " received = received - interval '24 hours 1 minute'");
    send_expect(g, USER_A, PPMID(OTHER_REVISION), -1);
}

/* The row of a User counts before that of all. */
static void a_user_has_its_own(void **state) {
    struct gateway *g = *state;
    forget(g);
    gateway_tell(g, "%s", RULES[0].world);
    set(g, "same_version", "null", "refuse", "null, null");
    set(g, "same_version", SENDER, "off", "null, null");
    send_expect(g, USER_A, PPMID(PLAIN), -1);
    forget(g);
    gateway_tell(g, "%s", RULES[0].world);
    set(g, "same_version", "'90-B3-D5-1F-30-02-00-00'", "refuse", "null, null");
    send_expect(g, USER_A, PPMID(PLAIN), -1);
    set(g, "same_version", SENDER, "refuse", "null, 'gbcs_version'");
    gateway_tell(g, "delete from tracking_live");
    send_expect(g, USER_A, PPMID(PLAIN), GBCS);
    assert_string_equal(
        gateway_ask(g, "select format('%%s %%s %%s', accepted, not_applicable,"
                       " gbcs_version) from service_request"
                       " order by request_no desc"),
        "0 0 1");
}

/* One that warns and one that refuses; what is refused for anything else is no
 * finding, for it may be another supplier's device. */
static void several_rules_speak_of_a_request(void **state) {
    struct gateway *g = *state;
    forget(g);
    gateway_tell(g, "update smi_device set firmware_version = '\\x0123abcd';"
                    " update smi_device set firmware_version = '\\x0123abce'"
                    " where device_id = '00-DB-12-00-00-00-00-05'");
    set(g, "same_version", "null", "warn", "null, null");
    set(g, "older_version", "null", "refuse", "null, null");
    const eui64 devices[] = {PPMID(PLAIN),   PPMID(PLAIN_TOO), PPMID(OF_B),
                             PPMID(PENDING), NOWHERE,          0};
    struct answer answer = gateway_send_devices(g, USER_A, true, NULL, devices);
    refused_lists refused = {[DUIS_INVALID_DEVICE_ID] = {PPMID(OF_B), NOWHERE},
                             [DUIS_NOT_COMMISSIONED] = {PPMID(PENDING)},
                             [NOT_APPLICABLE] = {PPMID(PLAIN)}};
    assert_string_equal(answer_says(g, &answer), "W110401");
    answer_check_lists(g, &answer, refused);
    assert_string_equal(findings(g),
                        "older_version refused 1, same_version warned 1");
    assert_string_equal(
        gateway_ask(g, "select string_agg(concat_ws(' ', f ->> 'rule',"
                       " f ->> 'deviceIds'), ', ') from"
                       " service_request r, jsonb_array_elements("
                       "request_guard(r.request_no)) f"),
        "same_version [\"00-DB-12-00-00-00-01-05\"], "
        "older_version [\"00-DB-12-00-00-00-00-05\"]");
    /* once its updates are not on record, the devices go and the number stays
     */
    gateway_tell(g, "update guard_finding set inserted = -1");
    assert_string_equal(gateway_ask(g,
                                    "select clean_findings('0', 100) || ' ' ||"
                                    " clean_findings('0', 100)"),
                        "2 0");
    assert_string_equal(findings(g),
                        "older_version refused 1, same_version warned 1");
}

/* Of two requests for a device in one batch, which refuses one of them. */
static void what_is_refused_takes_nobodys_place(void **state) {
    struct gateway *g = *state;
    forget(g);
    gateway_tell(g, "%s", RULES[0].world);
    set(g, "same_version", SENDER, "refuse", "null, null");
    send_expect(g, USER_A, PPMID(PLAIN), NOT_APPLICABLE);
    assert_string_equal(
        gateway_ask(g, "select count(*)::text from tracking_live"), "0");
    set(g, "same_version", SENDER, "off", "null, null");
    send_expect(g, USER_A, PPMID(PLAIN), -1);
}

static void what_cannot_be_set_is_refused(void **state) {
    struct gateway *g = *state;
    static const struct {
        const char *what, *outcome;
    } rows[] = {
        {"'no_such', null, 'warn', null, null", "rule"},
        {"'sent_again', '00-00-00-00-00-00-00-01', 'warn', null, null",
         "stranger"},
        {"'same_version', null, 'warn', 3, null", "level"},
        {"'sent_again', null, 'warn', 0, null", "level"},
        {"'sent_again', null, 'warn', 7, 'invalid'", "done"},
    };
    forget(g);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(gateway_ask(g,
                                        "select set_guard(%s, 'desk',"
                                        " 'a test', now())",
                                        rows[i].what),
                            rows[i].outcome);
    assert_string_equal(
        gateway_ask(g, "select format('%%s %%s %%s: %%s', kind, person, code,"
                       " detail) from sat_entry where kind = 'guard'"
                       " order by entry_no desc"),
        "guard desk sent_again: warn, 7 days, list invalid: a test");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_rule_is_off_warns_or_refuses),
        TEST(a_path_that_the_cpl_allows_is_none_of_its_business),
        TEST(sent_again_within_days),
        TEST(the_block_of_a_hub_is_taken),
        TEST(one_device_requests_beyond_n_a_day),
        TEST(a_user_has_its_own),
        TEST(several_rules_speak_of_a_request),
        TEST(what_is_refused_takes_nobodys_place),
        TEST(what_cannot_be_set_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
