/*
 * The Signed Pre-Command of an 11.3 (Command Variants 5 to 7): judged by
 * itself, allowed once beside its Transform, and what becomes of it.
 */
#include "support/check.h"
#include "support/command_scene.h"

#include "device/command.h"
#include "gbcs/build.h"

#include <stdlib.h>

static const uint8_t HASH[GBCS_HASH_LEN] = {0xAA, 0x75, 0x86, 0x90};
static const uint8_t OTHER_HASH[GBCS_HASH_LEN] = {0xBB};

/* What goes into the GBCSPayload. */
enum form {
    SIGNED,
    UNSIGNED,      /* the Pre-Command as it was returned */
    WITH_MAC,      /* a whole command */
    WITH_TAIL,     /* an octet after the signature */
    SHORT,         /* without its last octet */
    BAD_SIGNATURE, /* one bit of it turned */
    RESPONSE,      /* CRA flag 2 */
    WITH_PARTY,    /* with supplementary fields */
    RUBBISH,
};

struct row {
    const char *sent;
    const char *says;
    const char *command; /* NULL: none */
    enum form form;
    enum sender signer; /* whose key */
    const char *variant;
    eui64 recipient, originator; /* of the message; 0: as in the RequestID */
    uint64_t counter_off;        /* the message's counter minus the other */
    uint16_t code;               /* 0: CS06 */
    instant in_message;          /* execution time from now on; 0: none */
    bool cancels;
    const char *beside; /* ExecutionDateTime beside it; "same" */
};

static struct span octets_of(struct scene *scene, struct buffer *out) {
    arena_adopt(scene->arena, out->data, free);
    return buffer_span(out);
}

static struct gbcs_header header_of(const struct row *row, uint64_t counter) {
    struct gbcs_header header = {
        .cra = row->form == RESPONSE ? GBCS_RESPONSE : GBCS_COMMAND,
        .counter = counter + row->counter_off,
        .originator = row->originator ? row->originator : SUPPLIER_A,
        .recipient = row->recipient ? row->recipient : ESME(PLAIN),
        .code = row->code ? row->code : GBCS_CODE_CS06};
    if (row->form == WITH_PARTY) {
        header.supplementary = GBCS_SUPPLEMENTARY_PARTY_COUNTER;
        header.supplementary_party = SUPPLIER_A;
        header.supplementary_party_counter = counter;
    }
    return header;
}

static struct gbcs_payload payload_of(const struct row *row,
                                      const struct gbcs_header *header,
                                      instant execution) {
    if (header->code != GBCS_CODE_CS06)
        return (struct gbcs_payload){.kind = GBCS_READ};
    if (row->form == RESPONSE)
        return (struct gbcs_payload){.kind = GBCS_ACTIVATE_ACCEPTED};
    return (struct gbcs_payload){.kind = GBCS_ACTIVATE,
                                 .hash = span_of(HASH, sizeof HASH),
                                 .has_time = execution != 0,
                                 .time = execution};
}

/* The octets of a row's message before they are damaged. */
static void write_message(struct scene *scene, const struct row *row,
                          const struct gbcs_header *header,
                          const struct gbcs_payload *payload,
                          struct buffer *out) {
    static const uint8_t any_z[GBCS_SECRET_LEN] = {1};
    if (row->form != RESPONSE) {
        bool built = gbcs_build(
            header, payload,
            row->form == UNSIGNED ? NULL : scene->signing[row->signer],
            row->form == WITH_MAC ? any_z : NULL, out);
        assert_true(built);
        return;
    }
    uint8_t signature[GBCS_SIGNATURE_LEN];
    struct buffer said = {0};
    assert_true(gbcs_payload_write(header, payload, &said));
    gbcs_put_content(header, buffer_span(&said), out);
    buffer_free(&said);
    assert_true(gbcs_sign(scene->signing[row->signer],
                          span_of(out->data + 1, out->len - 1), signature));
    gbcs_put_signature(signature, out);
}

static struct span message_of(struct scene *scene, const struct row *row,
                              uint64_t counter, instant execution) {
    struct buffer out = {0};
    if (row->form == RUBBISH) {
        buffer_text(&out, "rubbish");
        return octets_of(scene, &out);
    }
    const struct gbcs_header header = header_of(row, counter);
    const struct gbcs_payload payload = payload_of(row, &header, execution);
    write_message(scene, row, &header, &payload, &out);
    if (row->form == UNSIGNED)
        gbcs_put_signature(NULL, &out);
    if (row->form == WITH_TAIL)
        buffer_add(&out, span_of("", 1));
    if (row->form == SHORT)
        out.len--;
    if (row->form == BAD_SIGNATURE)
        out.data[out.len - 1] ^= 1;
    return octets_of(scene, &out);
}

