/*
 * Inside the server: what its files share. Not for other rooms.
 *
 * Threads. A poller (libmicrohttpd's thread) owns a connection and its
 * exchange, except while the exchange is with a worker: then the connection is
 * suspended and the exchange is the worker's until it resumes it. The clock
 * thread touches only what a connection has under the listener's lock.
 */
#ifndef FOTAD_HTTP_LISTENER_H
#define FOTAD_HTTP_LISTENER_H

#include "base/metrics.h"
#include "base/queue.h"
#include "http/server.h"

#include <microhttpd.h>
#include <pthread.h>

/* Who works on the sets of a route. */
struct gathering {
    atomic_bool begun; /* one is in hand; rises under the queue's lock */
    size_t last;       /* size of the last set; of who gathers */
};

/* Who works, where there is a set handler. */
struct together {
    struct gathering *routes; /* of each route */
    unsigned route_count;     /* of those that come in sets */
    atomic_uint alone;        /* with one request; rises as above */
};

struct http_listener {
    struct http_options options; /* defaults filled in */
    struct MHD_Daemon *daemon;
    char *socket_path; /* of a Unix socket, to be removed; or NULL */
    unsigned port;
    struct tls *tls; /* of new connections; under the lock. NULL: no TLS */
    struct peers *peers;
    struct queue *queue; /* of struct http_exchange */
    struct together together;
    struct worker *workers;
    char **route_labels; /* "POST /csp/v1/gbcs-messages", of each route */
    pthread_t clock;

    atomic_bool draining;
    atomic_size_t body_octets; /* of all bodies in hand */

    pthread_mutex_t lock;
    pthread_cond_t changed; /* draining and an exchange ended, or `closed` */
    size_t in_hand;         /* exchanges admitted and not yet ended */
    size_t begun;           /* all exchanges not yet ended */
    bool closed; /* nothing is admitted any more; the clock thread ends */
    struct connection *connections;
    size_t connection_count;

    struct metric *connections_open, *queued, *body_gauge;
};

struct worker {
    struct http_listener *listener;
    unsigned index;
    pthread_t thread;
};

/* What a client may meet; the names are label values of a metric. */
enum limit {
    LIMIT_NONE,
    LIMIT_CONNECTIONS,
    LIMIT_PEER_CONNECTIONS,
    LIMIT_PEER_RATE,
    LIMIT_HEADER,
    LIMIT_HEADER_TIME,
    LIMIT_BODY,
    LIMIT_BODY_TIME,
    LIMIT_BODY_BUDGET,
    LIMIT_QUEUE,
    LIMITS,
};

/* One TCP or Unix connection. */
struct connection {
    struct http_listener *listener;
    struct connection *next, *previous; /* under the lock */
    int socket;
    _Atomic instant deadline; /* clock_elapsed() of its end; 0: none */
    atomic_bool receiving;    /* headers are in, the body is not */
    atomic_bool used;         /* it has brought a request */
    /* A stream that has nothing to send now; under the lock. */
    struct http_exchange *waiting;
    instant wake;
    char peer_text[64];
    struct arena *arena; /* of the exchange that is on, else NULL: most
                            connections wait, and each would hold its block */
    struct peer *peer;   /* NULL: it is not limited */
    enum limit over;     /* it is one too many and only told so */
    struct tls *tls;     /* what it began with; NULL: no TLS */
    bool verified;       /* then the client's: */
    struct span certificate;
    char *peer_name;
    eui64 peer_id;
};

enum stage {
    RECEIVING, /* the body */
    REFUSED,   /* answered before the body was in; the rest is thrown away */
    WORKING,   /* with a worker, or decided: `answer` is sent next */
    ANSWERED,  /* libmicrohttpd has the answer */
};

struct parameter {
    const char *name, *value;
};

enum { MOST_PARAMETERS = 8 };

/* What the headers say of the body, see framing.c. */
struct framing {
    bool expects_continue;
    size_t octets; /* of all names and values */
    uint64_t length;
    unsigned lengths, encodings, hosts, bad_names, bad_values, folded;
    struct span type, encoding;
};

/* A request and its answer. */
struct http_exchange {
    struct http_listener *listener;
    struct connection *connection;
    struct MHD_Connection *mhd;
    enum stage stage;
    struct framing framing;
    bool admitted;
    struct buffer body;
    size_t counted; /* of `body`, in body_octets */
    struct http_request request;
    struct http_response response;
    struct parameter parameters[MOST_PARAMETERS];
    size_t parameter_count;
    struct MHD_Response *answer;
    /* of a stream: what is being sent, and what comes after it */
    struct buffer piece;
    size_t sent;
    enum http_more more;
    /* Set by a worker that gives the exchange back, read by the poller before
     * anything else: what the worker wrote is then seen. */
    atomic_bool given_back;
};

/* From here on the exchange is the poller's. */
static inline void exchange_give_back(struct http_exchange *exchange) {
    struct MHD_Connection *mhd = exchange->mhd;
    atomic_store(&exchange->given_back, true);
    MHD_resume_connection(mhd);
}

/* ---- server.c ---- */

