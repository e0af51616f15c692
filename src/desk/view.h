/*
 * Rows of the database shown twice: as JSON for machines and as text for
 * people. A table of fields says how, one per column.
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
    VIEW_BOOL,    /* yes, no */
    VIEW_COUNT,
};

struct view_field {
    const char *json;    /* name; dots lead into objects: "devices.listed" */
    const char *title;   /* for people, in a list of one row's fields */
    const char *heading; /* over its column in a table; NULL: not in it */
    enum view_kind kind;
};

/* One row as an object; null values are there as null. */
json_t *view_object(const struct view_field *fields, size_t count,
                    const struct db_rows *rows, size_t row);

/* All rows as an array of such objects. */
json_t *view_array(const struct view_field *fields, size_t count,
                   const struct db_rows *rows);

/* One row as lines of title and value; null is "-". */
void view_list(struct buffer *out, const struct view_field *fields,
               size_t count, const struct db_rows *rows, size_t row);

/* All rows in aligned columns under their headings, counts to the right. */
void view_table(struct buffer *out, const struct view_field *fields,
                size_t count, const struct db_rows *rows);

#endif