static void run_row(struct scene *scene, const struct row *row) {
    uint64_t counter = ++scene->counter;
    instant execution = 0;
    if (row->in_message)
        execution = (clock_now() + row->in_message) / SECOND * SECOND;
    struct asked asked = {
        .device = ESME(PLAIN),
        .body = DUIS_SIGNED_PRE_COMMAND,
        .variant = row->variant,
        .when = row->beside,
        .signed_pre_command = message_of(
            scene, row, counter, row->cancels ? GBCS_CANCELLATION : execution),
        .counter = counter};
    if (row->beside && strcmp(row->beside, "same") == 0)
        asked.when = scene_time(scene, execution - clock_now() + MILLISECOND);
    struct answer answer = scene_ask(scene, &asked);
    const char *says = answer_says(scene->gateway, &answer);
    if (strcmp(says, row->says) != 0)
        fail_msg("%s: expected %s, got %s", row->sent, row->says, says);
    const char *wanted = row->command ? row->command : "none";
    const char *command = scene_command(scene, counter);
    if (strcmp(command, wanted) != 0)
        fail_msg("%s: expected %s, got %s", row->sent, wanted, command);
}

#define SENT "waiting 0012 by the User for north"

#define ROW(sent_, says_, command_, ...)                                       \
    { .sent = sent_, .says = says_, .command = command_, __VA_ARGS__ }

static const struct row ROWS[] = {
    ROW("at once, sent", "I99", SENT),
    ROW("CV 6: returned, not sent", "I0", "local 0012 by the User for north",
        .variant = "6"),
    ROW("CV 7: returned and sent", "I99", SENT, .variant = "7"),
    ROW("without a signature", "E12", NULL, .form = UNSIGNED),
    ROW("a whole command", "E12", NULL, .form = WITH_MAC),
    ROW("an octet too many", "E12", NULL, .form = WITH_TAIL),
    ROW("an octet too few", "E12", NULL, .form = SHORT),
    ROW("no GBCS message", "E12", NULL, .form = RUBBISH),
    ROW("a response", "E12", NULL, .form = RESPONSE),
    ROW("supplementary fields", "E12", NULL, .form = WITH_PARTY),
    ROW("another use case", "E12", NULL, .code = GBCS_CODE_ECS52),
    ROW("another device", "E12", NULL, .recipient = ESME(CENTRAL)),
    ROW("another originator", "E12", NULL, .originator = SUPPLIER_B),
    ROW("another counter", "E12", NULL, .counter_off = 1),
    ROW("a signature that is not good", "E1", NULL, .form = BAD_SIGNATURE),
    ROW("the signature of another supplier", "E1", NULL,
        .signer = BY_SUPPLIER_B),
    ROW("future dated: the device holds it", "I99", SENT, .in_message = DAY),
    ROW("more than 30 days ahead", "E31", NULL,
        .in_message = 30 * DAY + MINUTE),
    ROW("past", "E31", NULL, .in_message = -MINUTE),
    ROW("a cancellation", "I99", SENT, .cancels = true),
    ROW("the time beside it is its own", "I99", SENT, .in_message = DAY,
        .beside = "same"),
    ROW("the time beside it is another", "E12", NULL, .in_message = DAY,
        .beside = "2099-01-01T00:00:00Z"),
    ROW("a time beside it, none in it", "E12", NULL,
        .beside = "2099-01-01T00:00:00Z"),
    ROW("a cancellation, beside and in it", "I99", SENT, .cancels = true,
        .beside = "3000-12-31T00:00:00.00Z"),
    ROW("a cancellation beside it, a time in it", "E12", NULL,
        .in_message = DAY, .beside = "3000-12-31T00:00:00.00Z"),
    ROW("CV 6 with a time: on demand only", "E12", NULL, .variant = "6",
        .in_message = DAY),
    ROW("CV 7 with a time: on demand only", "E12", NULL, .variant = "7",
        .in_message = DAY),
};

static void a_signed_pre_command_is_judged_by_itself(void **state) {
    (void)state;
    struct scene *scene = scene_open();
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        run_row(scene, &ROWS[i]);
    scene_close(scene);
}

/* ---- beside its Transform ---- */

static const struct asked TRANSFORM = {.device = ESME(PLAIN),
                                       .body = DUIS_ACTIVATE_FIRMWARE};

