/*
 * A kept-alive HTTP/1.1 connection to a listener on this machine, as cheap as
 * it can be: a load generator that works hard itself would measure itself.
 * Answers with Content-Length, or without a body; no TLS.
 */
#ifndef FOTAD_FOTASIM_LOAD_CONNECTION_H
#define FOTAD_FOTASIM_LOAD_CONNECTION_H

#include "base/buffer.h"

#include <netinet/in.h>

/* Where to. */
struct load_target {
    struct sockaddr_in address;
    char host[64];    /* for the Host header */
    const char *path; /* within the URL */
};

/* "http://127.0.0.1:8079/path": an IPv4 address and a port. False when it is
 * something else. */
bool load_target_read(const char *url, struct load_target *target);

struct load_connection {
    const struct load_target *target;
    int handle; /* -1: not connected */
    struct buffer input;
};

#define LOAD_CONNECTION(target_)                                               \
    { .target = (target_), .handle = -1 }

/* Sends `head` (with its empty line) and `body`, and waits for the answer, a
 * minute at most. Its status, or 0 when there is none; *answer is its body
 * until the next call. Connects if need be, and once more when the peer has
 * closed an idle connection. */
unsigned load_connection_exchange(struct load_connection *connection,
                                  struct span head, struct span body,
                                  struct span *answer);

void load_connection_close(struct load_connection *connection);

#endif
