#include "desk/view.h"

#include "base/json.h"
#include "base/safe_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- JSON ---- */

static json_t *json_value(enum view_kind kind, const struct db_rows *rows,
                          size_t row, int column) {
    char id[EUI64_TEXT_SIZE], time[INSTANT_TEXT_SIZE];
    if (db_is_null(rows, row, column))
        return json_null();
    switch (kind) {
    case VIEW_TEXT:
        break;
    case VIEW_EUI64:
        return json_text(eui64_format(db_get_eui64(rows, row, column), id));
    case VIEW_INSTANT:
        return json_text(
            instant_format(db_get_instant(rows, row, column), time));
    case VIEW_BOOL:
        return json_boolean(db_get_bool(rows, row, column));
    case VIEW_NUMBER:
        return json_real(strtod(db_get_text(rows, row, column), NULL));
    case VIEW_COUNT:
    case VIEW_SECONDS:
        return json_integer(db_get_int(rows, row, column));
    }
    return json_text(db_get_text(rows, row, column));
}

/* Puts a value where a name such as "devices.refused.invalid" leads. */
static void value_put(json_t *object, const char *name, json_t *what) {
    for (const char *dot; (dot = strchr(name, '.')); name = dot + 1) {
        char step[64];
        snprintf(step, sizeof step, "%.*s", (int)(dot - name), name);
        json_t *inner = json_object_get(object, step);
        if (!inner) {
            inner = json_object();
            json_put(object, step, inner);
        }
        object = inner;
    }
    json_put(object, name, what);
}

json_t *view_object(const struct view_field *fields, size_t count,
                    const struct db_rows *rows, size_t row) {
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++)
        if (fields[i].json)
            value_put(object, fields[i].json,
                      json_value(fields[i].kind, rows, row, (int)i));
    return object;
}

json_t *view_array(const struct view_field *fields, size_t count,
                   const struct db_rows *rows) {
    json_t *array = json_array();
    for (size_t row = 0; row < db_row_count(rows); row++)
        json_add(array, view_object(fields, count, rows, row));
    return array;
}

/* ---- text ---- */

enum { CELL_SIZE = 256 };

/* A value as text; `yes` and `no` are what a bool is called. */
static const char *value_text(enum view_kind kind, const struct db_rows *rows,
                              size_t row, int column,
                              const char *const yes_no[],
                              char text[static CELL_SIZE]) {
    switch (kind) {
    case VIEW_TEXT:
    case VIEW_NUMBER:
        break;
    case VIEW_EUI64:
        return eui64_format(db_get_eui64(rows, row, column), text);
    case VIEW_INSTANT:
        return instant_format(db_get_instant(rows, row, column), text);
    case VIEW_BOOL:
        return yes_no[!db_get_bool(rows, row, column)];
    case VIEW_COUNT:
    case VIEW_SECONDS:
        snprintf(text, CELL_SIZE, "%" PRId64, db_get_int(rows, row, column));
        return text;
    }
    return db_get_text(rows, row, column);
}

/* In the largest unit of which it is a whole number. */
static const char *seconds_text(int64_t seconds, char text[static CELL_SIZE]) {
    static const struct {
        char name;
        int64_t size;
    } units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
    size_t i = 0;
    while (seconds % units[i].size)
        i++;
    snprintf(text, CELL_SIZE, "%" PRId64 "%c", seconds / units[i].size,
             units[i].name);
    return text;
}

/* In *cell, which is emptied before: a line's worth, whatever it holds. */
static const char *cell_text(enum view_kind kind, const struct db_rows *rows,
                             size_t row, int column, struct buffer *cell) {
    static const char *const yes_no[] = {"yes", "no"};
    char text[CELL_SIZE];
    if (db_is_null(rows, row, column))
        return "-";
    cell->len = 0;
    buffer_text(cell, ""); /* its NUL */
    const char *value = kind == VIEW_SECONDS
                            ? seconds_text(db_get_int(rows, row, column), text)
                            : value_text(kind, rows, row, column, yes_no, text);
    safe_add(cell, span_text(value), false);
    return (const char *)cell->data;
}

