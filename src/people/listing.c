/* A page of a list as JSON, or the whole as CSV (RFC 4180), made page by page
 * while it is sent. */
#include "people/listing.h"

#include "base/json.h"
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
    ITEMS = 100,   /* of a page of JSON: more has to be found out of each */
    KEY_MOST = 256 /* characters */
};

/* ---- the whole as CSV ---- */

struct csv_stream {
    const struct person *person;
    const struct listing *listing;
    const void *filter;
    instant now;
    bool begun;
    char *after; /* NULL: from the start */
};

static enum http_more stream_fail(const struct db *db, struct buffer *piece) {
    log_warning("people.csv_failed", ": %s", db_reason(db));
    buffer_text(piece, "INCOMPLETE: the database failed\r\n");
    return HTTP_STREAM_END;
}

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
    if (db_run(db, listing->rows, &params, arena, &rows) != DONE)
        return stream_fail(db, piece);
    for (size_t row = 0; row < db_row_count(rows); row++)
        view_csv_line(piece, listing->fields, listing->field_count, rows, row);
    if (db_row_count(rows) < PAGE)
        return HTTP_STREAM_END;
    key_remember(stream, rows);
    return HTTP_STREAM_MORE;
}

/* The member of this name, in which dots lead into objects; or NULL. */
static const json_t *member_of(const json_t *item, const char *name) {
    size_t len;
    for (; (len = strcspn(name, ".")) && item; name += len + (name[len] == '.'))
        item = json_object_getn(item, name, len);
    return item;
}

/* As view_value() writes the same of a row. */
static void member_write(struct buffer *piece, const json_t *value) {
    if (json_is_string(value))
        view_csv_text(piece, json_string_value(value));
    else if (json_is_integer(value))
        buffer_printf(piece, "%jd", (intmax_t)json_integer_value(value));
    else if (json_is_real(value))
        buffer_printf(piece, "%.10g", json_real_value(value));
    else if (json_is_boolean(value))
        buffer_text(piece, json_is_true(value) ? "true" : "false");
}

static void item_write(struct buffer *piece, const struct listing *listing,
                       const json_t *item) {
    for (size_t i = 0; i < listing->field_count; i++) {
        buffer_text(piece, i ? "," : "");
        member_write(piece, member_of(item, listing->fields[i].json));
    }
    buffer_text(piece, "\r\n");
}

/* The items of a page, and where the next begins. */
static enum http_more page_write(struct csv_stream *stream, const json_t *page,
                                 struct buffer *piece) {
    const json_t *items = json_object_get(page, "items"), *item;
    const char *next = json_string_value(json_object_get(page, "next"));
    size_t i;
    json_array_foreach(items, i, item) {
        item_write(piece, stream->listing, item);
    }
    free(stream->after);
    stream->after = next ? memory_text(next) : NULL;
    return next ? HTTP_STREAM_MORE : HTTP_STREAM_END;
}

static enum http_more next_items(struct db *db, struct csv_stream *stream,
                                 struct arena *arena, struct buffer *piece) {
    const struct listing *listing = stream->listing;
    struct db_params params = DB_PARAMS(arena);
    struct db_rows *rows;
    listing->add_filter(&params, stream->filter);
    db_int8_if(&params, stream->after != NULL,
               stream->after ? strtoll(stream->after, NULL, 10) : 0);
    db_int4(&params, ITEMS);
    if (listing->page_takes_now)
        db_instant(&params, stream->now);
    if (db_run(db, listing->page, &params, arena, &rows) != DONE)
        return stream_fail(db, piece);
    json_t *page = json_read(db_get_span(rows, 0, 0), 0, NULL);
    enum http_more more = page_write(stream, page, piece);
    json_decref(page);
    return more;
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
    enum http_more more = stream->listing->rows
                              ? next_page(own->reading, stream, arena, piece)
                              : next_items(own->reading, stream, arena, piece);
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
    *stream = (struct csv_stream){.person = call->person,
                                  .listing = listing,
                                  .filter = filter,
                                  .now = call->now};
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
    switch (listing->rows ? listing->fields[listing->key].kind : VIEW_COUNT) {
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
