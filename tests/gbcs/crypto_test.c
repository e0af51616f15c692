/* MACs and signatures: what is made verifies, and nothing else does. */
#include "support/check.h"

#include "base/hex.h"
#include "gbcs/build.h"
#include "support/gbcs_keys.h"
#include "support/gbcs_samples.h"

#include <openssl/x509.h>
#include <stdio.h>

#define G "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"

static EVP_PKEY *key_of_group(const char *group) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC", group);
}

static struct gbcs_message parse(const struct buffer *octets) {
    struct gbcs_message message;
    const char *reason;
    if (!gbcs_message_parse(buffer_span(octets), &message, &reason))
        fail_msg("%s", reason);
    return message;
}

/* With the scalars 1 and 1 the shared point is the generator itself. */
static void the_secret_is_the_x_coordinate(void **state) {
    (void)state;
    char one[65];
    snprintf(one, sizeof one, "%064d", 1);
    EVP_PKEY *key = key_of_scalar(one);
    uint8_t z[32];
    char text[65];
    assert_true(gbcs_shared_secret(key, key, z));
    assert_string_equal(hex_format(span_of(z, sizeof z), text), G);
    EVP_PKEY_free(key);
}

static void both_sides_have_the_same_secret(void **state) {
    (void)state;
    bool zero_seen = false;
    for (unsigned i = 0; i < 600; i++) {
        EVP_PKEY *a = key_of_number(i), *b = key_of_number(i + 1);
        uint8_t ours[32], theirs[32];
        assert_true(gbcs_shared_secret(a, b, ours));
        assert_true(gbcs_shared_secret(b, a, theirs));
        assert_memory_equal(ours, theirs, sizeof ours);
        zero_seen |= ours[0] == 0; /* a leading zero is kept */
        EVP_PKEY_free(a);
        EVP_PKEY_free(b);
    }
    assert_true(zero_seen);
}

static void keys_of_other_curves_are_refused(void **state) {
    (void)state;
    static const char *const groups[] = {"P-384", "secp256k1",
                                         "brainpoolP256r1"};
    EVP_PKEY *ours = key_of_number(1);
    uint8_t out[64] = {0};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        EVP_PKEY *other = key_of_group(groups[i]);
        assert_non_null(other);
        assert_false(gbcs_shared_secret(ours, other, out));
        assert_false(gbcs_shared_secret(other, ours, out));
        assert_false(gbcs_shared_secret(other, other, out));
        assert_false(gbcs_sign(other, span_text("x"), out));
        assert_false(gbcs_verify(other, span_text("x"), span_of(out, 64)));
        EVP_PKEY_free(other);
    }
    EVP_PKEY *x25519 = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    assert_false(gbcs_shared_secret(x25519, x25519, out));
    EVP_PKEY_free(x25519);
    EVP_PKEY_free(ours);
}

static EVP_PKEY *public_half(EVP_PKEY *key) {
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    const uint8_t *at = der;
    EVP_PKEY *half = d2i_PUBKEY(NULL, &at, len);
    OPENSSL_free(der);
    return half;
}

static void a_public_key_neither_signs_nor_agrees(void **state) {
    (void)state;
    EVP_PKEY *key = key_of_number(1), *half = public_half(key);
    uint8_t out[64];
    assert_false(gbcs_sign(half, span_text("x"), out));
    assert_false(gbcs_shared_secret(half, key, out));
    assert_true(gbcs_shared_secret(key, half, out));
    EVP_PKEY_free(key);
    EVP_PKEY_free(half);
}

