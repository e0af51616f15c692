/*
 * What an operator decides without a new build: configuration keys, and the
 * rows of the tables that hold the rules.
 */
#include "support/check.h"
#include "support/user_gateway.h"

static void check_code(struct gateway *g, enum user sender, eui64 device,
                       bool ppmid, const char *code) {
    const eui64 devices[2] = {device};
    gateway_forget(g);
    struct answer answer =
        gateway_send_devices(g, sender, ppmid, NULL, devices);
    assert_string_equal(answer_says(g, &answer), code);
}

static void either_supplier_may_update_an_hcalcs_when_configured(void **state) {
    (void)state;
    struct gateway *g = gateway_new();
    g->config.hcalcs_either_supplier = true;
    gateway_open(g);
    check_code(g, USER_B, HCALCS(DUAL), false, "I99");
    check_code(g, USER_A, HCALCS(DUAL), false, "I99");
    check_code(g, USER_B, ESME(DUAL), false, "W110101");
    check_code(g, USER_A, HCALCS(OF_B), false, "W110101");
    gateway_free(g);
}

static void minimum_gbcs_versions_are_configured_by_type(void **state) {
    (void)state;
    struct gateway *g = gateway_new();
    g->config.minimum_gbcs_esme = 40100;
    g->config.minimum_gbcs_gsme = 40200;
    g->config.minimum_gbcs_hcalcs = 0;
    g->config.minimum_gbcs_ppmid = 30200;
    gateway_open(g);
    check_code(g, USER_A, ESME(PLAIN), false, "I99");
    check_code(g, USER_A, ESME(OLD_GBCS), false, "W110101");
    check_code(g, USER_A, GSME(PLAIN), false, "W110101");
    check_code(g, USER_A, HCALCS(OLD_GBCS), false, "I99");
    check_code(g, USER_A, HCALCS(NO_GBCS), false, "I99");
    check_code(g, USER_A, PPMID(OLD_GBCS), true, "I99");
    check_code(g, USER_A, PPMID(NO_GBCS), true, "W110401");
    gateway_free(g);
}

/* For test systems; what is not valid yet is refused even there. */
static void expired_certificates_are_accepted_when_configured(void **state) {
    (void)state;
    static const struct {
        struct test_certificate about;
        const char *code;
    } rows[] = {
        {{.id = SUPPLIER_A, .not_after = "20240101000000Z"}, "I99"},
        {{.id = SUPPLIER_A, .not_before = "21000101000000Z"}, "E1"},
    };
    struct gateway *g = gateway_new();
    g->config.accept_expired = true;
    gateway_open(g);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gateway_forget(g);
        g->users[USER_A] = test_identity_new(g->arena, &rows[i].about);
        gateway_trust(g, &g->users[USER_A]);
        const eui64 devices[] = {PPMID(PLAIN), 0};
        struct answer answer =
            gateway_send_devices(g, USER_A, true, NULL, devices);
        assert_string_equal(answer_says(g, &answer), rows[i].code);
    }
    gateway_free(g);
}

/* ---- the rules are data ---- */

static const char *answer_to_a_ppmid(struct gateway *g, enum user user) {
    const eui64 devices[] = {PPMID(PLAIN), 0};
    struct answer answer =
        gateway_send_devices(g, user, true, "unheard of", devices);
    return answer_says(g, &answer);
}

static void a_changed_row_changes_the_code(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    assert_string_equal(answer_to_a_ppmid(g, USER_A), "E110401");
    gateway_tell(g, "update response_code set response_code = 'E110403'"
                    " where condition = 'image_not_on_cpl'"
                    " and service_reference_variant = '11.4';"
                    "update response_code set response_code = 'E5'"
                    " where condition = 'user_suspended'");
    assert_string_equal(answer_to_a_ppmid(g, USER_A), "E110401");
    assert_true(gateway_reload(g));
    assert_string_equal(answer_to_a_ppmid(g, USER_A), "E110403");
    assert_string_equal(answer_to_a_ppmid(g, USER_SUSPENDED), "E5");
    gateway_free(g);
}

static void a_role_becomes_eligible(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    assert_string_equal(answer_to_a_ppmid(g, USER_EXPORT), "E2");
    gateway_tell(g, "insert into service_role values ('11.4', 'ES')");
    assert_true(gateway_reload(g));
    assert_string_equal(answer_to_a_ppmid(g, USER_EXPORT), "E110401");
    gateway_free(g);
}

/* Each leaves the rules that were read before in force. */
static void unfit_rules_are_refused(void **state) {
    (void)state;
    static const char *const changes[] = {
        "delete from response_code where condition = 'accepted'",
        "delete from response_code where condition = 'image_malformed'"
        " and service_reference_variant = '11.4'",
        "update response_code set response_code = null"
        " where condition = 'user_unknown'",
        "update response_code set response_code = 'E1'"
        " where condition = 'not_valid'",
    };
    struct gateway *g = gateway_start();
    log_set_level(LOG_LEVEL_ERROR - 1);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        gateway_tell(g, "begin; create table kept as table response_code");
        gateway_tell(g, "%s", changes[i]);
        gateway_tell(g, "commit");
        if (gateway_reload(g))
            fail_msg("taken: %s", changes[i]);
        assert_string_equal(answer_to_a_ppmid(g, USER_A), "E110401");
        gateway_tell(g, "begin; truncate response_code; insert into"
                        " response_code table kept; drop table kept; commit");
        assert_true(gateway_reload(g));
    }
    log_set_level(LOG_LEVEL_ERROR);
    gateway_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(either_supplier_may_update_an_hcalcs_when_configured),
        cmocka_unit_test(minimum_gbcs_versions_are_configured_by_type),
        cmocka_unit_test(expired_certificates_are_accepted_when_configured),
        cmocka_unit_test(a_changed_row_changes_the_code),
        cmocka_unit_test(a_role_becomes_eligible),
        cmocka_unit_test(unfit_rules_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
