/* Text from outside, whatever it is, at each place where it leaves fotad: a
 * terminal, the log, a CSV file, JSON, a header. The same random texts at each
 * run. */
#include "support/check.h"

#include "base/log.h"
#include "base/safe_text.h"
#include "desk/view.h"
#include "fotactl/csv_reader.h"
#include "fotactl/verb_run.h"
#include "http/handler.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 3000, MOST = 40 };

/* What has done harm somewhere, and what has not. */
static const char *const pieces[] = {"a",
                                     "Z",
                                     " ",
                                     "\xc3\xa9",
                                     "\xe2\x82\xac",
                                     "\xf0\x9f\x94\x8c",
                                     "\\",
                                     "\"",
                                     "'",
                                     ",",
                                     ";",
                                     "=1+1",
                                     "+",
                                     "-",
                                     "@",
                                     "<script>",
                                     "&amp;",
                                     "%s",
                                     "%n",
                                     "\x1b[2J",
                                     "\x1b]0;title\a",
                                     "\r",
                                     "\n",
                                     "\t",
                                     "\x7f",
                                     "\b",
                                     "\xc2\x9b"
                                     "31m",
                                     "\xc2\x85",
                                     "\xe2\x80\xae",
                                     "\xe2\x81\xa6",
                                     "\xe2\x80\xa8",
                                     "\xef\xbb\xbf",
                                     "\xd8\x9c",
                                     "\xed\xa0\x80",
                                     "\xc0\x80",
                                     "\xff",
                                     "\x80",
                                     "\xe2\x80",
                                     "\xf4\x90\x80\x80"};

static uint64_t seed;

static unsigned chance(unsigned most) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % most;
}

/* Of the pieces, or of any octets but NUL. */
static void text_make(struct buffer *text) {
    enum { PIECES = sizeof pieces / sizeof *pieces };
    text->len = 0;
    buffer_text(text, "");
    for (unsigned i = chance(8); i-- > 0;)
        if (chance(3)) {
            buffer_text(text, pieces[chance(PIECES)]);
        } else {
            uint8_t octet = (uint8_t)(1 + chance(255));
            buffer_add(text, span_of(&octet, 1));
        }
}

static void each_text(void (*look)(const char *text)) {
    struct buffer text = {0};
    seed = 20261128;
    for (int i = 0; i < ROUNDS; i++) {
        text_make(&text);
        look((const char *)text.data);
    }
    buffer_free(&text);
}

static bool is_utf8(const char *text) {
    json_t *value = json_string(text);
    json_decref(value);
    return value != NULL;
}

/* By the octets alone, so that it is not the code's own word. */
static void expect_harmless(const char *shown, const char *text) {
    static const char *const marks[] = {
        "\xd8\x9c",     "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xaa",
        "\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad", "\xe2\x80\xae",
        "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9",
        "\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf"};
    bool good = is_utf8(shown);
    for (const char *c = shown; *c; c++) {
        unsigned char octet = (unsigned char)c[0], next = (unsigned char)c[1];
        good = good && octet >= ' ' && octet != 0x7f &&
               !(octet == 0xc2 && next < 0xa0);
    }
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        good = good && !strstr(shown, marks[i]);
    if (!good)
        fail_msg("shown as '%s', from '%s'", shown, text);
}

/* ---- a terminal ---- */

static void look_at_terminal(const char *text) {
    struct buffer shown = {0};
    safe_add(&shown, span_text(text), false);
    buffer_text(&shown, "");
    expect_harmless((const char *)shown.data, text);
    buffer_free(&shown);
}

static void a_terminal_shows_one_line(void **state) {
    (void)state;
    each_text(look_at_terminal);
    struct buffer shown = {0};
    safe_add(&shown, span_text("h\xc3\xa9 \x1b[2J\n\xc2\x9b\xe2\x80\xae\xff"),
             false);
    assert_string_equal((const char *)shown.data,
                        "h\xc3\xa9 \\u001b[2J\\u000a\\u009b\\u202e\\xff");
    buffer_free(&shown);
}

