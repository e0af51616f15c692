/* One message of a CSP in hand, for this room only. */
#ifndef FOTAD_CSP_GATEWAY_INBOUND_H
#define FOTAD_CSP_GATEWAY_INBOUND_H

#include "csp_gateway/entry.h"
#include "db/db.h"

#include "base/config.h"

struct inbound {
    const struct config *config;
    const struct config_csp *csp; /* who sent it */
    struct db *db;
    struct arena *arena;
    const json_t *json; /* as it came */
    instant now;

    size_t accepted, failures, others, duplicates;
    size_t rows;          /* places an index may name */
    const char **refused; /* [rows]: why, or NULL */
};

/* The entries of an object or an array of at most MOST_ENTRIES, as places 0 to
 * in->rows - 1. False when it is neither: then *status and *reason are what to
 * answer. */
bool inbound_open(struct inbound *in, unsigned *status, const char **reason);
const json_t *inbound_entry(const struct inbound *in, size_t index);

/* Sets in->rows and makes room for the reasons. */
void inbound_rows(struct inbound *in, size_t rows);

/* Takes what is good of a message, in one transaction. */
typedef enum outcome inbound_take(struct inbound *in);
inbound_take take_validation_report, take_delivery_notifications,
    take_gbcs_messages;

/* Marks what the database refused of the `count` entries passed to it, whose
 * indexes are `positions`: `column` holds their places (from 1), the next one
 * why. What an earlier try of the transaction marked is forgotten. */
void inbound_refuse(struct inbound *in, const struct db_rows *rows, int column,
                    const size_t *positions, size_t count);

#endif
