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

#include "http/options.h"

struct http_listener;

/* Starts to listen. NULL when it cannot: then *reason says why, for the
 * operator (valid until the thread's next call). */
struct http_listener *http_listen(const struct http_options *options,
                                  const char **reason);

/* What the files of TLS say, for http_renew() or http_forget(). NULL with
 * *reason (valid until the thread's next call) when they cannot be used. */
struct tls;
struct tls *http_read_tls(const struct http_tls *files, const char **reason);
/* Whether connections to it are TLS; that does not change while it listens. */
bool http_speaks_tls(const struct http_listener *listener);
/* When the certificate ends that they show; 0: it cannot be read. */
instant http_expires(const struct tls *fresh);
/* New connections get `fresh`, which the listener takes over; those that are
 * there go on with what they began with. For a listener that speaks TLS. */
void http_renew(struct http_listener *listener, struct tls *fresh);
/* NULL is allowed. */
void http_forget(struct tls *fresh);

/* Why nobody can listen at this address at the moment, whatever the port, or
 * NULL: no such folder for a socket, no such address on the machine. Valid
 * until the thread's next call. */
const char *http_address_fault(const char *address);

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
