/* How an HTTP listener is to be. */
#ifndef FOTAD_HTTP_OPTIONS_H
#define FOTAD_HTTP_OPTIONS_H

#include "http/handler.h"

/* TLS 1.2 and 1.3. Paths of PEM files; certificate and key go together, NULL
 * or "": no TLS. http_listen() and http_read_tls() read them. */
struct http_tls {
    const char *certificate; /* chain, own certificate first */
    const char *key;
    /* When set, a client must show a certificate of one of these CAs, within
     * their name constraints, for TLS clients, in its dates and not revoked:
     * others get 403 before any route is looked at. */
    const char *client_ca;
};

struct http_options {
    const char *name; /* in metrics and logs: "user_gateway" */
    /* "127.0.0.1:8079", "[::1]:8079", "unix:/path"; port 0: any free one. */
    const char *address;
    const struct http_route *routes; /* must live as long as the listener */
    size_t route_count;
    /* For routes without a handler: gets requests for one of them that wait,
     * in their order. */
    http_batch_handler *batch_handler;

    /* 0 takes the default in brackets. */
    unsigned workers;         /* threads that run handlers (2) */
    unsigned pollers;         /* threads that move octets (1) */
    size_t queue_size;        /* requests waiting for a worker (256) */
    unsigned max_connections; /* (1024); one more gets 503 */
    /* Of one address, which for IPv6 is its /64: connections, and requests in
     * a second (as many again may come at once); 429. 0: as many as the
     * listener takes. A Unix socket and loopback, where a proxy for many may
     * stand, are not limited unless `limit_local` is set. */
    unsigned peer_connections, peer_rate;
    bool limit_local;
    size_t max_header; /* octets of all headers (8 KiB); 431 */
    /* Octets of all bodies in hand (256 MiB), of requests and of answers that
     * their readers have not taken; streams may have half of it. */
    size_t body_budget;
    unsigned retry_after; /* seconds, told with every 503 (1) */
    instant idle_timeout; /* a connection nobody uses (30 s) */
    /* From the start of a connection until its first request's headers are in
     * (10 s); then it ends. */
    instant header_timeout;
    /* From there until the body is in (10 s); then 408. Over TLS both are just
     * the end of the connection. */
    instant receive_timeout;
    instant send_timeout; /* for taking an answer; streams exempt (60 s) */

    /* Called by each worker thread at its start and end; NULL: no context.
     * `index` counts from 0. */
    void *(*worker_start)(void *context, unsigned index);
    void (*worker_stop)(void *worker);
    void *worker_context; /* passed to worker_start */

    struct http_tls tls;
};

#endif
