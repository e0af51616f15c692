/*
 * The Reference Test Data Set from end to end: its DUIS request templates,
 * signed and sent, become its GBCS commands and Pre-Commands, octet for octet.
 */
#include "support/check.h"
#include "support/command_scene.h"

#include "base/hex.h"
#include "gbcs/build.h"
#include "support/gbcs_keys.h"
#include "support/shared.h"

#include <jansson.h>
#include <stdlib.h>

#define RTDS(kind) (UINT64_C(0x00DB1234567890A0) + (kind))
enum { RTDS_ESME, RTDS_GSME, RTDS_CHF, RTDS_PPMID = 4, RTDS_HCALCS };

/* ---- the reference estate ---- */

static struct span read_or_skip(struct scene *scene, const char *name,
                                bool (*read)(const char *, struct buffer *)) {
    struct buffer octets = {0};
    if (!read(name, &octets)) {
        buffer_free(&octets);
        scene_close(scene);
        skip();
    }
    arena_adopt(scene->arena, octets.data, free);
    return buffer_span(&octets);
}

static struct span rtds(struct scene *scene, const char *file) {
    return read_or_skip(scene, arena_printf(scene->arena, "rtds/%s", file),
                        shared_read_hex);
}

static void trust(struct scene *scene, const char *file) {
    const char *name = arena_printf(scene->arena, "rtds/keys/%s.pem", file);
    gateway_trust(scene->gateway,
                  &(struct test_identity){.certificate_pem = read_or_skip(
                                              scene, name, shared_read)});
}

/* The published test key of the ACB. */
static void use_acb_key(struct scene *scene) {
    struct span text =
        read_or_skip(scene, "rtds/keys/test-scalars.json", shared_read);
    json_t *file = json_loadb((const char *)text.data, text.len, 0, NULL), *one;
    size_t index;
    EVP_PKEY *key = NULL;
    json_array_foreach(json_object_get(file, "keys"), index, one) {
        const char *name =
            json_string_value(json_object_get(one, "certificate"));
        if (strcmp(name, "90b3d51f30000002-ka.pem") == 0)
            key = key_of_scalar(
                json_string_value(json_object_get(one, "scalar")));
    }
    json_decref(file);
    assert_non_null(key);
    const char *reason;
    acb_key_free(scene->gateway->requests.acb);
    scene->gateway->requests.acb = acb_key_new(key, 10, &reason);
    assert_non_null(scene->gateway->requests.acb);
    EVP_PKEY_free(key);
}

static struct scene *open_reference(void) {
    static const char *const certificates[] = {
        "00db1234567890a0-ka", "00db1234567890a1-ka", "00db1234567890a2-ka",
        "00db1234567890a4-ka", "00db1234567890a5-ka", "90b3d51f30010000-ds"};
    struct scene *scene = scene_open();
    use_acb_key(scene);
    for (size_t i = 0; i < sizeof certificates / sizeof *certificates; i++)
        trust(scene, certificates[i]);
    /* the supplier's certificate has run out in 2025 */
    scene->gateway->config.accept_expired = true;
    gateway_tell(
        scene->gateway,
        "insert into smi_device (device_id, chf_id, device_type,"
        " device_status, smets_version, csp_region, gbcs_version,"
        " import_supplier_id, gas_supplier_id)"
        " select ('00db1234567890' || id)::macaddr8, '00db1234567890a2',"
        " type::device_type, 'Commissioned', 'SMETS2',"
        " case type when 'CHF' then 'North'::csp_region end, 40100,"
        " case type when 'ESME' then macaddr8 '90b3d51f30010000' end,"
        " case type when 'GSME' then macaddr8 '90b3d51f30010000' end"
        " from (values ('a0', 'ESME'), ('a1', 'GSME'), ('a2', 'CHF'),"
        " ('a4', 'PPMID'), ('a5', 'HCALCS')) d (id, type);"
        "select refresh_homes(null);"
        "alter sequence acb_counter restart 1300");
    return scene;
}

/* A template with changes, signed by the supplier. */
struct change {
    const char *from, *to;
};

static struct span template(struct scene *scene, const char *file,
                            const struct change *changes) {
    const char *name =
        arena_printf(scene->arena, "duis-templates/%s_REQUEST_DUIS.XML", file);
    struct span text = read_or_skip(scene, name, shared_read);
    struct buffer out = {0};
    for (; changes && changes->from; changes++) {
        struct buffer changed = {0};
        test_replace(text, changes->from, changes->to, &changed);
        arena_adopt(scene->arena, changed.data, free);
        text = buffer_span(&changed);
    }
    test_sign(text,
              &(struct test_signing){.signer = &scene->senders[BY_SUPPLIER_A]},
              &out);
    arena_adopt(scene->arena, out.data, free);
    return buffer_span(&out);
}

static void assert_octets(struct scene *scene, struct span got,
                          struct span expected) {
    char *got_hex = arena_alloc(scene->arena, 2 * got.len + 1);
    char *expected_hex = arena_alloc(scene->arena, 2 * expected.len + 1);
    assert_string_equal(hex_format(got, got_hex),
                        hex_format(expected, expected_hex));
}

/* ---- 11.2 ---- */

