/*
 * The OTA Upgrade Image (requirements B1, B2): its size, its header, what
 * follows it, and the FirmwareVersion it comes with.
 */
#include "support/check.h"
#include "support/user_gateway.h"

#include "base/log.h"
#include "fotasim/ota_image.h"
#include "gbcs/crypto.h"

#include <stdlib.h>

enum { LIMIT = 768000, SCHEMA_LIMIT = 10240000 };

/* Where the OTA Header has what. */
enum {
    AT_FILE_IDENTIFIER = 0,
    AT_HEADER_VERSION = 4,
    AT_HEADER_LENGTH = 6,
    AT_FIELD_CONTROL = 8,
    AT_TOTAL_IMAGE_SIZE = 52,
    HEADER = 60,
    TRAILER = 66,
};

struct form_row {
    const char *what;
    bool ppmid;
    int cut;       /* octets taken from the end; negative: added */
    int at;        /* where an octet is changed; negative: from the end */
    uint8_t octet; /* to what; 0: nothing is changed */
    const char *says;
};

static const struct form_row FORMS[] = {
    {"a sound image", false, 0, 0, 0, "I99"},
    {"a sound image by 11.4", true, 0, 0, 0, "I99"},
    {"another file identifier", false, 0, AT_FILE_IDENTIFIER, 0x1F, "E110103"},
    {"another header version", false, 0, AT_HEADER_VERSION, 0x01, "E110103"},
    {"a header that says it is longer", false, 0, AT_HEADER_LENGTH, 0x3D,
     "E110103"},
    {"a header that says it is shorter", true, 0, AT_HEADER_LENGTH, 0x38,
     "E110403"},
    {"a field control that does not fit the header", true, 0, AT_FIELD_CONTROL,
     0x01, "E110403"},
    {"a total size one too great", false, 1, 0, 0, "E110103"},
    {"a total size one too small", true, -1, 0, 0, "E110403"},
    {"a total size of another image", true, 0, AT_TOTAL_IMAGE_SIZE, 0xFF,
     "E110403"},
    {"the trailer does not say 64 octets", false, 0, 1 - TRAILER, 0x41,
     "E110103"},
    {"11.1 that needs a forced replacement", false, 0, -TRAILER, 0x01, "I99"},
};

static void spoil(struct buffer *image, const struct form_row *row) {
    for (int i = row->cut; i < 0; i++)
        buffer_add(image, span_of("", 1));
    if (row->cut > 0)
        image->len -= (size_t)row->cut;
    size_t at = row->at < 0 ? image->len - (size_t)-row->at : (size_t)row->at;
    if (row->octet)
        image->data[at] = row->octet;
}

static struct answer send_image(struct gateway *g, bool ppmid,
                                const char *version, struct span image) {
    gateway_forget(g);
    return gateway_send(
        g, USER_A,
        &(struct test_request){
            .body = ppmid ? DUIS_UPDATE_PPMID_FIRMWARE : DUIS_UPDATE_FIRMWARE,
            .image = image,
            .firmware_version = version,
            .device_ids = &(eui64){ppmid ? PPMID(PLAIN) : ESME(PLAIN)},
            .device_id_count = 1});
}

static void check_answer(struct gateway *g, const char *what,
                         const struct answer *answer, const char *says) {
    const char *got = answer_says(g, answer);
    if (strcmp(got, says) != 0)
        fail_msg("%s: expected %s, got %s", what, says, got);
    assert_string_equal(gateway_tracked(g), strcmp(says, "I99") == 0
                                                ? "1 AWAITING_CSP, image"
                                                : "nothing");
}

static void the_form_is_checked(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    for (size_t i = 0; i < sizeof FORMS / sizeof *FORMS; i++) {
        const struct form_row *row = &FORMS[i];
        struct buffer image = {0};
        estate_image(span_text(FOR_ALL), !row->ppmid, &image);
        spoil(&image, row);
        struct answer answer =
            send_image(g, row->ppmid, NULL, buffer_span(&image));
        check_answer(g, row->what, &answer, row->says);
        buffer_free(&image);
    }
    gateway_free(g);
}

