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

#include "http/message.h"

struct http_client;

/* Ended with http_client_free(). NULL is never returned. */
struct http_client *http_client_new(const struct http_client_options *options);
void http_client_free(struct http_client *client);

/* Sends one request and waits for its answer. True when answer->status is
 * set. `answer` needs no initialisation; the caller frees it either way. */
bool http_client_send(struct http_client *client,
                      const struct http_message *message,
                      struct http_answer *answer);

/* Sends `count` requests, as many at once as the options allow, and waits for
 * all answers: answers[i] belongs to messages[i]. Hosts come one after the
 * other, so that a slow one does not hold up the others; messages to one host
 * start in their order. Once a host could not be reached or timed out, what has
 * not yet been sent to it is not tried in this call (status 0): the call lasts
 * about one total_timeout when a host hangs, however many messages are for it.
 * When the process ends, what has no answer then is abandoned.
 * Returns the number of answers that have a status. */
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

/* The context of a request that has ended, its answer being set; when the
 * process ends that is one abandoned. Waits for one
 * at most `most`; NULL when none ended by then, or after
 * http_client_wake(). */
void *http_client_wait(struct http_client *client, instant most);

/* Ends the wait of another thread in http_client_wait(), or its next one. */
void http_client_wake(struct http_client *client);

void http_answer_free(struct http_answer *answer);

#endif
