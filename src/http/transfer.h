/*
 * All transfers of a client go through one libcurl multi handle, so that one
 * request and many share its connections. A transfer is an easy handle that
 * stays for the client's life and carries one request at a time. For the files
 * of this room only.
 */
#ifndef FOTAD_HTTP_TRANSFER_H
#define FOTAD_HTTP_TRANSFER_H

#include "base/hsm.h"
#include "http/message.h"

#include <curl/curl.h>

struct transfer;
struct host;

struct http_client {
    struct http_client_options options;
    char *authorization, *certificate, *key, *ca, *crl;
    struct hsm_key *token_key; /* if `key` is in an HSM; or NULL */
    CURLM *multi;
    struct transfer *transfers, *idle;
};

struct transfer {
    struct http_client *client;
    struct transfer *next_idle;
    CURL *easy;
    struct curl_slist *headers;
    struct http_answer *answer; /* NULL: it is idle */
    instant begin_until;        /* of the message */
    struct host *host;          /* of http_client_send_many() */
    size_t which;               /* of its messages */
    void *context;              /* of http_client_begin() */
    char error[CURL_ERROR_SIZE];
};

/* One that carries nothing. There must be one: client->idle is not NULL. */
struct transfer *transfer_take_idle(struct http_client *client);

/* Begins to send. `message` and `answer`, which is empty, must live until it
 * has ended. */
void transfer_start(struct transfer *transfer,
                    const struct http_message *message,
                    struct http_answer *answer);

/* The next transfer that libcurl says has ended, and how; its answer is set and
 * it is idle again. NULL: none. */
struct transfer *transfer_take_ended(struct http_client *client,
                                     CURLcode *result);

/* Ends one that is on the way, without an answer; NULL: there is none. */
struct transfer *transfer_abandon(struct http_client *client);

/* Nothing is known of it, for the process ends. */
void answer_abandon(struct http_answer *answer);

/* Rounded up. */
long transfer_milliseconds(instant time);

#endif
