/* One API call of a person or script, and who is behind it. */
#ifndef FOTAD_PEOPLE_CALL_H
#define FOTAD_PEOPLE_CALL_H

#include "base/secret.h"
#include "db/db.h"
#include "http/server.h"
#include "people/listener.h"

#include <jansson.h>

/* A worker's own: a connection to the primary and one to what the screens are
 * read from. */
struct people_worker {
    const struct config *config;
    struct db *primary, *reading; /* may be the same */
};

enum person_via { VIA_SESSION, VIA_TOKEN, VIA_PROXY };

struct person {
    const char *name;
    unsigned role; /* enum account_role */
    const char *role_name;
    const eui64 *supplier; /* NULL: of no supplier, who sees all */
    enum person_via via;
    instant expires;        /* VIA_SESSION */
    const char *csrf_token; /* NULL for VIA_TOKEN: no browser sends that */
    uint8_t secret[TOKEN_HASH_LEN]; /* of the session or the token */
};

struct call {
    struct people_worker *worker;
    const struct config *config;
    const struct http_request *request;
    struct http_response *response;
    struct arena *arena; /* ends with the request */
    instant now;
    struct person *person; /* NULL on a route for anybody */
};

#endif
