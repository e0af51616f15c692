/*
 * The Reference Test Data Set's messages (RTDS 4.5.0): read to the published
 * fields, rebuilt octet for octet, MACs computed and signatures verified.
 */
#include "support/check.h"

#include "base/hex.h"
#include "gbcs/build.h"
#include "support/gbcs_ids.h"
#include "support/gbcs_keys.h"
#include "support/shared.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const uint8_t AA75[GBCS_HASH_LEN] = {
    0xAA, 0x75, 0x86, 0x90, 0x73, 0x09, 0x34, 0xFF, 0x06, 0x85, 0xAA,
    0x75, 0x86, 0x90, 0x73, 0x09, 0x34, 0xFF, 0x06, 0x85, 0x65, 0x77,
    0x88, 0x99, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};
static const uint8_t ONES[GBCS_HASH_LEN] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                            1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static const uint8_t DATE_TIME[GBCS_DATE_TIME_LEN] = {
    0x07, 0xDF, 1, 1, 0xFF, 0, 0, 0, 0, 0x80, 0, 0xFF};

/* What the annotated vectors of the published set say. */
static const struct vector {
    const char *file;
    struct gbcs_header header;
    struct gbcs_payload payload; /* without its times */
    const char *time;
    const char *name;
    bool is_signed, is_maced;
} vectors[] = {
    {"CS08_11.2_SUCCESS_COMMAND_GBCS.HEX",
     {GBCS_COMMAND, 1300, ACB, PPMID, .code = 0x0129,
      .supplementary = GBCS_SUPPLEMENTARY_PARTY_COUNTER,
      .supplementary_party = SUPPLIER, .supplementary_party_counter = 1000},
     {.kind = GBCS_READ},
     NULL,
     "CS08",
     .is_maced = true},
    {"CS08_11.2_SUCCESS_RESPONSE_GBCS.HEX",
     {GBCS_RESPONSE, 1300, PPMID, ACB, .code = 0x0129,
      .supplementary = GBCS_SUPPLEMENTARY_PARTY_COUNTER,
      .supplementary_party = SUPPLIER, .supplementary_party_counter = 1000},
     {GBCS_READ_RESULT, .firmware_version = 0x0123ABCD},
     NULL,
     "CS08",
     .is_maced = true},
    {"ECS52_11.2_SUCCESS_COMMAND_GBCS.HEX",
     {GBCS_COMMAND, 1000, SUPPLIER, ESME, .code = 0x0059},
     {.kind = GBCS_READ},
     NULL,
     "ECS52",
     .is_maced = true},
    {"ECS52_11.2_SUCCESS_RESPONSE_GBCS.HEX",
     {GBCS_RESPONSE, 1000, ESME, SUPPLIER, .code = 0x0059},
     {GBCS_READ_RESULT, .firmware_version = 0x0123ABCD},
     NULL,
     "ECS52",
     .is_maced = true},
    {"GCS38_11.2_SUCCESS_COMMAND_GBCS.HEX",
     {GBCS_COMMAND, 1000, SUPPLIER, GSME, .code = 0x0084},
     {.kind = GBCS_READ},
     NULL,
     "GCS38",
     .is_maced = true},
    {"GCS38_11.2_SUCCESS_RESPONSE_GBCS.HEX",
     {GBCS_RESPONSE, 1000, GSME, SUPPLIER, .code = 0x0084},
     {GBCS_READ_RESULT, .firmware_version = 0x0123ABCD},
     NULL,
     "GCS38",
     .is_maced = true},
    {"CS06_11.3_IMMEDIATE_SUCCESS_PRECOMMAND_GBCS.HEX",
     {GBCS_COMMAND, 1000, SUPPLIER, ESME, .code = 0x0012},
     {.kind = GBCS_ACTIVATE, .hash = {AA75, 32}, .counter = 1000},
     .name = "CS06"},
    {"CS06_11.3_FUTURE_DATED_SUCCESS_PRECOMMAND_GBCS.HEX",
     {GBCS_COMMAND, 1001, SUPPLIER, ESME, .code = 0x0012},
     {.kind = GBCS_ACTIVATE, .hash = {AA75, 32}, .counter = 1001},
     .time = "2030-01-15T09:00:00Z",
     .name = "CS06"},
    {"CS06_11.3_IMMEDIATE_SUCCESS_COMMAND_GBCS.HEX",
     {GBCS_COMMAND, 1000, SUPPLIER, ESME, .code = 0x0012},
     {.kind = GBCS_ACTIVATE, .hash = {AA75, 32}, .counter = 1000},
     NULL,
     "CS06",
     .is_signed = true,
     .is_maced = true},
    {"CS06_11.3_IMMEDIATE_SUCCESS_RESPONSE_GBCS.HEX",
     {GBCS_RESPONSE, 1000, ESME, SUPPLIER, .date_time = {DATE_TIME, 12},
      .code = 0x0012},
     {GBCS_ACTIVATE_RESULT, .firmware_version = 0x0123ABCE},
     NULL,
     "CS06",
     .is_signed = true},
    {"CS06_11.3_8F66_FUTURE_DATED_SUCCESS_ALERT_GBCS.HEX",
     {GBCS_ALERT, 2000, ESME, SUPPLIER, .code = 0x00CA},
     {GBCS_ACTIVATE_ALERT, 0x8F66, .counter = 1001,
      .firmware_version = 0x0123ABCF},
     "2030-01-15T09:00:00Z",
     "CS06",
     .is_signed = true},
    {"CCS08_NA_NA_ALERT_GBCS.HEX",
     {GBCS_ALERT, 4000, CHF, ACB, .code = 0x0128},
     {GBCS_TRANSFER_ALERT, 0x8F8A, .device = PPMID,
      .firmware_version = 0x0123ABCD},
     "2015-01-01T00:00:00Z",
     "CCS08",
     .is_signed = true},
    {"CS09_NA_8F8B_ALERT_GBCS.HEX",
     {GBCS_ALERT, 5000, PPMID, ACB, .code = 0x012B},
     {GBCS_PPMID_ALERT, 0x8F8B, .firmware_version = 0x1234ABCD},
     "2015-01-01T00:00:00Z",
     "CS09",
     .is_signed = true},
    {"FDRA-DLMS_NA_8F72_ALERT_GBCS.HEX",
     {GBCS_ALERT, 2000, ESME, SUPPLIER, .code = 0x00CE},
     {GBCS_VERIFICATION_ALERT, 0x8F72, .hash = {ONES, 32}},
     "2015-01-01T00:00:00Z",
     "FDRA-DLMS",
     .is_signed = true},
};
enum { VECTORS = sizeof vectors / sizeof *vectors };

