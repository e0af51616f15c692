/* The life of a request, as libmicrohttpd calls for it. */
#include "http/exchange.h"

#include "base/log.h"
#include "http/answer.h"
#include "http/connection.h"
#include "http/framing.h"
#include "http/headers.h"
#include "http/metrics.h"
#include "http/worker.h"

#include <stdio.h>
#include <stdlib.h>

/* How long a client that was refused may go on sending before its connection
 * is cut: closing at once could destroy our answer on its way (RFC 9112,
 * 9.6). */
static const instant LINGER = 2 * SECOND;

static void exchange_count(const struct http_exchange *x, const char *status) {
    metric_add(metric_of(&http_metrics[HTTP_REQUESTS],
                         x->listener->options.name, route_label(x), status),
               1);
}

static void answer_count(const struct http_exchange *x) {
    char status[12];
    snprintf(status, sizeof status, "%u", x->response.status);
    exchange_count(x, status);
}

/* ---- answers and refusals ---- */

/* libmicrohttpd takes an answer before the body or after it. */
static enum MHD_Result answer_queue(struct http_exchange *x) {
    x->stage = ANSWERED;
    if (!x->answer)
        return MHD_NO;
    atomic_store(&x->connection->receiving, false);
    connection_limit(x->connection, x->response.stream.next
                                        ? 0
                                        : x->listener->options.send_timeout);
    answer_count(x);
    return MHD_queue_response(x->mhd, x->response.status, x->answer);
}

static void body_forget(struct http_exchange *x) {
    atomic_fetch_sub(&x->listener->body_octets, x->counted);
    metric_add(x->listener->body_gauge, -(int64_t)x->counted);
    x->counted = 0;
    buffer_free(&x->body);
}

/* Sends x->response before the body has been read. Without a body the
 * connection can go on, but only if libmicrohttpd gets the answer with its
 * next call. To a client that waits for 100 (Continue) it is given now; one
 * that is sending must not meet a closed connection before it has read the
 * answer. */
static enum MHD_Result refuse_early(struct http_exchange *x, bool begun) {
    bool has_body = framing_has_body(&x->framing);
    if (!begun && (x->framing.expects_continue || !has_body)) {
        answer_build(x);
        if (has_body)
            return answer_queue(x);
        x->stage = WORKING;
        return MHD_YES;
    }
    body_forget(x);
    answer_count(x);
    answer_at_once(x);
    x->stage = REFUSED;
    atomic_store(&x->connection->receiving, false);
    connection_limit(x->connection, LINGER);
    return MHD_YES;
}

/* ---- headers ---- */

static struct http_exchange *exchange_new(struct http_listener *listener,
                                          struct MHD_Connection *mhd,
                                          const char *path,
                                          const char *method) {
    struct connection *connection =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
            ->socket_context;
    struct arena *arena = connection->arena = arena_new();
    struct http_exchange *x = arena_zero(arena, 1, sizeof *x);
    x->listener = listener;
    x->connection = connection;
    x->mhd = mhd;
    x->request = (struct http_request){
        .method = method,
        .path = path,
        .peer = connection->peer_text,
        .arena = arena,
        .exchange = x,
    };
    x->response = (struct http_response){.status = 200, .arena = arena};
    return x;
}

static enum MHD_Result exchange_begin(struct http_exchange *x,
                                      const char *version) {
    connection_limit(x->connection, x->listener->options.receive_timeout);
    connection_idle(x->mhd, 0);
    if (!headers_are_good(x, version))
        return refuse_early(x, false);
    x->request.certificate = x->connection->certificate;
    x->request.peer_name = x->connection->peer_name;
    x->request.peer_id = x->connection->peer_id;
    atomic_store(&x->connection->receiving, true);
    return MHD_YES;
}

/* ---- body ---- */

static bool budget_takes(struct http_exchange *x, size_t more) {
    struct http_listener *listener = x->listener;
    size_t before = atomic_fetch_add(&listener->body_octets, more);
    if (before + more > listener->options.body_budget) {
        atomic_fetch_sub(&listener->body_octets, more);
        return false;
    }
    x->counted += more;
    metric_add(listener->body_gauge, (int64_t)more);
    return true;
}

/* Each piece costs, however small: chunks of one octet would make a body of
 * 16 MB cost half a second. */
static bool comes_in_crumbs(struct http_exchange *x, size_t more) {
    enum { MOST_PIECES = 4096, LEAST_MEAN = 64 };
    x->pieces++;
    x->received += more;
    return x->pieces > MOST_PIECES && x->received / x->pieces < LEAST_MEAN;
}

