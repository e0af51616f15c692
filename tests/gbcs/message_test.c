/* Messages as a whole: built, read, and damaged in every way. */
#include "support/check.h"

#include "base/hex.h"
#include "gbcs/octets.h"
#include "support/gbcs_keys.h"
#include "support/gbcs_rebuild.h"
#include "support/gbcs_samples.h"
#include "support/shared.h"

#include <stdio.h>
#include <stdlib.h>

/* RTDS files, and whether they are unsigned pre-commands. */
static const struct {
    const char *file;
    bool precommand;
} vectors[] = {
    {"CS08_11.2_SUCCESS_COMMAND_GBCS", false},
    {"CS08_11.2_SUCCESS_RESPONSE_GBCS", false},
    {"ECS52_11.2_SUCCESS_COMMAND_GBCS", false},
    {"ECS52_11.2_SUCCESS_RESPONSE_GBCS", false},
    {"GCS38_11.2_SUCCESS_COMMAND_GBCS", false},
    {"GCS38_11.2_SUCCESS_RESPONSE_GBCS", false},
    {"CS06_11.3_IMMEDIATE_SUCCESS_PRECOMMAND_GBCS", true},
    {"CS06_11.3_FUTURE_DATED_SUCCESS_PRECOMMAND_GBCS", true},
    {"CS06_11.3_IMMEDIATE_SUCCESS_COMMAND_GBCS", false},
    {"CS06_11.3_IMMEDIATE_SUCCESS_RESPONSE_GBCS", false},
    {"CS06_11.3_8F66_FUTURE_DATED_SUCCESS_ALERT_GBCS", false},
    {"CCS08_NA_NA_ALERT_GBCS", false},
    {"CS09_NA_8F8B_ALERT_GBCS", false},
    {"FDRA-DLMS_NA_8F72_ALERT_GBCS", false},
};

static bool vector_octets(const char *file, struct buffer *octets) {
    char path[256];
    snprintf(path, sizeof path, "rtds/%s.HEX", file);
    return shared_read_hex(path, octets);
}

typedef bool parse_function(struct span, struct gbcs_message *, const char **);

/* Message and payload, from memory of their own. */
static bool read_all(struct span octets, bool precommand) {
    parse_function *parse =
        precommand ? gbcs_precommand_parse : gbcs_message_parse;
    uint8_t *copy = malloc(octets.len ? octets.len : 1);
    memcpy(copy, octets.data, octets.len);
    struct gbcs_message message;
    struct gbcs_payload payload;
    const char *reason = NULL;
    bool done = parse(span_of(copy, octets.len), &message, &reason) &&
                gbcs_payload_read(&message, &payload, &reason);
    free(copy);
    assert_int_equal(reason == NULL, done);
    return done;
}

static void must_refuse_when_cut(struct span octets, bool precommand,
                                 const char *name) {
    for (size_t len = 0; len < octets.len; len++)
        if (read_all(span_of(octets.data, len), precommand))
            fail_msg("%s was read with %zu octets", name, len);
}

static void must_refuse_more(const struct buffer *octets, bool precommand,
                             const char *name) {
    struct buffer more = {0};
    buffer_add(&more, buffer_span(octets));
    octets_put(&more, 0, 1);
    /* DUIS has one 00 after a pre-command */
    if (read_all(buffer_span(&more), precommand) != precommand)
        fail_msg("%s and 00: read or not, and the contrary is right", name);
    octets_put(&more, 0, 1);
    if (read_all(buffer_span(&more), precommand))
        fail_msg("%s was read with two octets after it", name);
    buffer_free(&more);
}

static void vectors_cut_or_with_more_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct buffer octets = {0};
        if (!vector_octets(vectors[i].file, &octets))
            skip();
        assert_true(read_all(buffer_span(&octets), vectors[i].precommand));
        must_refuse_when_cut(buffer_span(&octets), vectors[i].precommand,
                             vectors[i].file);
        must_refuse_more(&octets, vectors[i].precommand, vectors[i].file);
        buffer_free(&octets);
    }
}