/* What is there of a sound image, cut at every place that matters. */
static void what_follows_the_header_is_checked(void **state) {
    (void)state;
    static const struct {
        const char *what;
        bool ppmid, trailer;
        size_t manufacturer_image;
        const char *says;
    } rows[] = {
        {"11.4: a header only", true, false, 0, "E110403"},
        {"11.1: a header only", false, false, 0, "E110103"},
        {"11.1: a header and a trailer", false, true, 0, "E110103"},
        {"11.1: fewer octets than a trailer", false, false, 65, "E110103"},
        {"11.4: one octet, not on the CPL", true, false, 1, "E110401"},
        {"11.1: one octet, not on the CPL", false, true, 1, "E110101"},
    };
    static const uint8_t zeros[100];
    struct gateway *g = gateway_start();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer image = {0};
        estate_image(span_of(zeros, rows[i].manufacturer_image),
                     rows[i].trailer, &image);
        struct answer answer =
            send_image(g, rows[i].ppmid, NULL, buffer_span(&image));
        check_answer(g, rows[i].what, &answer, rows[i].says);
        buffer_free(&image);
    }
    gateway_free(g);
}

/* The trailer is no part of what is hashed by 11.1, and part of it by 11.4. */
static void the_trailer_belongs_to_11_1(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    struct buffer with = {0}, without = {0};
    estate_image(span_text(FOR_ALL), true, &with);
    estate_image(span_text(FOR_ALL), false, &without);
    struct answer answer = send_image(g, true, NULL, buffer_span(&with));
    check_answer(g, "11.4 with a trailer", &answer, "E110401");
    answer = send_image(g, false, NULL, buffer_span(&without));
    check_answer(g, "11.1 without a trailer", &answer, "E110103");
    buffer_free(&with);
    buffer_free(&without);
    gateway_free(g);
}

/* ---- size ---- */

static void check_size(struct gateway *g, size_t size, bool ppmid,
                       unsigned http, const char *says) {
    size_t content = size - HEADER - (ppmid ? 0 : TRAILER);
    uint8_t *octets = calloc(1, content);
    memcpy(octets, &size, sizeof size);
    struct span manufacturer_image = span_of(octets, content);
    gateway_publish(g, ppmid ? "PPMID" : "ESME", manufacturer_image,
                    "0123ABCD");
    struct buffer image = {0};
    estate_image(manufacturer_image, !ppmid, &image);
    assert_int_equal(image.len, size);
    struct answer answer = send_image(g, ppmid, NULL, buffer_span(&image));
    assert_int_equal(answer.http, http);
    if (http == 200)
        check_answer(g, "size", &answer, says);
    else
        assert_non_null(strstr(answer_says(g, &answer), says));
    buffer_free(&image);
    free(octets);
}

static void an_image_has_at_most_768000_octets(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    check_size(g, LIMIT, false, 200, "I99");
    check_size(g, LIMIT, true, 200, "I99");
    check_size(g, LIMIT + 1, false, 200, "E110105");
    check_size(g, LIMIT + 1, true, 200, "E110405");
    check_size(g, SCHEMA_LIMIT, false, 200, "E110105");
    check_size(g, SCHEMA_LIMIT, true, 200, "E110405");
    check_size(g, SCHEMA_LIMIT + 1, false, 400, "FirmwareImage");
    gateway_free(g);
}

static void the_limit_is_configured(void **state) {
    (void)state;
    struct gateway *g = gateway_new();
    g->config.image_max_octets = 1000;
    gateway_open(g);
    check_size(g, 1000, true, 200, "I99");
    check_size(g, 1001, true, 200, "E110405");
    gateway_free(g);
}

