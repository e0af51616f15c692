/*
 * HTTP/1.1 out: http and https, no redirects, no proxy, connections kept
 * alive between calls. A client belongs to one thread at a time.
 *
 * A request whose kept connection turns out to be dead before any octet of an
 * answer is sent once more on a new one, so a receiver may see it twice; what
 * must not happen twice carries its own key (Idempotency-Key, RequestID).
 */
#ifndef FOTAD_HTTP_CLIENT_H
#define FOTAD_HTTP_CLIENT_H

#include "base/buffer.h"
#include "base/clock.h"

struct http_client;

struct http_client_options {
    /* 0 takes the default in brackets. */
    instant connect_timeout; /* (5 s) */
    instant total_timeout;   /* of one request, connecting included (30 s) */
    size_t most_answer;      /* octets of an answer's body kept (1 MiB) */
    unsigned most_at_once;   /* requests on the way (64) */
    unsigned most_per_host;  /* of them to the same host and port (16) */
    /* NULL or "": none. They are copied. The files are read for each new
     * connection, so that they may be replaced at any time. TLS 1.2 or later;
     * the server's certificate and name are always checked. */
    const char *bearer;      /* token of Authorization: Bearer */
    const char *certificate; /* path of our client certificate, PEM */
    const char *key;         /* path of its key, PEM */
    const char *ca;          /* path of the CAs to trust; none: the system's */
    const char *crl;         /* path of CRLs, one for each CA of a server */
};

struct http_message {
    const char *method;         /* "POST" */
    const char *url;            /* http:// or https:// */
    const char *const *headers; /* "Name: value", NULL at the end; or NULL */
    struct span body;           /* a body needs a Content-Type header */
};

struct http_answer {
    unsigned status;     /* 0: no HTTP answer, `error` says why */
    char error[128];     /* for people; empty when there is a status */
    struct buffer body;  /* the caller's: http_answer_free() */
    bool truncated;      /* there was more than most_answer */
    instant retry_after; /* Retry-After from now on; 0: none was given */
    instant took;        /* from sending to the end of the answer */
};

/* Ended with http_client_free(). NULL is never returned. */
struct http_client *http_client_new(const struct http_client_options *options);
void http_client_free(struct http_client *client);

/* Sends one request and waits for its answer. True when answer->status is
 * set. `answer` needs no initialisation; the caller frees it either way. */
bool http_client_send(struct http_client *client,
                      const struct http_message *message,
                      struct http_answer *answer);

/* Sends `count` requests, as many at once as the options allow, and waits for
 * all answers: answers[i] belongs to messages[i]. Hosts take turns, so that a
 * slow one does not hold up the others; messages to one host start in their
 * order. Once a host could not be reached or timed out, what has not yet been
 * sent to it is not tried in this call (status 0): the call lasts about one
 * total_timeout when a host hangs, however many messages are for it. Returns
 * the number of answers that have a status. */
size_t http_client_send_many(struct http_client *client,
                             const struct http_message *messages,
                             struct http_answer *answers, size_t count);

/* ---- for a caller with a loop of its own ---- */

/* Begins one request; http_client_wait() says when it has ended. `message`,
 * what it points to and `answer` must live until then; the caller frees the
 * answer. False when most_at_once are on the way (most_per_host is the
 * caller's own concern). Not to be mixed with the calls above while any is on
 * the way. */
bool http_client_begin(struct http_client *client,
                       const struct http_message *message,
                       struct http_answer *answer, void *context);

/* The context of a request that has ended, its answer being set. Waits for one
 * at most `most`; NULL when none ended by then, or after
 * http_client_wake(). */
void *http_client_wait(struct http_client *client, instant most);

/* Ends the wait of another thread in http_client_wait(), or its next one. */
void http_client_wake(struct http_client *client);

void http_answer_free(struct http_answer *answer);

#endif
