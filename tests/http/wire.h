/* A plain HTTP client for tests: it sends any octets, good or bad. */
#ifndef FOTAD_TESTS_HTTP_WIRE_H
#define FOTAD_TESTS_HTTP_WIRE_H

#include "base/buffer.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WIRE_PATIENCE = 10 * 1000 }; /* milliseconds */

struct wire_reply {
    int status; /* 0: the connection ended first */
    char head[2048];
    struct buffer body;
};

/* -1 when it is refused. */
static inline int wire_connect_or_not(unsigned port) {
    int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    assert_true(handle >= 0);
    if (connect(handle, (struct sockaddr *)&to, sizeof to) == 0)
        return handle;
    close(handle);
    return -1;
}

static inline int wire_connect(unsigned port) {
    int handle = wire_connect_or_not(port);
    if (handle < 0)
        fail_msg("connect: %s", strerror(errno));
    return handle;
}

/* False when the other side has closed. */
static inline bool wire_send(int handle, const void *data, size_t len) {
    const char *at = data;
    while (len) {
        ssize_t sent = send(handle, at, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        len -= (size_t)sent;
    }
    return true;
}

static inline bool wire_text(int handle, const char *text) {
    return wire_send(handle, text, strlen(text));
}

/* One octet; -1 at the end of the connection, -2 when nothing came. */
static inline int wire_octet(int handle) {
    struct pollfd wait = {.fd = handle, .events = POLLIN};
    unsigned char octet;
    if (poll(&wait, 1, WIRE_PATIENCE) <= 0)
        return -2;
    return recv(handle, &octet, 1, 0) == 1 ? octet : -1;
}

/* A line without its end; false at the end of the connection. */
static inline bool wire_line(int handle, char *line, size_t size) {
    size_t len = 0;
    for (;;) {
        int octet = wire_octet(handle);
        if (octet < 0)
            return false;
        if (octet == '\n')
            break;
        if (octet != '\r' && len + 1 < size)
            line[len++] = (char)octet;
    }
    line[len] = '\0';
    return true;
}

static inline void wire_body(int handle, size_t len, struct buffer *body) {
    struct pollfd wait = {.fd = handle, .events = POLLIN};
    while (len && poll(&wait, 1, WIRE_PATIENCE) > 0) {
        ssize_t got = recv(handle, buffer_room(body, len), len, 0);
        if (got <= 0)
            return;
        body->len += (size_t)got;
        len -= (size_t)got;
    }
}

static inline void wire_chunks(int handle, struct buffer *body) {
    char line[64];
    while (wire_line(handle, line, sizeof line)) {
        size_t len = strtoul(line, NULL, 16);
        wire_body(handle, len, body);
        wire_line(handle, line, sizeof line);
        if (!len)
            return;
    }
}

/* Whether the reply has this header line, whatever its case. */
static inline bool reply_has(const struct wire_reply *reply, const char *line) {
    return strcasestr(reply->head, line) != NULL;
}

/* What comes first is taken, 100 (Continue) too. Free with reply_free(). */
static inline struct wire_reply wire_reply(int handle) {
    struct wire_reply reply = {0};
    char line[512];
    if (!wire_line(handle, line, sizeof line) ||
        sscanf(line, "HTTP/1.1 %d", &reply.status) != 1)
        return reply;
    size_t len = 0;
    while (wire_line(handle, line, sizeof line) && *line)
        len += (size_t)snprintf(reply.head + len, sizeof reply.head - len,
                                "%s\n", line);
    const char *length = strcasestr(reply.head, "content-length: ");
    if (reply_has(&reply, "transfer-encoding: chunked"))
        wire_chunks(handle, &reply.body);
    else if (length)
        wire_body(handle, strtoul(length + 16, NULL, 10), &reply.body);
    buffer_text(&reply.body, "");
    return reply;
}

static inline const char *reply_text(const struct wire_reply *reply) {
    return (const char *)reply->body.data;
}

static inline void reply_free(struct wire_reply *reply) {
    buffer_free(&reply->body);
}

/* A connection of its own for all of it: sends as much as is taken, then waits
 * for the end. */
static inline void wire_exchange(unsigned port, struct span input) {
    int handle = wire_connect(port);
    wire_send(handle, input.data, input.len);
    shutdown(handle, SHUT_WR);
    char answer[4096];
    while (recv(handle, answer, sizeof answer, 0) > 0) {
    }
    close(handle);
}

/* Whether the server ends the connection; what it still sends is skipped. */
static inline bool wire_ended(int handle) {
    int octet;
    do
        octet = wire_octet(handle);
    while (octet >= 0);
    return octet == -1;
}

#endif