static void samples_cut_or_with_more_are_refused(void **state) {
    (void)state;
    for (const struct gbcs_sample *s = gbcs_samples; s->name; s++) {
        bool precommand = !s->is_signed && !s->is_maced;
        struct buffer octets = {0};
        gbcs_sample_build(s, &octets);
        assert_true(read_all(buffer_span(&octets), precommand));
        must_refuse_when_cut(buffer_span(&octets), precommand, s->name);
        must_refuse_more(&octets, precommand, s->name);
        buffer_free(&octets);
    }
}

/* Every octet changed to every other value: refused, or read to fields that
 * are exactly those octets, so that no octet goes unread. */
static void no_octet_goes_unread(const char *name, struct span whole) {
    uint8_t octets[512];
    assert_true(whole.len <= sizeof octets);
    memcpy(octets, whole.data, whole.len);
    for (size_t at = 0; at < whole.len * 255; at++) {
        uint8_t *octet = octets + at / 255, was = *octet;
        *octet = (uint8_t)(was + 1 + at % 255);
        uint8_t last = octets[whole.len - 1];
        struct gbcs_message message;
        const char *reason;
        struct buffer out = {0};
        if (gbcs_any_parse(span_of(octets, whole.len), &message, &reason)) {
            gbcs_rebuild(&message, &out);
            /* DUIS has one 00 after a pre-command, a signature may end so */
            size_t len = whole.len - (out.len < whole.len && last == 0);
            if (!span_equal(buffer_span(&out), span_of(octets, len)))
                fail_msg("%s: octet %zu may be 0x%02x, unread", name, at / 255,
                         *octet);
        }
        buffer_free(&out);
        *octet = was;
    }
}

static void vectors_have_no_octet_unread(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct buffer octets = {0};
        if (!vector_octets(vectors[i].file, &octets))
            skip();
        no_octet_goes_unread(vectors[i].file, buffer_span(&octets));
        buffer_free(&octets);
    }
}

static void samples_have_no_octet_unread(void **state) {
    (void)state;
    for (const struct gbcs_sample *s = gbcs_samples; s->name; s++) {
        struct buffer octets = {0};
        gbcs_sample_build(s, &octets);
        no_octet_goes_unread(s->name, buffer_span(&octets));
        buffer_free(&octets);
    }
}

/* The ECS52 response of the annotated vectors (RTDS 4.5.0), 77 octets. */
static const char ecs52_response[] =
    "DD000000000000451100000000DF090200000000000003E80800DB1234567890A00890B3"
    "D51F300100000002005911DA200003E800000109040123ABCD010100003BA27AAC07F946"
    "BFD463702F";

static void each_wrong_octet_has_its_reason(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint8_t octet;
        const char *reason;
    } cases[] = {
        {0, 0xDE, "tag is not DF"},
        {1, 0x01, "MAC header is not empty"},
        {6, 0x01, "MAC header is not empty"},
        {7, 0x44, "MAC header's length"},
        {7, 0x46, "MAC header's length"},
        {7, 0x81, "shortest"},
        {7, 0x84, "more than two octets"},
        {7, 0x80, "more than two octets"},
        {8, 0x31, "security control"},
        {12, 0x01, "invocation counter"},
        {13, 0xDD, "tag is not DF"},
        {14, 0x08, "transaction-id"},
        {15, 0x00, "CRA flag"},
        {15, 0x04, "CRA flag"},
        {24, 0x07, "originator is not of 8"},
        {33, 0x09, "recipient is not of 8"},
        {42, 0x08, "date-time is not of 0 or 12"},
        {42, 0x0C, "other-information"},
        {43, 0x00, "other-information"},
        {43, 0x03, "other-information"},
        {43, 0x22, "other-information"},
        {46, 0x10, "follow the signature"},
        {46, 0x12, "signature field is missing"},
        {46, 0x7F, "too early"},
        {64, 0x01, "signature is not of"},
        {64, 0x40, "too early"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t octets[77];
        assert_int_equal(hex_parse(span_text(ecs52_response), octets, 77), 77);
        octets[cases[i].at] = cases[i].octet;
        struct gbcs_message message;
        const char *reason = "";
        if (gbcs_message_parse(span_of(octets, 77), &message, &reason))
            fail_msg("octet %zu = %02X was read", cases[i].at, cases[i].octet);
        if (!strstr(reason, cases[i].reason))
            fail_msg("octet %zu = %02X: %s", cases[i].at, cases[i].octet,
                     reason);
    }
}

