/* Base64 as the schema's xs:base64Binary has it, and nothing more lenient. */
#include "support/check.h"

#include "base/base64.h"

static void base64_reads_what_the_schema_allows(void **state) {
    (void)state;
    static const struct {
        const char *text, *octets;
    } cases[] = {
        {"", ""},
        {"Zg==", "f"},
        {"Zm8=", "fo"},
        {"Zm9v", "foo"},
        {"Zm9vYg==", "foob"},
        {"Zm9vYmE=", "fooba"},
        {"Zm9vYmFy", "foobar"},
        {" Zm9v\r\n\tYmFy ", "foobar"},
        {"Z m 9 v Y g = =", "foob"},
        {"  ", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t out[64];
        ptrdiff_t len = base64_parse(span_text(cases[i].text), out);
        if (len < 0 ||
            !span_equal(span_of(out, (size_t)len), span_text(cases[i].octets)))
            fail_msg("\"%s\" gave %td octets", cases[i].text, len);
    }
}

static void base64_refuses_everything_else(void **state) {
    (void)state;
    static const char *const bad[] = {
        "Z",    "Zg",     "Zg=",   "Zg===",     "Zg==Zg==", "Zm8",  "=",
        "====", "Z===",   "Zm=8",  "Zm9vYg",    "Zm9v!mFy", "Zm-_", "Zh==",
        "Zm9=", "Zm9v\v", "Zm9v.", "Zm9vYmFy=", "Zg=g",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t out[64];
        if (base64_parse(span_text(bad[i]), out) >= 0)
            fail_msg("read \"%s\"", bad[i]);
    }
}

static void base64_writes_what_it_reads(void **state) {
    (void)state;
    uint8_t octets[300], back[512];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(i * 7);
    for (size_t len = 0; len <= sizeof octets; len++) {
        struct buffer text = {0};
        base64_add(&text, span_of(octets, len));
        assert_int_equal(text.len, (len + 2) / 3 * 4);
        assert_int_equal(base64_parse(buffer_span(&text), back), len);
        assert_memory_equal(back, octets, len);
        buffer_free(&text);
    }
}

/* Longer than what is read at a time, broken anywhere. */
static void base64_reads_lines_of_any_length(void **state) {
    (void)state;
    enum { OCTETS = 20000 };
    static uint8_t octets[OCTETS], back[OCTETS];
    for (size_t i = 0; i < OCTETS; i++)
        octets[i] = (uint8_t)(i * 7 + i / 251);
    struct buffer text = {0};
    base64_add(&text, span_of(octets, OCTETS));
    for (size_t line = 1; line <= 80; line++) {
        struct buffer lines = {0};
        for (size_t at = 0; at < text.len; at += line) {
            size_t len = text.len - at < line ? text.len - at : line;
            buffer_add(&lines, span_of(text.data + at, len));
            buffer_text(&lines, line % 2 ? "\r\n" : " ");
        }
        assert_int_equal(base64_parse(buffer_span(&lines), back), OCTETS);
        assert_memory_equal(back, octets, OCTETS);
        lines.data[lines.len / 2] = '.';
        assert_int_equal(base64_parse(buffer_span(&lines), back), -1);
        buffer_free(&lines);
    }
    buffer_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_reads_what_the_schema_allows),
        cmocka_unit_test(base64_refuses_everything_else),
        cmocka_unit_test(base64_writes_what_it_reads),
        cmocka_unit_test(base64_reads_lines_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
