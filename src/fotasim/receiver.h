/*
 * A small HTTP/1.1 receiver that can misbehave: a listener on loopback, one
 * thread per connection, requests with Content-Length only. For emulated peers
 * that must hang, send rubbish or break off, which an honest server cannot.
 */
#ifndef FOTAD_FOTASIM_RECEIVER_H
#define FOTAD_FOTASIM_RECEIVER_H

#include "base/arena.h"
#include "base/clock.h"

struct receiver;

struct received {
    const char *method, *path; /* the path as sent, with its query */
    struct span body;
    struct arena *arena; /* ends with the request */
};

enum reply_kind {
    REPLY_ANSWER,  /* `status`, after `delay` */
    REPLY_HANG,    /* nothing, until the peer goes or the receiver stops */
    REPLY_GARBAGE, /* octets that are not HTTP, and the end */
    REPLY_CLOSE,   /* the end in the middle of an answer */
};

struct reply {
    enum reply_kind kind;
    unsigned status;
    instant delay;
    const char *content_type; /* with a body */
    struct span body;
};

/* Runs in the connection's thread; many at once. */
typedef struct reply receive(void *context, const struct received *request);

/* `address` is "127.0.0.1:9300"; port 0: any free one. NULL with a reason
 * (constant text) when it cannot listen. */
struct receiver *receiver_start(const char *address, receive *handler,
                                void *context, const char **reason);

unsigned receiver_port(const struct receiver *receiver);

/* While it is off, connections are refused and those that were open are cut
 * off. False when the port is taken by another meanwhile. */
bool receiver_switch(struct receiver *receiver, bool on);

/* Cuts off every connection and waits for the handlers. */
void receiver_stop(struct receiver *receiver);

#endif
