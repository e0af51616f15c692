/* CSV as RFC 4180 has it, with the line of each record. */
#include "support/check.h"

#include "base/memory.h"
#include "fotactl/csv_reader.h"
#include "fotactl/key_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct csv_case {
    const char *text;
    const char *records; /* each "line:[field][field]" */
    const char *reason;  /* NULL: none */
    uint64_t line;       /* of the reason */
};

static const struct csv_case cases[] = {
    {"", "", NULL, 0},
    {"a,b\n", "1:[a][b]", NULL, 0},
    {"a,b", "1:[a][b]", NULL, 0},
    {"a,b\r\nc,d\r\n", "1:[a][b]2:[c][d]", NULL, 0},
    {"a\rb\r", "1:[a]2:[b]", NULL, 0},
    {"\xef\xbb\xbf"
     "a,b\n",
     "1:[a][b]", NULL, 0},
    {"\xef\xbb\xbf\"a\",b\n", "1:[a][b]", NULL, 0},
    {"a,,b\n,\n", "1:[a][][b]2:[][]", NULL, 0},
    {"\"a,b\",\"c\"\"d\"\n", "1:[a,b][c\"d]", NULL, 0},
    {"\"\",\"\"\"\"\n", "1:[][\"]", NULL, 0},
    {" a , b\n", "1:[ a ][ b]", NULL, 0},
    {"\"a\nb\",c\nd,e\n", "1:[a\nb][c]3:[d][e]", NULL, 0},
    {"\"a\r\nb\",c\r\nd,e\r\n", "1:[a\r\nb][c]3:[d][e]", NULL, 0},
    {"\n\na\n\nb\n", "3:[a]5:[b]", NULL, 0},
    {"\r\n\r\na\r\n\r\nb\r\n", "3:[a]5:[b]", NULL, 0},
    {"a\n\"b\n", "1:[a]", "a '\"' is not closed", 2},
    {"a\nb\"c,d\n", "1:[a]", "a '\"' stands where none may be", 2},
    {"a\n\"b\"c,d\n", "1:[a]", "a '\"' stands where none may be", 2},
    {"a\n\nx,\"b\"c\n", "1:[a]", "a '\"' stands where none may be", 3},
};

static bool note_record(void *context, uint64_t line, const struct span *fields,
                        size_t count) {
    struct buffer *notes = context;
    buffer_printf(notes, "%ju:", (uintmax_t)line);
    for (size_t i = 0; i < count; i++)
        buffer_printf(notes, "[%.*s]", (int)fields[i].len,
                      (const char *)fields[i].data);
    return true;
}

static int file_of(struct span text) {
    int fd = memfd_create("csv", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.data, text.len), (ssize_t)text.len);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void records_come_with_their_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct csv_case *c = &cases[i];
        struct buffer notes = {0};
        buffer_text(&notes, "");
        struct csv_reader reader = {.on_record = note_record,
                                    .context = &notes};
        uint64_t line = 0;
        const char *reason = NULL;
        int fd = file_of(span_text(c->text));
        bool ok = csv_read(&reader, fd, &line, &reason);
        close(fd);
        if (ok != !c->reason || strcmp((char *)notes.data, c->records) != 0)
            fail_msg("case %zu gave %s (%s)", i, (char *)notes.data,
                     reason ? reason : "no reason");
        if (c->reason) {
            assert_string_equal(reason, c->reason);
            assert_int_equal(line, c->line);
        }
        buffer_free(&notes);
    }
}

static bool count_and_stop(void *context, uint64_t line,
                           const struct span *fields, size_t count) {
    (void)line, (void)fields, (void)count;
    return ++*(int *)context < 2;
}

static void the_taker_may_end_it(void **state) {
    (void)state;
    int taken = 0;
    struct csv_reader reader = {.on_record = count_and_stop, .context = &taken};
    uint64_t line;
    const char *reason;
    int fd = file_of(span_text("a\nb\nc\nd\"\n"));
    assert_true(csv_read(&reader, fd, &line, &reason));
    assert_int_equal(taken, 2);
    close(fd);
}

/* An open quote at the top of a file of gigabytes must not be read into
 * memory whole. */
static void an_open_quote_ends_soon(void **state) {
    (void)state;
    enum { SIZE = 4 * 1024 * 1024 };
    char *text = memory_alloc(SIZE);
    memset(text, 'x', SIZE);
    memcpy(text, "a\n\"", 3);
    int taken = 0;
    struct csv_reader reader = {.on_record = count_and_stop, .context = &taken};
    uint64_t line;
    const char *reason;
    int fd = file_of(span_of(text, SIZE));
    assert_false(csv_read(&reader, fd, &line, &reason));
    assert_string_equal(reason,
                        "a '\"' is not closed, or a field is longer than "
                        "1 MiB");
    assert_true(reader.octets < SIZE);
    close(fd);
    free(text);
}

/* ---- the keys of a file ---- */

static void a_number_is_found_again(void **state) {
    (void)state;
    struct key_set set = {0};
    for (uint64_t i = 0; i < 100000; i++) {
        uint64_t number = i * 0x10000;
        assert_int_equal(
            key_set_add(&set, span_of(&number, sizeof number), (uint32_t)i + 1),
            0);
    }
    for (uint64_t i = 0; i < 100000; i += 777) {
        uint64_t number = i * 0x10000, other = number + 1;
        assert_int_equal(key_set_add(&set, span_of(&number, sizeof number), 7),
                         i + 1);
        assert_int_equal(key_set_add(&set, span_of(&other, sizeof other), 7),
                         0);
    }
    key_set_free(&set);
}

static void a_text_is_found_again(void **state) {
    (void)state;
    struct key_set set = {.arena = arena_new(), .copies = true};
    for (int i = 0; i < 5000; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        assert_int_equal(key_set_add(&set, span_text(text), (uint32_t)i + 1),
                         0);
    }
    assert_int_equal(key_set_add(&set, span_text(""), 6000), 0);
    assert_int_equal(key_set_add(&set, span_text(""), 6001), 6000);
    assert_int_equal(key_set_add(&set, span_text("4999"), 6002), 5000);
    assert_int_equal(key_set_add(&set, span_text("04999"), 6003), 0);
    key_set_free(&set);
    arena_free(set.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_with_their_lines),
        cmocka_unit_test(the_taker_may_end_it),
        cmocka_unit_test(an_open_quote_ends_soon),
        cmocka_unit_test(a_number_is_found_again),
        cmocka_unit_test(a_text_is_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
