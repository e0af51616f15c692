#include "db/wire.h"

#include <stdio.h>
#include <stdlib.h>

static void add_parameter(struct db_params *p, const void *value, size_t len,
                          int format) {
    if (p->count == DB_MOST_PARAMS || len > INT32_MAX)
        abort();
    p->values[p->count] = value;
    p->lengths[p->count] = (int)len;
    p->formats[p->count] = format;
    p->count++;
}

static void add_big_endian(struct db_params *p, uint64_t value, size_t width) {
    uint8_t *octets = arena_alloc(p->arena, width);
    wire_store(octets, value, width);
    add_parameter(p, octets, width, 1);
}

void db_null(struct db_params *p) {
    add_parameter(p, NULL, 0, 0);
}

/* Octets of the character of UTF-8 that begins here, as PostgreSQL takes it
 * (RFC 3629), or 0. A NUL ends what is looked at. */
static size_t character_len(const uint8_t *c) {
    static const struct {
        uint8_t first, last; /* of the first octet */
        uint8_t low, high;   /* of the second */
        size_t len;
    } rows[] = {
        {0x01, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2},
        {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4},
        {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    size_t row = 0, count = sizeof rows / sizeof *rows, at = 1;
    while (row < count && (*c < rows[row].first || *c > rows[row].last))
        row++;
    if (row == count ||
        (rows[row].len > 1 && (c[1] < rows[row].low || c[1] > rows[row].high)))
        return 0;
    while (at < rows[row].len && (c[at] & 0xC0) == 0x80)
        at++;
    return at == rows[row].len ? at : 0;
}

static size_t text_good_len(const char *text) {
    const uint8_t *at = (const uint8_t *)text;
    for (size_t len = 1; *at && len; at += len)
        len = character_len(at);
    return (size_t)((const char *)at - text);
}

/* Whoever sent it: it is kept as far as it is text, with U+FFFD for each octet
 * that is none. */
static const char *text_mended(struct arena *arena, const char *text) {
    static const char replacement[] = "\xEF\xBF\xBD";
    char *mended = arena_alloc(arena, 3 * strlen(text) + 1), *out = mended;
    while (*text) {
        size_t len = character_len((const uint8_t *)text);
        out = len ? mempcpy(out, text, len) : stpcpy(out, replacement);
        text += len ? len : 1;
    }
    *out = '\0';
    return mended;
}

void db_text(struct db_params *p, const char *text) {
    if (text && text[text_good_len(text)])
        text = text_mended(p->arena, text);
    add_parameter(p, text, text ? strlen(text) : 0, 0);
}

void db_bool(struct db_params *p, bool value) {
    add_big_endian(p, value, 1);
}

void db_int2(struct db_params *p, int16_t value) {
    add_big_endian(p, (uint16_t)value, 2);
}

void db_int4(struct db_params *p, int32_t value) {
    add_big_endian(p, (uint32_t)value, 4);
}

void db_int8(struct db_params *p, int64_t value) {
    add_big_endian(p, (uint64_t)value, 8);
}

void db_uint8(struct db_params *p, uint64_t value) {
    db_text(p, arena_printf(p->arena, "%ju", (uintmax_t)value));
}

void db_bytea(struct db_params *p, struct span octets) {
    add_parameter(p, octets.data ? (const void *)octets.data : "", octets.len,
                  1);
}

void db_eui64(struct db_params *p, eui64 id) {
    add_big_endian(p, id, 8);
}

void db_instant(struct db_params *p, instant when) {
    add_big_endian(p, wire_from_instant(when), 8);
}

void db_eui64_if(struct db_params *p, bool given, eui64 id) {
    if (given)
        db_eui64(p, id);
    else
        db_null(p);
}

void db_eui64_at(struct db_params *p, const eui64 *id) {
    db_eui64_if(p, id != NULL, id ? *id : 0);
}

void db_int4_if(struct db_params *p, bool given, int32_t value) {
    if (given)
        db_int4(p, value);
    else
        db_null(p);
}

void db_int8_if(struct db_params *p, bool given, int64_t value) {
    if (given)
        db_int8(p, value);
    else
        db_null(p);
}

void db_instant_if(struct db_params *p, bool given, instant when) {
    if (given)
        db_instant(p, when);
    else
        db_null(p);
}

/* The binary form of a one-dimensional array: dimensions, flags, element type,
 * length, lower bound, then each element with its length. */
enum { ARRAY_HEAD = 20, EMPTY_ARRAY_HEAD = 12 };

static void store_array_head(uint8_t *out, uint32_t type, size_t count) {
    wire_store(out, count ? 1 : 0, 4);
    wire_store(out + 4, 0, 4);
    wire_store(out + 8, type, 4);
    wire_store(out + 12, count, 4);
    wire_store(out + 16, 1, 4);
}

/* The elements of an array: a member of each struct. */
struct elements {
    const char *first;
    size_t count, stride;
};

static const void *element_at(const struct elements *all, size_t i) {
    return all->first + i * all->stride;
}

static uint64_t element_int4(const void *value) {
    return *(const uint32_t *)value;
}

static uint64_t element_int8(const void *value) {
    return *(const uint64_t *)value;
}

static uint64_t element_instant(const void *value) {
    return wire_from_instant(*(const instant *)value);
}

static void add_numbers(struct db_params *p, uint32_t type, size_t width,
                        uint64_t (*read)(const void *value),
                        const struct elements *all) {
    size_t size = ARRAY_HEAD + all->count * (4 + width);
    uint8_t *octets = arena_alloc(p->arena, size), *out = octets + ARRAY_HEAD;
    store_array_head(octets, type, all->count);
    for (size_t i = 0; i < all->count; i++, out += 4 + width) {
        wire_store(out, width, 4);
        wire_store(out + 4, read(element_at(all, i)), width);
    }
    add_parameter(p, octets, all->count ? size : EMPTY_ARRAY_HEAD, 1);
}

static void add_byteas(struct db_params *p, const struct elements *all) {
    size_t size = ARRAY_HEAD;
    for (size_t i = 0; i < all->count; i++)
        size += 4 + ((const struct span *)element_at(all, i))->len;
    uint8_t *octets = arena_alloc(p->arena, size), *out = octets + ARRAY_HEAD;
    store_array_head(octets, WIRE_BYTEA, all->count);
    for (size_t i = 0; i < all->count; i++) {
        const struct span *value = element_at(all, i);
        wire_store(out, value->len, 4);
        if (value->len)
            memcpy(out + 4, value->data, value->len);
        out += 4 + value->len;
    }
    add_parameter(p, octets, all->count ? size : EMPTY_ARRAY_HEAD, 1);
}

static char *store_quoted(char *out, const char *text) {
    *out++ = '"';
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            *out++ = '\\';
        *out++ = *c;
    }
    *out++ = '"';
    return out;
}

static void add_texts(struct db_params *p, const struct elements *all) {
    size_t size = 3;
    for (size_t i = 0; i < all->count; i++) {
        const char *text = *(const char *const *)element_at(all, i);
        size += text ? 2 * strlen(text) + 3 : sizeof "NULL";
    }
    char *list = arena_alloc(p->arena, size), *out = list;
    *out++ = '{';
    for (size_t i = 0; i < all->count; i++) {
        const char *text = *(const char *const *)element_at(all, i);
        out = text ? store_quoted(out, text) : stpcpy(out, "NULL");
        *out++ = ',';
    }
    if (all->count)
        out--;
    *out++ = '}';
    *out = '\0';
    db_text(p, list);
}

static void add_numerics(struct db_params *p, const struct elements *all) {
    enum { MOST_DIGITS = 20 };
    char *list = arena_alloc(p->arena, all->count * (MOST_DIGITS + 1) + 3);
    char *out = list;
    *out++ = '{';
    for (size_t i = 0; i < all->count; i++)
        out += sprintf(out, i ? ",%ju" : "%ju",
                       (uintmax_t)element_int8(element_at(all, i)));
    *out++ = '}';
    *out = '\0';
    db_text(p, list);
}

static void add_array(struct db_params *p, enum db_type type,
                      const struct elements *all) {
    switch (type) {
    case DB_INT4:
        add_numbers(p, WIRE_INT4, 4, element_int4, all);
        break;
    case DB_SIZE:
    case DB_INT8:
        add_numbers(p, WIRE_INT8, 8, element_int8, all);
        break;
    case DB_EUI64:
        add_numbers(p, WIRE_MACADDR8, 8, element_int8, all);
        break;
    case DB_INSTANT:
        add_numbers(p, WIRE_TIMESTAMPTZ, 8, element_instant, all);
        break;
    case DB_NUMERIC:
        add_numerics(p, all);
        break;
    case DB_BYTEA:
        add_byteas(p, all);
        break;
    case DB_TEXT:
        add_texts(p, all);
        break;
    case DB_BOOL:
    case DB_EUI64S:
        abort();
    }
}

void db_arrays(struct db_params *p, const struct db_column *columns,
               size_t column_count, const void *structs, size_t count,
               size_t size) {
    for (size_t c = 0; c < column_count; c++)
        add_array(p, columns[c].type,
                  &(struct elements){(const char *)structs + columns[c].offset,
                                     count, size});
}

static void add_values(struct db_params *p, enum db_type type,
                       const void *values, size_t count, size_t size) {
    add_array(p, type, &(struct elements){values, count, size});
}

void db_eui64s(struct db_params *p, const eui64 *ids, size_t count) {
    add_values(p, DB_EUI64, ids, count, sizeof *ids);
}

void db_instants(struct db_params *p, const instant *times, size_t count) {
    add_values(p, DB_INSTANT, times, count, sizeof *times);
}

void db_int8s(struct db_params *p, const int64_t *values, size_t count) {
    add_values(p, DB_INT8, values, count, sizeof *values);
}

void db_int4s(struct db_params *p, const int32_t *values, size_t count) {
    add_values(p, DB_INT4, values, count, sizeof *values);
}

void db_byteas(struct db_params *p, const struct span *values, size_t count) {
    add_values(p, DB_BYTEA, values, count, sizeof *values);
}

void db_texts(struct db_params *p, const char *const *texts, size_t count) {
    add_values(p, DB_TEXT, texts, count, sizeof *texts);
}