/* [user_gateway] max_body is 20 MiB. */
static void a_body_over_the_cap_gets_413(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    size_t size = g->config.user_max_body + 1;
    char *body = malloc(size);
    memset(body, ' ', size);
    struct answer answer = gateway_post(g, "serviceD", span_of(body, size));
    assert_int_equal(answer.http, 413);
    answer = gateway_post(g, "serviceD", span_of(body, size - 1));
    assert_int_equal(answer.http, 400);
    assert_string_equal(gateway_tracked(g), "nothing");
    free(body);
    gateway_free(g);
}

/* ---- FirmwareVersion ---- */

static void the_version_is_a_number(void **state) {
    (void)state;
    static const struct {
        const char *version, *image, *says;
    } rows[] = {
        {"0123ABCD", FOR_ALL, "I99"},   {"0123abcd", FOR_ALL, "I99"},
        {"123abCD", FOR_ALL, "I99"},    {"00000010", VERSION_16, "I99"},
        {"10", VERSION_16, "I99"},      {"010", VERSION_16, "I99"},
        {"16", VERSION_16, "E110102"},  {"0x10", VERSION_16, "E110102"},
        {"10 ", VERSION_16, "E110102"}, {"00:10", VERSION_16, "E110102"},
    };
    struct gateway *g = gateway_start();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer image = {0};
        estate_image(span_text(rows[i].image), true, &image);
        struct answer answer =
            send_image(g, false, rows[i].version, buffer_span(&image));
        check_answer(g, rows[i].version, &answer, rows[i].says);
        buffer_free(&image);
    }
    gateway_free(g);
}

/* ---- what is kept ---- */

static void an_image_is_kept_once_as_it_came(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    const eui64 first[] = {PPMID(PLAIN), 0}, second[] = {PPMID(DUAL), 0};
    gateway_send_devices(g, USER_A, true, NULL, first);
    gateway_send_devices(g, USER_B, true, NULL, second);
    assert_string_equal(
        gateway_ask(g, "select format('%%s %%s %%s %%s', count(*),"
                       " bool_and(image_id = sha256(octets)),"
                       " bool_and(manufacturer_image_hash ="
                       " sha256(substr(octets, 61))),"
                       " min(convert_from(substr(octets, 61), 'UTF8')))"
                       " from firmware_image"),
        "1 t t " FOR_ALL);
    gateway_free(g);
}

/* ---- the supplier's signature in the trailer ---- */

enum signer {
    BY_NOBODY,
    BY_ITS_SENDER,
    BY_AGAIN,
    BY_ANOTHER,
    BY_EXPIRED,
    BY_REVOKED,
    SIGNERS
};

static struct test_identity signers[SIGNERS];

/* Certificates for digital signatures of organisations that are suppliers. */
static void make_signers(struct gateway *g) {
    static const struct {
        enum user user;
        const char *role, *not_after;
        bool stored;
    } rows[SIGNERS] = {
        [BY_NOBODY] = {USER_A, "02", NULL, false},
        [BY_ITS_SENDER] = {USER_A, "02", NULL, true},
        [BY_AGAIN] = {USER_A, "02", NULL, true},
        [BY_ANOTHER] = {USER_B, "02", NULL, true},
        [BY_EXPIRED] = {USER_A, "02", "20200101000000Z", true},
        [BY_REVOKED] = {USER_A, "02", NULL, true},
    };
    for (int i = 0; i < SIGNERS; i++) {
        signers[i] = test_identity_new(
            g->arena,
            &(struct test_certificate){.id = gateway_user_id(rows[i].user),
                                       .role = rows[i].role,
                                       .not_after = rows[i].not_after});
        if (rows[i].stored)
            gateway_trust(g, &signers[i]);
    }
    gateway_tell(g,
                 "update certificate set revoked_at = '2001-01-01' where"
                 " serial = '%s'",
                 signers[BY_REVOKED].serial);
}

