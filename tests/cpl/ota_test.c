/* OTA Upgrade Images: the published templates, and every way to be wrong. */
#include "support/check.h"

#include "base/hex.h"
#include "cpl/ota.h"
#include "fotasim/ota_image.h"
#include "gbcs/crypto.h"
#include "support/gbcs_keys.h"
#include "support/shared.h"

#include <stdlib.h>

/* SHA-256 of the templates' Manufacturer Image */
static const char TEMPLATE_HASH[] =
    "7542F475E3F12EAE887D81E32C46D313741D67076B13CAEC2F82E00BA5E1BB36";

static const char TEMPLATE_11_1[] =
    "duis-templates/11.1_UPDATE_FIRMWARE_REQUEST_DUIS.XML";
static const char TEMPLATE_11_4[] =
    "duis-templates/11.4_UPDATE_PPMID_FIRMWARE_REQUEST_DUIS.XML";

static const char IMAGE[] = "sr:FirmwareImage";

static struct ota_image must_parse(struct span octets, bool trailer) {
    struct ota_image image;
    const char *reason;
    if (!ota_parse(octets, trailer, &image, &reason))
        fail_msg("refused: %s", reason);
    return image;
}

static void check_hash(const struct ota_image *image, const char *expected) {
    uint8_t hash[OTA_HASH_LEN];
    char text[2 * OTA_HASH_LEN + 1];
    ota_manufacturer_image_hash(image, hash);
    assert_string_equal(hex_format(span_of(hash, sizeof hash), text), expected);
}

static void check_template(const struct ota_image *image, unsigned image_type,
                           const char *header_string) {
    assert_int_equal(image->manufacturer_code, 0x121D);
    assert_int_equal(image->image_type, image_type);
    assert_true(image->file_version == 0xACDCACDC);
    assert_int_equal(image->zigbee_stack_version, 2);
    assert_true(image->has_hardware_versions);
    assert_int_equal(image->min_hardware_version, 0x1111);
    assert_int_equal(image->max_hardware_version, 0x1211);
    assert_true(span_equal(image->header_string, span_text(header_string)));
    assert_int_equal(image->manufacturer_image.len, 235);
    check_hash(image, TEMPLATE_HASH);
}

static void the_published_11_1_template(void **state) {
    (void)state;
    struct buffer octets = {0};
    if (!shared_read_base64(TEMPLATE_11_1, IMAGE, &octets))
        skip();
    assert_int_equal(octets.len, 361);
    struct ota_image image = must_parse(buffer_span(&octets), true);
    check_template(&image, 0x0000, "I am a GFI ESME[] firmware image");
    assert_int_equal(image.force_replace, 0);
    assert_int_equal(image.signature.len, 64);
    buffer_free(&octets);
}

/* The supplier signed the Manufacturer Image alone. */
static void the_11_1_template_is_signed_by_the_supplier(void **state) {
    (void)state;
    struct buffer octets = {0}, pem = {0};
    if (!shared_read_base64(TEMPLATE_11_1, IMAGE, &octets) ||
        !shared_read("rtds/keys/90b3d51f30010000-ds.pem", &pem))
        skip();
    struct ota_image image = must_parse(buffer_span(&octets), true);
    EVP_PKEY *key = key_of_certificate(buffer_span(&pem));
    assert_true(gbcs_verify(key, image.manufacturer_image, image.signature));
    image.manufacturer_image.len++;
    assert_false(gbcs_verify(key, image.manufacturer_image, image.signature));
    EVP_PKEY_free(key);
    buffer_free(&octets);
    buffer_free(&pem);
}

static void the_published_11_4_template(void **state) {
    (void)state;
    struct buffer octets = {0};
    if (!shared_read_base64(TEMPLATE_11_4, IMAGE, &octets))
        skip();
    assert_int_equal(octets.len, 295);
    struct ota_image image = must_parse(buffer_span(&octets), false);
    check_template(&image, 0x0084, "I am a GFI PPMID firmware image ");
    assert_int_equal(image.signature.len, 0);
    buffer_free(&octets);
}