/* DF ... with other lengths than the vectors have. */
static const struct {
    const char *hex;
    const char *reason; /* NULL: is read */
} headers[] = {
    /* other-information of 2, 10, 18 and 26 octets */
    {"DF09010000000000000001080000000000000001080000000000000002"
     "00020084"
     "00"
     "00",
     NULL},
    {"DF09010000000000000001080000000000000001080000000000000002"
     "000A00840000000000000003"
     "00"
     "00",
     NULL},
    {"DF09010000000000000001080000000000000001080000000000000002"
     "001200840000000000000003"
     "0000000000000004"
     "00"
     "00",
     NULL},
    {"DF09010000000000000001080000000000000001080000000000000002"
     "001A00840000000000000003"
     "00000000000000040000000000000005"
     "00"
     "00",
     NULL},
    /* lengths longer than they need be */
    {"DF09010000000000000001080000000000000001080000000000000002"
     "0081020084"
     "00"
     "00",
     "shortest"},
    {"DF09010000000000000001080000000000000001080000000000000002"
     "008200020084"
     "00"
     "00",
     "shortest"},
    {"DF09010000000000000001080000000000000001080000000000000002"
     "00020084"
     "8100"
     "00",
     "shortest"},
    {"DF09010000000000000001080000000000000001080000000000000002"
     "00020084"
     "820000"
     "00",
     "shortest"},
    {"DF09010000000000000001080000000000000001080000000000000002"
     "00020084"
     "82FFFF"
     "00",
     "too early"},
    {"DF0981010000000000000001080000000000000001080000000000000002"
     "00020084"
     "00"
     "00",
     "CRA flag"},
};

static void other_information_has_four_short_lengths(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        uint8_t octets[256];
        int len = hex_parse(span_text(headers[i].hex), octets, sizeof octets);
        assert_true(len > 0);
        struct gbcs_message message;
        const char *reason = NULL;
        if (gbcs_precommand_parse(span_of(octets, (size_t)len), &message,
                                  &reason)) {
            assert_null(headers[i].reason);
            assert_int_equal(message.header.supplementary, i);
            assert_true(message.header.supplementary_party == (i > 0 ? 3 : 0));
            assert_true(message.header.supplementary_party_counter ==
                        (i > 1 ? 4 : 0));
            assert_true(message.header.supplementary_originator_counter ==
                        (i > 2 ? 5 : 0));
        } else if (!headers[i].reason || !strstr(reason, headers[i].reason))
            fail_msg("case %zu: %s", i, reason);
    }
}

