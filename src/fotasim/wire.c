#include "fotasim/wire.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LONGEST_WAIT = 60, PIECE = 64 * 1024, MOST_HEAD = 16 * 1024 };

bool wire_target_read(const char *url, struct wire_target *target) {
    char host[32];
    unsigned port;
    int end = 0;
    *target = (struct wire_target){.address.sin_family = AF_INET};
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

static void hang_up(struct wire *wire) {
    if (wire->handle >= 0)
        close(wire->handle);
    wire->handle = -1;
    wire->input.len = 0;
}

static bool dial(struct wire *wire) {
    const struct timeval wait = {.tv_sec = LONGEST_WAIT};
    const int yes = 1;
    wire->handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (wire->handle < 0)
        return false;
    setsockopt(wire->handle, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(wire->handle, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(wire->handle, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    return connect(wire->handle,
                   (const struct sockaddr *)&wire->target->address,
                   sizeof wire->target->address) == 0;
}

static struct iovec part(struct span octets) {
    return (struct iovec){(void *)(uintptr_t)octets.data, octets.len};
}

static struct span after(struct span octets, size_t sent) {
    size_t gone = sent < octets.len ? sent : octets.len;
    return span_of(octets.data + gone, octets.len - gone);
}

static bool send_both(const struct wire *wire, struct span head,
                      struct span body) {
    while (head.len || body.len) {
        struct iovec parts[] = {part(head), part(body)};
        const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        ssize_t sent = sendmsg(wire->handle, &message, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        size_t of_head = head.len;
        head = after(head, (size_t)sent);
        if ((size_t)sent > of_head)
            body = after(body, (size_t)sent - of_head);
    }
    return true;
}

static bool read_more(struct wire *wire) {
    uint8_t *room = buffer_room(&wire->input, PIECE);
    ssize_t got = recv(wire->handle, room, PIECE - 1, 0);
    if (got <= 0)
        return false;
    wire->input.len += (size_t)got;
    wire->input.data[wire->input.len] = '\0';
    return true;
}

/* ---- the answer ---- */

/* Octets of the head with its empty line; 0 when it does not come. */
static size_t read_head(struct wire *wire) {
    for (;;) {
        const char *text = (const char *)wire->input.data;
        const char *end = wire->input.len ? strstr(text, "\r\n\r\n") : NULL;
        if (end)
            return (size_t)(end - text) + 4;
        if (wire->input.len > MOST_HEAD || !read_more(wire))
            return 0;
    }
}

static const char *header(const struct wire *wire, const char *name) {
    const char *at = strcasestr((const char *)wire->input.data, name);
    return at ? at + strlen(name) : NULL;
}

static unsigned read_answer(struct wire *wire, struct span *answer) {
    size_t head = read_head(wire);
    if (!head)
        return 0;
    wire->input.data[head - 1] = '\0'; /* of the empty line's "\n" */
    const char *length = header(wire, "\r\nContent-Length:");
    bool chunked = header(wire, "\r\nTransfer-Encoding:") != NULL;
    bool ends = header(wire, "\r\nConnection: close") != NULL;
    unsigned long status =
        strtoul((const char *)wire->input.data + 9, NULL, 10);
    size_t body = length ? strtoul(length, NULL, 10) : 0;
    while (wire->input.len < head + body)
        if (!read_more(wire))
            return 0;
    *answer = span_of(wire->input.data + head, body);
    if (ends) {
        close(wire->handle);
        wire->handle = -1;
    }
    return chunked ? 0 : (unsigned)status;
}

static unsigned try_once(struct wire *wire, struct span head, struct span body,
                         struct span *answer) {
    wire->input.len = 0;
    *answer = (struct span){0};
    if (wire->handle < 0 && !dial(wire))
        return 0;
    return send_both(wire, head, body) ? read_answer(wire, answer) : 0;
}

unsigned wire_exchange(struct wire *wire, struct span head, struct span body,
                       struct span *answer) {
    bool was_idle = wire->handle >= 0;
    unsigned status = try_once(wire, head, body, answer);
    if (!status && was_idle && !wire->input.len) {
        hang_up(wire);
        status = try_once(wire, head, body, answer);
    }
    if (!status)
        hang_up(wire);
    return status;
}

void wire_close(struct wire *wire) {
    hang_up(wire);
    buffer_free(&wire->input);
}
