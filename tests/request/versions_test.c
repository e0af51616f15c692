/*
 * A Service Request is read in its own version of DUIS and answered in it,
 * whatever its User is registered for. What a version has is data.
 */
#include "support/check.h"
#include "support/user_gateway.h"

#include "base/log.h"

static const char *const VERSIONS[] = {"2.0", "3.0", "3.1", "4.0", "5.0",
                                       "5.1", "5.2", "5.3", "5.4"};
enum { COUNT = sizeof VERSIONS / sizeof *VERSIONS };

static struct answer send_in(struct gateway *g, const char *version,
                             const char *service,
                             const struct test_request *wanted) {
    struct test_request request = *wanted;
    request.schema_version = version;
    gateway_forget(g);
    return gateway_post(g, service, gateway_sign(g, USER_A, &request));
}

static struct answer send_update(struct gateway *g, const char *version,
                                 enum duis_body body) {
    static const eui64 ppmid = PPMID(PLAIN), esme = ESME(PLAIN);
    return send_in(
        g, version, "serviceD",
        &(struct test_request){
            .body = body,
            .device_ids = body == DUIS_UPDATE_FIRMWARE ? &esme : &ppmid,
            .device_id_count = 1});
}

static void check_says(struct gateway *g, const struct answer *answer,
                       const char *version, const char *code) {
    assert_string_equal(answer_says(g, answer), code);
    assert_string_equal(answer_text(g, answer, "schemaVersion"), version);
}

/* Registered for one version, its requests are of any. */
static void each_is_answered_in_its_own(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    const struct test_request read = {.body = DUIS_READ_FIRMWARE_VERSION};
    gateway_tell(g, "update service_user set duis_version = '3.0'");
    for (size_t i = 0; i < COUNT; i++) {
        struct answer answer =
            send_update(g, VERSIONS[i], DUIS_UPDATE_FIRMWARE);
        check_says(g, &answer, VERSIONS[i], "I99");
        answer = send_in(g, VERSIONS[i], "serviceS", &read);
        check_says(g, &answer, VERSIONS[i], "E19");
        assert_string_equal(
            gateway_ask(g, "select duis_version from service_request where"
                           " service_reference_variant = '11.2'"),
            VERSIONS[i]);
    }
    gateway_free(g);
}

static void what_a_version_does_not_have_is_refused(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    for (size_t i = 0; i < COUNT; i++) {
        struct answer answer =
            send_update(g, VERSIONS[i], DUIS_UPDATE_PPMID_FIRMWARE);
        if (i >= 4) {
            check_says(g, &answer, VERSIONS[i], "I99");
            continue;
        }
        assert_int_equal(answer.http, 400);
        assert_non_null(strstr(
            answer_says(g, &answer),
            arena_printf(g->arena,
                         "Service Reference Variant 11.4 is not in DUIS %s",
                         VERSIONS[i])));
        assert_string_equal(gateway_tracked(g), "nothing");
    }
    gateway_free(g);
}

/* The highest that is known and not above it. */
static void versions_between_are_read_as_those_below(void **state) {
    (void)state;
    static const struct {
        const char *said, *answered; /* NULL: refused */
    } rows[] = {{"5.5", "5.4"}, {"6.0", "5.4"}, {"5.10", "5.4"},
                {"4.7", "4.0"}, {"5", "5.0"},   {"1.0", NULL},
                {"1.9", NULL},  {"-5.4", NULL}, {"0", NULL}};
    struct gateway *g = gateway_start();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer answer =
            send_update(g, rows[i].said, DUIS_UPDATE_FIRMWARE);
        if (rows[i].answered) {
            check_says(g, &answer, rows[i].answered, "I99");
            continue;
        }
        assert_int_equal(answer.http, 400);
        assert_non_null(
            strstr(answer_says(g, &answer), "older than any that is read"));
    }
    gateway_free(g);
}

/* One whose hub is too old, one that is good, one that the image does not fit.
 */
static void check_lists(struct gateway *g, const char *version,
                        const refused_lists refused) {
    static const eui64 devices[] = {ESME(OLD_GBCS), ESME(DUAL),
                                    ESME(OTHER_MODEL)};
    struct answer answer =
        send_in(g, version, "serviceD",
                &(struct test_request){.body = DUIS_UPDATE_FIRMWARE,
                                       .device_ids = devices,
                                       .device_id_count = 3});
    assert_string_equal(answer_text(g, &answer, "schemaVersion"), version);
    answer_check_lists(g, &answer, refused);
}

static void a_list_that_is_not_there_is_another(void **state) {
    (void)state;
    struct gateway *g = gateway_new();
    g->config.minimum_gbcs_esme = 40100;
    gateway_open(g);
    const refused_lists now = {
        [DUIS_NOT_APPLICABLE_FIRMWARE] = {ESME(OTHER_MODEL)},
        [DUIS_INVALID_GBCS_VERSION] = {ESME(OLD_GBCS)}};
    const refused_lists before = {
        [DUIS_NOT_APPLICABLE_FIRMWARE] = {ESME(OLD_GBCS), ESME(OTHER_MODEL)}};
    check_lists(g, "5.4", now);
    check_lists(g, "5.1", now);
    check_lists(g, "5.0", before);
    check_lists(g, "2.0", before);
    gateway_free(g);
}

/* As soon as the rules are read again. */
static void what_a_version_has_is_data(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    gateway_tell(g, "insert into duis_version values ('3.7');"
                    "update duis_since set since = '3.7' where kind in"
                    " ('service', 'element') and since = '5.0';"
                    "insert into duis_since values ('response_code', 'I99',"
                    " '3.7', '4.0', 'I0', 'test')");
    assert_true(gateway_reload(g));
    struct answer answer = send_update(g, "3.8", DUIS_UPDATE_PPMID_FIRMWARE);
    check_says(g, &answer, "3.7", "I99");
    answer = send_update(g, "4.0", DUIS_UPDATE_PPMID_FIRMWARE);
    check_says(g, &answer, "4.0", "I0");
    assert_string_equal(
        gateway_ask(g, "select response_code from service_request"), "I0");
    answer = send_update(g, "3.1", DUIS_UPDATE_PPMID_FIRMWARE);
    assert_int_equal(answer.http, 400);
    gateway_free(g);
}

/* What was read before stays in force. */
static void unfit_versions_are_refused(void **state) {
    (void)state;
    static const char *const changes[] = {
        "update duis_since set instead = 'Nonsense' where name ="
        " 'InvalidGBCSVersionList'",
        "delete from duis_since; delete from duis_version",
    };
    struct gateway *g = gateway_start();
    log_set_level(LOG_LEVEL_ERROR - 1);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        gateway_tell(g, "%s", changes[i]);
        assert_false(gateway_reload(g));
        struct answer answer =
            send_update(g, "5.2", DUIS_UPDATE_PPMID_FIRMWARE);
        check_says(g, &answer, "5.2", "I99");
    }
    log_set_level(LOG_LEVEL_ERROR);
    gateway_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_answered_in_its_own),
        cmocka_unit_test(what_a_version_does_not_have_is_refused),
        cmocka_unit_test(versions_between_are_read_as_those_below),
        cmocka_unit_test(a_list_that_is_not_there_is_another),
        cmocka_unit_test(what_a_version_has_is_data),
        cmocka_unit_test(unfit_versions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
