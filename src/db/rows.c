#include "db/wire.h"

#include <libpq-fe.h>
#include <stdlib.h>

/* A struct db_rows is a PGresult under our name. */
static const PGresult *result_of(const struct db_rows *rows) {
    return (const PGresult *)rows;
}

size_t db_row_count(const struct db_rows *rows) {
    return (size_t)PQntuples(result_of(rows));
}

bool db_is_null(const struct db_rows *rows, size_t row, int column) {
    return PQgetisnull(result_of(rows), (int)row, column);
}

struct span db_get_span(const struct db_rows *rows, size_t row, int column) {
    return span_of(PQgetvalue(result_of(rows), (int)row, column),
                   (size_t)PQgetlength(result_of(rows), (int)row, column));
}

const char *db_get_text(const struct db_rows *rows, size_t row, int column) {
    return PQgetvalue(result_of(rows), (int)row, column);
}

static uint64_t get_fixed(const struct db_rows *rows, size_t row, int column,
                          size_t width) {
    struct span value = db_get_span(rows, row, column);
    if (value.len != width)
        return 0;
    return wire_load(value.data, width);
}

bool db_get_bool(const struct db_rows *rows, size_t row, int column) {
    return get_fixed(rows, row, column, 1) != 0;
}

int64_t db_get_int(const struct db_rows *rows, size_t row, int column) {
    struct span value = db_get_span(rows, row, column);
    uint64_t raw = wire_load(value.data, value.len);
    switch (value.len) {
    case 2:
        return (int16_t)raw;
    case 4:
        return (int32_t)raw;
    case 8:
        return (int64_t)raw;
    default:
        return 0;
    }
}

eui64 db_get_eui64(const struct db_rows *rows, size_t row, int column) {
    return get_fixed(rows, row, column, 8);
}

instant db_get_instant(const struct db_rows *rows, size_t row, int column) {
    return wire_to_instant(get_fixed(rows, row, column, 8));
}

/* Where the elements of a one-dimensional array begin, and how many. */
static size_t find_elements(struct span array, const uint8_t **first) {
    if (array.len < 20 || wire_load(array.data, 4) != 1)
        return 0;
    *first = array.data + 20;
    return (size_t)wire_load(array.data + 12, 4);
}

size_t db_get_int4s(const struct db_rows *rows, size_t row, int column,
                    struct arena *arena, int32_t **values) {
    const uint8_t *at = NULL;
    size_t count = find_elements(db_get_span(rows, row, column), &at);
    *values = arena_zero(arena, count, sizeof **values);
    for (size_t i = 0; i < count; i++, at += 8)
        (*values)[i] = (int32_t)wire_load(at + 4, 4);
    return count;
}

size_t db_get_eui64s(const struct db_rows *rows, size_t row, int column,
                     struct arena *arena, eui64 **values) {
    const uint8_t *at = NULL;
    size_t count = find_elements(db_get_span(rows, row, column), &at);
    *values = arena_zero(arena, count, sizeof **values);
    for (size_t i = 0; i < count; i++, at += 12)
        (*values)[i] = wire_load(at + 4, 8);
    return count;
}

size_t db_get_texts(const struct db_rows *rows, size_t row, int column,
                    struct arena *arena, const char ***values) {
    const uint8_t *at = NULL;
    size_t count = find_elements(db_get_span(rows, row, column), &at);
    *values = arena_zero(arena, count, sizeof **values);
    for (size_t i = 0; i < count; i++) {
        size_t len = (size_t)wire_load(at, 4);
        (*values)[i] = arena_text(arena, span_of(at + 4, len));
        at += 4 + len;
    }
    return count;
}

static void read_column(const struct db_rows *rows, size_t row, int column,
                        enum db_type type, void *value, struct arena *arena) {
    struct db_eui64s *list;
    switch (type) {
    case DB_BOOL:
        *(bool *)value = db_get_bool(rows, row, column);
        break;
    case DB_INT4:
        *(int32_t *)value = (int32_t)db_get_int(rows, row, column);
        break;
    case DB_INT8:
        *(int64_t *)value = db_get_int(rows, row, column);
        break;
    case DB_SIZE:
        *(size_t *)value = (size_t)db_get_int(rows, row, column);
        break;
    case DB_EUI64:
        *(eui64 *)value = db_get_eui64(rows, row, column);
        break;
    case DB_EUI64S:
        list = value;
        list->count = db_get_eui64s(rows, row, column, arena, &list->ids);
        break;
    case DB_INSTANT:
        *(instant *)value = db_get_instant(rows, row, column);
        break;
    case DB_BYTEA:
        *(struct span *)value = db_get_span(rows, row, column);
        break;
    case DB_TEXT:
        *(const char **)value = db_get_text(rows, row, column);
        break;
    case DB_NUMERIC:
        *(uint64_t *)value = strtoull(db_get_text(rows, row, column), NULL, 10);
        break;
    }
}

void *db_structs(const struct db_rows *rows, const struct db_column *columns,
                 size_t column_count, size_t size, struct arena *arena) {
    size_t count = db_row_count(rows);
    char *structs = arena_zero(arena, count, size);
    for (size_t row = 0; row < count; row++)
        for (size_t c = 0; c < column_count; c++)
            if (!db_is_null(rows, row, (int)c) || columns[c].type == DB_TEXT)
                read_column(rows, row, (int)c, columns[c].type,
                            structs + row * size + columns[c].offset, arena);
    return structs;
}
