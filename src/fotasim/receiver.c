#include "fotasim/receiver.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_HEAD = 16 * 1024, MOST_BODY = 32 * 1024 * 1024 };

struct connection {
    struct connection *next;
    struct receiver *receiver;
    pthread_t thread;
    int handle;
    atomic_bool over;    /* its thread has ended, but for being joined */
    struct buffer input; /* read, and not used yet */
};

struct receiver {
    receive *handler;
    void *context;
    struct sockaddr_in address;
    int listener; /* -1: switched off */
    atomic_bool stopping;
    pthread_t thread; /* accepts */
    pthread_mutex_t lock;
    struct connection *connections;
};

/* ---- octets ---- */

static bool octets_write(int handle, struct span octets) {
    while (octets.len) {
        ssize_t sent = send(handle, octets.data, octets.len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        octets.data += sent;
        octets.len -= (size_t)sent;
    }
    return true;
}

static bool connection_read(struct connection *connection) {
    enum { PIECE = 16 * 1024 };
    uint8_t *room = buffer_room(&connection->input, PIECE);
    ssize_t got = recv(connection->handle, room, PIECE, 0);
    if (got <= 0)
        return false;
    connection->input.len += (size_t)got;
    connection->input.data[connection->input.len] = '\0';
    return true;
}

static void input_drop(struct buffer *input, size_t len) {
    memmove(input->data, input->data + len, input->len - len + 1);
    input->len -= len;
}

/* ---- one request ---- */

/* Octets of the head with its empty line; 0 when there is none. */
static size_t read_head(struct connection *connection) {
    for (;;) {
        const struct buffer *input = &connection->input;
        const char *end =
            input->len ? memmem(input->data, input->len, "\r\n\r\n", 4) : NULL;
        if (end)
            return (size_t)(end - (const char *)input->data) + 4;
        if (input->len > MOST_HEAD || !connection_read(connection))
            return 0;
    }
}

static size_t content_length(const char *head) {
    static const char name[] = "\r\ncontent-length:";
    const char *at = strcasestr(head, name);
    return at ? strtoul(at + sizeof name - 1, NULL, 10) : 0;
}

static bool read_request(struct connection *connection,
                         struct received *request) {
    size_t head_len = read_head(connection);
    if (!head_len)
        return false;
    char *head = arena_text(request->arena,
                            span_of(connection->input.data, head_len - 2));
    size_t len = content_length(head);
    if (len > MOST_BODY)
        return false;
    while (connection->input.len < head_len + len)
        if (!connection_read(connection))
            return false;
    request->body = arena_copy(request->arena,
                               span_of(connection->input.data + head_len, len));
    input_drop(&connection->input, head_len + len);
    head[strcspn(head, "\r\n")] = '\0';
    char *rest = head;
    request->method = strsep(&rest, " ");
    request->path = strsep(&rest, " ");
    return request->path && rest;
}

/* ---- the reply ---- */

/* Until the peer has gone, the time is over or the receiver stops. */
static void connection_wait(const struct connection *connection, instant time) {
    struct pollfd gone = {.fd = connection->handle, .events = POLLRDHUP};
    instant end = clock_elapsed() + time;
    while (!atomic_load(&connection->receiver->stopping) &&
           clock_elapsed() < end) {
        instant left = (end - clock_elapsed()) / MILLISECOND + 1;
        if (poll(&gone, 1, left > 100 ? 100 : (int)left) > 0)
            return;
    }
}

static bool reply_answer(const struct connection *connection,
                         const struct reply *reply, struct arena *arena) {
    if (reply->delay)
        connection_wait(connection, reply->delay);
    const char *type = reply->content_type;
    const char *head =
        reply->status == 204
            ? "HTTP/1.1 204 No Content\r\n\r\n"
            : arena_printf(arena,
                           "HTTP/1.1 %u -\r\n%s%s%sContent-Length: %zu"
                           "\r\n\r\n",
                           reply->status, type ? "Content-Type: " : "",
                           type ? type : "", type ? "\r\n" : "",
                           reply->body.len);
    return octets_write(connection->handle, span_text(head)) &&
           octets_write(connection->handle, reply->body);
}

/* True when the connection may go on. */
static bool reply_send(const struct connection *connection,
                       const struct reply *reply, struct arena *arena) {
    static const char garbage[] = "\x16\x03\x01\x02 this is not HTTP at all\n";
    static const char half[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n?";
    switch (reply->kind) {
    case REPLY_HANG:
        connection_wait(connection, 365 * DAY);
        return false;
    case REPLY_GARBAGE:
        octets_write(connection->handle, span_of(garbage, sizeof garbage - 1));
        return false;
    case REPLY_CLOSE:
        octets_write(connection->handle, span_text(half));
        return false;
    default:
        return reply_answer(connection, reply, arena);
    }
}

static void *connection_serve(void *context) {
    struct connection *connection = context;
    const struct receiver *receiver = connection->receiver;
    struct arena *arena = arena_new();
    bool open = true;
    while (open) {
        struct received request = {.arena = arena};
        open = read_request(connection, &request);
        if (open) {
            struct reply reply = receiver->handler(receiver->context, &request);
            open = reply_send(connection, &reply, arena);
        }
        arena_reset(arena);
    }
    arena_free(arena);
    buffer_free(&connection->input);
    shutdown(connection->handle, SHUT_RDWR);
    atomic_store(&connection->over, true);
    return NULL;
}

/* ---- connections ---- */

/* Joins those that are over, or all of them. */
static void connections_reap(struct receiver *receiver, bool all) {
    pthread_mutex_lock(&receiver->lock);
    for (struct connection **at = &receiver->connections, *c; (c = *at);) {
        if (all)
            shutdown(c->handle, SHUT_RDWR);
        if (!all && !atomic_load(&c->over)) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        pthread_join(c->thread, NULL);
        close(c->handle);
        free(c);
    }
    pthread_mutex_unlock(&receiver->lock);
}

static void connection_take(struct receiver *receiver, int handle) {
    int yes = 1;
    setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct connection *connection = memory_alloc(sizeof *connection);
    *connection = (struct connection){.receiver = receiver, .handle = handle};
    pthread_mutex_lock(&receiver->lock);
    if (pthread_create(&connection->thread, NULL, connection_serve,
                       connection) != 0)
        memory_exhausted(0);
    connection->next = receiver->connections;
    receiver->connections = connection;
    pthread_mutex_unlock(&receiver->lock);
}

static void *connections_accept(void *context) {
    struct receiver *receiver = context;
    for (;;) {
        int handle = accept4(receiver->listener, NULL, NULL, SOCK_CLOEXEC);
        if (handle < 0 && errno != EINTR && errno != ECONNABORTED)
            return NULL;
        if (handle >= 0)
            connection_take(receiver, handle);
        connections_reap(receiver, false);
    }
}

/* ---- on and off ---- */

static bool address_read(const char *text, struct sockaddr_in *address) {
    char host[32];
    unsigned port;
    int end = 0;
    *address = (struct sockaddr_in){.sin_family = AF_INET};
    if (sscanf(text, "%31[0-9.]:%5u%n", host, &port, &end) != 2 || text[end] ||
        port > UINT16_MAX)
        return false;
    address->sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &address->sin_addr) == 1;
}

static bool listener_open(struct receiver *receiver) {
    int yes = 1;
    socklen_t size = sizeof receiver->address;
    struct sockaddr *address = (struct sockaddr *)&receiver->address;
    int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (handle < 0 || bind(handle, address, size) != 0 ||
        listen(handle, 1024) != 0 || getsockname(handle, address, &size) != 0) {
        close(handle);
        return false;
    }
    receiver->listener = handle;
    if (pthread_create(&receiver->thread, NULL, connections_accept, receiver) !=
        0)
        memory_exhausted(0);
    return true;
}

static void listener_close(struct receiver *receiver) {
    atomic_store(&receiver->stopping, true);
    shutdown(receiver->listener, SHUT_RDWR);
    pthread_join(receiver->thread, NULL);
    close(receiver->listener);
    receiver->listener = -1;
    connections_reap(receiver, true);
    atomic_store(&receiver->stopping, false);
}

struct receiver *receiver_start(const char *address, receive *handler,
                                void *context, const char **reason) {
    struct receiver *receiver = memory_alloc(sizeof *receiver);
    *receiver = (struct receiver){
        .handler = handler, .context = context, .listener = -1};
    pthread_mutex_init(&receiver->lock, NULL);
    *reason = "the address is not of the form 127.0.0.1:9300";
    if (address_read(address, &receiver->address)) {
        *reason = "the address cannot be listened on";
        if (listener_open(receiver))
            return receiver;
    }
    pthread_mutex_destroy(&receiver->lock);
    free(receiver);
    return NULL;
}

unsigned receiver_port(const struct receiver *receiver) {
    return ntohs(receiver->address.sin_port);
}

bool receiver_switch(struct receiver *receiver, bool on) {
    bool is_on = receiver->listener >= 0;
    if (on && !is_on)
        return listener_open(receiver);
    if (!on && is_on)
        listener_close(receiver);
    return true;
}

void receiver_stop(struct receiver *receiver) {
    if (!receiver)
        return;
    receiver_switch(receiver, false);
    pthread_mutex_destroy(&receiver->lock);
    free(receiver);
}
