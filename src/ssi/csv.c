/* Lists as CSV (RFC 4180), made page by page while they are sent. */
#include "base/log.h"
#include "base/memory.h"
#include "ssi/call.h"

#include <inttypes.h>
#include <stdlib.h>

enum { PAGE = 10000 };

struct csv_stream {
    struct csv_source source;
    bool begun;
    char *after; /* NULL: from the start */
};

/* A text that a spreadsheet would take for a formula is kept from it by an
 * apostrophe: some texts come from others' systems. */
static void add_text(struct buffer *out, const char *text) {
    const char *guard = *text && strchr("=+-@\t\r", *text) ? "'" : "";
    if (!strpbrk(text, "\",\r\n")) {
        buffer_printf(out, "%s%s", guard, text);
        return;
    }
    buffer_printf(out, "\"%s", guard);
    for (; *text; text++)
        buffer_printf(out, *text == '"' ? "\"%c" : "%c", *text);
    buffer_text(out, "\"");
}

static void add_value(struct buffer *out, const struct csv_column *column,
                      const struct db_rows *rows, size_t row, int i) {
    char id[EUI64_TEXT_SIZE], time[INSTANT_TEXT_SIZE];
    if (db_is_null(rows, row, i))
        return;
    switch (column->kind) {
    case CSV_TEXT:
        add_text(out, db_get_text(rows, row, i));
        break;
    case CSV_EUI64:
        buffer_text(out, eui64_format(db_get_eui64(rows, row, i), id));
        break;
    case CSV_INSTANT:
        buffer_text(out, instant_format(db_get_instant(rows, row, i), time));
        break;
    case CSV_BOOL:
        buffer_text(out, db_get_bool(rows, row, i) ? "true" : "false");
        break;
    case CSV_NUMBER:
        buffer_printf(out, "%" PRId64, db_get_int(rows, row, i));
        break;
    }
}

static void add_line(struct buffer *out, const struct csv_source *source,
                     const struct db_rows *rows, size_t row) {
    const char *between = "";
    for (int i = 0; i < source->column_count; i++) {
        if (!source->columns[i].name)
            continue;
        buffer_text(out, between);
        add_value(out, &source->columns[i], rows, row, i);
        between = ",";
    }
    buffer_text(out, "\r\n");
}

static void add_header(struct buffer *out, const struct csv_source *source) {
    const char *between = "";
    for (int i = 0; i < source->column_count; i++) {
        if (!source->columns[i].name)
            continue;
        buffer_printf(out, "%s%s", between, source->columns[i].name);
        between = ",";
    }
    buffer_text(out, "\r\n");
}

static void remember(struct csv_stream *stream, const struct db_rows *rows) {
    const struct csv_source *source = &stream->source;
    struct buffer key = {0};
    add_value(&key, &source->columns[source->key], rows, db_row_count(rows) - 1,
              source->key);
    free(stream->after);
    stream->after = (char *)key.data;
}

static enum http_more next_page(struct db *db, struct csv_stream *stream,
                                struct arena *arena, struct buffer *piece) {
    const struct csv_source *source = &stream->source;
    struct db_params params = DB_PARAMS(arena);
    source->add_params(&params, source->context);
    db_text(&params, stream->after);
    db_int4(&params, PAGE);
    struct db_rows *rows;
    if (db_run(db, source->statement, &params, arena, &rows) != DONE) {
        log_warning("people.csv_failed", ": %s", db_reason(db));
        buffer_text(piece, "INCOMPLETE: the database failed\r\n");
        return HTTP_STREAM_END;
    }
    for (size_t row = 0; row < db_row_count(rows); row++)
        add_line(piece, source, rows, row);
    if (db_row_count(rows) < PAGE)
        return HTTP_STREAM_END;
    remember(stream, rows);
    return HTTP_STREAM_MORE;
}

static enum http_more next_piece(void *worker, void *context,
                                 struct buffer *piece) {
    const struct ssi_worker *own = worker;
    struct csv_stream *stream = context;
    if (!stream->begun)
        add_header(piece, &stream->source);
    stream->begun = true;
    struct arena *arena = arena_new();
    enum http_more more = next_page(own->reading, stream, arena, piece);
    arena_free(arena);
    return more;
}

static void stream_free(void *context) {
    struct csv_stream *stream = context;
    free(stream->after);
    free(stream);
}

void ssi_csv(struct call *call, const struct csv_source *source,
             const char *file_name) {
    if (!ssi_audit(call, "downloaded", call->request->path))
        return;
    struct csv_stream *stream = memory_alloc(sizeof *stream);
    *stream = (struct csv_stream){.source = *source};
    struct http_response *response = call->response;
    response->content_type = "text/csv; charset=utf-8; header=present";
    http_add_header(
        response, "Content-Disposition",
        arena_printf(call->arena, "attachment; filename=\"%s\"", file_name));
    response->stream = (struct http_stream){
        .next = next_piece, .context = stream, .free = stream_free};
}