static bool read_hex(const char *file, struct buffer *octets) {
    char path[256];
    snprintf(path, sizeof path, "rtds/%s", file);
    return shared_read_hex(path, octets);
}

static struct gbcs_message must_parse(const struct vector *vector,
                                      const struct buffer *octets) {
    struct gbcs_message message;
    const char *reason;
    bool precommand = !vector->is_signed && !vector->is_maced;
    if (!(precommand ? gbcs_precommand_parse : gbcs_message_parse)(
            buffer_span(octets), &message, &reason))
        fail_msg("%s: %s", vector->file, reason);
    return message;
}

static void same_header(const struct gbcs_header *got,
                        const struct gbcs_header *expected) {
    assert_int_equal(got->cra, expected->cra);
    assert_true(got->counter == expected->counter);
    assert_true(got->originator == expected->originator);
    assert_true(got->recipient == expected->recipient);
    assert_true(span_equal(got->date_time, expected->date_time));
    assert_int_equal(got->code, expected->code);
    assert_int_equal(got->supplementary, expected->supplementary);
    assert_true(got->supplementary_party == expected->supplementary_party);
    assert_true(got->supplementary_party_counter ==
                expected->supplementary_party_counter);
    assert_int_equal(got->certificate.len, 0);
}

static struct gbcs_payload expected_payload(const struct vector *vector) {
    struct gbcs_payload payload = vector->payload;
    payload.has_time = vector->time != NULL;
    if (vector->time)
        assert_true(instant_parse(span_text(vector->time), &payload.time));
    return payload;
}

