/*
 * HTTP/1.1 in: one listener is an address, a table of routes, a bounded queue
 * and the threads that work it off.
 *
 * A request is received by the listener's own thread, refused there when it
 * fits no route, is too large or badly framed, and otherwise queued; a worker
 * runs the route's handler with its own context (a database connection), and
 * the listener's thread sends what it answered. Connections are kept alive.
 *
 * Memory is bounded: `max_connections` connections, `max_header` octets of
 * headers, `queue_size` requests waiting, `max_body` octets per request and
 * `body_budget` octets of bodies altogether. Past a limit the answer is 503
 * with Retry-After (413 for max_body, 431 for max_header, 429 for what one peer
 * may have). Time is bounded as well, see `header_timeout`.
 *
 * All errors of the server are application/problem+json (RFC 9457), except
 * those that libmicrohttpd itself gives to what is no HTTP request: its texts
 * are compiled in and cannot be replaced.
 *
 * The program must ignore SIGPIPE.
 */
#ifndef FOTAD_HTTP_SERVER_H
#define FOTAD_HTTP_SERVER_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/eui64.h"

struct http_listener;
struct http_exchange;

/* ---- what a handler gets ---- */

struct http_request {
    const struct http_route *route;
    const char *method; /* "POST"; a HEAD request comes to the GET row */
    const char *path;   /* as it was sent, without the query */
    struct span body;
    const char *peer;        /* "192.0.2.7:41234", "[2001:db8::7]:1", "unix" */
    struct span certificate; /* DER, verified against client_ca; else empty */
    const char *peer_name;   /* the CN of its subject; NULL without one */
    eui64 peer_id;           /* the EUI-64 in its subject's serialNumber,
                                x500UniqueIdentifier or CN; 0: none */
    struct arena *arena;     /* lives until the answer has been sent */
    struct http_exchange *exchange; /* the server's own */
};

/* The {name} segment of the route's path, percent-decoded; never NULL for a
 * name the path has. */
const char *http_path_parameter(const struct http_request *request,
                                const char *name);

/* The decoded value of the first `name=value` of the query; "" for a bare
 * name, NULL when there is none. */
const char *http_query(const struct http_request *request, const char *name);

/* The value of the first such header, NULL when there is none. The name's
 * case does not matter. */
const char *http_header(const struct http_request *request, const char *name);

/* The value of the first such cookie, NULL when there is none. */
const char *http_cookie(const struct http_request *request, const char *name);

/* ---- what a handler gives ---- */

enum { HTTP_MOST_HEADERS = 12 };

enum http_more {
    HTTP_STREAM_MORE, /* ask again as soon as this has been sent */
    HTTP_STREAM_WAIT, /* nothing further now: ask again after `interval` */
    HTTP_STREAM_END,  /* that was all */
    HTTP_STREAM_CUT,  /* it cannot go on: the connection ends, so that what
                         was sent does not look complete */
};

/* A body that is made piece by piece (an export, server-sent events) after
 * the handler has returned. `next` is run by a worker with that worker's
 * context; it adds its piece to `piece` (none is allowed). It is not called
 * again once the client has gone or the listener drains. */
struct http_stream {
    enum http_more (*next)(void *worker, void *context, struct buffer *piece);
    void *context;
    void (*free)(void *context); /* called once, by any thread; may be NULL */
    instant interval;            /* between two asks after HTTP_STREAM_WAIT */
};

struct http_response {
    unsigned status;           /* 200 unless the handler says otherwise */
    const char *content_type;  /* NULL: no Content-Type header */
    struct span body;          /* static, or in the request's arena */
    struct http_stream stream; /* instead of `body`, when `next` is set */
    struct {
        const char *name, *value;
    } headers[HTTP_MOST_HEADERS]; /* use http_add_header() */
    size_t header_count;
    struct arena *arena; /* the request's */
};

/* Adds a header of the answer; both texts are copied to the arena. A header
 * past HTTP_MOST_HEADERS or with a line end in it is a bug: the process is
 * ended. Content-Length and Connection are the server's. */
void http_add_header(struct http_response *response, const char *name,
                     const char *value);

