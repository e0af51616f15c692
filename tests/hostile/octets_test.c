/*
 * Octets that are no document, or far more of one than anybody sends: 400, at
 * once, and nothing left behind (decisions 3 and 32).
 */
#include "hostile/siege.h"

#define DEVICE_ID "00-DB-12-00-00-00-00-05"
#define DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"

struct octets_case {
    const char *name;
    void (*make)(struct span sound, struct buffer *out);
};

static void nothing(struct span sound, struct buffer *out) {
    (void)sound;
    buffer_text(out, " ");
}

static void add_nul(struct span sound, struct buffer *out) {
    buffer_add(out, sound);
    buffer_add(out, span_of("", 1));
}

static void add_nul_and_more(struct span sound, struct buffer *out) {
    add_nul(sound, out);
    buffer_text(out, "<sr:Request/>");
}

static void begin_with_nul(struct span sound, struct buffer *out) {
    buffer_add(out, span_of("", 1));
    buffer_add(out, sound);
}

static void put_nul_into_a_value(struct span sound, struct buffer *out) {
    buffer_add(out, sound);
    char *at = memmem(out->data, out->len, "0123ABCD", 8);
    at[4] = '\0';
}

/* `width` octets a character, the first or the last of them the character. */
static void widen(struct span sound, size_t width, bool big,
                  struct buffer *out) {
    for (size_t i = 0; i < sound.len; i++) {
        uint8_t wide[4] = {0};
        wide[big ? width - 1 : 0] = sound.data[i];
        buffer_add(out, span_of(wide, width));
    }
}

static void utf16_without_mark(struct span sound, struct buffer *out) {
    widen(sound, 2, false, out);
}

static void utf16_big_without_mark(struct span sound, struct buffer *out) {
    widen(sound, 2, true, out);
}

static void utf16_of_the_other_order(struct span sound, struct buffer *out) {
    buffer_text(out, "\xff\xfe");
    widen(sound, 2, true, out);
}

static void utf16_that_says_utf8(struct span sound, struct buffer *out) {
    buffer_text(out, "\xff\xfe");
    widen(sound, 2, false, out);
}

static void utf16_with_half_a_character(struct span sound, struct buffer *out) {
    utf16_that_says_utf8(sound, out);
    buffer_text(out, "x");
}

static void utf16_with_half_a_pair(struct span sound, struct buffer *out) {
    utf16_that_says_utf8(sound, out);
    buffer_text(out, "\x3d\xd8");
}

static void utf32(struct span sound, struct buffer *out) {
    buffer_add(out, span_of("\xff\xfe\0\0", 4));
    widen(sound, 4, false, out);
}

static void mark_of_utf16_before_utf8(struct span sound, struct buffer *out) {
    buffer_text(out, "\xfe\xff");
    buffer_add(out, sound);
}

static void mark_only(struct span sound, struct buffer *out) {
    (void)sound;
    buffer_text(out, "\xef\xbb\xbf");
}

static void declaration_only(struct span sound, struct buffer *out) {
    (void)sound;
    buffer_text(out, DECLARATION);
}

static void comment_only(struct span sound, struct buffer *out) {
    (void)sound;
    buffer_text(out, "<!-- x -->");
}

static void half_of_it(struct span sound, struct buffer *out) {
    buffer_add(out, span_of(sound.data, sound.len / 2));
}

static void twice(struct span sound, struct buffer *out) {
    buffer_add(out, sound);
    buffer_add(out, sound);
}

/* Inserts `count` times `text` before the Header. */
static void insert(struct span sound, const char *text, size_t count,
                   struct buffer *out) {
    const uint8_t *at = memmem(sound.data, sound.len, "<sr:Header>", 11);
    size_t before = (size_t)(at - sound.data);
    buffer_add(out, span_of(sound.data, before));
    for (size_t i = 0; i < count; i++)
        buffer_text(out, text);
    buffer_add(out, span_of(at, sound.len - before));
}

static void nested_a_hundred_deep(struct span sound, struct buffer *out) {
    insert(sound, "<a>", 100, out);
}

static void nested_a_million_deep(struct span sound, struct buffer *out) {
    insert(sound, "<a>", 1000000, out);
}

