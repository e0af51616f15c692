/* The emulators keep their word: the same estate for the same seed, no Device
 * ID twice, and something of every kind that fotad must tell apart. */
#include "support/check.h"

#include "duis/certificate.h"
#include "fotasim/estate.h"
#include "fotasim/keys.h"

#include <stdlib.h>

enum { HOMES = 13000 };

static void a_home_follows_from_seed_and_number(void **state) {
    (void)state;
    struct sim_home one, other;
    sim_home(7, 12345, &one);
    sim_home(7, 1, &other);
    sim_home(7, 12345, &other);
    assert_int_equal(one.device_count, other.device_count);
    for (size_t i = 0; i < one.device_count; i++) {
        assert_true(one.devices[i].id == other.devices[i].id);
        assert_true(one.devices[i].supplier == other.devices[i].supplier);
        assert_string_equal(one.devices[i].status, other.devices[i].status);
    }
}

static int compare_ids(const void *a, const void *b) {
    const eui64 *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

static void no_device_id_occurs_twice(void **state) {
    (void)state;
    eui64 *ids = calloc(HOMES * SIM_MOST_DEVICES, sizeof *ids);
    assert_non_null(ids);
    size_t count = 0;
    struct sim_home home;
    for (uint64_t n = 0; n < HOMES; n++) {
        sim_home(1, n, &home);
        for (size_t i = 0; i < home.device_count; i++)
            ids[count++] = home.devices[i].id;
    }
    assert_true(count > 60000);
    qsort(ids, count, sizeof *ids, compare_ids);
    for (size_t i = 1; i < count; i++)
        assert_true(ids[i] != ids[i - 1]);
    free(ids);
}

static void every_type_region_and_judgement_occurs(void **state) {
    (void)state;
    static const char *const regions[] = {"North",    "Central",    "South",
                                          "4G North", "4G Central", "4G South"};
    const struct sim_firmware *image = sim_firmware_find("ppmid-a-0a000003");
    assert_non_null(image);
    size_t types[DEVICE_TYPES] = {0}, judgements[SIM_JUDGEMENTS] = {0},
           in_region[sizeof regions / sizeof *regions] = {0};
    struct sim_home home;
    for (uint64_t n = 0; n < HOMES; n++) {
        sim_home(1, n, &home);
        for (size_t r = 0; r < sizeof regions / sizeof *regions; r++)
            in_region[r] += strcmp(home.region, regions[r]) == 0;
        for (size_t i = 0; i < home.device_count; i++) {
            types[sim_models[home.devices[i].model].type]++;
            judgements[sim_judge(&home, &home.devices[i], image,
                                 sim_suppliers[0])]++;
        }
    }
    for (size_t i = 0; i < DEVICE_TYPES; i++)
        assert_true(types[i] > 100);
    for (size_t i = 0; i < SIM_JUDGEMENTS; i++)
        assert_true(judgements[i] > 100);
    for (size_t i = 0; i < sizeof regions / sizeof *regions; i++)
        assert_true(in_region[i] > 100);
}

static void certificates_say_what_was_wished(void **state) {
    (void)state;
    static const struct {
        struct certificate_wish wish;
        int role;
        enum certificate_usage usage;
    } cases[] = {
        {{0x90B3D51F30010000, "87", false},
         CERTIFICATE_USER_XML_SIGN,
         CERTIFICATE_DIGITAL_SIGNATURE},
        {{0x90B3D51F30000002, "89", false},
         CERTIFICATE_DSP_XML_SIGN,
         CERTIFICATE_DIGITAL_SIGNATURE},
        {{0x90B3D51F30000002, "04", true},
         CERTIFICATE_ACB,
         CERTIFICATE_KEY_AGREEMENT},
        {{0x00DB1234567890A0, NULL, true},
         CERTIFICATE_DEVICE,
         CERTIFICATE_KEY_AGREEMENT},
    };
    struct arena *arena = arena_new();
    struct authority authority = authority_new(arena);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        X509 *issued = certificate_issue(arena, &authority, key_new(arena),
                                         &cases[i].wish);
        struct certificate certificate;
        const char *reason;
        if (!certificate_read(arena, certificate_pem(arena, issued),
                              &certificate, &reason))
            fail_msg("case %zu %s", i, reason);
        assert_true(certificate.id == cases[i].wish.id);
        assert_int_equal(certificate.role, cases[i].role);
        assert_int_equal(certificate.usage, cases[i].usage);
        assert_string_equal(certificate.issuer, "CN=Z1,OU=07");
    }
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_home_follows_from_seed_and_number),
        cmocka_unit_test(no_device_id_occurs_twice),
        cmocka_unit_test(every_type_region_and_judgement_occurs),
        cmocka_unit_test(certificates_say_what_was_wished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
