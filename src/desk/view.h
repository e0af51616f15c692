/*
 * Rows of the database shown as JSON for machines, as text for people and as
 * CSV for spreadsheets. A table of fields says how, one per column.
 */
#ifndef FOTAD_DESK_VIEW_H
#define FOTAD_DESK_VIEW_H

#include "base/buffer.h"
#include "db/db.h"

#include <jansson.h>

enum view_kind {
    VIEW_TEXT,    /* text or an enum */
    VIEW_EUI64,   /* 00-DB-12-34-56-78-90-A0 */
    VIEW_INSTANT, /* 2026-11-21T09:15:00.000Z */
    VIEW_BOOL,    /* yes, no; in CSV true, false */
    VIEW_COUNT,
    VIEW_NUMBER,  /* any number, whose column is a text: a share */
    VIEW_SECONDS, /* a number of them; in a table as it may be typed: 24h */
};

struct view_field {
    const char *json;    /* name in JSON and CSV; dots lead into objects:
                            "devices.listed"; NULL: not in it */
    const char *title;   /* for people, in a list of one row's fields; NULL:
                            not in it */
    const char *heading; /* over its column in a table; NULL: not in it */
    enum view_kind kind;
};

/* A field of CSV alone. */
#define VIEW_CSV(json, kind)                                                   \
    { json, NULL, NULL, VIEW_##kind }

/* One row as an object; null values are there as null. */
json_t *view_object(const struct view_field *fields, size_t count,
                    const struct db_rows *rows, size_t row);

/* All rows as an array of such objects. */
json_t *view_array(const struct view_field *fields, size_t count,
                   const struct db_rows *rows);

/* One row as lines of title and value; null is "-". */
void view_list(struct buffer *out, const struct view_field *fields,
               size_t count, const struct db_rows *rows, size_t row);

/* The value of one column as text, without more: as it is in CSV. Nothing for
 * null. */
void view_value(struct buffer *out, const struct view_field *field,
                const struct db_rows *rows, size_t row, int column);

/* The header line of CSV (RFC 4180), and the line of a row. A text that a
 * spreadsheet would take for a formula has an apostrophe in front. */
void view_csv_header(struct buffer *out, const struct view_field *fields,
                     size_t count);
/* One text as such a field. */
void view_csv_text(struct buffer *out, const char *text);
void view_csv_line(struct buffer *out, const struct view_field *fields,
                   size_t count, const struct db_rows *rows, size_t row);

/* All rows in aligned columns under their headings, counts to the right. */
void view_table(struct buffer *out, const struct view_field *fields,
                size_t count, const struct db_rows *rows);

#endif
