/* Messages of devices, as far as the gateway takes them. */
#include "says.h"

#include "base/base64.h"
#include "gbcs/message.h"

/* ---- messages of devices ---- */

/* An entry with an alert (or another kind) of device 11-01. */
static const char *message(struct scene *scene, const char *id, const char *hub,
                           enum gbcs_cra cra, uint64_t counter, uint8_t mark) {
    struct buffer octets = {0}, base64 = {0};
    uint8_t signature[GBCS_SIGNATURE_LEN] = {mark};
    gbcs_put_content(&(struct gbcs_header){.cra = cra,
                                           .counter = counter,
                                           .originator = 0x1101,
                                           .recipient = 0x90B3D51F30000002,
                                           .code = 0x00CA},
                     span_text("payload"), &octets);
    gbcs_put_signature(signature, &octets);
    base64_add(&base64, buffer_span(&octets));
    const char *text =
        arena_printf(scene->world.arena,
                     "{'messageId':'%s','commsHubId':'00-00-00-00-00-00-%s',"
                     "'payload':'%.*s'}",
                     id, hub, (int)base64.len, (char *)base64.data);
    buffer_free(&octets);
    buffer_free(&base64);
    return text;
}

static void a_device_message_is_stored_as_it_is(void **state) {
    struct scene *scene = *state;
    north_says(scene, MESSAGES,
               message(scene, "m1", "10-01", GBCS_ALERT, UINT64_MAX, 1));
    expect_summary(scene, "1 0");
    expect(&scene->world,
           "m1 00:00:00:00:00:00:10:01 00:00:00:00:00:00:11:01"
           " 90:b3:d5:1f:30:00:00:02 3 202 18446744073709551615 waiting t",
           "select concat_ws(' ', message_id, chf_id, originator, recipient,"
           " cra, code, counter, state, get_byte(payload, 0) = 223)"
           " from gbcs_message");
}

/* decision 11 */
static void the_same_device_message_counts_once(void **state) {
    struct scene *scene = *state;
    static const struct {
        const char *id;
        enum gbcs_cra cra;
        uint64_t counter;
        uint8_t mark;
        const char *summary;
    } cases[] = {
        {"m1", GBCS_ALERT, 5, 1, "1 0"},
        {"m1", GBCS_ALERT, 5, 1, "0 1"},
        {"m1", GBCS_ALERT, 6, 1, "0 1"}, /* the identifier is used */
        {"m2", GBCS_ALERT, 5, 1, "0 1"}, /* the message is there */
        {"m3", GBCS_RESPONSE, 5, 1, "1 0"},
        {"m4", GBCS_ALERT, 6, 1, "1 0"},
        /* one of the two may be forged: both are looked at */
        {"m5", GBCS_ALERT, 5, 2, "1 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        north_says(scene, MESSAGES,
                   message(scene, cases[i].id, "10-01", cases[i].cra,
                           cases[i].counter, cases[i].mark));
        expect_summary(scene, cases[i].summary);
    }
    script(
        &scene->world,
        "update gbcs_message set state = case message_id when 'm1'"
        " then 'done' else 'unverified' end where message_id in ('m1', 'm4');"
        "insert into replay_window (originator, recipient, seen)"
        " select originator, recipient, '{[5,6)}' from gbcs_message"
        " where message_id = 'm1'");
    /* m1 was the genuine one: no other of that counter is any longer */
    north_says(scene, MESSAGES,
               message(scene, "m6", "10-01", GBCS_ALERT, 5, 3));
    expect_summary(scene, "0 1");
    /* m4 was not: the genuine one may still come */
    north_says(scene, MESSAGES,
               message(scene, "m7", "10-01", GBCS_ALERT, 6, 3));
    expect_summary(scene, "1 0");
}

static void what_is_no_device_message_is_told_by_its_place(void **state) {
    struct scene *scene = *state;
    const char *good = message(scene, "m0", "10-01", GBCS_ALERT, 1, 1);
    const char *twice = message(scene, "m0", "10-02", GBCS_ALERT, 2, 1);
    const char *south = message(scene, "m1", "20-01", GBCS_ALERT, 3, 1);
    const char *nowhere = message(scene, "m2", "66-01", GBCS_ALERT, 4, 1);
    const char *meter = message(scene, "m3", "11-01", GBCS_ALERT, 5, 1);
    north_says(
        scene, MESSAGES,
        arena_printf(scene->world.arena,
                     "[%s,%s,%s,%s,%s,"
                     "{'messageId':'m5','commsHubId':'00-00-00-00-00-00-10-01',"
                     "'payload':'3w=='},"
                     "{'messageId':'m6','commsHubId':'00-00-00-00-00-00-10-01',"
                     "'payload':'*'},"
                     "{'messageId':'m7','commsHubId':'00-00-00-00-00-00-10-01',"
                     "'payload':''},"
                     "{'messageId':'m8'}]",
                     good, twice, south, nowhere, meter));
    const char *got = summary(scene);
    const char *cut = strstr(got, " [5: payload: ");
    assert_non_null(cut);
    assert_int_equal(
        strncmp(got,
                "1 1 [2: commsHubId: in no region of this CSP]"
                " [3: commsHubId: not known] [4: commsHubId: not known]",
                (size_t)(cut - got)),
        0);
    assert_non_null(strstr(cut, "] [6: payload: not base64]"
                                " [7: payload: not base64]"
                                " [8: commsHubId: missing]"));
    expect(&scene->world, "1", "select count(*)::text from gbcs_message");
}

int main(void) {
    test_clock_open(NULL);
    const struct CMUnitTest tests[] = {
        TEST(a_device_message_is_stored_as_it_is),
        TEST(the_same_device_message_counts_once),
        TEST(what_is_no_device_message_is_told_by_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
