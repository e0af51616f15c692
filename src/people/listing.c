/* A page of a list as JSON, or the whole as CSV (RFC 4180), made page by page
 * while it is sent. */
#include "people/listing.h"

#include "base/log.h"
#include "base/memory.h"
#include "people/answer.h"
#include "people/database.h"
#include "people/identify.h"
#include "people/input.h"
#include "people/param.h"

#include <stdlib.h>

enum {
    PAGE = 1000,   /* rows that a slow reader may leave in memory */
    KEY_MOST = 256 /* characters */
};

/* ---- the whole as CSV ---- */

struct csv_stream {
    const struct person *person;
    const struct listing *listing;
    const void *filter;
    bool begun;
    char *after; /* NULL: from the start */
};

static void key_remember(struct csv_stream *stream,
                         const struct db_rows *rows) {
    const struct listing *listing = stream->listing;
    struct buffer key = {0};
    view_value(&key, &listing->fields[listing->key], rows,
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
    if (db_run(db, listing->rows, &params, arena, &rows) != DONE) {
        log_warning("people.csv_failed", ": %s", db_reason(db));
        buffer_text(piece, "INCOMPLETE: the database failed\r\n");
        return HTTP_STREAM_END;
    }
    for (size_t row = 0; row < db_row_count(rows); row++)
        view_csv_line(piece, listing->fields, listing->field_count, rows, row);
    if (db_row_count(rows) < PAGE)
        return HTTP_STREAM_END;
    key_remember(stream, rows);
    return HTTP_STREAM_MORE;
}

static enum http_more next_piece(void *worker, void *context,
                                 struct buffer *piece) {
    const struct people_worker *own = worker;
    struct csv_stream *stream = context;
    if (!person_may_go_on(own, stream->person))
        return HTTP_STREAM_CUT;
    if (!stream->begun)
        view_csv_header(piece, stream->listing->fields,
                        stream->listing->field_count);
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
    if (!database_audit(call, "downloaded", call->request->path))
        return;
    struct csv_stream *stream = memory_alloc(sizeof *stream);
    *stream = (struct csv_stream){
        .person = call->person, .listing = listing, .filter = filter};
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
    switch (listing->fields[listing->key].kind) {
    case VIEW_EUI64:
        if (!query_eui64(call, "after", &given, &id))
            return false;
        db_eui64_if(params, given, id);
        return true;
    case VIEW_COUNT:
        if (!query_number(call, "after", 0, INT64_MAX, &given, &number))
            return false;
        db_int8_if(params, given, number);
        return true;
    case VIEW_TEXT:
    case VIEW_INSTANT:
    case VIEW_BOOL:
    case VIEW_NUMBER:
    case VIEW_SECONDS:
        break;
    }
    if (!query_text(call, "after", KEY_MOST, &text))
        return false;
    db_text(params, text);
    return true;
}

static void send_page(struct call *call, const struct listing *listing,
                      const void *filter) {
    struct db_params params = DB_PARAMS(call->arena);
    int32_t limit;
    listing->add_filter(&params, filter);
    if (!add_after(call, listing, &params) || !query_limit(call, &limit))
        return;
    db_int4(&params, limit);
    if (listing->page_takes_now)
        db_instant(&params, call->now);
    answer_screen(call, listing->page, &params, listing->missing);
}

void listing_answer(struct call *call, const struct listing *listing,
                    const void *filter) {
    bool csv;
    if (!query_csv(call, &csv))
        return;
    if (csv)
        send_csv(call, listing, filter);
    else
        send_page(call, listing, filter);
}
