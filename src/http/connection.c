#include "http/connection.h"

#include "base/memory.h"
#include "http/address.h"
#include "http/metrics.h"
#include "http/peer.h"
#include "http/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

/* How exactly deadlines and intervals are kept. */
static const instant TICK = 50 * MILLISECOND;

/* How long a connection that is one too many has for reading so. */
static const instant MOST_GOODBYE = 2 * SECOND;

/* ---- start and end ---- */

static struct connection *connection_new(struct http_listener *listener,
                                         struct MHD_Connection *mhd) {
    struct connection *c = memory_alloc(sizeof *c);
    const struct sockaddr *address =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
            ->client_addr;
    bool too_many;
    *c = (struct connection){
        .listener = listener,
        .socket =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)
                ->connect_fd,
        .peer = peer_enter(listener->peers, address, &too_many),
    };
    c->over = too_many ? LIMIT_PEER_CONNECTIONS : LIMIT_NONE;
    address_text(address, c->peer_text);
    tls_begin(c, mhd);
    return c;
}

static void connection_enlist(struct connection *c) {
    struct http_listener *listener = c->listener;
    pthread_mutex_lock(&listener->lock);
    c->next = listener->connections;
    if (c->next)
        c->next->previous = c;
    else
        pthread_cond_broadcast(&listener->changed);
    listener->connections = c;
    if (++listener->connection_count > listener->options.max_connections)
        c->over = LIMIT_CONNECTIONS;
    pthread_mutex_unlock(&listener->lock);
    metric_add(listener->connections_open, 1);
    if (c->over)
        limit_count(listener, c->over);
    connection_limit(c,
                     c->over ? MOST_GOODBYE : listener->options.header_timeout);
}

/* libmicrohttpd closes the socket after this, so that the clock thread never
 * has the number of a socket that is somebody else's by now. */
static void connection_delist(struct connection *c) {
    struct http_listener *listener = c->listener;
    pthread_mutex_lock(&listener->lock);
    if (c->next)
        c->next->previous = c->previous;
    if (c->previous)
        c->previous->next = c->next;
    else
        listener->connections = c->next;
    listener->connection_count--;
    pthread_mutex_unlock(&listener->lock);
    metric_add(listener->connections_open, -1);
}

static void connection_free(struct connection *c) {
    uintptr_t certificate = (uintptr_t)c->certificate.data;
    free((void *)certificate);
    free(c->peer_name);
    tls_release(c->tls);
    peer_leave(c->listener->peers, c->peer);
    arena_free(c->arena);
    free(c);
}

void connection_notify(void *listener, struct MHD_Connection *mhd,
                       void **context,
                       enum MHD_ConnectionNotificationCode what) {
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        struct connection *c = connection_new(listener, mhd);
        connection_enlist(c);
        connection_idle(mhd, 0);
        *context = c;
    } else if (*context) {
        struct connection *c = *context;
        connection_delist(c);
        connection_free(c);
        *context = NULL;
    }
}

void connection_idle(struct MHD_Connection *mhd, instant after) {
    MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT,
                              (unsigned)((after + SECOND - 1) / SECOND));
}

void connection_limit(struct connection *connection, instant after) {
    atomic_store(&connection->deadline, after ? clock_elapsed() + after : 0);
}

void connection_wait(struct connection *c, struct http_exchange *exchange) {
    instant wake = clock_elapsed() + exchange->response.stream.interval;
    pthread_mutex_lock(&c->listener->lock);
    c->waiting = exchange;
    c->wake = wake;
    pthread_mutex_unlock(&c->listener->lock);
}

/* ---- the clock thread ---- */

static void socket_say_timed_out(int handle) {
    static const char body[] =
        "{\"type\":\"about:blank\",\"title\":\"Request Timeout\","
        "\"status\":408,\"detail\":\"The body came too slowly.\"}\n";
    char text[512];
    int len = snprintf(text, sizeof text,
                       "HTTP/1.1 408 Request Timeout\r\n"
                       "Content-Type: application/problem+json\r\n"
                       "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                       sizeof body - 1, body);
    send(handle, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The poller sees the end of the connection and cleans up. */
void connection_cut_off(struct connection *c) {
    atomic_store(&c->deadline, 0);
    bool receiving = atomic_load(&c->receiving);
    if (receiving || !atomic_load(&c->used))
        limit_count(c->listener,
                    receiving ? LIMIT_BODY_TIME : LIMIT_HEADER_TIME);
    if (receiving && !c->tls)
        socket_say_timed_out(c->socket);
    shutdown(c->socket, SHUT_RDWR);
}

static void stream_wake(struct connection *c) {
    struct http_exchange *exchange = c->waiting;
    if (atomic_load(&c->listener->draining)) {
        c->waiting = NULL;
        MHD_resume_connection(exchange->mhd);
    } else if (queue_try_push(c->listener->queue, exchange, NULL)) {
        c->waiting = NULL;
    }
}

static void connections_check(struct http_listener *listener) {
    instant now = clock_elapsed();
    bool draining = atomic_load(&listener->draining);
    for (struct connection *c = listener->connections; c; c = c->next) {
        instant deadline = atomic_load(&c->deadline);
        if (deadline && now >= deadline)
            connection_cut_off(c);
        if (c->waiting && (now >= c->wake || draining))
            stream_wake(c);
    }
}

void *connection_clock(void *context) {
    struct http_listener *listener = context;
    pthread_mutex_lock(&listener->lock);
    while (!listener->closed) {
        struct timespec until = clock_in(TICK);
        if (listener->connections)
            pthread_cond_clockwait(&listener->changed, &listener->lock,
                                   CLOCK_MONOTONIC, &until);
        else
            pthread_cond_wait(&listener->changed, &listener->lock);
        connections_check(listener);
    }
    pthread_mutex_unlock(&listener->lock);
    return NULL;
}
