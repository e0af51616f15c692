/*
 * Inside the server: the structs that its files share. Not for other rooms.
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
#include "http/options.h"

#include <microhttpd.h>
#include <pthread.h>

/* Who works on the batches of a route. */
struct route_batch {
    atomic_bool begun; /* one is in hand; rises under the queue's lock */
    size_t last;       /* size of the last batch; of who has it in hand */
};

/* Who works, where there is a batch handler. */
struct batches {
    struct route_batch *routes; /* of each route */
    unsigned route_count;       /* of those that come in batches */
    atomic_uint alone;          /* workers with one request; rises as above */
};

struct http_listener {
    struct http_options options; /* defaults filled in */
    struct MHD_Daemon *daemon;
    char *socket_path; /* of a Unix socket, to be removed; or NULL */
    unsigned port;
    struct tls *tls; /* of new connections; under the lock. NULL: no TLS */
    struct peers *peers;
    struct queue *queue; /* of struct http_exchange */
    struct batches batches;
    struct worker *workers;
    char **route_labels; /* "POST /csp/v1/gbcs-messages", of each route */
    pthread_t clock;

    atomic_bool draining;
    atomic_size_t body_octets; /* of all bodies in hand, answers' too */

    pthread_mutex_t lock;
    /* the first connection came, draining and an exchange ended, or `closed` */
    pthread_cond_t changed;
    size_t in_hand; /* exchanges admitted and not yet ended */
    size_t begun;   /* all exchanges not yet ended */
    bool closed;    /* nothing is admitted any more; the clock thread ends */
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
    /* What was wrong with the client's certificate (constant text; NULL:
     * nothing), in that second, by those lists (0: never looked at). */
    const char *fault;
    instant checked_second;
    uint64_t checked_lists;
    bool verified; /* then the client's: */
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
    bool expects_continue, coded;
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
    size_t pieces, received; /* calls with octets of the body, and those */
    size_t counted;          /* of `body`, in body_octets */
    struct http_request request;
    struct http_response response;
    struct parameter parameters[MOST_PARAMETERS];
    size_t parameter_count;
    struct MHD_Response *answer;
    /* of a stream: what is being sent, and what comes after it */
    struct buffer piece;
    size_t sent, piece_counted; /* the latter in body_octets */
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

#endif