static void same_payload(const struct gbcs_payload *got,
                         const struct gbcs_payload *expected) {
    assert_int_equal(got->kind, expected->kind);
    assert_int_equal(got->alert_code, expected->alert_code);
    assert_int_equal(got->result, expected->result);
    assert_int_equal(got->has_time, expected->has_time);
    assert_true(got->time == expected->time);
    assert_true(got->counter == expected->counter);
    assert_true(got->device == expected->device);
    assert_int_equal(got->firmware_version, expected->firmware_version);
    assert_true(span_equal(got->hash, expected->hash));
}

static void every_vector_is_read(void **state) {
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        const struct vector *vector = vectors + i;
        struct buffer octets = {0};
        if (!read_hex(vector->file, &octets))
            skip();
        struct gbcs_message message = must_parse(vector, &octets);
        same_header(&message.header, &vector->header);
        assert_int_equal(message.signature.len, vector->is_signed ? 64 : 0);
        assert_int_equal(message.mac.len, vector->is_maced ? 12 : 0);
        struct gbcs_payload payload, expected = expected_payload(vector);
        const char *reason;
        if (!gbcs_payload_read(&message, &payload, &reason))
            fail_msg("%s: %s", vector->file, reason);
        assert_string_equal(payload.use_case->name, vector->name);
        same_payload(&payload, &expected);
        buffer_free(&octets);
    }
}

/* Everything but the 64 octets of a signature, which no one can make again. */
static void every_vector_is_rebuilt(void **state) {
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        const struct vector *vector = vectors + i;
        struct buffer octets = {0}, payload = {0}, built = {0};
        if (!read_hex(vector->file, &octets))
            skip();
        struct gbcs_message message = must_parse(vector, &octets);
        struct gbcs_payload said = expected_payload(vector);
        assert_true(gbcs_payload_write(&vector->header, &said, &payload));
        if (vector->is_maced)
            gbcs_put_mac_header(message.to_mac.len, &built);
        gbcs_put_content(&vector->header, buffer_span(&payload), &built);
        if (vector->is_signed)
            gbcs_put_signature(message.signature.data, &built);
        else if (vector->is_maced)
            gbcs_put_signature(NULL, &built);
        buffer_add(&built, message.mac);
        if (!span_equal(buffer_span(&built), buffer_span(&octets)))
            fail_msg("%s differs", vector->file);
        buffer_free(&octets);
        buffer_free(&payload);
        buffer_free(&built);
    }
}

static EVP_PKEY *certificate_key(eui64 id, const char *use) {
    char path[256];
    snprintf(path, sizeof path, "rtds/keys/%016llx-%s.pem",
             (unsigned long long)id, use);
    struct buffer pem = {0};
    EVP_PKEY *key =
        shared_read(path, &pem) ? key_of_certificate(buffer_span(&pem)) : NULL;
    assert_non_null(key);
    buffer_free(&pem);
    return key;
}

static void every_signature_is_good(void **state) {
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        struct buffer octets = {0};
        if (!read_hex(vectors[i].file, &octets))
            skip();
        struct gbcs_message message = must_parse(vectors + i, &octets);
        EVP_PKEY *key = certificate_key(message.header.originator, "ds");
        EVP_PKEY *wrong = certificate_key(message.header.recipient, "ds");
        assert_int_equal(gbcs_message_verify(key, &message),
                         vectors[i].is_signed);
        assert_false(gbcs_message_verify(wrong, &message));
        octets.data[message.to_sign.data - octets.data] ^= 1;
        assert_false(gbcs_message_verify(key, &message));
        EVP_PKEY_free(key);
        EVP_PKEY_free(wrong);
        buffer_free(&octets);
    }
}

