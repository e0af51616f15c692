#include "db/wire.h"

#include <stdio.h>
#include <stdlib.h>

static void add(struct db_params *p, const void *value, size_t len,
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
    add(p, octets, width, 1);
}

void db_null(struct db_params *p) {
    add(p, NULL, 0, 0);
}

void db_text(struct db_params *p, const char *text) {
    add(p, text, text ? strlen(text) : 0, 0);
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
    add(p, octets.data ? (const void *)octets.data : "", octets.len, 1);
}

void db_eui64(struct db_params *p, eui64 id) {
    add_big_endian(p, id, 8);
}

void db_instant(struct db_params *p, instant when) {
    add_big_endian(p, (uint64_t)(when - WIRE_EPOCH), 8);
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

static void add_array(struct db_params *p, uint32_t type, const void *values,
                      size_t count, size_t width) {
    size_t size = ARRAY_HEAD + count * (4 + width);
    uint8_t *octets = arena_alloc(p->arena, size), *out = octets + ARRAY_HEAD;
    store_array_head(octets, type, count);
    for (size_t i = 0; i < count; i++, out += 4 + width) {
        wire_store(out, width, 4);
        uint64_t value = width == 8 ? ((const uint64_t *)values)[i]
                                    : ((const uint32_t *)values)[i];
        wire_store(out + 4, value, width);
    }
    add(p, octets, count ? size : EMPTY_ARRAY_HEAD, 1);
}

void db_eui64s(struct db_params *p, const eui64 *ids, size_t count) {
    add_array(p, WIRE_MACADDR8, ids, count, 8);
}

void db_instants(struct db_params *p, const instant *times, size_t count) {
    instant *moved = arena_zero(p->arena, count, sizeof *moved);
    for (size_t i = 0; i < count; i++)
        moved[i] = times[i] - WIRE_EPOCH;
    add_array(p, WIRE_TIMESTAMPTZ, moved, count, 8);
}

void db_int8s(struct db_params *p, const int64_t *values, size_t count) {
    add_array(p, WIRE_INT8, values, count, 8);
}

void db_int4s(struct db_params *p, const int32_t *values, size_t count) {
    add_array(p, WIRE_INT4, values, count, 4);
}

void db_byteas(struct db_params *p, const struct span *values, size_t count) {
    size_t size = ARRAY_HEAD;
    for (size_t i = 0; i < count; i++)
        size += 4 + values[i].len;
    uint8_t *octets = arena_alloc(p->arena, size), *out = octets + ARRAY_HEAD;
    store_array_head(octets, WIRE_BYTEA, count);
    for (size_t i = 0; i < count; i++) {
        wire_store(out, values[i].len, 4);
        if (values[i].len)
            memcpy(out + 4, values[i].data, values[i].len);
        out += 4 + values[i].len;
    }
    add(p, octets, count ? size : EMPTY_ARRAY_HEAD, 1);
}

void db_texts(struct db_params *p, const char *const *texts, size_t count) {
    size_t size = 3;
    for (size_t i = 0; i < count; i++)
        size += 2 * strlen(texts[i]) + 3;
    char *list = arena_alloc(p->arena, size), *out = list;
    *out++ = '{';
    for (size_t i = 0; i < count; i++) {
        *out++ = '"';
        for (const char *c = texts[i]; *c; c++) {
            if (*c == '"' || *c == '\\')
                *out++ = '\\';
            *out++ = *c;
        }
        *out++ = '"';
        *out++ = ',';
    }
    if (count)
        out--;
    *out++ = '}';
    *out = '\0';
    db_text(p, list);
}