static const struct {
    const char *request;
    struct change changes[2];
    const char *command;
} READS[] = {
    {"ECS52_11.2_SUCCESS", {{0}}, "ECS52_11.2_SUCCESS_COMMAND_GBCS.HEX"},
    {"GCS38_11.2_SUCCESS", {{0}}, "GCS38_11.2_SUCCESS_COMMAND_GBCS.HEX"},
    /* the template names the ACB as the originator of the request, which is
     * none that a User could send; the command has the supplier there */
    {"CS08_11.2_SUCCESS",
     {{"90-B3-D5-1F-30-00-00-02", "90-B3-D5-1F-30-01-00-00"}},
     "CS08_11.2_SUCCESS_COMMAND_GBCS.HEX"},
};

/* All have the RequestID counter 1000, so each has the store to itself. */
static void reads_become_the_published_commands(void **state) {
    (void)state;
    struct scene *scene = open_reference();
    for (size_t i = 0; i < sizeof READS / sizeof *READS; i++) {
        struct answer answer =
            gateway_post(scene->gateway, "serviceS",
                         template(scene, READS[i].request, READS[i].changes));
        assert_string_equal(answer_says(scene->gateway, &answer), "I99");
        assert_octets(scene, scene_command_octets(scene, 1000),
                      rtds(scene, READS[i].command));
        gateway_tell(scene->gateway, "delete from device_command");
        gateway_tell(scene->gateway, "delete from service_request");
    }
    scene_close(scene);
}

/* ---- 11.3 ---- */

/* DUIS carries a Pre-Command with a 00 behind it. */
static void assert_pre_command(struct scene *scene, const struct answer *answer,
                               const char *vector) {
    assert_string_equal(answer_says(scene->gateway, answer), "I0");
    assert_string_equal(answer_text(scene->gateway, answer, "GBCSVersion"),
                        "4.1");
    struct span expected = rtds(scene, vector);
    struct span got = scene_payload(scene, answer);
    assert_int_equal(got.len, expected.len + 1);
    assert_int_equal(got.data[got.len - 1], 0);
    assert_octets(scene, span_of(got.data, got.len - 1), expected);
}

/* The published command without its MAC header and MAC is the Pre-Command as
 * the supplier signed it. */
static struct span signed_pre_command(struct scene *scene,
                                      const char *command) {
    struct gbcs_message message;
    const char *reason;
    assert_true(gbcs_message_parse(rtds(scene, command), &message, &reason));
    return message.to_mac;
}

static void an_activation_becomes_the_published_command(void **state) {
    (void)state;
    static const char COMMAND[] =
        "CS06_11.3_IMMEDIATE_SUCCESS_COMMAND_GBCS.HEX";
    struct scene *scene = open_reference();
    struct answer answer =
        gateway_post(scene->gateway, "serviceT",
                     template(scene, "CS06_11.3_IMMEDIATE_SUCCESS", NULL));
    assert_pre_command(scene, &answer,
                       "CS06_11.3_IMMEDIATE_SUCCESS_PRECOMMAND_GBCS.HEX");
    answer =
        scene_ask(scene, &(struct asked){.device = RTDS(RTDS_ESME),
                                         .body = DUIS_SIGNED_PRE_COMMAND,
                                         .signed_pre_command =
                                             signed_pre_command(scene, COMMAND),
                                         .counter = 1000});
    assert_string_equal(answer_says(scene->gateway, &answer), "I99");
    assert_octets(scene, scene_command_octets(scene, 1000),
                  rtds(scene, COMMAND));
    scene_close(scene);
}

static const struct change FUTURE_DATED[] = {
    {"90-A0:1000", "90-A0:1001"},
    {"<sr:FirmwareHash>",
     "<sr:ExecutionDateTime>2030-01-15T09:00:00.00Z</sr:ExecutionDateTime>"
     "<sr:FirmwareHash>"},
    {0}};

static void a_future_dated_activation_is_the_published_one(void **state) {
    (void)state;
    struct scene *scene = open_reference();
    instant execution = instant_at("2030-01-15T09:00:00.00Z");
    test_clock_set(execution - 20 * DAY - clock_now());
    struct answer answer = gateway_post(
        scene->gateway, "serviceT",
        template(scene, "CS06_11.3_IMMEDIATE_SUCCESS", FUTURE_DATED));
    assert_pre_command(scene, &answer,
                       "CS06_11.3_FUTURE_DATED_SUCCESS_PRECOMMAND_GBCS.HEX");
    scene_close(scene);
}

/* requirement M2: DUIS 3000-12-31T00:00:00.00Z is 99991231235959Z. */
static void a_cancellation_has_the_published_time(void **state) {
    (void)state;
    static const struct change changes[] = {
        {"<sr:FirmwareHash>", "<sr:ExecutionDateTime>3000-12-31T00:00:00.00Z"
                              "</sr:ExecutionDateTime><sr:FirmwareHash>"},
        {0}};
    struct scene *scene = open_reference();
    struct answer answer =
        gateway_post(scene->gateway, "serviceT",
                     template(scene, "CS06_11.3_IMMEDIATE_SUCCESS", changes));
    assert_string_equal(answer_says(scene->gateway, &answer), "I0");
    struct span got = scene_payload(scene, &answer);
    static const char time[] = "\x18\x0F"
                               "99991231235959Z";
    assert_memory_equal(got.data + got.len - sizeof time, time, sizeof time);
    scene_close(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_become_the_published_commands),
        cmocka_unit_test(an_activation_becomes_the_published_command),
        cmocka_unit_test(a_future_dated_activation_is_the_published_one),
        cmocka_unit_test(a_cancellation_has_the_published_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