/* Lengths of one, two and three octets, in every place that has them. */
static void long_lengths_are_written_and_read(void **state) {
    (void)state;
    /* what follows the MAC header's length: 5 + 12 octets, 33 of header, the
     * content and its length, the signature field's one */
    static const struct {
        size_t payload, certificate;
        const char *mac_header; /* after DD and six zeros */
    } cases[] = {
        {10, 0, "3E"},       {75, 0, "7F"},      {76, 0, "8180"},
        {127, 0, "81B3"},    {128, 0, "81B5"},   {202, 0, "81FF"},
        {203, 0, "820100"},  {255, 0, "820134"}, {256, 0, "820136"},
        {1000, 0, "82041E"}, {10, 110, "81BD"},  {10, 300, "82017C"},
    };
    static uint8_t zeros[2048];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gbcs_header header = {.cra = GBCS_COMMAND, .code = 0x1234};
        if (cases[i].certificate) {
            header.supplementary = GBCS_SUPPLEMENTARY_CERTIFICATE;
            header.certificate = span_of(zeros, cases[i].certificate);
        }
        struct buffer signing = {0}, out = {0};
        gbcs_put_content(&header, span_of(zeros, cases[i].payload), &signing);
        gbcs_put_signature(NULL, &signing);
        gbcs_put_mac_header(signing.len, &out);
        uint8_t length[4];
        int len = hex_parse(span_text(cases[i].mac_header), length, 4);
        assert_memory_equal(out.data + 7, length, (size_t)len);
        buffer_add(&out, buffer_span(&signing));
        buffer_add(&out, span_of(zeros, 12));
        struct gbcs_message message;
        const char *reason;
        assert_true(gbcs_message_parse(buffer_span(&out), &message, &reason));
        assert_int_equal(message.payload.len, cases[i].payload);
        assert_int_equal(message.header.certificate.len, cases[i].certificate);
        must_refuse_when_cut(buffer_span(&out), false, "a long message");
        buffer_free(&signing);
        buffer_free(&out);
    }
}

static const struct gbcs_sample *sample(const char *name) {
    const struct gbcs_sample *s = gbcs_samples;
    while (strcmp(s->name, name) != 0)
        s++;
    return s;
}

static void precommands_have_their_own_function(void **state) {
    (void)state;
    static const struct {
        const char *sample, *kind;
        bool precommand;
    } cases[] = {
        {"cs06-precommand", "pre-command", true},
        {"cs06-signed-precommand", "signed pre-command", false},
        {"cs06-command", "command", false},
        {"cs08-command", "command", false},
        {"cs06-result", "response", false},
        {"ecs52-response", "response", false},
        {"ccs08-8f8a", "alert", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer octets = {0};
        gbcs_sample_build(sample(cases[i].sample), &octets);
        struct gbcs_message message;
        const char *reason;
        struct span whole = buffer_span(&octets);
        assert_int_equal(gbcs_precommand_parse(whole, &message, &reason),
                         cases[i].precommand);
        assert_int_equal(gbcs_message_parse(whole, &message, &reason),
                         !cases[i].precommand);
        assert_true(gbcs_any_parse(whole, &message, &reason));
        assert_string_equal(gbcs_message_kind(&message), cases[i].kind);
        buffer_free(&octets);
    }
}

/* A response or an alert may not lose its signature on the way. */
static void unprotected_responses_and_alerts_are_refused(void **state) {
    (void)state;
    for (unsigned cra = GBCS_RESPONSE; cra <= GBCS_ALERT; cra++) {
        struct gbcs_header header = {.cra = cra, .code = 0x0128};
        struct buffer out = {0};
        gbcs_put_content(&header, span_text("\x05"), &out);
        struct gbcs_message message;
        const char *reason;
        assert_false(gbcs_any_parse(buffer_span(&out), &message, &reason));
        assert_string_equal(reason, "the message is neither signed nor MACed");
        octets_put(&out, 0, 1);
        assert_false(gbcs_any_parse(buffer_span(&out), &message, &reason));
        buffer_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_cut_or_with_more_are_refused),
        cmocka_unit_test(samples_cut_or_with_more_are_refused),
        cmocka_unit_test(vectors_have_no_octet_unread),
        cmocka_unit_test(samples_have_no_octet_unread),
        cmocka_unit_test(each_wrong_octet_has_its_reason),
        cmocka_unit_test(other_information_has_four_short_lengths),
        cmocka_unit_test(long_lengths_are_written_and_read),
        cmocka_unit_test(precommands_have_their_own_function),
        cmocka_unit_test(unprotected_responses_and_alerts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
