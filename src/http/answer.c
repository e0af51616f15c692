#include "http/answer.h"

#include "http/connection.h"
#include "http/metrics.h"
#include "http/tls.h"

#include <stdio.h>
#include <sys/socket.h>

/* ---- streams ---- */

static void piece_count(struct http_exchange *x, size_t octets) {
    struct http_listener *listener = x->listener;
    atomic_fetch_add(&listener->body_octets, octets - x->piece_counted);
    metric_add(listener->body_gauge,
               (int64_t)octets - (int64_t)x->piece_counted);
    x->piece_counted = octets;
}

void answer_count_body(struct http_exchange *x) {
    if (!x->response.stream.next)
        piece_count(x, x->response.body.len);
}

void answer_forget_piece(struct http_exchange *x) {
    buffer_free(&x->piece);
    x->sent = 0;
    piece_count(x, 0);
}

/* Pieces that slow readers have not taken leave half of the budget to those who
 * send. */
static bool has_room_for_piece(const struct http_listener *listener) {
    return atomic_load(&listener->body_octets) <
           listener->options.body_budget / 2;
}

/* libmicrohttpd asks for more of a stream. When there is nothing at hand, the
 * connection sleeps until a worker has made the next piece. */
static ssize_t stream_read(void *context, uint64_t position, char *out,
                           size_t most) {
    (void)position;
    struct http_exchange *x = context;
    atomic_load(&x->given_back);
    size_t left = x->piece.len - x->sent;
    if (left) {
        if (!x->sent) /* each piece has its time, the stream has none */
            connection_limit(x->connection, x->listener->options.send_timeout);
        size_t len = left < most ? left : most;
        memcpy(out, x->piece.data + x->sent, len);
        x->sent += len;
        return (ssize_t)len;
    }
    connection_limit(x->connection, 0);
    answer_forget_piece(x);
    if (x->more == HTTP_STREAM_CUT)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (x->more == HTTP_STREAM_END || atomic_load(&x->listener->draining))
        return MHD_CONTENT_READER_END_OF_STREAM;
    MHD_suspend_connection(x->mhd);
    if (x->more == HTTP_STREAM_WAIT ||
        !queue_try_push(x->listener->queue, x, NULL))
        connection_wait(x->connection, x);
    return 0;
}

void answer_make_piece(struct http_exchange *x, void *worker) {
    struct http_stream *stream = &x->response.stream;
    bool draining = atomic_load(&x->listener->draining);
    if (!draining && !has_room_for_piece(x->listener)) {
        limit_count(x->listener, LIMIT_BODY_BUDGET);
        connection_wait(x->connection, x);
        return;
    }
    x->more = draining ? HTTP_STREAM_END
                       : stream->next(worker, stream->context, &x->piece);
    piece_count(x, x->piece.size);
    if (x->piece.len || x->more != HTTP_STREAM_WAIT)
        exchange_give_back(x);
    else
        connection_wait(x->connection, x);
}

/* ---- answers by libmicrohttpd ---- */

void answer_set_later(struct http_exchange *x, unsigned status,
                      const char *detail) {
    char seconds[12];
    snprintf(seconds, sizeof seconds, "%u", x->listener->options.retry_after);
    http_problem(&x->response, status, "%s", detail);
    http_add_header(&x->response, "Retry-After", seconds);
}

static struct MHD_Response *mhd_response(struct http_exchange *x) {
    enum { BLOCK = 16 * 1024 };
    const struct http_response *response = &x->response;
    if (response->stream.next)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK,
                                                 stream_read, x, NULL);
    /* libmicrohttpd only reads what it is given */
    uintptr_t body = (uintptr_t)response->body.data;
    return MHD_create_response_from_buffer(response->body.len, (void *)body,
                                           MHD_RESPMEM_PERSISTENT);
}

void answer_build(struct http_exchange *x) {
    const struct http_response *response = &x->response;
    x->answer = mhd_response(x);
    if (!x->answer)
        return;
    if (response->content_type)
        MHD_add_response_header(x->answer, "Content-Type",
                                response->content_type);
    for (size_t i = 0; i < response->header_count; i++)
        MHD_add_response_header(x->answer, response->headers[i].name,
                                response->headers[i].value);
    if (atomic_load(&x->listener->draining))
        MHD_add_response_header(x->answer, "Connection", "close");
}

/* ---- answers past libmicrohttpd ---- */

void answer_at_once(struct http_exchange *x) {
    const struct http_response *response = &x->response;
    struct buffer out = {0};
    buffer_printf(&out,
                  "HTTP/1.1 %u %s\r\nContent-Type: %s\r\n"
                  "Content-Length: %zu\r\nConnection: close\r\n",
                  response->status, MHD_get_reason_phrase_for(response->status),
                  response->content_type, response->body.len);
    for (size_t i = 0; i < response->header_count; i++)
        buffer_printf(&out, "%s: %s\r\n", response->headers[i].name,
                      response->headers[i].value);
    buffer_text(&out, "\r\n");
    if (strcmp(x->request.method, "HEAD") != 0)
        buffer_add(&out, response->body);
    if (x->connection->tls) {
        tls_send_last(x->mhd, buffer_span(&out));
    } else {
        int handle = x->connection->socket;
        send(handle, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        shutdown(handle, SHUT_WR);
    }
    buffer_free(&out);
}