/* Characters of UTF-8 text: octets that do not continue another. */
static int width_of(const char *text) {
    int width = 0;
    for (; *text; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

static void put_spaces(struct buffer *out, int spaces) {
    buffer_printf(out, "%*s", spaces > 0 ? spaces : 0, "");
}

void view_list(struct buffer *out, const struct view_field *fields,
               size_t count, const struct db_rows *rows, size_t row) {
    int widest = 0;
    for (size_t i = 0; i < count; i++)
        if (fields[i].title && width_of(fields[i].title) > widest)
            widest = width_of(fields[i].title);
    struct buffer cell = {0};
    for (size_t i = 0; i < count; i++)
        if (fields[i].title)
            buffer_printf(out, "%-*s  %s\n", widest, fields[i].title,
                          cell_text(fields[i].kind, rows, row, (int)i, &cell));
    buffer_free(&cell);
}

static int column_width(const struct view_field *field,
                        const struct db_rows *rows, int column) {
    int widest = width_of(field->heading);
    struct buffer cell = {0};
    for (size_t row = 0; row < db_row_count(rows); row++) {
        int width = width_of(cell_text(field->kind, rows, row, column, &cell));
        if (width > widest)
            widest = width;
    }
    buffer_free(&cell);
    return widest;
}

/* The last column of a line is not padded: `more` says that others follow. */
static void put_cell(struct buffer *out, const char *text, int width,
                     bool right, bool more) {
    int spaces = width - width_of(text);
    if (right)
        put_spaces(out, spaces);
    buffer_text(out, text);
    if (more)
        put_spaces(out, 2 + (right ? 0 : spaces));
}

/* One line: of headings when `row` is no row, else of the row's cells. */
static void put_line(struct buffer *out, const struct view_field *fields,
                     const int *widths, size_t count,
                     const struct db_rows *rows, size_t row) {
    struct buffer cell = {0};
    for (size_t i = 0; i < count; i++) {
        if (!fields[i].heading)
            continue;
        const char *text = row == SIZE_MAX ? fields[i].heading
                                           : cell_text(fields[i].kind, rows,
                                                       row, (int)i, &cell);
        bool more = false;
        for (size_t j = i + 1; j < count; j++)
            more |= fields[j].heading != NULL;
        put_cell(out, text, widths[i],
                 fields[i].kind == VIEW_COUNT || fields[i].kind == VIEW_NUMBER,
                 more);
    }
    buffer_free(&cell);
    buffer_text(out, "\n");
}

void view_table(struct buffer *out, const struct view_field *fields,
                size_t count, const struct db_rows *rows) {
    enum { MOST_COLUMNS = 32 };
    int widths[MOST_COLUMNS] = {0};
    for (size_t i = 0; i < count && i < MOST_COLUMNS; i++)
        if (fields[i].heading)
            widths[i] = column_width(&fields[i], rows, (int)i);
    put_line(out, fields, widths, count, rows, SIZE_MAX);
    for (size_t row = 0; row < db_row_count(rows); row++)
        put_line(out, fields, widths, count, rows, row);
}

/* ---- CSV ---- */

void view_csv_text(struct buffer *out, const char *text) {
    const char *guard = *text && strchr("=+-@\t\r\n", *text) ? "'" : "";
    if (!strpbrk(text, "\",\r\n")) {
        buffer_printf(out, "%s%s", guard, text);
        return;
    }
    buffer_printf(out, "\"%s", guard);
    for (; *text; text++)
        buffer_printf(out, *text == '"' ? "\"%c" : "%c", *text);
    buffer_text(out, "\"");
}

void view_value(struct buffer *out, const struct view_field *field,
                const struct db_rows *rows, size_t row, int column) {
    static const char *const true_false[] = {"true", "false"};
    char text[CELL_SIZE];
    if (!db_is_null(rows, row, column))
        buffer_text(
            out, value_text(field->kind, rows, row, column, true_false, text));
}

void view_csv_header(struct buffer *out, const struct view_field *fields,
                     size_t count) {
    const char *between = "";
    for (size_t i = 0; i < count; i++)
        if (fields[i].json) {
            buffer_printf(out, "%s%s", between, fields[i].json);
            between = ",";
        }
    buffer_text(out, "\r\n");
}

void view_csv_line(struct buffer *out, const struct view_field *fields,
                   size_t count, const struct db_rows *rows, size_t row) {
    const char *between = "";
    for (size_t i = 0; i < count; i++) {
        if (!fields[i].json)
            continue;
        buffer_text(out, between);
        if (fields[i].kind == VIEW_TEXT && !db_is_null(rows, row, (int)i))
            view_csv_text(out, db_get_text(rows, row, (int)i));
        else
            view_value(out, &fields[i], rows, row, (int)i);
        between = ",";
    }
    buffer_text(out, "\r\n");
}
