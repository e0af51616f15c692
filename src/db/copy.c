/* COPY, in and out. */
#include "db/connection.h"
#include "db/wire.h"

#include <string.h>

/* The connection's own reason becomes that of the outcome. */
static enum outcome copy_fail(struct db *db) {
    db_keep_reason(db, PQerrorMessage(db->connection), "");
    return RETRY;
}

/* ---- in ---- */

enum outcome db_copy_begin(struct db *db, const char *sql) {
    return db_script(db, sql);
}

enum outcome db_copy_feed(struct db *db, struct span octets) {
    bool good = db->connection &&
                PQputCopyData(db->connection, (const char *)octets.data,
                              (int)octets.len) == 1;
    return good ? DONE : copy_fail(db);
}

/* What the server says at the end of a COPY. */
static enum outcome copy_judge(struct db *db) {
    enum outcome outcome = DONE;
    for (PGresult *result;
         db->connection && (result = PQgetResult(db->connection));) {
        enum outcome one = db_judge(db, result);
        if (one != DONE)
            outcome = one;
        PQclear(result);
    }
    return outcome;
}

enum outcome db_copy_end(struct db *db) {
    if (!db->connection || PQputCopyEnd(db->connection, NULL) != 1)
        return copy_fail(db);
    return copy_judge(db);
}

/* ---- out ---- */

enum { MOST_FIELDS = 64, SIGNATURE = 11, BEFORE_ROWS = SIGNATURE + 8 };

/* The octets in front of the first row; 0: there is none yet. */
static size_t header_len(struct span octets) {
    return octets.len < BEFORE_ROWS
               ? 0
               : BEFORE_ROWS +
                     (size_t)wire_load(octets.data + SIGNATURE + 4, 4);
}

/* False: no more is wanted, or it is no row. *end: it was the trailer. */
static bool row_pass(struct span octets, db_copy_row *row, void *context,
                     bool *end) {
    struct span fields[MOST_FIELDS];
    size_t at = 2;
    *end = octets.len < 2 || octets.data[0] == 0xFF;
    size_t count = *end ? 0 : (size_t)wire_load(octets.data, 2);
    if (count > MOST_FIELDS)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (at + 4 > octets.len)
            return false;
        int32_t len = (int32_t)wire_load(octets.data + at, 4);
        at += 4;
        fields[i] =
            len < 0 ? span_of(NULL, 0) : span_of(octets.data + at, (size_t)len);
        at += len < 0 ? 0 : (size_t)len;
        if (at > octets.len)
            return false;
    }
    return *end || row(context, fields, count);
}

static enum outcome rows_pass(struct db *db, db_copy_row *row, void *context) {
    bool begun = false, end = false, wanted = true;
    char *octets;
    int len;
    while (wanted && (len = PQgetCopyData(db->connection, &octets, 0)) > 0) {
        struct span data = span_of(octets, (size_t)len);
        if (!begun)
            data = span_from(data, header_len(data));
        begun = true;
        if (data.len && !end)
            wanted = row_pass(data, row, context, &end);
        PQfreemem(octets);
    }
    if (!wanted) {
        db_disconnect(db);
        return DONE;
    }
    return len == -1 ? copy_judge(db) : copy_fail(db);
}

enum outcome db_copy_out(struct db *db, const char *sql, db_copy_row *row,
                         void *context) {
    enum outcome outcome = db_script(db, sql);
    return outcome == DONE ? rows_pass(db, row, context) : outcome;
}

int64_t db_field_int8(struct span field) {
    return field.len == 8 ? (int64_t)wire_load(field.data, 8) : 0;
}

eui64 db_field_eui64(struct span field) {
    return field.len == 8 ? wire_load(field.data, 8) : 0;
}

instant db_field_instant(struct span field) {
    return field.len == 8 ? wire_to_instant(wire_load(field.data, 8)) : 0;
}