/* A Transform, and its Pre-Command signed. */
static struct asked transformed(struct scene *scene) {
    struct answer answer = scene_ask(scene, &TRANSFORM);
    assert_string_equal(answer_says(scene->gateway, &answer), "I0");
    return (struct asked){
        .device = ESME(PLAIN),
        .body = DUIS_SIGNED_PRE_COMMAND,
        .signed_pre_command =
            scene_sign(scene, BY_SUPPLIER_A, scene_payload(scene, &answer)),
        .counter = scene->counter};
}

static void check(struct scene *scene, const struct asked *asked,
                  const char *code, const char *command) {
    struct answer answer = scene_ask(scene, asked);
    assert_string_equal(answer_says(scene->gateway, &answer), code);
    assert_string_equal(scene_command(scene, asked->counter), command);
}

static void what_was_returned_may_be_signed_once(void **state) {
    (void)state;
    struct scene *scene = scene_open();
    struct asked asked = transformed(scene);
    struct span body = scene_request(scene, &asked);
    struct answer first = gateway_post(scene->gateway, "serviceS", body);
    assert_string_equal(answer_says(scene->gateway, &first), "I99");
    struct answer again = gateway_post(scene->gateway, "serviceS", body);
    assert_true(span_equal(first.body, again.body));
    /* signed anew, it is the same request */
    check(scene, &asked, "I99", SENT);
    assert_string_equal(
        gateway_ask(scene->gateway, "select count(*) from device_command"),
        "1");
    scene_close(scene);
}

/* By which the update that it activates is found. */
static void the_stored_command_tells_its_image(void **state) {
    (void)state;
    struct scene *scene = scene_open();
    struct asked asked = transformed(scene);
    check(scene, &asked, "I99", SENT);
    check(scene,
          &(struct asked){.device = CHF(PLAIN),
                          .body = DUIS_READ_FIRMWARE_VERSION,
                          .counter = ++scene->counter},
          "I99", "waiting 0059 by the ACB for north");
    assert_string_equal(
        gateway_ask(scene->gateway,
                    "select string_agg(coalesce(upper(encode("
                    "command_image_hash(payload), 'hex')), 'none'), ' '"
                    " order by command_no) from device_command"),
        "AA758690730934FF0685AA758690730934FF0685657788990011223344556677"
        " none");
    scene_close(scene);
}

static void another_than_was_returned_is_refused(void **state) {
    (void)state;
    struct scene *scene = scene_open();
    struct asked asked = transformed(scene);
    struct command_order order = {.code = GBCS_CODE_CS06,
                                  .user = SUPPLIER_A,
                                  .device = ESME(PLAIN),
                                  .request_counter = asked.counter,
                                  .user_originates = true};
    struct buffer other = {0};
    assert_true(command_pre_activate(&order, OTHER_HASH, NULL, &other));
    struct asked changed = asked;
    changed.signed_pre_command =
        scene_sign(scene, BY_SUPPLIER_A, buffer_span(&other));
    buffer_free(&other);
    check(scene, &changed, "E12", "none");
    /* a refusal has not used the RequestID */
    check(scene, &asked, "I99", SENT);
    scene_close(scene);
}

/* A RequestID has two stages only for an 11.3 to one device. */
static void no_other_request_shares_a_request_id(void **state) {
    (void)state;
    struct scene *scene = scene_open();
    struct asked read = {.device = ESME(PLAIN),
                         .body = DUIS_READ_FIRMWARE_VERSION,
                         .counter = 7};
    scene->counter = 7;
    check(scene, &read, "I99", "waiting 0059 by the User for north");
    const struct row row =
        ROW("after a read", "E65", "waiting 0059 by the User for north");
    scene->counter = 6;
    run_row(scene, &row);

    const struct row alone = ROW("without a Transform", "I99", SENT);
    run_row(scene, &alone);
    read.counter = scene->counter;
    check(scene, &read, "E65", SENT);

    struct asked asked = transformed(scene);
    asked.device = ESME(CENTRAL);
    struct answer elsewhere = scene_ask(scene, &asked);
    assert_string_equal(answer_says(scene->gateway, &elsewhere), "E12");
    scene_close(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_pre_command_is_judged_by_itself),
        cmocka_unit_test(what_was_returned_may_be_signed_once),
        cmocka_unit_test(the_stored_command_tells_its_image),
        cmocka_unit_test(another_than_was_returned_is_refused),
        cmocka_unit_test(no_other_request_shares_a_request_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
