/*
 * A RequestID is used once by its originator (requirement A3): the same request
 * again gets the same octets and has no second effect, another one is refused
 * with E65. What was refused before its RequestID was looked at has not used
 * it.
 */
#include "support/check.h"
#include "support/user_gateway.h"

#define ID_A "90-B3-D5-1F-30-01-00-00"
#define ID_B "90-B3-D5-1F-30-02-00-00"
#define ACB ":90-B3-D5-1F-30-00-00-02:"

static struct test_request request_for(const char *request_id,
                                       const eui64 *device) {
    return (struct test_request){.request_id = request_id,
                                 .body = DUIS_UPDATE_PPMID_FIRMWARE,
                                 .device_ids = device,
                                 .device_id_count = 1};
}

static struct answer send_for(struct gateway *g, enum user user,
                              const char *request_id, eui64 device) {
    const struct test_request request = request_for(request_id, &device);
    return gateway_send(g, user, &request);
}

static void check(struct gateway *g, const struct answer *answer,
                  const char *code, const char *tracked) {
    assert_int_equal(answer->http, 200);
    assert_string_equal(answer_says(g, answer), code);
    assert_string_equal(gateway_tracked(g), tracked);
}

static void check_same(const struct answer *a, const struct answer *b) {
    assert_int_equal(a->http, b->http);
    assert_true(span_equal(a->body, b->body));
}

static void the_same_octets_get_the_same_octets(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    const eui64 devices[] = {PPMID(PLAIN), PPMID(PENDING)};
    struct span body =
        gateway_sign(g, USER_A,
                     &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                            .device_ids = devices,
                                            .device_id_count = 2});
    struct answer first = gateway_post(g, "serviceD", body);
    check(g, &first, "W110401", "1 AWAITING_CSP, 1 REJECTED_BY_DSP, image");
    for (int i = 0; i < 3; i++) {
        struct answer again = gateway_post(g, "serviceD", body);
        check_same(&again, &first);
    }
    assert_string_equal(gateway_tracked(g),
                        "1 AWAITING_CSP, 1 REJECTED_BY_DSP, image");
    assert_string_equal(gateway_ask(g, "select count(*) from service_request"),
                        "1");
    gateway_free(g);
}

/* A client that sends again signs anew: the same request but for ds:Signature,
 * which is kept each time, with its own signature. */
static void what_is_signed_again_is_the_same(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    struct test_request request = request_for(NULL, &(eui64){PPMID(PLAIN)});
    request.request_id = gateway_request_id(g, gateway_user_id(USER_A));
    struct answer first = gateway_send(g, USER_A, &request);
    check(g, &first, "I99", "1 AWAITING_CSP, image");
    for (int i = 0; i < 3; i++) {
        struct span body = gateway_sign(g, USER_A, &request);
        struct answer again = gateway_post(g, "serviceD", body);
        check_same(&again, &first);
    }
    assert_string_equal(gateway_ask(g, "select count(*) from service_request"),
                        "1");
    assert_string_equal(
        gateway_ask(g, "select count(distinct sha256(r.request))"
                       " from sat_request r join sat_entry e using (entry_no)"
                       " where e.kind = 'request'"),
        "4");
    request.firmware_version = "0123ABCE";
    struct answer other = gateway_send(g, USER_A, &request);
    check(g, &other, "E65", "1 AWAITING_CSP, image");
    gateway_free(g);
}

/* Even when the request would be judged otherwise by now. */
static void the_answer_stays_what_it_was(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    struct buffer image = {0};
    estate_image(span_text("published later"), false, &image);
    struct test_request request = request_for(NULL, &(eui64){PPMID(PLAIN)});
    request.image = buffer_span(&image);
    struct span body = gateway_sign(g, USER_A, &request);
    struct answer first = gateway_post(g, "serviceD", body);
    check(g, &first, "E110401", "nothing");
    gateway_publish(g, "PPMID", span_text("published later"), "0123ABCD");
    struct answer again = gateway_post(g, "serviceD", body);
    check_same(&again, &first);
    assert_string_equal(gateway_tracked(g), "nothing");
    struct answer anew = gateway_send(g, USER_A, &request);
    check(g, &anew, "I99", "1 AWAITING_CSP, image");
    buffer_free(&image);
    gateway_free(g);
}

static void other_content_is_refused(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    struct answer first = send_for(g, USER_A, ID_A ACB "7", PPMID(PLAIN));
    check(g, &first, "I99", "1 AWAITING_CSP, image");
    const struct test_request other =
        request_for(ID_A ACB "7", &(eui64){PPMID(PLAIN_TOO)});
    struct span body = gateway_sign(g, USER_A, &other);
    struct answer refused = gateway_post(g, "serviceD", body);
    check(g, &refused, "E65", "1 AWAITING_CSP, image");
    struct answer again = gateway_post(g, "serviceD", body);
    check_same(&again, &refused);
    gateway_free(g);
}