static json_t *read_json(const char *name) {
    struct buffer text = {0};
    if (!shared_read(name, &text))
        return NULL;
    json_t *json = json_loadb((char *)text.data, text.len, 0, NULL);
    assert_non_null(json);
    buffer_free(&text);
    return json;
}

static size_t json_octets(const json_t *object, const char *name,
                          uint8_t *octets, size_t most) {
    const char *text = json_string_value(json_object_get(object, name));
    int len = hex_parse(span_text(text ? text : ""), octets, most);
    assert_true(len >= 0);
    return (size_t)len;
}

static void macs_are_those_of_the_vectors(void **state) {
    (void)state;
    json_t *all = read_json("rtds/vectors.json"), *one;
    if (!all)
        skip();
    size_t index, maced = 0;
    json_array_foreach(all, index, one) {
        uint8_t octets[512], z[32], aad[512], mac[12];
        size_t len = json_octets(one, "hex", octets, sizeof octets);
        if (json_octets(one, "z", z, sizeof z) == 0)
            continue;
        struct gbcs_message message;
        const char *reason;
        assert_true(
            gbcs_message_parse(span_of(octets, len), &message, &reason));
        /* the AAD begins 11 and five zeros */
        size_t aad_len = json_octets(one, "aad", aad, sizeof aad);
        assert_true(span_equal(message.to_mac, span_of(aad + 6, aad_len - 6)));
        json_octets(one, "mac", mac, sizeof mac);
        assert_memory_equal(message.mac.data, mac, sizeof mac);
        assert_true(gbcs_mac_verify(z, &message));
        uint8_t ours[12];
        gbcs_mac(z, &message.header, message.to_mac, ours);
        assert_memory_equal(ours, mac, sizeof mac);
        maced++;
    }
    assert_int_equal(maced, 7);
    json_decref(all);
}

/* The published test key of an organisation. */
static EVP_PKEY *organisation_key(const char *id, const char *use) {
    json_t *file = read_json("rtds/keys/test-scalars.json"), *one;
    size_t index;
    EVP_PKEY *key = NULL;
    json_array_foreach(json_object_get(file, "keys"), index, one) {
        const char *eui = json_string_value(json_object_get(one, "eui"));
        const char *is_for = json_string_value(json_object_get(one, "use"));
        if (strcasecmp(eui, id) == 0 && strcmp(is_for, use) == 0)
            key = key_of_scalar(
                json_string_value(json_object_get(one, "scalar")));
    }
    json_decref(file);
    assert_non_null(key);
    return key;
}

static void secrets_are_those_of_the_vectors(void **state) {
    (void)state;
    json_t *all = read_json("rtds/vectors.json"), *one;
    if (!all)
        skip();
    size_t index;
    json_array_foreach(all, index, one) {
        uint8_t expected[32], z[32];
        if (json_octets(one, "z", expected, sizeof expected) == 0)
            continue;
        const char *peer =
            json_string_value(json_object_get(one, "ka_public_of"));
        EVP_PKEY *own = organisation_key(
            json_string_value(json_object_get(one, "ka_private_of")),
            "keyAgreement");
        EVP_PKEY *device = certificate_key(strtoull(peer, NULL, 16), "ka");
        assert_true(gbcs_shared_secret(own, device, z));
        assert_memory_equal(z, expected, sizeof z);
        EVP_PKEY_free(own);
        EVP_PKEY_free(device);
    }
    json_decref(all);
}