static void a_million_elements(struct span sound, struct buffer *out) {
    insert(sound, "<a/>", 1000000, out);
}

static void a_million_comments(struct span sound, struct buffer *out) {
    insert(sound, "<!---->", 1000000, out);
}

static void a_million_instructions(struct span sound, struct buffer *out) {
    insert(sound, "<?a?>", 1000000, out);
}

static void a_name_of_a_million(struct span sound, struct buffer *out) {
    (void)sound;
    buffer_text(out, "<");
    memset(buffer_room(out, 1000000), 'a', 1000000);
    out->len += 1000000;
    buffer_text(out, "/>");
}

static void many_attributes(struct span sound, struct buffer *out) {
    (void)sound;
    buffer_text(out, "<a");
    for (int i = 0; i < 100000; i++)
        buffer_printf(out, " a%d=''", i);
    buffer_text(out, "/>");
}

static void many_namespaces(struct span sound, struct buffer *out) {
    (void)sound;
    buffer_text(out, "<a");
    for (int i = 0; i < 100000; i++)
        buffer_printf(out, " xmlns:a%d='urn:x'", i);
    buffer_text(out, "/>");
}

static void many_character_references(struct span sound, struct buffer *out) {
    (void)sound;
    buffer_text(out, "<a>");
    for (int i = 0; i < 200000; i++)
        buffer_text(out, "&#x41;");
    buffer_text(out, "</a>");
}

static void too_many_devices(struct span sound, struct buffer *out) {
    struct buffer list = {0};
    buffer_text(&list, "<sr:DeviceIDList>");
    for (int i = 0; i < 50000; i++)
        buffer_text(&list, DEVICE_ID ",");
    buffer_add(&list, span_of("", 1));
    test_replace(sound, "<sr:DeviceIDList>", (char *)list.data, out);
    buffer_free(&list);
}

static const struct octets_case OCTETS[] = {
    {"white space", nothing},
    {"a NUL at the end", add_nul},
    {"another document after a NUL", add_nul_and_more},
    {"a NUL in front", begin_with_nul},
    {"a NUL in a value", put_nul_into_a_value},
    {"UTF-16 without a mark", utf16_without_mark},
    {"UTF-16BE without a mark", utf16_big_without_mark},
    {"UTF-16 of the other order", utf16_of_the_other_order},
    {"UTF-16 that says UTF-8", utf16_that_says_utf8},
    {"UTF-16 with half a character", utf16_with_half_a_character},
    {"UTF-16 with half a pair", utf16_with_half_a_pair},
    {"UTF-32", utf32},
    {"a mark of UTF-16 before UTF-8", mark_of_utf16_before_utf8},
    {"nothing but a mark", mark_only},
    {"nothing but a declaration", declaration_only},
    {"nothing but a comment", comment_only},
    {"half of a request", half_of_it},
    {"a request twice", twice},
    {"elements 100 deep", nested_a_hundred_deep},
    {"elements a million deep", nested_a_million_deep},
    {"a million elements", a_million_elements},
    {"a million comments", a_million_comments},
    {"a million instructions", a_million_instructions},
    {"a name of a million letters", a_name_of_a_million},
    {"100,000 attributes", many_attributes},
    {"100,000 namespaces", many_namespaces},
    {"200,000 references", many_character_references},
    {"50,001 Device IDs", too_many_devices},
};

static void octets(void **state) {
    (void)state;
    struct siege siege;
    siege_begin(&siege, gateway_start());
    struct span sound = siege_request(&siege);
    for (size_t i = 0; i < sizeof OCTETS / sizeof *OCTETS; i++) {
        struct buffer body = {0};
        OCTETS[i].make(sound, &body);
        struct answer answer = gateway_post_raw(siege.gateway, siege.arena,
                                                "serviceD", buffer_span(&body));
        if (answer.http != 400)
            fail_msg("%s: %u", OCTETS[i].name, answer.http);
        siege_holds(&siege, OCTETS[i].name);
        buffer_free(&body);
    }
    siege_accepts(&siege, sound);
    siege_end(&siege);
    gateway_free(siege.gateway);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
