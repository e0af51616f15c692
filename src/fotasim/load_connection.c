#include "fotasim/load_connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LONGEST_WAIT = 60, PIECE = 64 * 1024, MOST_HEAD = 16 * 1024 };

bool load_target_read(const char *url, struct load_target *target) {
    char host[32];
    unsigned port;
    int end = 0;
    *target = (struct load_target){.address.sin_family = AF_INET};
    if (sscanf(url, "http://%31[0-9.]:%5u%n", host, &port, &end) != 2 ||
        port == 0 || port > UINT16_MAX || (url[end] && url[end] != '/') ||
        inet_pton(AF_INET, host, &target->address.sin_addr) != 1)
        return false;
    target->address.sin_port = htons((uint16_t)port);
    snprintf(target->host, sizeof target->host, "%s:%u", host, port);
    target->path = url[end] ? url + end : "/";
    return true;
}

/* ---- the connection ---- */

static void connection_close(struct load_connection *connection) {
    if (connection->handle >= 0)
        close(connection->handle);
    connection->handle = -1;
    connection->input.len = 0;
}

static bool connection_open(struct load_connection *connection) {
    const struct timeval wait = {.tv_sec = LONGEST_WAIT};
    const int yes = 1;
    connection->handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->handle < 0)
        return false;
    setsockopt(connection->handle, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(connection->handle, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(connection->handle, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    return connect(connection->handle,
                   (const struct sockaddr *)&connection->target->address,
                   sizeof connection->target->address) == 0;
}

static struct iovec span_part(struct span octets) {
    return (struct iovec){(void *)(uintptr_t)octets.data, octets.len};
}

static struct span span_after(struct span octets, size_t sent) {
    size_t gone = sent < octets.len ? sent : octets.len;
    return span_of(octets.data + gone, octets.len - gone);
}

static bool octets_send(const struct load_connection *connection,
                        struct span head, struct span body) {
    while (head.len || body.len) {
        struct iovec parts[] = {span_part(head), span_part(body)};
        const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        ssize_t sent = sendmsg(connection->handle, &message, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        size_t of_head = head.len;
        head = span_after(head, (size_t)sent);
        if ((size_t)sent > of_head)
            body = span_after(body, (size_t)sent - of_head);
    }
    return true;
}

static bool connection_read(struct load_connection *connection) {
    uint8_t *room = buffer_room(&connection->input, PIECE);
    ssize_t got = recv(connection->handle, room, PIECE - 1, 0);
    if (got <= 0)
        return false;
    connection->input.len += (size_t)got;
    connection->input.data[connection->input.len] = '\0';
    return true;
}

/* ---- the answer ---- */

/* Octets of the head with its empty line; 0 when it does not come. */
static size_t head_read(struct load_connection *connection) {
    for (;;) {
        const char *text = (const char *)connection->input.data;
        const char *end =
            connection->input.len ? strstr(text, "\r\n\r\n") : NULL;
        if (end)
            return (size_t)(end - text) + 4;
        if (connection->input.len > MOST_HEAD || !connection_read(connection))
            return 0;
    }
}

static const char *answer_header(const struct load_connection *connection,
                                 const char *name) {
    const char *at = strcasestr((const char *)connection->input.data, name);
    return at ? at + strlen(name) : NULL;
}

static unsigned answer_read(struct load_connection *connection,
                            struct span *answer) {
    size_t head = head_read(connection);
    if (!head)
        return 0;
    connection->input.data[head - 1] = '\0'; /* of the empty line's "\n" */
    const char *length = answer_header(connection, "\r\nContent-Length:");
    bool chunked = answer_header(connection, "\r\nTransfer-Encoding:") != NULL;
    bool ends = answer_header(connection, "\r\nConnection: close") != NULL;
    unsigned long status =
        strtoul((const char *)connection->input.data + 9, NULL, 10);
    size_t body = length ? strtoul(length, NULL, 10) : 0;
    while (connection->input.len < head + body)
        if (!connection_read(connection))
            return 0;
    *answer = span_of(connection->input.data + head, body);
    if (ends) {
        close(connection->handle);
        connection->handle = -1;
    }
    return chunked ? 0 : (unsigned)status;
}

static unsigned exchange_once(struct load_connection *connection,
                              struct span head, struct span body,
                              struct span *answer) {
    connection->input.len = 0;
    *answer = (struct span){0};
    if (connection->handle < 0 && !connection_open(connection))
        return 0;
    return octets_send(connection, head, body) ? answer_read(connection, answer)
                                               : 0;
}

unsigned load_connection_exchange(struct load_connection *connection,
                                  struct span head, struct span body,
                                  struct span *answer) {
    bool was_idle = connection->handle >= 0;
    unsigned status = exchange_once(connection, head, body, answer);
    if (!status && was_idle && !connection->input.len) {
        connection_close(connection);
        status = exchange_once(connection, head, body, answer);
    }
    if (!status)
        connection_close(connection);
    return status;
}

void load_connection_close(struct load_connection *connection) {
    connection_close(connection);
    buffer_free(&connection->input);
}