/* ---- JSON, to a terminal or a file ---- */

static void look_at_json(const char *text) {
    if (!is_utf8(text))
        return; /* the database gives none */
    json_t *value = json_pack("{s:s}", "detail", text);
    char *line = json_dumps(value, JSON_COMPACT);
    struct buffer out = {0};
    buffer_text(&out, line);
    run_make_safe(&out, true);
    expect_harmless((const char *)out.data, text);
    json_t *again = json_loads((const char *)out.data, 0, NULL);
    assert_true(json_equal(value, again));
    json_decref(again);
    json_decref(value);
    free(line);
    buffer_free(&out);
}

static void json_stays_what_it_says(void **state) {
    (void)state;
    each_text(look_at_json);
}

/* ---- CSV ---- */

static const char *written;

static bool record_compare(void *context, uint64_t line,
                           const struct span *fields, size_t count) {
    bool *seen = context;
    (void)line;
    *seen = true;
    assert_int_equal(count, 3);
    bool guarded = *written && strchr("=+-@\t\r\n", *written);
    const char *at = (const char *)fields[1].data;
    struct span rest = span_of(at + guarded, fields[1].len - guarded);
    if ((guarded && *at != '\'') || !span_equal(rest, span_text(written)))
        fail_msg("'%s' became '%.*s'", written, (int)fields[1].len, at);
    return true;
}

static void look_at_csv(const char *text) {
    struct buffer out = {0};
    bool seen = false;
    written = text;
    buffer_text(&out, "first,");
    view_csv_text(&out, text);
    buffer_text(&out, ",end\r\n");
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_true(span_write(buffer_span(&out), file) && fflush(file) == 0);
    rewind(file);
    uint64_t line;
    const char *reason;
    struct csv_reader reader = {.on_record = record_compare, .context = &seen};
    bool good = csv_read(&reader, fileno(file), &line, &reason);
    fclose(file);
    buffer_free(&out);
    assert_true(good && seen);
}

static void csv_gives_the_same_text_and_no_formula(void **state) {
    (void)state;
    each_text(look_at_csv);
}

/* ---- the log ---- */

static FILE *log_file;

static void look_at_log(const char *text) {
    char line[4096];
    assert_int_equal(ftruncate(fileno(log_file), 0), 0);
    rewind(log_file);
    log_set_request(text);
    log_warning("test.outside", "name=%s", text);
    rewind(log_file);
    assert_non_null(fgets(line, sizeof line, log_file));
    char *end = strchr(line, '\n');
    assert_non_null(end);
    *end = '\0';
    expect_harmless(line, text);
    assert_int_equal(fgetc(log_file), EOF);
}

static void the_log_has_a_line_for_each_event(void **state) {
    (void)state;
    log_file = tmpfile();
    int before = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(fileno(log_file), STDERR_FILENO);
    each_text(look_at_log);
    log_set_request(NULL);
    dup2(before, STDERR_FILENO);
    close(before);
    fclose(log_file);
}

/* ---- an error of the server ---- */

static void look_at_problem(const char *text) {
    struct arena *arena = arena_new();
    struct http_response response = {.arena = arena};
    http_problem(&response, 400, "%s", text);
    json_t *value = json_loadb((const char *)response.body.data,
                               response.body.len, 0, NULL);
    const char *detail = json_string_value(json_object_get(value, "detail"));
    assert_non_null(detail);
    if (is_utf8(text))
        assert_string_equal(detail, text);
    json_decref(value);
    arena_free(arena);
}

static void a_problem_is_json(void **state) {
    (void)state;
    each_text(look_at_problem);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_shows_one_line),
        cmocka_unit_test(json_stays_what_it_says),
        cmocka_unit_test(csv_gives_the_same_text_and_no_formula),
        cmocka_unit_test(the_log_has_a_line_for_each_event),
        cmocka_unit_test(a_problem_is_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
