/* Octets before they are a document: encodings, NULs, floods. */
#include "support/check.h"

#include "duis/parsed.h"
#include "support/shared.h"

#include <iconv.h>
#include <stdio.h>

/* The sound 11.1 in UTF-16, with another encoding declared. */
static struct span as_utf16(const char *declared, bool little, bool mark) {
    struct buffer utf8 = {0}, sound = {0};
    test_request_build(&UPDATE, &sound);
    test_replace(buffer_span(&sound), "UTF-8", declared, &utf8);
    struct buffer out = {0};
    if (mark)
        buffer_add(&out, span_of(little ? "\xff\xfe" : "\xfe\xff", 2));
    for (size_t i = 0; i < utf8.len; i++) {
        const uint8_t pair[] = {little ? utf8.data[i] : 0,
                                little ? 0 : utf8.data[i]};
        buffer_add(&out, span_of(pair, 2));
    }
    struct span copy = arena_copy(arena, buffer_span(&out));
    buffer_free(&utf8);
    buffer_free(&sound);
    buffer_free(&out);
    return copy;
}

static void utf16_is_read_when_it_says_so(void **state) {
    (void)state;
    static const struct {
        const char *declared;
        bool little, mark, taken;
    } cases[] = {
        {"UTF-16", false, true, true},  {"UTF-16", true, true, true},
        {"UTF-16LE", true, true, true}, {"UTF-8", true, true, false},
        {"UTF-16", true, false, false}, {"UTF-16", false, false, false},
        {"UTF-32", false, true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum duis_parse_result got =
            parse(as_utf16(cases[i].declared, cases[i].little, cases[i].mark));
        if (got != (cases[i].taken ? DUIS_PARSED : DUIS_NOT_WELL_FORMED))
            fail_msg("case %zu gave %d: %s", i, got, fault.reason);
        if (cases[i].taken)
            assert_true(span_equal(request.image, span_text("image")));
    }
}

/* What iconv makes of the sound 11.1, which declares `declared`. */
static struct span as_encoded(const char *encoding, const char *declared) {
    struct buffer sound = {0}, text = {0};
    test_request_build(&UPDATE, &sound);
    test_replace(buffer_span(&sound), "UTF-8", declared, &text);
    size_t left = text.len, room = 8 * text.len;
    char *in = (char *)text.data, *out = arena_alloc(arena, room), *at = out;
    iconv_t converter = iconv_open(encoding, "UTF-8");
    assert_true(converter != (iconv_t)-1);
    assert_int_equal(iconv(converter, &in, &left, &at, &room), 0);
    iconv_close(converter);
    buffer_free(&sound);
    buffer_free(&text);
    return span_of(out, (size_t)(at - out));
}

/* Whatever libxml2 would make of it. ASCII is UTF-8. */
static void only_utf_8_and_utf_16_are_read(void **state) {
    (void)state;
    static const struct {
        const char *encoding, *declared;
        bool taken;
    } cases[] = {
        {"ASCII", "ASCII", true},
        {"ASCII", "us-ascii", true},
        {"UTF-8", "utf-8", true},
        {"UTF-16", "UTF-16", true},
        {"UTF-16LE", "UTF-16", false}, /* no byte order mark */
        {"UTF-16BE", "UTF-16", false},
        {"UTF-32", "UTF-32", false},
        {"UTF-32LE", "ISO-10646-UCS-4", false},
        {"IBM037", "IBM037", false},
        {"IBM037", "UTF-8", false},
        {"IBM1047", "ebcdic-cp-us", false},
        {"IBM500", "ASCII", false},
        {"UTF-7", "UTF-7", false},
        {"ISO-8859-1", "ISO-8859-1", false},
        {"ISO-8859-15", "ISO-8859-15", false},
        {"WINDOWS-1252", "windows-1252", false},
        {"SHIFT_JIS", "Shift_JIS", false},
        {"EUC-JP", "EUC-JP", false},
        {"GB18030", "GB18030", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum duis_parse_result got =
            parse(as_encoded(cases[i].encoding, cases[i].declared));
        if (got != (cases[i].taken ? DUIS_PARSED : DUIS_NOT_WELL_FORMED) ||
            (!cases[i].taken && !strstr(fault.reason, "UTF-16")))
            fail_msg("%s in %s gave %d: %s", cases[i].declared,
                     cases[i].encoding, got, fault.reason);
    }
}

static void the_document_that_failed_is_left_to_the_schema(void **state) {
    (void)state;
    struct buffer text = {0};
    if (!shared_read("cases/declared-ascii.xml", &text))
        skip();
    assert_int_equal(parse(buffer_span(&text)), DUIS_NOT_VALID);
    buffer_free(&text);
}

static void octets_that_are_no_document_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *octets;
        size_t len;
    } cases[] = {
        {"", 0},
        {" ", 1},
        {"\xff\xfe", 2},
        {"\xff\xfe<", 3},
        {"\xff\xfe\x00\xd8", 4},
        {"\xef\xbb\xbf", 3},
        {"{}", 2},
        {"L\x6f\xa7\x94", 4},
        {"\0\0\0<", 4},
        {"<", 1},
        {"\x1f\x8b\x08", 3},
        {"\xef\xbb\xbf\xef\xbb\xbf<a/>", 10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(parse(span_of(cases[i].octets, cases[i].len)),
                         DUIS_NOT_WELL_FORMED);
}

/* libxml2 takes a NUL after the root for the end of the document. */
static void a_nul_is_refused_wherever_it_is(void **state) {
    (void)state;
    struct buffer text = {0};
    test_request_build(&UPDATE, &text);
    size_t sound = text.len;
    buffer_add(&text, span_of("\0", 1));
    assert_int_equal(parse(buffer_span(&text)), DUIS_NOT_WELL_FORMED);
    buffer_text(&text, "<x/>");
    assert_int_equal(parse(buffer_span(&text)), DUIS_NOT_WELL_FORMED);
    text.len = sound;
    assert_int_equal(parse(buffer_span(&text)), DUIS_PARSED);
    for (size_t at = 0; at < sound; at += 7) {
        uint8_t kept = text.data[at];
        text.data[at] = 0;
        assert_int_equal(parse(buffer_span(&text)), DUIS_NOT_WELL_FORMED);
        text.data[at] = kept;
    }
    buffer_free(&text);
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    struct buffer text = {0};
    test_request_build(&UPDATE, &text);
    for (size_t len = 0; len < text.len; len++)
        assert_int_equal(parse(span_of(text.data, len)), DUIS_NOT_WELL_FORMED);
    buffer_free(&text);
}

static void repeat(struct buffer *out, const char *text, size_t times) {
    for (size_t i = 0; i < times; i++)
        buffer_text(out, text);
}

/* Made to cost the reader more than the sender; each ends at once. */
static void floods_of_markup_end_early(void **state) {
    (void)state;
    static const struct {
        const char *before, *flood;
        size_t times;
        const char *reason;
    } cases[] = {
        {"<a>", "<b/>", 1000000, "1024"},
        {"<a>", "<!---->", 1000000, "1024"},
        {"<a ", "b=\"\" ", 1000000, "256"},
        {"<a ", "xmlns:b=\"c\" ", 1000000, "256"},
        {"", "<a>", 1000, "32 deep"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer text = {0};
        buffer_text(&text, cases[i].before);
        repeat(&text, cases[i].flood, cases[i].times);
        instant started = clock_elapsed();
        assert_int_equal(parse(buffer_span(&text)), DUIS_NOT_WELL_FORMED);
        assert_non_null(strstr(fault.reason, cases[i].reason));
        assert_true(clock_elapsed() - started < patience() * SECOND);
        buffer_free(&text);
    }
}

/* libxml2 goes on after some faults: it must not be stopped while it still
 * holds pointers into the tag. */
static void a_fault_in_a_tag_leaves_the_rest_of_it_readable(void **state) {
    (void)state;
    static const char *const cases[] = {
        "<a xml:id='.' b='c' d='&lt;'/>",
        "<a b='c' xml:id='.'/>",
        "<a b='c' xmlns:xmlns='d' e='f'/>",
        "<a b='c' xmlns:xml='d' e='f'/>",
        "<a b='c' xmlns:d='' e='f'/>",
        "<a b='c' d:e='f' g='h'/>",
        "<a b='c' b='c' d='e'/>",
        "<a b='c' xml:space='d' e='f'/>",
        "<a b='c' xmlns='d e' f='g'><h i='j'/></a>",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_not_equal(parse(span_text(cases[i])), DUIS_PARSED);
        assert_non_null(fault.reason);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(utf16_is_read_when_it_says_so),
        TEST(only_utf_8_and_utf_16_are_read),
        TEST(the_document_that_failed_is_left_to_the_schema),
        TEST(octets_that_are_no_document_are_refused),
        TEST(a_nul_is_refused_wherever_it_is),
        TEST(every_truncation_is_refused),
        TEST(floods_of_markup_end_early),
        TEST(a_fault_in_a_tag_leaves_the_rest_of_it_readable),
    };
    return cmocka_run_group_tests(tests, open_room, close_room);
}