static struct answer send_signed(struct gateway *g, enum signer signer) {
    uint8_t signature[GBCS_SIGNATURE_LEN];
    assert_true(gbcs_sign(signers[signer].key, span_text(FOR_ALL), signature));
    struct ota_recipe recipe = {
        .manufacturer_code = 0x1212,
        .image_type = 1,
        .file_version = 0x0123ABCD,
        .has_hardware_versions = true,
        .max_hardware_version = 0xffff,
        .manufacturer_image = span_text(FOR_ALL),
        .signature = span_of(signature, sizeof signature),
    };
    struct buffer image = {0};
    ota_build(&recipe, &image);
    struct answer answer = send_image(g, false, NULL, buffer_span(&image));
    buffer_free(&image);
    return answer;
}

static const char *said_of_the_image(struct gateway *g) {
    return gateway_ask(
        g,
        "select coalesce(substring(detail from '(?:no certificate of its|none"
        " of its|its sender.s certificate).*$'), '') from sat_entry"
        " where kind = 'request' order by entry_no desc limit 1");
}

static void a_supplier_signs_its_image(void **state) {
    (void)state;
    static const char none[] = "none of its sender's certificates verifies it";
    static const struct {
        enum signer signer;
        const char *fault;
    } rows[] = {
        {BY_ITS_SENDER, ""}, {BY_AGAIN, ""},     {BY_NOBODY, none},
        {BY_ANOTHER, none},  {BY_EXPIRED, none}, {BY_REVOKED, none},
    };
    static const char *const settings[] = {"off", "warn", "require"};
    for (size_t s = 0; s < 3; s++) {
        struct gateway *g = gateway_new();
        g->config.image_supplier_signature = settings[s];
        gateway_open(g);
        make_signers(g);
        log_set_level(LOG_LEVEL_ERROR);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            struct answer answer = send_signed(g, rows[i].signer);
            bool good = !*rows[i].fault || s < 2;
            check_answer(g, rows[i].fault, &answer, good ? "I99" : "E110103");
            assert_string_equal(said_of_the_image(g),
                                s == 0 ? "" : rows[i].fault);
        }
        gateway_free(g);
    }
}

/* Only certificates that may not be used are there, or none at all; a PPMID's
 * image has no signature; the code is data. */
static void who_has_no_certificate_signs_nothing(void **state) {
    (void)state;
    struct gateway *g = gateway_new();
    g->config.image_supplier_signature = "require";
    gateway_open(g);
    make_signers(g);
    gateway_tell(g,
                 "delete from certificate where role = 'Supplier' and"
                 " serial not in ('%s')",
                 signers[BY_EXPIRED].serial);
    struct answer answer = send_signed(g, BY_EXPIRED);
    check_answer(g, "expired", &answer, "E110103");
    assert_string_equal(said_of_the_image(g),
                        "its sender's certificate is expired");
    gateway_tell(g, "delete from certificate where role = 'Supplier'");
    answer = send_signed(g, BY_ITS_SENDER);
    check_answer(g, "none", &answer, "E110103");
    assert_string_equal(
        said_of_the_image(g),
        "no certificate of its sender for digital signatures is known");
    gateway_tell(g, "update response_code set response_code = 'E110106' where"
                    " condition = 'image_signature' and"
                    " service_reference_variant = '11.1'");
    assert_true(gateway_reload(g));
    answer = send_signed(g, BY_ITS_SENDER);
    check_answer(g, "by another code", &answer, "E110106");
    gateway_forget(g);
    answer = gateway_send_devices(g, USER_A, true, NULL,
                                  (const eui64[]){PPMID(PLAIN), 0});
    check_answer(g, "of a PPMID", &answer, "I99");
    gateway_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form_is_checked),
        cmocka_unit_test(what_follows_the_header_is_checked),
        cmocka_unit_test(the_trailer_belongs_to_11_1),
        cmocka_unit_test(an_image_has_at_most_768000_octets),
        cmocka_unit_test(the_limit_is_configured),
        cmocka_unit_test(a_body_over_the_cap_gets_413),
        cmocka_unit_test(the_version_is_a_number),
        cmocka_unit_test(an_image_is_kept_once_as_it_came),
        cmocka_unit_test(a_supplier_signs_its_image),
        cmocka_unit_test(who_has_no_certificate_signs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
