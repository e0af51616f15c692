/*
 * What a handler of the HTTP server gets and gives: a request, its answer, and
 * the row of the route table that it stands in.
 */
#ifndef FOTAD_HTTP_HANDLER_H
#define FOTAD_HTTP_HANDLER_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/eui64.h"

struct http_exchange;

/* ---- what a handler gets ---- */

struct http_request {
    const struct http_route *route;
    const char *method; /* "POST"; a HEAD request comes to the GET row */
    const char *path;   /* as it was sent, without host and query */
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
 * name and for what cannot be decoded, NULL when there is none. */
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
 * One worker at a time has a batch of small requests of a route in hand, so
 * that those that come meanwhile make the next batch, and waits up to
 * HTTP_BATCH_WAIT for as many as the last batch had. All other requests come
 * alone, to all workers but one for each such route (to one at least): with
 * enough workers neither they nor another route hold up the small ones. */
typedef void http_batch_handler(void *worker,
                                const struct http_request *const requests[],
                                struct http_response *const responses[],
                                size_t count);

/* Most requests in a batch, and most octets of the body of each. */
enum { HTTP_MOST_IN_BATCH = 256, HTTP_SMALL = 16 * 1024 };
/* Microseconds; about what clients need to answer an answer by a request. */
enum { HTTP_BATCH_WAIT = 500 };

/* ---- routes ---- */

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
    http_handler *handler; /* NULL: http_options.batch_handler */
};

#endif