static void templates_cut_anywhere_are_refused(void **state) {
    (void)state;
    for (int trailer = 0; trailer <= 1; trailer++) {
        struct buffer octets = {0};
        if (!shared_read_base64(trailer ? TEMPLATE_11_1 : TEMPLATE_11_4, IMAGE,
                                &octets))
            skip();
        for (size_t len = 0; len < octets.len; len++) {
            /* a copy of its own, so that a read past the end is seen */
            uint8_t *copy = malloc(len ? len : 1);
            memcpy(copy, octets.data, len);
            struct ota_image image;
            const char *reason;
            if (ota_parse(span_of(copy, len), trailer, &image, &reason))
                fail_msg("parsed with %zu of %zu octets", len, octets.len);
            assert_non_null(reason);
            free(copy);
        }
        buffer_free(&octets);
    }
}

static const uint8_t SIGNATURE[64] = {0xA5, 1, 2, 3};

static struct ota_recipe recipe_11_1(void) {
    return (struct ota_recipe){
        .manufacturer_code = 0xAB01,
        .image_type = 0x010A,
        .file_version = 0x0002012F,
        .has_hardware_versions = true,
        .min_hardware_version = 0x0300,
        .max_hardware_version = 0x03FF,
        .header_string = "meter",
        .manufacturer_image = span_text("the firmware itself"),
        .signature = span_of(SIGNATURE, sizeof SIGNATURE),
        .force_replace = 1,
    };
}

static void what_is_built_is_read(void **state) {
    (void)state;
    struct buffer octets = {0};
    struct ota_recipe recipe = recipe_11_1();
    ota_build(&recipe, &octets);
    struct ota_image image = must_parse(buffer_span(&octets), true);
    assert_int_equal(image.manufacturer_code, 0xAB01);
    assert_int_equal(image.image_type, 0x010A);
    assert_int_equal(image.file_version, 0x0002012F);
    /* little-endian, while the text is 0002012F */
    assert_memory_equal(octets.data + 14, "\x2F\x01\x02\x00", 4);
    assert_int_equal(image.min_hardware_version, 0x0300);
    assert_int_equal(image.max_hardware_version, 0x03FF);
    assert_int_equal(image.force_replace, 1);
    assert_true(
        span_equal(image.manufacturer_image, span_text("the firmware itself")));
    assert_true(span_equal(image.signature, recipe.signature));
    buffer_free(&octets);
}

static void the_header_is_as_long_as_its_fields(void **state) {
    (void)state;
    static const struct {
        bool credential, destination, hardware;
        size_t header;
    } cases[] = {
        {false, false, false, 56}, {true, false, false, 57},
        {false, true, false, 64},  {true, true, false, 65},
        {false, false, true, 60},  {true, false, true, 61},
        {false, true, true, 68},   {true, true, true, 69},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ota_recipe recipe = recipe_11_1();
        recipe.has_credential_version = cases[i].credential;
        recipe.has_destination = cases[i].destination;
        recipe.has_hardware_versions = cases[i].hardware;
        recipe.signature = (struct span){0};
        struct buffer octets = {0};
        ota_build(&recipe, &octets);
        struct ota_image image = must_parse(buffer_span(&octets), false);
        assert_ptr_equal(image.manufacturer_image.data,
                         octets.data + cases[i].header);
        assert_int_equal(image.has_hardware_versions, cases[i].hardware);
        assert_int_equal(image.min_hardware_version,
                         cases[i].hardware ? 0x0300 : 0);
        assert_int_equal(image.max_hardware_version,
                         cases[i].hardware ? 0x03FF : 0);
        buffer_free(&octets);
    }
}

