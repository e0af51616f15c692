/* Every kind of parameter goes to the database and comes back as it was. */
#include "support/check.h"
#include "support/pg.h"
#include "support/with_arena.h"

#include "db/db.h"

#include <stdlib.h>

static struct db *db;

static struct db_rows *run(const struct db_statement *statement,
                           const struct db_params *params) {
    struct db_rows *rows = NULL;
    if (db_run(db, statement, params, arena, &rows) != DONE)
        fail_msg("%s: %s", statement->sql, db_reason(db));
    return rows;
}

/* ---- numbers, texts, octets ---- */

static void integers(void **state) {
    (void)state;
    static const struct db_statement echo = {
        "integers", "select $1::int2, $2::int4, $3::int8, $2::text"};
    static const struct {
        int16_t small;
        int32_t middle;
        int64_t large;
        const char *text;
    } rows[] = {
        {0, 0, 0, "0"},
        {1, 1, 1, "1"},
        {-1, -1, -1, "-1"},
        {INT16_MAX, INT32_MAX, INT64_MAX, "2147483647"},
        {INT16_MIN, INT32_MIN, INT64_MIN, "-2147483648"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct db_params params = DB_PARAMS(arena);
        db_int2(&params, rows[i].small);
        db_int4(&params, rows[i].middle);
        db_int8(&params, rows[i].large);
        struct db_rows *got = run(&echo, &params);
        assert_true(db_get_int(got, 0, 0) == rows[i].small);
        assert_true(db_get_int(got, 0, 1) == rows[i].middle);
        assert_true(db_get_int(got, 0, 2) == rows[i].large);
        assert_string_equal(db_get_text(got, 0, 3), rows[i].text);
    }
}

static void numeric_holds_64_bits(void **state) {
    (void)state;
    static const struct db_statement echo = {"numeric",
                                             "select ($1::numeric)::text"};
    static const struct {
        uint64_t value;
        const char *text;
    } rows[] = {{0, "0"},
                {1, "1"},
                {UINT64_C(9223372036854775808), "9223372036854775808"},
                {UINT64_MAX, "18446744073709551615"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct db_params params = DB_PARAMS(arena);
        db_uint8(&params, rows[i].value);
        assert_string_equal(db_get_text(run(&echo, &params), 0, 0),
                            rows[i].text);
    }
}

/* What is no UTF-8 is none of our errors, alone or in a list. */
static void texts_that_are_none_are_kept(void **state) {
    (void)state;
    static const struct db_statement echo = {
        "no_texts", "select $1::text, ($2::text[])[1], ($2::text[])[2]"};
#define NONE "\xEF\xBF\xBD"
    static const char *const rows[][2] = {
        {"plain", "plain"},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80",
         "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"caf\xE9", "caf" NONE},
        {"\xFF\xFE", NONE NONE},
        {"\x80", NONE},
        {"\xC0\x80", NONE NONE},                   /* overlong */
        {"\xED\xA0\x80", NONE NONE NONE},          /* a surrogate */
        {"\xF4\x90\x80\x80", NONE NONE NONE NONE}, /* above U+10FFFF */
        {"\xE2\x82", NONE NONE},                   /* cut off */
        {"\xC3\"", NONE "\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct db_params params = DB_PARAMS(arena);
        const char *const list[] = {rows[i][0], "next"};
        db_text(&params, rows[i][0]);
        db_texts(&params, list, 2);
        struct db_rows *got = run(&echo, &params);
        assert_string_equal(db_get_text(got, 0, 0), rows[i][1]);
        assert_string_equal(db_get_text(got, 0, 1), rows[i][1]);
        assert_string_equal(db_get_text(got, 0, 2), "next");
    }
}

static void booleans(void **state) {
    (void)state;
    static const struct db_statement echo = {"booleans",
                                             "select $1::bool, not $1"};
    for (int value = 0; value < 2; value++) {
        struct db_params params = DB_PARAMS(arena);
        db_bool(&params, value);
        struct db_rows *got = run(&echo, &params);
        assert_int_equal(db_get_bool(got, 0, 0), value);
        assert_int_equal(db_get_bool(got, 0, 1), !value);
    }
}

static void texts(void **state) {
    (void)state;
    static const struct db_statement echo = {"texts",
                                             "select $1::text, length($1)"};
    static const struct {
        const char *text;
        int64_t length;
    } rows[] = {{"", 0},
                {"plain", 5},
                {"it's \"quoted\" \\ {a,b}", 21},
                {"\xC2\xA3 5 \xE2\x82\xAC", 5},
                {"'; drop table smi_device; --", 28}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct db_params params = DB_PARAMS(arena);
        db_text(&params, rows[i].text);
        struct db_rows *got = run(&echo, &params);
        assert_string_equal(db_get_text(got, 0, 0), rows[i].text);
        assert_int_equal(db_get_int(got, 0, 1), rows[i].length);
    }
}

static void octets(void **state) {
    (void)state;
    static const struct db_statement echo = {
        "octets", "select $1::bytea, octet_length($1)"};
    static uint8_t all[1 << 20];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)(i * 7 >> 3);
    static const size_t lengths[] = {0, 1, 2, 255, 256, sizeof all};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct span octets_in = span_of(lengths[i] ? all : NULL, lengths[i]);
        struct db_params params = DB_PARAMS(arena);
        db_bytea(&params, octets_in);
        struct db_rows *got = run(&echo, &params);
        assert_true(span_equal(db_get_span(got, 0, 0), octets_in));
        assert_int_equal(db_get_int(got, 0, 1), lengths[i]);
    }
}

/* ---- EUI-64 and time ---- */

static void device_ids(void **state) {
    (void)state;
    static const struct db_statement echo = {
        "device_ids", "select $1::macaddr8, eui64_text($1)"};
    static const struct {
        eui64 id;
        const char *text;
    } rows[] = {{0, "00-00-00-00-00-00-00-00"},
                {0x90B3D51F30000002, "90-B3-D5-1F-30-00-00-02"},
                {UINT64_MAX, "FF-FF-FF-FF-FF-FF-FF-FF"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct db_params params = DB_PARAMS(arena);
        db_eui64(&params, rows[i].id);
        struct db_rows *got = run(&echo, &params);
        assert_true(db_get_eui64(got, 0, 0) == rows[i].id);
        assert_string_equal(db_get_text(got, 0, 1), rows[i].text);
    }
}

static void instants(void **state) {
    (void)state;
    static const struct db_statement echo = {
        "instants", "select $1::timestamptz, to_char($1,"
                    " 'YYYY-MM-DD HH24:MI:SS.US')"};
    static const struct {
        instant when;
        const char *text;
    } rows[] = {
        {0, "1970-01-01 00:00:00.000000"},
        {-1, "1969-12-31 23:59:59.999999"},
        {INT64_C(946684800) * SECOND, "2000-01-01 00:00:00.000000"},
        {INT64_C(1795252500123456), "2026-11-21 09:15:00.123456"},
        {INT64_C(32503593600) * SECOND, "2999-12-31 00:00:00.000000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct db_params params = DB_PARAMS(arena);
        db_instant(&params, rows[i].when);
        struct db_rows *got = run(&echo, &params);
        assert_true(db_get_instant(got, 0, 0) == rows[i].when);
        assert_string_equal(db_get_text(got, 0, 1), rows[i].text);
    }
}

static void instants_without_end(void **state) {
    (void)state;
    static const struct db_statement echo = {
        "endless", "select $1::timestamptz = 'infinity', $2::timestamptz ="
                   " '-infinity', $1, $2, $3::timestamptz[] ="
                   " '{infinity,1970-01-01Z}'"};
    const instant both[] = {INT64_MAX, 0};
    struct db_params params = DB_PARAMS(arena);
    db_instant(&params, INT64_MAX);
    db_instant(&params, INT64_MIN);
    db_instants(&params, both, 2);
    struct db_rows *got = run(&echo, &params);
    assert_true(db_get_bool(got, 0, 0));
    assert_true(db_get_bool(got, 0, 1));
    assert_true(db_get_instant(got, 0, 2) == INT64_MAX);
    assert_true(db_get_instant(got, 0, 3) == INT64_MIN);
    assert_true(db_get_bool(got, 0, 4));
}

/* ---- nulls ---- */

static void nulls(void **state) {
    (void)state;
    static const struct db_statement echo = {
        "nulls", "select $1::text, $2::bytea, null::int4, null::macaddr8[],"
                 " null::bool, ''::text"};
    struct db_params params = DB_PARAMS(arena);
    db_text(&params, NULL);
    db_null(&params);
    struct db_rows *got = run(&echo, &params);
    for (int column = 0; column < 5; column++)
        assert_true(db_is_null(got, 0, column));
    assert_false(db_is_null(got, 0, 5));
    eui64 *ids;
    assert_string_equal(db_get_text(got, 0, 0), "");
    assert_int_equal(db_get_span(got, 0, 1).len, 0);
    assert_int_equal(db_get_int(got, 0, 2), 0);
    assert_int_equal(db_get_eui64s(got, 0, 3, arena, &ids), 0);
    assert_false(db_get_bool(got, 0, 4));
}

/* ---- arrays ---- */

static const size_t LENGTHS[] = {0, 1, 2, 1000, 50000};
enum { LENGTH_COUNT = sizeof LENGTHS / sizeof *LENGTHS };

static void arrays_of_device_ids(void **state) {
    (void)state;
    static const struct db_statement echo = {
        "id_arrays", "select $1::macaddr8[], cardinality($1)"};
    for (size_t i = 0; i < LENGTH_COUNT; i++) {
        eui64 *ids = arena_zero(arena, LENGTHS[i], sizeof *ids), *back;
        for (size_t k = 0; k < LENGTHS[i]; k++)
            ids[k] = UINT64_C(0xFEDCBA9876543210) * k;
        struct db_params params = DB_PARAMS(arena);
        db_eui64s(&params, ids, LENGTHS[i]);
        struct db_rows *got = run(&echo, &params);
        assert_int_equal(db_get_int(got, 0, 1), LENGTHS[i]);
        assert_int_equal(db_get_eui64s(got, 0, 0, arena, &back), LENGTHS[i]);
        assert_true(LENGTHS[i] == 0 ||
                    memcmp(ids, back, LENGTHS[i] * sizeof *ids) == 0);
    }
}

static void arrays_of_integers(void **state) {
    (void)state;
    static const struct db_statement echo = {
        "integer_arrays",
        "select $1::int4[], (select sum(n) from unnest($2::int8[]) n)::int8"};
    for (size_t i = 0; i < LENGTH_COUNT; i++) {
        int32_t *small = arena_zero(arena, LENGTHS[i], sizeof *small), *back;
        int64_t *large = arena_zero(arena, LENGTHS[i], sizeof *large), sum = 0;
        for (size_t k = 0; k < LENGTHS[i]; k++) {
            small[k] = k % 2 ? (int32_t)k : INT32_MIN + (int32_t)k;
            sum += large[k] = -(INT64_C(1) << 40) - (int64_t)k;
        }
        struct db_params params = DB_PARAMS(arena);
        db_int4s(&params, small, LENGTHS[i]);
        db_int8s(&params, large, LENGTHS[i]);
        struct db_rows *got = run(&echo, &params);
        assert_int_equal(db_get_int4s(got, 0, 0, arena, &back), LENGTHS[i]);
        assert_true(LENGTHS[i] == 0 ||
                    memcmp(small, back, LENGTHS[i] * sizeof *small) == 0);
        assert_true(db_get_int(got, 0, 1) == sum);
    }
}

static void arrays_of_texts(void **state) {
    (void)state;
    static const struct db_statement echo = {"text_arrays",
                                             "select $1::text[]"};
    static const char *const in[] = {
        "",   "plain", "a,b", "{}",           "\"",
        "\\", "NULL",  " ",   "\xE2\x82\xAC", "it's"};
    enum { COUNT = sizeof in / sizeof *in };
    for (size_t count = 0; count <= COUNT; count++) {
        struct db_params params = DB_PARAMS(arena);
        db_texts(&params, in, count);
        const char **back;
        assert_int_equal(db_get_texts(run(&echo, &params), 0, 0, arena, &back),
                         count);
        for (size_t i = 0; i < count; i++)
            assert_string_equal(back[i], in[i]);
    }
}

static void arrays_of_enums(void **state) {
    (void)state;
    static const struct db_statement echo = {
        "enum_arrays", "select $1::device_type[], '{PPMID}'::device_type[]"};
    static const char *const in[] = {"ESME", "PPMID"};
    struct db_params params = DB_PARAMS(arena);
    db_texts(&params, in, 2);
    struct db_rows *got = run(&echo, &params);
    const char **back;
    assert_int_equal(db_get_texts(got, 0, 0, arena, &back), 2);
    assert_string_equal(back[1], "PPMID");
    assert_int_equal(db_get_texts(got, 0, 1, arena, &back), 1);
    assert_string_equal(back[0], "PPMID");
}

static void rows_and_no_rows(void **state) {
    (void)state;
    static const struct db_statement series = {
        "series", "select i from generate_series(1, $1) i"};
    for (int32_t count = 0; count < 1000; count += 333) {
        struct db_params params = DB_PARAMS(arena);
        db_int4(&params, count);
        struct db_rows *got = run(&series, &params);
        assert_int_equal(db_row_count(got), count);
        for (int32_t i = 0; i < count; i++)
            assert_int_equal(db_get_int(got, (size_t)i, 0), i + 1);
    }
}

/* One database for all. */
static void open_database(void **state) {
    (void)state;
    db = db_open(pg_fresh_database(), "values_test");
    assert_int_equal(db_connect(db), DONE);
}

static void close_database(void **state) {
    (void)state;
    db_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* ---- arrays of structs ---- */

struct sample {
    int32_t number;
    int64_t large;
    size_t size;
    uint64_t counter;
    eui64 id;
    instant when;
    struct span octets;
    const char *text;
    bool flag;
    struct db_eui64s ids;
};

/* The last have no arrays. */
static const struct db_column sample_columns[] = {
    DB_COLUMN(INT4, struct sample, number),
    DB_COLUMN(INT8, struct sample, large),
    DB_COLUMN(SIZE, struct sample, size),
    DB_COLUMN(NUMERIC, struct sample, counter),
    DB_COLUMN(EUI64, struct sample, id),
    DB_COLUMN(INSTANT, struct sample, when),
    DB_COLUMN(BYTEA, struct sample, octets),
    DB_COLUMN(TEXT, struct sample, text),
    DB_COLUMN(BOOL, struct sample, flag),
    DB_COLUMN(EUI64S, struct sample, ids),
};
enum { SAMPLE_ARRAYS = 8 };

static void structs_go_and_come_back(void **state) {
    (void)state;
    static const struct db_statement echo = {
        "structs",
        "select n, l, s, c::text, e, w, o, t, c = 18446744073709551615,"
        " case when n < 0 then array[e, macaddr8 '00-00-00-00-00-00-00-01'] "
        "end from unnest("
        " $1::int[], $2::bigint[], $3::bigint[], $4::numeric[],"
        " $5::macaddr8[], $6::timestamptz[], $7::bytea[], $8::text[])"
        " as _(n, l, s, c, e, w, o, t)"};
    const struct sample samples[] = {
        {-1,
         INT64_MIN,
         50000,
         UINT64_MAX,
         UINT64_C(0x00DB1234567890A0),
         SECOND,
         span_of("\0\1", 2),
         "a \"b\\\" {c}, NULL",
         true,
         {0}},
        {INT32_MAX, 7, 0, 0, 0, INT64_MAX, span_of(NULL, 0), "", false, {0}}};
    struct db_params params = DB_PARAMS(arena);
    db_arrays(&params, sample_columns, SAMPLE_ARRAYS, samples, 2,
              sizeof *samples);
    void *found;
    size_t count;
    assert_int_equal(db_fetch(db, &echo, &params, DB_COLUMNS(sample_columns),
                              sizeof *samples, &found, &count),
                     DONE);
    assert_int_equal(count, 2);
    const struct sample *got = found;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(got[i].number, samples[i].number);
        assert_true(got[i].large == samples[i].large);
        assert_int_equal(got[i].size, samples[i].size);
        assert_true(got[i].counter == samples[i].counter);
        assert_true(got[i].id == samples[i].id);
        assert_true(got[i].when == samples[i].when);
        assert_true(span_equal(got[i].octets, samples[i].octets));
        assert_string_equal(got[i].text, samples[i].text);
        assert_int_equal(got[i].flag, samples[i].flag);
    }
    assert_int_equal(got[0].ids.count, 2);
    assert_true(got[0].ids.ids[0] == samples[0].id && got[0].ids.ids[1] == 1);
    assert_int_equal(got[1].ids.count, 0);
}

static void no_text_is_null(void **state) {
    (void)state;
    static const struct db_statement echo = {
        "null_texts", "select t from unnest($1::text[]) as _(t)"};
    const struct sample samples[] = {{.text = "NULL"}, {.text = NULL}};
    const struct db_column column[] = {DB_COLUMN(TEXT, struct sample, text)};
    struct db_params params = DB_PARAMS(arena);
    db_arrays(&params, DB_COLUMNS(column), samples, 2, sizeof *samples);
    struct db_rows *rows = run(&echo, &params);
    assert_false(db_is_null(rows, 0, 0));
    assert_true(db_is_null(rows, 1, 0));
    const struct sample *got =
        db_structs(rows, DB_COLUMNS(column), sizeof *got, arena);
    assert_string_equal(got[1].text, "");
}

static void no_struct_is_an_empty_array(void **state) {
    (void)state;
    static const struct db_statement echo = {
        "no_structs", "select cardinality($1::int[]) + cardinality($2::int8[])"
                      " + cardinality($3::int8[]) + cardinality($4::numeric[])"
                      " + cardinality($5::macaddr8[])"
                      " + cardinality($6::timestamptz[])"
                      " + cardinality($7::bytea[]) + cardinality($8::text[])"};
    struct db_params params = DB_PARAMS(arena);
    db_arrays(&params, sample_columns, SAMPLE_ARRAYS, NULL, 0,
              sizeof(struct sample));
    assert_int_equal(db_get_int(run(&echo, &params), 0, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_database),
        TEST(integers),
        TEST(numeric_holds_64_bits),
        TEST(texts_that_are_none_are_kept),
        TEST(booleans),
        TEST(texts),
        TEST(octets),
        TEST(device_ids),
        TEST(instants),
        TEST(instants_without_end),
        TEST(nulls),
        TEST(arrays_of_device_ids),
        TEST(arrays_of_integers),
        TEST(arrays_of_texts),
        TEST(arrays_of_enums),
        TEST(structs_go_and_come_back),
        TEST(no_text_is_null),
        TEST(no_struct_is_an_empty_array),
        TEST(rows_and_no_rows),
        cmocka_unit_test(close_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
