/* The small things that everything else stands on, as tables of cases. */
#include "support/check.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/eui64.h"
#include "base/hex.h"
#include "base/request_id.h"

static void eui64_reads_what_duis_writes(void **state) {
    (void)state;
    eui64 id = 0;
    char text[EUI64_TEXT_SIZE];
    assert_true(eui64_parse(span_text("00-db-12-34-56-78-90-A0"), &id));
    assert_true(id == 0x00db1234567890a0);
    assert_string_equal(eui64_format(id, text), "00-DB-12-34-56-78-90-A0");
    uint8_t octets[EUI64_OCTETS];
    eui64_store(id, octets);
    assert_true(eui64_load(octets) == id);
}

static void eui64_refuses_everything_else(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "00-DB-12-34-56-78-90",
        "00-DB-12-34-56-78-90-A",
        "00-DB-12-34-56-78-90-A0-",
        "00:DB:12:34:56:78:90:A0",
        "00-DB-12-34-56-78-90-AG",
        " 0-DB-12-34-56-78-90-A0",
        "00DB1234567890A000DB123",
    };
    eui64 id;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (eui64_parse(span_text(bad[i]), &id))
            fail_msg("read \"%s\"", bad[i]);
}

static void request_ids_are_read_as_they_are_written(void **state) {
    (void)state;
    const struct request_id id = {0x90B3D51F30010001, 0x90B3D51F30000002,
                                  UINT64_MAX};
    struct request_id back;
    char text[REQUEST_ID_TEXT_SIZE];
    assert_string_equal(
        request_id_format(&id, text),
        "90-B3-D5-1F-30-01-00-01:90-B3-D5-1F-30-00-00-02:18446744073709551615");
    assert_true(request_id_parse(text, &back));
    assert_memory_equal(&back, &id, sizeof id);
}

static void hex_reads_plain_and_colons(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int octets;
    } cases[] = {
        {"", 0},        {"0a", 1},          {"0A0b", 2},    {"0A:0b", 2},
        {"0A:0b:", -1}, {":0A", -1},        {"0", -1},      {"0A0", -1},
        {"xy", -1},     {"00:00:00:10", 4}, {"0A::0B", -1}, {"0102030405", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t out[4];
        int got = hex_parse(span_text(cases[i].text), out, sizeof out);
        if (got != cases[i].octets)
            fail_msg("\"%s\" gave %d", cases[i].text, got);
    }
}

static void instants_are_read_and_written(void **state) {
    (void)state;
    static const struct {
        const char *text, *canonical; /* NULL: not an instant */
    } cases[] = {
        {"2022-08-17T15:45:42.790Z", "2022-08-17T15:45:42.790Z"},
        {"2022-08-17T15:45:42Z", "2022-08-17T15:45:42.000Z"},
        {"2022-08-17T15:45:42", "2022-08-17T15:45:42.000Z"},
        {"2022-08-17T15:45:42+01:00", "2022-08-17T14:45:42.000Z"},
        {"2022-01-01T00:15:00-00:30", "2022-01-01T00:45:00.000Z"},
        {"3000-12-31T00:00:00.00Z", "3000-12-31T00:00:00.000Z"},
        {"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"},
        {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"},
        {"2023-02-29T00:00:00Z", NULL},
        {"2023-13-01T00:00:00Z", NULL},
        {"2023-12-31T24:00:00Z", "2024-01-01T00:00:00.000Z"},
        {"2024-02-28T24:00:00.000+01:00", "2024-02-28T23:00:00.000Z"},
        {"2023-01-01T24:00:00.001Z", NULL},
        {"2023-01-01T24:00:01Z", NULL},
        {"2023-01-01T24:01:00Z", NULL},
        {"2023-01-01T25:00:00Z", NULL},
        {"2023-02-29T24:00:00Z", NULL},
        {"2016-12-31T23:59:60Z", NULL}, /* the type has no leap seconds */
        {"2023-01-01 00:00:00Z", NULL},
        {"2023-01-01T00:00:00.Z", NULL},
        {"2023-01-01T00:00:00Zx", NULL},
        {"2023-01-01", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        instant when = 0;
        char text[INSTANT_TEXT_SIZE];
        bool ok = instant_parse(span_text(cases[i].text), &when);
        if (ok != (cases[i].canonical != NULL))
            fail_msg("\"%s\": read = %d", cases[i].text, ok);
        if (ok)
            assert_string_equal(instant_format(when, text), cases[i].canonical);
    }
}

static void count_up(void *handle) {
    ++*(int *)handle;
}

static void arena_ends_what_it_adopted(void **state) {
    (void)state;
    int ended = 0;
    struct arena *arena = arena_new();
    arena_adopt(arena, &ended, count_up);
    arena_adopt(arena, NULL, count_up);
    char *big = arena_alloc(arena, 1000000);
    memset(big, 1, 1000000);
    assert_string_equal(arena_printf(arena, "%d-%s", 7, "x"), "7-x");
    arena_reset(arena);
    assert_int_equal(ended, 1);
    assert_string_equal(arena_text(arena, span_of("abc", 2)), "ab");
    arena_free(arena);
    assert_int_equal(ended, 1);
}

static void buffer_grows_and_ends_with_a_nul(void **state) {
    (void)state;
    struct buffer buffer = {0};
    for (int i = 0; i < 1000; i++)
        buffer_printf(&buffer, "%03d,", i);
    buffer_text(&buffer, "end");
    assert_int_equal(buffer.len, 4003);
    assert_string_equal((char *)buffer.data + 3996, "999,end");
    buffer_free(&buffer);
    assert_int_equal(buffer_span(&buffer).len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eui64_reads_what_duis_writes),
        cmocka_unit_test(eui64_refuses_everything_else),
        cmocka_unit_test(request_ids_are_read_as_they_are_written),
        cmocka_unit_test(hex_reads_plain_and_colons),
        cmocka_unit_test(instants_are_read_and_written),
        cmocka_unit_test(arena_ends_what_it_adopted),
        cmocka_unit_test(buffer_grows_and_ends_with_a_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
