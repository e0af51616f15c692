/* Messages of CSPs in hand, for this room only. */
#ifndef FOTAD_CSP_GATEWAY_INBOUND_H
#define FOTAD_CSP_GATEWAY_INBOUND_H

#include "csp_gateway/entry.h"
#include "db/db.h"

#include "base/config.h"
#include "http/server.h"

struct inbound {
    const struct http_request *request;
    struct http_response *response;
    const struct config_csp *csp; /* who sent it */
    struct arena *arena;
    const json_t *json; /* as it came */

    size_t accepted, failures, others, duplicates;
    size_t rows;          /* places an index may name */
    const char **refused; /* [rows]: why, or NULL */
};

/* Messages of one kind that are taken together. */
struct inbound_set {
    const struct config *config;
    struct db *db;
    struct arena *arena;
    instant now;
    struct inbound **messages;
    size_t count;
};

/* Where an entry stands. */
struct inbound_place {
    struct inbound *in;
    size_t index;
};

/* The entries of an object or an array of at most MOST_ENTRIES, as places 0 to
 * in->rows - 1. False when it is neither: then *status and *reason are what to
 * answer. */
bool inbound_open(struct inbound *in, unsigned *status, const char **reason);
const json_t *inbound_entry(const struct inbound *in, size_t index);
/* The entries of all messages of the set. */
size_t inbound_total(const struct inbound_set *set);

/* Sets in->rows and makes room for the reasons. */
void inbound_rows(struct inbound *in, size_t rows);

/* Takes what is good of a set, in one transaction. */
typedef enum outcome inbound_take(struct inbound_set *set);
inbound_take take_validation_reports, take_delivery_notifications,
    take_gbcs_messages;

/* What became of the `count` entries passed to the database, which stand at
 * `places`. From `column` on: the ordinals (from 1) of those taken, of those
 * refused, and why; the others are duplicates. What an earlier try of the
 * transaction said is forgotten. */
void inbound_settle(const struct inbound_set *set, const struct db_rows *rows,
                    int column, const struct inbound_place *places,
                    size_t count);

#endif
