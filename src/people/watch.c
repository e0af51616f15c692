/* The live counts of a request as server-sent events. However many watch a
 * request, it is counted once a second: the one that finds the counts
 * too old counts again, the others use what there is. */
#include "base/memory.h"
#include "people/handlers.h"
#include "people/identify.h"
#include "people/requests.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const instant FRESH = SECOND - 50 * MILLISECOND;
static const instant HEARTBEAT = 15 * SECOND;
static const instant LONGEST = 10 * MINUTE;

struct watched {
    struct watched *next;
    int64_t request_no;
    int viewers;
    bool counting;   /* somebody is at it */
    instant counted; /* by clock_elapsed(); 0: never */
    uint64_t id;     /* same counts, same id; the rate goes on by itself */
    bool away;       /* the database did not say, the last time */
    char *data;      /* a Progress, one line; NULL: none yet */
};

static pthread_mutex_t watched_lock = PTHREAD_MUTEX_INITIALIZER;
static struct watched *watched_all;

/* ---- what is watched ---- */

static struct watched *watched_get(int64_t request_no) {
    pthread_mutex_lock(&watched_lock);
    struct watched *w = watched_all;
    while (w && w->request_no != request_no)
        w = w->next;
    if (!w) {
        w = memory_alloc(sizeof *w);
        *w = (struct watched){.next = watched_all, .request_no = request_no};
        watched_all = w;
    }
    w->viewers++;
    pthread_mutex_unlock(&watched_lock);
    return w;
}

static void watched_release(struct watched *w) {
    pthread_mutex_lock(&watched_lock);
    bool last = --w->viewers == 0;
    struct watched **at = &watched_all;
    while (last && *at != w)
        at = &(*at)->next;
    if (last)
        *at = w->next;
    pthread_mutex_unlock(&watched_lock);
    if (!last)
        return;
    free(w->data);
    free(w);
}

/* ---- counting ---- */

/* NULL when the database does not say. */
static char *progress_count(struct db *db, int64_t request_no, uint64_t *id) {
    static const struct db_statement statement = {
        "request_progress",
        "select data_age()::text, p::text, left(md5((p - 'rate')::text), 16)"
        " from service_request r, request_progress(r, $2) p"
        " where request_no = $1"};
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    db_int8(&params, request_no);
    db_instant(&params, clock_now());
    struct db_rows *rows;
    struct buffer text = {0};
    if (db_run(db, &statement, &params, arena, &rows) == DONE &&
        db_row_count(rows)) {
        *id = strtoull(db_get_text(rows, 0, 2), NULL, 16);
        buffer_printf(&text, "{\"dataAge\":%.3f,%s",
                      atof(db_get_text(rows, 0, 0)),
                      db_get_text(rows, 0, 1) + 1);
    }
    arena_free(arena);
    return (char *)text.data;
}

static void watched_recount(struct watched *w, struct db *db) {
    pthread_mutex_lock(&watched_lock);
    bool mine =
        !w->counting && (!w->counted || clock_elapsed() - w->counted >= FRESH);
    w->counting |= mine;
    pthread_mutex_unlock(&watched_lock);
    if (!mine)
        return;
    uint64_t id = 0;
    char *data = progress_count(db, w->request_no, &id);
    pthread_mutex_lock(&watched_lock);
    if (data) {
        free(w->data);
        w->data = data;
        w->id = id;
    }
    w->away = !data;
    w->counted = clock_elapsed();
    w->counting = false;
    pthread_mutex_unlock(&watched_lock);
}

/* ---- one viewer ---- */

struct viewer {
    struct watched *watched;
    const struct person *person;
    instant began, spoke; /* by clock_elapsed() */
    bool has_seen;
    bool away;     /* it was told that the database is */
    uint64_t seen; /* id of the latest event */
};

static void viewer_say(struct viewer *v, struct buffer *piece) {
    const struct watched *w = v->watched;
    pthread_mutex_lock(&watched_lock);
    if (w->away && !v->away)
        buffer_text(piece, "event: unavailable\ndata: {}\n\n");
    if (v->away && !w->away)
        v->has_seen = false; /* what is shown is live again */
    v->away = w->away;
    if (w->data && !(v->has_seen && v->seen == w->id)) {
        buffer_printf(piece,
                      "event: progress\nid: %016" PRIx64 "\ndata: %s\n\n",
                      w->id, w->data);
        v->seen = w->id;
        v->has_seen = true;
    }
    pthread_mutex_unlock(&watched_lock);
}

static enum http_more next_piece(void *worker, void *context,
                                 struct buffer *piece) {
    const struct people_worker *own = worker;
    struct viewer *v = context;
    instant now = clock_elapsed();
    if (!person_may_go_on(own, v->person))
        return HTTP_STREAM_END;
    if (!v->spoke)
        buffer_text(piece, "retry: 2000\n\n");
    watched_recount(v->watched, own->reading);
    viewer_say(v, piece);
    if (!piece->len && now - v->spoke >= HEARTBEAT)
        buffer_text(piece, ": still here\n\n");
    if (piece->len)
        v->spoke = now;
    return now - v->began < LONGEST ? HTTP_STREAM_WAIT : HTTP_STREAM_END;
}

static void viewer_free(void *context) {
    struct viewer *v = context;
    watched_release(v->watched);
    free(v);
}

void people_watch_request(struct call *call) {
    int64_t request_no;
    if (!request_in_path(call, &request_no))
        return;
    struct viewer *v = memory_alloc(sizeof *v);
    *v = (struct viewer){.watched = watched_get(request_no),
                         .person = call->person,
                         .began = clock_elapsed()};
    const char *last = http_header(call->request, "Last-Event-ID");
    v->has_seen = last && sscanf(last, "%16" SCNx64, &v->seen) == 1;
    call->response->content_type = "text/event-stream";
    http_add_header(call->response, "X-Accel-Buffering", "no");
    call->response->stream = (struct http_stream){.next = next_piece,
                                                  .context = v,
                                                  .free = viewer_free,
                                                  .interval = SECOND};
}