static void the_counter_is_what_counts(void **state) {
    (void)state;
    static const struct {
        const char *what, *request_id;
        enum user user;
        const char *code;
    } rows[] = {
        {"first", ID_A ACB "100", USER_A, "I99"},
        {"lower case", "90-b3-d5-1f-30-01-00-00" ACB "100", USER_A, "E65"},
        {"another target", ID_A ":00-DB-12-00-00-00-00-05:100", USER_A, "E11"},
        {"another originator", ID_B ACB "100", USER_B, "W110401"},
        {"a lower counter", ID_A ACB "99", USER_A, "W110401"},
        {"counter 1", ID_A ACB "1", USER_A, "W110401"},
        {"the greatest", ID_A ACB "18446744073709551615", USER_A, "W110401"},
        {"the greatest again", ID_A ACB "18446744073709551615", USER_A,
         "W110401"},
        {"one less", ID_A ACB "18446744073709551614", USER_A, "W110401"},
    };
    struct gateway *g = gateway_start();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer answer =
            send_for(g, rows[i].user, rows[i].request_id, PPMID(PLAIN));
        if (strcmp(answer_says(g, &answer), rows[i].code) != 0)
            fail_msg("%s: expected %s, got %s", rows[i].what, rows[i].code,
                     answer_says(g, &answer));
    }
    gateway_free(g);
}

/* ---- what has not used its RequestID ---- */

static void the_wrong_url_does_not_use_it(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    const struct test_request request =
        request_for(NULL, &(eui64){PPMID(PLAIN)});
    struct span body = gateway_sign(g, USER_A, &request);
    struct answer first = gateway_post(g, "serviceS", body);
    check(g, &first, "E13", "nothing");
    struct answer accepted = gateway_post(g, "serviceD", body);
    check(g, &accepted, "I99", "1 AWAITING_CSP, image");
    struct answer refused = gateway_post(g, "serviceS", body);
    check_same(&refused, &first);
    struct answer again = gateway_post(g, "serviceD", body);
    check_same(&again, &accepted);
    gateway_free(g);
}

static void a_suspended_user_may_try_again_later(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    const struct test_request request =
        request_for(NULL, &(eui64){PPMID(OF_B)});
    struct span body = gateway_sign(g, USER_SUSPENDED, &request);
    struct answer first = gateway_post(g, "serviceD", body);
    check(g, &first, "E3", "nothing");
    gateway_tell(g, "update service_user set status = 'active'");
    struct answer later = gateway_post(g, "serviceD", body);
    check(g, &later, "W110401", "1 REJECTED_BY_DSP");
    gateway_free(g);
}

/* Nothing of a request that is not authentic is believed, its RequestID
 * neither. */
static void a_forgery_does_not_use_the_request_id(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    struct test_request request =
        request_for(ID_A ACB "7", &(eui64){PPMID(PLAIN)});
    struct span forged = gateway_sign(g, USER_B, &request);
    struct answer refused = gateway_post(g, "serviceD", forged);
    check(g, &refused, "E1", "nothing");
    assert_string_equal(gateway_ask(g, "select count(*) from service_request"),
                        "0");
    struct answer accepted = gateway_send(g, USER_A, &request);
    check(g, &accepted, "I99", "1 AWAITING_CSP, image");
    gateway_free(g);
}

/* ---- the answer ---- */

static void the_answer_has_our_time(void **state) {
    (void)state;
    test_clock_set(0);
    struct gateway *g = gateway_start();
    test_clock_set(-400 * DAY);
    instant before = clock_now();
    struct answer answer = send_for(g, USER_A, NULL, PPMID(PLAIN));
    instant after = clock_now();
    const char *text = answer_text(g, &answer, "ResponseDateTime");
    assert_int_equal(strlen(text), INSTANT_TEXT_SIZE - 1);
    assert_int_equal(text[strlen(text) - 1], 'Z');
    assert_in_range(instant_at(text), before - MILLISECOND, after);
    test_clock_set(0);
    gateway_free(g);
}

static void a_success_has_no_body_element(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    struct answer answer = send_for(g, USER_A, NULL, PPMID(PLAIN));
    check(g, &answer, "I99", "1 AWAITING_CSP, image");
    assert_string_equal(answer_text(g, &answer, "ServiceReference"), "11.4");
    assert_string_equal(answer_text(g, &answer, "ServiceReferenceVariant"),
                        "11.4");
    assert_null(strstr((const char *)answer.body.data, "Warning"));
    gateway_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_octets_get_the_same_octets),
        cmocka_unit_test(what_is_signed_again_is_the_same),
        cmocka_unit_test(the_answer_stays_what_it_was),
        cmocka_unit_test(other_content_is_refused),
        cmocka_unit_test(the_counter_is_what_counts),
        cmocka_unit_test(the_wrong_url_does_not_use_it),
        cmocka_unit_test(a_suspended_user_may_try_again_later),
        cmocka_unit_test(a_forgery_does_not_use_the_request_id),
        cmocka_unit_test(the_answer_has_our_time),
        cmocka_unit_test(a_success_has_no_body_element),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