/* The answer's body is what `body` holds; the response owns it from now on
 * and `body` is empty again. */
void http_take_body(struct http_response *response, struct buffer *body);

/* Makes the answer a problem+json: type about:blank, title = the status'
 * reason phrase, status, detail (RFC 9457, 3.1). Replaces any body. */
void http_problem(struct http_response *response, unsigned status,
                  const char *detail, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with where in the request's body the fault is (members "line" and
 * "column", both from 1; a column of 0 is left out). */
void http_problem_at(struct http_response *response, unsigned status,
                     unsigned line, unsigned column, const char *detail, ...)
    __attribute__((format(printf, 5, 6)));

/* Run by a worker. `worker` is what worker_start returned. */
typedef void http_handler(void *worker, const struct http_request *request,
                          struct http_response *response);

/* The same for several requests at once, for work that costs as much for one
 * as for many (a commit). No answer is sent before the handler has returned.
 *
 * One worker at a time has a set of small requests of a route in hand, so that
 * those that come meanwhile make the next set, and waits up to HTTP_COMPANY for
 * as many as the last set had. All other requests come alone, to all workers
 * but one for each such route (to one at least): with enough workers neither
 * they nor another route hold up the small ones. */
typedef void http_set_handler(void *worker,
                              const struct http_request *const requests[],
                              struct http_response *const responses[],
                              size_t count);

/* Most requests in a set, and most octets of the body of each. */
enum { HTTP_MOST_TOGETHER = 256, HTTP_SMALL = 16 * 1024 };
/* Microseconds; about what clients need to answer an answer by a request. */
enum { HTTP_COMPANY = 500 };

/* ---- the listener ---- */

/* A row of the route table. The first row that fits wins. */
struct http_route {
    const char *method; /* "GET" also serves HEAD */
    /* Exact, or with whole segments as {name}: /api/v1/devices/{id}. A {name}
     * never fits an empty segment, "." or "..". A last segment {name...}
     * takes the rest of the path, slashes and all (one segment or more). */
    const char *path;
    /* What Content-Type must say (its parameters do not matter), alternatives
     * separated by one space; NULL: anything, or nothing. */
    const char *media_type;
    size_t max_body;       /* octets; 0: no body is taken */
    http_handler *handler; /* NULL: http_options.set_handler */
};

/* TLS 1.2 and 1.3. Paths of PEM files; certificate and key go together, NULL
 * or "": no TLS. They are read by http_listen() and http_reload(), and must
 * live as long as the listener. */
struct http_tls {
    const char *certificate; /* chain, own certificate first */
    const char *key;
    /* When set, a client must show a certificate of one of these CAs, in its
     * dates and not revoked: others get 403 before any route is looked at. */
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
    http_set_handler *set_handler;

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
    size_t max_header;    /* octets of all headers (8 KiB); 431 */
    size_t body_budget;   /* octets of all bodies in hand (256 MiB) */
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

/* Starts to listen. NULL when it cannot: then *reason says why, for the
 * operator (valid until the thread's next call). */
struct http_listener *http_listen(const struct http_options *options,
                                  const char **reason);

/* Reads the files of TLS again. New connections get what they say; those that
 * are there go on with what they began with. False with *reason when they
 * cannot be used: then everything is as it was. Without TLS nothing is to be
 * done. */
bool http_reload(struct http_listener *listener, const char **reason);

/* Certificate Revocation Lists (DER) for the clients of all listeners, instead
 * of those given before. Whoever gives them has verified them. They are
 * copied; what cannot be read is left out. Returns how many were taken. */
size_t http_use_revocations(const struct span *lists, size_t count);

/* The TCP port listened on; 0 for a Unix socket. */
unsigned http_port(const struct http_listener *listener);

/* From now on each answer is the last of its connection (Connection: close), so
 * that clients go elsewhere without losing a request. Streams end. */
void http_drain(struct http_listener *listener);

/* Lets nobody new connect, drains, waits until everything that came in has been
 * answered (a body that is not in within 5 s gets 408; what comes after the
 * last wait gets 503), stops the workers and frees everything: each request
 * gets a whole answer or its connection is refused. NULL is allowed. */
void http_close(struct http_listener *listener);

#endif