/* What a User does with a pre-command, and what becomes of it here. */
static void a_signed_precommand_becomes_a_command(void **state) {
    (void)state;
    struct buffer octets = {0}, command = {0};
    if (!read_hex("CS06_11.3_IMMEDIATE_SUCCESS_PRECOMMAND_GBCS.HEX", &octets))
        skip();
    EVP_PKEY *supplier =
        organisation_key("90B3D51F30010000", "digitalSignature");
    uint8_t signature[64];
    assert_true(gbcs_sign(supplier, span_of(octets.data + 1, octets.len - 1),
                          signature));
    gbcs_put_signature(signature, &octets);
    struct gbcs_message message;
    const char *reason;
    assert_true(gbcs_message_parse(buffer_span(&octets), &message, &reason));
    assert_string_equal(gbcs_message_kind(&message), "signed pre-command");
    static const uint8_t z[32] = {7};
    gbcs_wrap(&message, z, &command);
    assert_true(gbcs_message_parse(buffer_span(&command), &message, &reason));
    assert_string_equal(gbcs_message_kind(&message), "command");
    assert_true(gbcs_mac_verify(z, &message));
    EVP_PKEY *published = certificate_key(SUPPLIER, "ds");
    assert_true(gbcs_message_verify(published, &message));
    EVP_PKEY_free(published);
    EVP_PKEY_free(supplier);
    buffer_free(&octets);
    buffer_free(&command);
}

/* A real ECS52 response with supplementary fields, as a hub's or for a User
 * that the device does not know. Its device's key is not published. */
static void a_response_to_the_acb_for_a_user(void **state) {
    (void)state;
    struct buffer octets = {0};
    if (!shared_read_base64("duis-templates/readfw-response.xml",
                            "sr:GBCSPayload", &octets))
        skip();
    struct gbcs_message message;
    struct gbcs_payload payload;
    const char *reason;
    assert_true(gbcs_message_parse(buffer_span(&octets), &message, &reason));
    assert_true(gbcs_payload_read(&message, &payload, &reason));
    const struct gbcs_header expected = {
        .cra = GBCS_RESPONSE,
        .counter = 1660751141383,
        .originator = 0x88738457002F961E,
        .recipient = ACB,
        .code = 0x0059,
        .supplementary = GBCS_SUPPLEMENTARY_PARTY_COUNTER,
        .supplementary_party = SUPPLIER,
        .supplementary_party_counter = 1660751141087,
    };
    same_header(&message.header, &expected);
    assert_int_equal(payload.kind, GBCS_READ_RESULT);
    assert_int_equal(payload.firmware_version, 0x0C230000);
    buffer_free(&octets);
}

/* Reads a message of the set by nothing but its name, and writes it again. */
static void read_and_rewrite(const char *file) {
    struct buffer octets = {0}, payload = {0};
    assert_true(read_hex(file, &octets));
    struct gbcs_message message;
    struct gbcs_payload said;
    const char *reason;
    bool precommand = strstr(file, "PRECOMMAND") != NULL;
    if (!(precommand ? gbcs_precommand_parse : gbcs_message_parse)(
            buffer_span(&octets), &message, &reason) ||
        !gbcs_payload_read(&message, &said, &reason))
        fail_msg("%s: %s", file, reason);
    if (said.use_case) {
        assert_true(gbcs_payload_write(&message.header, &said, &payload));
        assert_true(span_equal(buffer_span(&payload), message.payload));
    }
    buffer_free(&octets);
    buffer_free(&payload);
}

/* Those of the set that are not listed above, too, wherever more are there. */
static void every_file_of_the_set_is_read(void **state) {
    (void)state;
    if (!shared_each("rtds", ".HEX", read_and_rewrite))
        skip();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_is_read),
        cmocka_unit_test(every_vector_is_rebuilt),
        cmocka_unit_test(every_signature_is_good),
        cmocka_unit_test(macs_are_those_of_the_vectors),
        cmocka_unit_test(secrets_are_those_of_the_vectors),
        cmocka_unit_test(a_signed_precommand_becomes_a_command),
        cmocka_unit_test(a_response_to_the_acb_for_a_user),
        cmocka_unit_test(every_file_of_the_set_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
