/* Texts from outside in JSON: no member falls out. */
#include "support/check.h"

#include "base/json.h"

#include <stdlib.h>

static void a_text_is_never_lost(void **state) {
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {{"plain", "{\"a\":[\"plain\"]}"},
                 {"", "{\"a\":[\"\"]}"},
                 {NULL, "{\"a\":[null]}"},
                 {"f\xc3\xbcr", "{\"a\":[\"f\xc3\xbcr\"]}"},
                 {"f\xfcr", "{\"a\":[\"f\xef\xbf\xbdr\"]}"},
                 /* cut in a character; a surrogate; longer than need be */
                 {"f\xc3", "{\"a\":[\"f\xef\xbf\xbd\"]}"},
                 {"\xed\xa0\x80", "{\"a\":[\"\xef\xbf\xbd\xef\xbf\xbd"
                                  "\xef\xbf\xbd\"]}"},
                 {"\xc0\xaf", "{\"a\":[\"\xef\xbf\xbd\xef\xbf\xbd\"]}"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *object = json_object(), *array = json_array();
        json_add(array, json_text(cases[i].text));
        json_put(object, "a", array);
        char *text = json_dumps(object, JSON_COMPACT);
        assert_string_equal(text, cases[i].expected);
        free(text);
        json_decref(object);
    }
}

static void why_a_text_is_not_read(void **state) {
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"{\"a\": \"\\u0000\"}", "the character \\u0000 is not accepted"},
        {"{\"\\u0000\": 1}", "the character \\u0000 is not accepted"},
        {"{\"a\": 1, \"a\": 2}", "a member stands there twice"},
        {"{\"a\": tru}", "invalid token near 'tru'"},
        {"", "'[' or '{' expected near end of file"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_error_t error;
        struct span text = span_text(rows[i].text);
        if (!text.len)
            text = (struct span){0}; /* a body that is none */
        assert_null(json_read(text, JSON_REJECT_DUPLICATES, &error));
        assert_int_equal(error.line, 1);
        assert_string_equal(json_fault(&error), rows[i].why);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_never_lost),
        cmocka_unit_test(why_a_text_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