static void every_sample_verifies_and_no_altered_one(void **state) {
    (void)state;
    static const uint8_t z[32] = {0x5A, 0xA5}, other_z[32] = {0x5A};
    EVP_PKEY *key = key_of_number(1), *other = key_of_number(2);
    for (const struct gbcs_sample *s = gbcs_samples; s->name; s++) {
        if (!s->is_signed && !s->is_maced)
            continue;
        struct buffer octets = {0};
        gbcs_sample_build(s, &octets);
        struct gbcs_message message = parse(&octets);
        assert_int_equal(gbcs_mac_verify(z, &message), s->is_maced);
        assert_int_equal(gbcs_message_verify(key, &message), s->is_signed);
        assert_false(gbcs_mac_verify(other_z, &message));
        assert_false(gbcs_message_verify(other, &message));
        for (size_t i = 0; i < octets.len; i++) {
            octets.data[i] ^= 0x10;
            struct gbcs_message altered;
            const char *reason;
            if (gbcs_message_parse(buffer_span(&octets), &altered, &reason)) {
                if (s->is_maced)
                    assert_false(gbcs_mac_verify(z, &altered));
                else
                    assert_false(gbcs_message_verify(key, &altered));
            }
            octets.data[i] ^= 0x10;
        }
        buffer_free(&octets);
    }
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

/* Each field of the header is part of what the MAC depends on. */
static void the_mac_depends_on_the_header(void **state) {
    (void)state;
    static const uint8_t z[32] = {1};
    const struct gbcs_header header = {GBCS_RESPONSE, 1, 2, 3, .code = 4};
    struct gbcs_header others[5] = {header, header, header, header, header};
    others[0].cra = GBCS_ALERT;
    others[1].counter = 1ULL << 63;
    others[2].originator = 5;
    others[3].recipient = 5;
    others[4].code = 5; /* not in the key: only in what is MACed */
    uint8_t mac[12], mac2[12];
    gbcs_mac(z, &header, span_text("x"), mac);
    for (size_t i = 0; i < 5; i++) {
        gbcs_mac(z, others + i, span_text("x"), mac2);
        assert_int_equal(memcmp(mac, mac2, sizeof mac) == 0, i == 4);
    }
}

static void signatures_out_of_range_are_bad(void **state) {
    (void)state;
    EVP_PKEY *key = key_of_number(1);
    uint8_t good[64], bad[64];
    assert_true(gbcs_sign(key, span_text("x"), good));
    assert_true(gbcs_verify(key, span_text("x"), span_of(good, 64)));
    assert_false(gbcs_verify(key, span_text("x"), span_of(good, 63)));
    assert_false(gbcs_verify(key, span_text("x"), (struct span){0}));
    for (size_t at = 0; at < 64; at += 32) {
        memcpy(bad, good, sizeof bad);
        memset(bad + at, 0, 32);
        assert_false(gbcs_verify(key, span_text("x"), span_of(bad, 64)));
        memset(bad + at, 0xFF, 32);
        assert_false(gbcs_verify(key, span_text("x"), span_of(bad, 64)));
    }
    EVP_PKEY_free(key);
}

/* r and s have leading zeros now and then. */
static void short_r_and_s_are_padded(void **state) {
    (void)state;
    EVP_PKEY *key = key_of_number(1);
    bool short_r = false, short_s = false;
    for (unsigned i = 0; i < 20000 && !(short_r && short_s); i++) {
        uint8_t signature[64];
        struct span said = span_of(&i, sizeof i);
        assert_true(gbcs_sign(key, said, signature));
        if (signature[0] && signature[32])
            continue;
        short_r |= signature[0] == 0;
        short_s |= signature[32] == 0;
        assert_true(gbcs_verify(key, said, span_of(signature, 64)));
    }
    assert_true(short_r && short_s);
    EVP_PKEY_free(key);
}

static void nothing_is_built_that_cannot_be(void **state) {
    (void)state;
    EVP_PKEY *other = key_of_group("P-384");
    struct gbcs_header header = {.cra = GBCS_ALERT, .code = GBCS_CODE_CS09};
    struct gbcs_payload said = {.kind = GBCS_PPMID_ALERT, .alert_code = 0x8F8B};
    struct buffer out = {0};
    assert_false(gbcs_build(&header, &said, other, NULL, &out));
    said.alert_code = 0x8F8A;
    assert_false(gbcs_build(&header, &said, NULL, NULL, &out));
    assert_int_equal(out.len, 0);
    EVP_PKEY_free(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_secret_is_the_x_coordinate),
        cmocka_unit_test(both_sides_have_the_same_secret),
        cmocka_unit_test(keys_of_other_curves_are_refused),
        cmocka_unit_test(a_public_key_neither_signs_nor_agrees),
        cmocka_unit_test(every_sample_verifies_and_no_altered_one),
        cmocka_unit_test(the_mac_depends_on_the_header),
        cmocka_unit_test(signatures_out_of_range_are_bad),
        cmocka_unit_test(short_r_and_s_are_padded),
        cmocka_unit_test(nothing_is_built_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
