/* Lines that hold the seals of the audit trail where its database does not
 * (requirement H1): what was signed is read, and nothing else. */
#include "support/check.h"
#include "support/duis_signing.h"
#include "support/files.h"
#include "support/token.h"
#include "support/with_arena.h"

#include "trail/anchor.h"

#include <stdlib.h>
#include <string.h>

static const char *path_of(const char *name) {
    static char directory[] = "/tmp/anchor.XXXXXX";
    static bool made;
    if (!made && !mkdtemp(directory))
        abort();
    made = true;
    return arena_printf(arena, "%s/%s", directory, name);
}

static struct test_identity signer_new(const char *name) {
    struct test_identity who =
        test_identity_new(arena, &(struct test_certificate){.id = 1});
    file_write(path_of(arena_printf(arena, "%s.key", name)), who.key_pem);
    file_write(path_of(arena_printf(arena, "%s.pem", name)),
               who.certificate_pem);
    return who;
}

static const struct anchor SAID = {.seal = 12,
                                   .first = 1001,
                                   .last = 2000,
                                   .entries = 999,
                                   .sealed = 1796000000 * SECOND,
                                   .at = 1796000060 * SECOND,
                                   .keep = 220924800,
                                   .hash = {0xAB, 1, 2, 3}};

static char *line_of(const char *name, const struct anchor *anchor) {
    const char *reason;
    struct anchor_signer *signer = anchor_signer_load(
        arena, path_of(arena_printf(arena, "%s.key", name)), "", &reason);
    assert_non_null(signer);
    struct buffer line = {0};
    assert_true(anchor_write(signer, anchor, &line));
    assert_int_equal(line.data[line.len - 1], '\n');
    char *text = arena_text(arena, span_of(line.data, line.len - 1));
    buffer_free(&line);
    return text;
}

static struct anchor_keys *keys_of(const char *name) {
    const char *reason;
    struct anchor_keys *keys = anchor_keys_new(arena);
    assert_true(anchor_keys_load(
        keys, path_of(arena_printf(arena, "%s.pem", name)), &reason));
    return keys;
}

static void what_was_signed_is_read(void **state) {
    (void)state;
    signer_new("dsp");
    struct anchor got;
    const char *line = line_of("dsp", &SAID);
    assert_int_equal(anchor_read(keys_of("dsp"), span_text(line), &got),
                     ANCHOR_GOOD);
    assert_memory_equal(&got, &SAID, sizeof got);
    /* as syslog brings it */
    line = arena_printf(arena, "Nov 29 17:00:01 dsp1 anchors: %s\r", line);
    assert_int_equal(anchor_read(keys_of("dsp"), span_text(line), &got),
                     ANCHOR_GOOD);
}

static void each_octet_counts(void **state) {
    (void)state;
    signer_new("dsp");
    struct anchor_keys *keys = keys_of("dsp");
    char *line = line_of("dsp", &SAID);
    struct anchor got;
    size_t good = 0;
    for (size_t i = strlen("fotad-anchor/1 "); line[i]; i++) {
        char was = line[i];
        line[i] = was == '1' ? '2' : '1';
        good += anchor_read(keys, span_text(line), &got) == ANCHOR_GOOD;
        line[i] = was;
    }
    assert_int_equal(good, 0);
    assert_int_equal(anchor_read(keys, span_text(line), &got), ANCHOR_GOOD);
}

static void others_are_told_apart(void **state) {
    (void)state;
    signer_new("dsp");
    signer_new("else");
    struct anchor got;
    const char *line = line_of("else", &SAID);
    assert_int_equal(anchor_read(keys_of("dsp"), span_text(line), &got),
                     ANCHOR_UNKNOWN);
    assert_int_equal(
        anchor_read(keys_of("dsp"), span_text("dsp1 fotad[7]: x"), &got),
        ANCHOR_NONE);
    assert_int_equal(anchor_read(keys_of("dsp"), span_text(""), &got),
                     ANCHOR_NONE);
    assert_int_equal(
        anchor_read(keys_of("dsp"), span_of(line, strlen(line) / 2), &got),
        ANCHOR_TORN);
}

/* The key itself is never in memory. */
static void a_key_in_a_token_signs(void **state) {
    (void)state;
    const char *reason = token_open();
    if (reason) {
        print_message("skipped: %s\n", reason);
        skip();
    }
    signer_new("dsp");
    const char *uri = token_import(path_of("dsp.key"), "anchors");
    struct anchor_signer *signer =
        anchor_signer_load(arena, uri, path_of("dsp.pem"), &reason);
    struct buffer line = {0};
    struct anchor got;
    if (!signer)
        fail_msg("%s: %s", uri, reason);
    for (int i = 0; i < 50; i++) {
        line.len = 0;
        assert_true(anchor_write(signer, &SAID, &line));
        assert_int_equal(
            anchor_read(keys_of("dsp"), span_of(line.data, line.len - 1), &got),
            ANCHOR_GOOD);
    }
    buffer_free(&line);
    token_remove();
}

static void what_is_no_key_is_said(void **state) {
    (void)state;
    const char *reason;
    file_write(path_of("none"), span_text("nothing\n"));
    assert_null(anchor_signer_load(arena, path_of("none"), "", &reason));
    assert_string_equal(reason, "it is no PEM private key");
    assert_false(
        anchor_keys_load(anchor_keys_new(arena), path_of("none"), &reason));
    assert_string_equal(reason, "it has no PEM certificate");
    assert_false(
        anchor_keys_load(anchor_keys_new(arena), path_of("nowhere"), &reason));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_signed_is_read), TEST(each_octet_counts),
        TEST(others_are_told_apart),   TEST(a_key_in_a_token_signs),
        TEST(what_is_no_key_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
