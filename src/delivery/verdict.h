/* What an answer of a User's Receive Response address means. */
#ifndef FOTAD_DELIVERY_VERDICT_H
#define FOTAD_DELIVERY_VERDICT_H

#include "base/arena.h"
#include "http/client.h"

enum verdict {
    VERDICT_NOT_TRIED,
    VERDICT_CONFIRMED,
    VERDICT_REFUSED,        /* this message failed */
    VERDICT_ADDRESS_FAILED, /* so would others now */
};

/* For an answer as http_client_wait() leaves it; see deliver.h. */
enum verdict verdict_of(const struct http_answer *answer);

/* One line for people: "HTTP 400: what the User said", or what went wrong with
 * the connection. Printable ASCII, from the arena. */
const char *verdict_reason(struct arena *arena,
                           const struct http_answer *answer);

#endif
