/* The answer to a request. For the files of this room only. */
#ifndef FOTAD_HTTP_ANSWER_H
#define FOTAD_HTTP_ANSWER_H

#include "http/listener.h"

/* Makes the response a problem that the client may meet with the same request
 * later: Retry-After. */
void answer_set_later(struct http_exchange *exchange, unsigned status,
                      const char *detail);
/* What is to be sent, from exchange->response; sets exchange->answer. */
void answer_build(struct http_exchange *exchange);
/* Sends the response as it is, past libmicrohttpd, and ends our side of the
 * connection. For when a body is still coming in. */
void answer_at_once(struct http_exchange *exchange);
/* The answer counts in the listener's budget until it has been sent. */
void answer_count_body(struct http_exchange *exchange);
/* What of it is still in memory is given up. */
void answer_forget_piece(struct http_exchange *exchange);
/* A worker makes the stream's next piece, or leaves it for when slow readers
 * have taken more of theirs. */
void answer_make_piece(struct http_exchange *exchange, void *worker);

#endif