/* One wrong octet in a sound 11.1 image of 60 + 19 + 66 = 145 octets. */
static void each_wrong_field_has_its_reason(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint8_t octet;
        const char *reason; /* a part of it */
    } cases[] = {
        {0, 0x1F, "file identifier"},  {3, 0x00, "file identifier"},
        {4, 0x01, "header version"},   {5, 0x02, "header version"},
        {6, 59, "header length"},      {6, 61, "header length"},
        {7, 0x01, "header length"},    {6, 0xFF, "header length"},
        {8, 0x00, "header length"},    {8, 0x05, "header length"},
        {8, 0x06, "header length"},    {8, 0x0C, "reserved bits"},
        {9, 0x80, "reserved bits"},    {52, 144, "total image size"},
        {52, 146, "total image size"}, {55, 0x80, "total image size"},
        {80, 0x41, "does not say 64"}, {80, 0x00, "does not say 64"},
    };
    struct ota_recipe recipe = recipe_11_1();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer octets = {0};
        ota_build(&recipe, &octets);
        assert_int_equal(octets.len, 145);
        octets.data[cases[i].at] = cases[i].octet;
        struct ota_image image;
        const char *reason = "";
        if (ota_parse(buffer_span(&octets), true, &image, &reason))
            fail_msg("octet %zu = %02X was taken", cases[i].at, cases[i].octet);
        if (!strstr(reason, cases[i].reason))
            fail_msg("octet %zu: %s", cases[i].at, reason);
        buffer_free(&octets);
    }
}

/* Appends or removes octets and makes the total image size say so. */
static void resize(struct buffer *octets, size_t len) {
    if (len > octets->len)
        memset(buffer_room(octets, len - octets->len), 0, len - octets->len);
    octets->len = len;
    if (len >= 56)
        octets->data[52] = (uint8_t)len;
}

static void honest_lengths_with_too_little_inside(void **state) {
    (void)state;
    static const struct {
        size_t len;
        bool trailer;
        const char *reason;
    } cases[] = {
        {0, false, "shorter than an OTA Header"},
        {55, false, "shorter than an OTA Header"},
        {56, false, "within the optional fields"},
        {59, true, "within the optional fields"},
        {60, false, "nothing follows"},
        {60, true, "nothing follows"},
        {61, true, "shorter than its signature trailer"},
        {125, true, "shorter than its signature trailer"},
        {126, true, "Manufacturer Image is empty"},
    };
    struct ota_recipe recipe = recipe_11_1();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer octets = {0};
        ota_build(&recipe, &octets);
        resize(&octets, cases[i].len);
        struct ota_image image;
        const char *reason = "";
        assert_false(
            ota_parse(buffer_span(&octets), cases[i].trailer, &image, &reason));
        if (!strstr(reason, cases[i].reason))
            fail_msg("%zu octets: %s", cases[i].len, reason);
        buffer_free(&octets);
    }
}

static void octets_after_the_image_are_refused(void **state) {
    (void)state;
    struct ota_recipe recipe = recipe_11_1();
    struct buffer octets = {0};
    ota_build(&recipe, &octets);
    buffer_add(&octets, span_of("", 1));
    struct ota_image image;
    const char *reason;
    assert_false(ota_parse(buffer_span(&octets), true, &image, &reason));
    assert_non_null(strstr(reason, "total image size"));
    buffer_free(&octets);
}

/* FIPS 180-4's example, as an image of its own and as a whole. */
static void the_hashes_are_sha_256(void **state) {
    (void)state;
    static const char abc[] =
        "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
    struct ota_recipe recipe = recipe_11_1();
    recipe.manufacturer_image = span_text("abc");
    struct buffer octets = {0};
    ota_build(&recipe, &octets);
    struct ota_image image = must_parse(buffer_span(&octets), true);
    check_hash(&image, abc);
    uint8_t hash[OTA_HASH_LEN];
    char text[2 * OTA_HASH_LEN + 1];
    ota_upgrade_image_hash(span_text("abc"), hash);
    assert_string_equal(hex_format(span_of(hash, sizeof hash), text), abc);
    buffer_free(&octets);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_11_1_template),
        cmocka_unit_test(the_11_1_template_is_signed_by_the_supplier),
        cmocka_unit_test(the_published_11_4_template),
        cmocka_unit_test(templates_cut_anywhere_are_refused),
        cmocka_unit_test(what_is_built_is_read),
        cmocka_unit_test(the_header_is_as_long_as_its_fields),
        cmocka_unit_test(each_wrong_field_has_its_reason),
        cmocka_unit_test(honest_lengths_with_too_little_inside),
        cmocka_unit_test(octets_after_the_image_are_refused),
        cmocka_unit_test(the_hashes_are_sha_256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
