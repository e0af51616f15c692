/* Lists: a page of one as JSON, or the whole as CSV (RFC 4180), made page by
 * page while it is sent. */
#include "base/log.h"
#include "base/memory.h"
#include "people/call.h"

#include <inttypes.h>
#include <stdlib.h>

enum { PAGE = 10000 };

/* ---- the whole as CSV ---- */

struct csv_stream {
    const struct listing *listing;
    const void *filter;
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

static void add_value(struct buffer *out, const struct list_column *column,
                      const struct db_rows *rows, size_t row, int i) {
    char id[EUI64_TEXT_SIZE], time[INSTANT_TEXT_SIZE];
    if (db_is_null(rows, row, i))
        return;
    switch (column->kind) {
    case LIST_TEXT:
        add_text(out, db_get_text(rows, row, i));
        break;
    case LIST_EUI64:
        buffer_text(out, eui64_format(db_get_eui64(rows, row, i), id));
        break;
    case LIST_INSTANT:
        buffer_text(out, instant_format(db_get_instant(rows, row, i), time));
        break;
    case LIST_BOOL:
        buffer_text(out, db_get_bool(rows, row, i) ? "true" : "false");
        break;
    case LIST_NUMBER:
        buffer_printf(out, "%" PRId64, db_get_int(rows, row, i));
        break;
    }
}

static void add_line(struct buffer *out, const struct listing *listing,
                     const struct db_rows *rows, size_t row) {
    const char *between = "";
    for (int i = 0; i < listing->column_count; i++) {
        if (!listing->columns[i].name)
            continue;
        buffer_text(out, between);
        add_value(out, &listing->columns[i], rows, row, i);
        between = ",";
    }
    buffer_text(out, "\r\n");
}

static void add_header(struct buffer *out, const struct listing *listing) {
    const char *between = "";
    for (int i = 0; i < listing->column_count; i++) {
        if (!listing->columns[i].name)
            continue;
        buffer_printf(out, "%s%s", between, listing->columns[i].name);
        between = ",";
    }
    buffer_text(out, "\r\n");
}

static void remember(struct csv_stream *stream, const struct db_rows *rows) {
    const struct listing *listing = stream->listing;
    struct buffer key = {0};
    add_value(&key, &listing->columns[listing->key], rows,
              db_row_count(rows) - 1, listing->key);
    free(stream->after);
    stream->after = (char *)key.data;
}

static enum http_more next_page(struct db *db, struct csv_stream *stream,
                                struct arena *arena, struct buffer *piece) {
    const struct listing *listing = stream->listing;
    struct db_params params = DB_PARAMS(arena);
    listing->add_filter(&params, stream->filter);
    db_text(&params, stream->after);
    db_int4(&params, PAGE);
    struct db_rows *rows;
    if (db_run(db, &listing->rows, &params, arena, &rows) != DONE) {
        log_warning("people.csv_failed", ": %s", db_reason(db));
        buffer_text(piece, "INCOMPLETE: the database failed\r\n");
        return HTTP_STREAM_END;
    }
    for (size_t row = 0; row < db_row_count(rows); row++)
        add_line(piece, listing, rows, row);
    if (db_row_count(rows) < PAGE)
        return HTTP_STREAM_END;
    remember(stream, rows);
    return HTTP_STREAM_MORE;
}

static enum http_more next_piece(void *worker, void *context,
                                 struct buffer *piece) {
    const struct people_worker *own = worker;
    struct csv_stream *stream = context;
    if (!stream->begun)
        add_header(piece, stream->listing);
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

static void send_csv(struct call *call, const struct listing *listing,
                     const void *filter) {
    if (!people_audit(call, "downloaded", call->request->path))
        return;
    struct csv_stream *stream = memory_alloc(sizeof *stream);
    *stream = (struct csv_stream){.listing = listing, .filter = filter};
    struct http_response *response = call->response;
    response->content_type = "text/csv; charset=utf-8; header=present";
    http_add_header(response, "Content-Disposition",
                    arena_printf(call->arena, "attachment; filename=\"%s\"",
                                 listing->file_name));
    response->stream = (struct http_stream){
        .next = next_piece, .context = stream, .free = stream_free};
}

/* ---- a page as JSON ---- */

static bool add_after(struct call *call, const struct listing *listing,
                      struct db_params *params) {
    bool given;
    eui64 id;
    int64_t number;
    const char *text;
    switch (listing->columns[listing->key].kind) {
    case LIST_EUI64:
        if (!people_query_eui64(call, "after", &given, &id))
            return false;
        people_add_eui64(params, given, id);
        return true;
    case LIST_NUMBER:
        if (!people_query_number(call, "after", 0, INT64_MAX, &given, &number))
            return false;
        people_add_number(params, given, number);
        return true;
    case LIST_TEXT:
    case LIST_INSTANT:
    case LIST_BOOL:
        break;
    }
    if (!people_query_text(call, "after", 64, &text))
        return false;
    db_text(params, text);
    return true;
}

static void send_page(struct call *call, const struct listing *listing,
                      const void *filter) {
    struct db_params params = DB_PARAMS(call->arena);
    int32_t limit;
    listing->add_filter(&params, filter);
    if (!add_after(call, listing, &params) || !people_query_limit(call, &limit))
        return;
    db_int4(&params, limit);
    if (listing->page_takes_now)
        db_instant(&params, call->now);
    people_screen(call, &listing->page, &params, listing->missing);
}

void people_listing(struct call *call, const struct listing *listing, bool csv,
                    const void *filter) {
    if (csv)
        send_csv(call, listing, filter);
    else
        send_page(call, listing, filter);
}