static enum MHD_Result exchange_receive(struct http_exchange *x,
                                        struct span octets) {
    bool crumbs = comes_in_crumbs(x, octets.len);
    if (x->stage != RECEIVING)
        return crumbs ? MHD_NO : MHD_YES; /* thrown away */
    size_t most = x->request.route->max_body;
    if (crumbs) {
        http_problem(&x->response, 400, "The body comes in too small pieces.");
    } else if (octets.len > most - x->body.len) {
        limit_count(x->listener, LIMIT_BODY);
        http_problem(&x->response, 413, "A body may have up to %zu octets.",
                     most);
    } else if (!budget_takes(x, octets.len)) {
        limit_count(x->listener, LIMIT_BODY_BUDGET);
        answer_set_later(x, 503, "Too much is being received at this moment.");
    } else {
        buffer_add(&x->body, octets);
        return MHD_YES;
    }
    return refuse_early(x, true);
}

/* ---- work ---- */

static bool exchange_admit(struct http_exchange *x) {
    struct http_listener *listener = x->listener;
    pthread_mutex_lock(&listener->lock);
    x->admitted = !listener->closed &&
                  queue_depth(listener->queue) < listener->options.queue_size;
    listener->in_hand += x->admitted;
    pthread_mutex_unlock(&listener->lock);
    return x->admitted;
}

/* The whole request is here. From the push on it is the worker's, who resumes
 * the connection; the queue has room for whatever was admitted. */
static enum MHD_Result exchange_submit(struct http_exchange *x) {
    atomic_store(&x->connection->receiving, false);
    connection_limit(x->connection, 0);
    x->request.body = buffer_span(&x->body);
    x->stage = WORKING;
    bool laden = atomic_load(&x->listener->body_octets) >
                 x->listener->options.body_budget;
    if (laden || !exchange_admit(x)) {
        limit_count(x->listener, laden ? LIMIT_BODY_BUDGET : LIMIT_QUEUE);
        answer_set_later(x, 503,
                         laden ? "Too much is being sent."
                               : "All workers are busy.");
        answer_build(x);
        return answer_queue(x);
    }
    metric_add(x->listener->queued, 1);
    MHD_suspend_connection(x->mhd);
    if (!queue_try_push(x->listener->queue, x, worker_is_wanted))
        abort();
    return MHD_YES;
}

static void exchange_enter(struct connection *connection) {
    struct http_listener *listener = connection->listener;
    pthread_mutex_lock(&listener->lock);
    listener->begun++;
    atomic_store(&connection->used, true);
    pthread_mutex_unlock(&listener->lock);
}

enum MHD_Result exchange_step(void *listener, struct MHD_Connection *mhd,
                              const char *path, const char *method,
                              const char *version, const char *data,
                              size_t *size, void **context) {
    struct http_exchange *x = *context;
    if (!x) {
        x = *context = exchange_new(listener, mhd, path, method);
        exchange_enter(x->connection);
        return exchange_begin(x, version);
    }
    if (*size) {
        struct span octets = span_of(data, *size);
        *size = 0;
        return exchange_receive(x, octets);
    }
    switch (x->stage) {
    case RECEIVING:
        return exchange_submit(x);
    case WORKING:
        atomic_load(&x->given_back);
        return answer_queue(x);
    case REFUSED:
        return MHD_NO;
    case ANSWERED:
        return MHD_YES;
    }
    return MHD_NO;
}

static void exchange_leave(struct http_listener *listener, bool admitted) {
    pthread_mutex_lock(&listener->lock);
    listener->begun--;
    listener->in_hand -= admitted;
    if (atomic_load(&listener->draining))
        pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->lock);
}

/* The other side closed, or the network did. What it asked for has been done;
 * the same again is answered again. */
static void cut_tell(const struct http_exchange *x) {
    metric_add(metric_of(&http_metrics[HTTP_CUT], x->listener->options.name,
                         route_label(x), NULL),
               1);
    log_warning("http.answer_cut",
                "listener=%s route=\"%s\" peer=%s status=%u : the other side "
                "closed before it had the whole answer; it may ask again",
                x->listener->options.name, route_label(x),
                x->connection->peer_text, x->response.status);
}

void exchange_end(void *context_of_listener, struct MHD_Connection *mhd,
                  void **context, enum MHD_RequestTerminationCode how) {
    struct http_listener *listener = context_of_listener;
    struct http_exchange *x = *context;
    if (!x)
        return;
    atomic_load(&x->given_back);
    struct connection *connection = x->connection;
    if (x->stage == RECEIVING)
        exchange_count(x, "aborted");
    bool has_answer =
        x->stage == ANSWERED || (x->stage == WORKING && x->answer);
    if (has_answer && !x->response.stream.next &&
        how != MHD_REQUEST_TERMINATED_COMPLETED_OK)
        cut_tell(x);
    if (x->answer)
        MHD_destroy_response(x->answer);
    if (x->response.stream.free)
        x->response.stream.free(x->response.stream.context);
    body_forget(x);
    answer_forget_piece(x);
    bool admitted = x->admitted;
    *context = NULL;
    arena_free(connection->arena);
    connection->arena = NULL;
    atomic_store(&connection->receiving, false);
    connection_limit(connection, listener->options.idle_timeout +
                                     listener->options.header_timeout);
    connection_idle(mhd, listener->options.idle_timeout);
    exchange_leave(listener, admitted);
}