enum http_metric {
    HTTP_REQUESTS,
    HTTP_SECONDS,
    HTTP_QUEUE,
    HTTP_CONNECTIONS,
    HTTP_BODIES,
    HTTP_LIMITED,
    HTTP_CUT,
    HTTP_METRICS,
};
extern struct metric_family http_metrics[HTTP_METRICS];
/* The name of the exchange's route in metrics; "none" before it has one. */
const char *route_label(const struct http_exchange *exchange);

/* One more client met a limit. */
void limit_count(const struct http_listener *listener, enum limit limit);

/* ---- address.c ---- */

/* A listening socket, or -1 and *reason. */
int address_listen(const char *address, char **socket_path, unsigned *port,
                   const char **reason);
/* From now on nobody new can connect: who tries waits, and is refused once the
 * socket is closed. Who is connected is not touched. */
void address_close_door(int handle);
/* Whether somebody is connected whom nobody has let in yet. */
bool address_knocks(int handle);
/* "192.0.2.7:41234", "[::1]:8079", "unix" */
void address_text(const struct sockaddr *address, char text[static 64]);

/* ---- route.c ---- */

/* The first row for the exchange's method and path, with its parameters
 * set. Without one: NULL, and *allow is NULL (no such path) or the methods
 * the path has, "GET, HEAD, POST". */
const struct http_route *route_find(struct http_exchange *exchange,
                                    const char **allow);
/* Whether `type` (a Content-Type) is one of the route's. */
bool route_takes(const struct http_route *route, struct span type);
/* Percent-decodes; false when it cannot be, or gives control characters. */
bool percent_decode(struct arena *arena, struct span text, const char **out);

/* ---- framing.c ---- */

/* Reads the headers into exchange->framing. False when they are ambiguous
 * (RFC 9112, 6.3): *status and *detail then say what to answer. */
bool framing_read(struct http_exchange *exchange, const char *version,
                  unsigned *status, const char **detail);
/* Whether octets of a body follow the headers. */
bool framing_has_body(const struct framing *framing);

/* ---- tls.c ---- */

bool tls_wanted(const struct http_tls *tls);
/* What the files say, with one reference. NULL with *reason when they cannot
 * be used. */
struct tls *tls_read(const struct http_tls *files, const char **reason);
/* NULL is allowed. */
void tls_release(struct tls *tls);
/* Gives a new connection the credentials of the moment. */
void tls_begin(struct connection *connection, struct MHD_Connection *mhd);
/* NULL when no client certificate is asked for, or a good one was shown; else
 * why not. Asked before each request: a certificate may expire or be revoked
 * while the connection lasts. */
const char *tls_verify(struct connection *connection,
                       struct MHD_Connection *mhd);
/* Sends as much as fits and then our end of the connection. */
void tls_send_last(struct MHD_Connection *mhd, struct span octets);

/* ---- peer.c ---- */

struct peers *peers_new(const struct http_options *options);
void peers_free(struct peers *peers);
/* One more connection of that address. NULL when it is not limited. */
struct peer *peer_enter(struct peers *peers, const struct sockaddr *address,
                        bool *too_many);
/* One less; NULL is allowed. */
void peer_leave(struct peers *peers, struct peer *peer);
/* Whether one more request now is within its rate; counts it then. NULL: it
 * is not limited. */
bool peer_may_ask(struct peers *peers, struct peer *peer);

/* ---- exchange.c: callbacks of libmicrohttpd ---- */

enum MHD_Result exchange_step(void *listener, struct MHD_Connection *mhd,
                              const char *path, const char *method,
                              const char *version, const char *data,
                              size_t *size, void **context);
void exchange_end(void *listener, struct MHD_Connection *mhd, void **context,
                  enum MHD_RequestTerminationCode how);

/* ---- answer.c ---- */

/* What is to be sent, from exchange->response; sets exchange->answer. */
void answer_build(struct http_exchange *exchange);
/* Sends the response as it is, past libmicrohttpd, and ends our side of the
 * connection. For when a body is still coming in. */
void answer_at_once(struct http_exchange *exchange);
/* A worker makes the stream's next piece. */
void answer_make_piece(struct http_exchange *exchange, void *worker);

/* ---- connection.c ---- */

void connection_notify(void *listener, struct MHD_Connection *mhd,
                       void **context,
                       enum MHD_ConnectionNotificationCode what);
/* Ends it at `after` from now; 0: never. */
void connection_limit(struct connection *connection, instant after);
/* The stream is to be asked again after its interval. */
void connection_wait(struct connection *connection,
                     struct http_exchange *exchange);
/* Ends it now, with 408 when a body is still coming in. Under the lock. */
void connection_cut_off(struct connection *connection);
/* The thread that keeps the deadlines of all connections. */
void *connection_clock(void *listener);

/* ---- worker.c ---- */

void workers_start(struct http_listener *listener);
/* Is a worker to be woken for this struct http_exchange? Not for a small
 * request while one has a set of them in hand, for then it takes the next. */
bool worker_is_wanted(const void *exchange);

/* Closes the queue and waits for them. */
void workers_stop(struct http_listener *listener);

#endif
