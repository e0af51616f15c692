/*
 * What the answer of a User's Receive Response address to a message means
 * (requirements E2):
 *
 *   2xx                     confirmed
 *   401, 403, 404, 408,     the address failed, for it says nothing about the
 *   425, 429                message: it would fail others now as well
 *   any other 4xx           this message is refused; others go on
 *   anything else, or no    the address failed
 *   answer
 */
#ifndef FOTAD_DELIVERY_ANSWER_H
#define FOTAD_DELIVERY_ANSWER_H

#include "base/arena.h"
#include "http/client.h"

enum answer_result {
    ANSWER_NOT_TRIED, /* nothing was sent yet, or nothing is known */
    ANSWER_CONFIRMED,
    ANSWER_REFUSED,
    ANSWER_ADDRESS_FAILED,
};

/* For an answer as http_client_wait() leaves it; ANSWER_NOT_TRIED when it was
 * abandoned. */
enum answer_result answer_result(const struct http_answer *answer);

/* One line for people: "HTTP 400: what the User said" (its first 120 octets),
 * or what went wrong with the connection. Printable ASCII, from the arena. */
const char *answer_reason(struct arena *arena,
                          const struct http_answer *answer);

#endif
