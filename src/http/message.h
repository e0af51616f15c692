/* HTTP out: a message, its answer, and how a client sends. */
#ifndef FOTAD_HTTP_MESSAGE_H
#define FOTAD_HTTP_MESSAGE_H

#include "base/buffer.h"
#include "base/clock.h"

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
    instant begin_until;        /* by clock_since_boot(): no octet of it is
                                 * sent later; 0: whenever */
};

/* Who asks for more gets this. */
#define HTTP_MOST_RETRY_AFTER (365 * DAY)

struct http_answer {
    unsigned status;     /* 0: no HTTP answer, `error` says why */
    char error[128];     /* for people; empty when there is a status */
    struct buffer body;  /* the caller's: http_answer_free() */
    bool truncated;      /* there was more than most_answer */
    bool abandoned;      /* not waited for, for the process ends */
    bool begun;          /* the other side may have heard of it */
    bool late;           /* not begun, for it was after begin_until */
    instant retry_after; /* Retry-After from now on; 0: none was given */
    instant took;        /* from sending to the end of the answer */
};

#endif
