/* Messages of CSPs in hand, for this room only. */
#ifndef FOTAD_CSP_GATEWAY_INBOUND_H
#define FOTAD_CSP_GATEWAY_INBOUND_H

#include "csp_gateway/json.h"
#include "db/db.h"

#include "base/config.h"
#include "base/crash.h"
#include "http/server.h"

/* One message and what becomes of its entries. */
struct inbound {
    const struct http_request *request;
    struct http_response *response;
    const struct config_csp *csp; /* who sent it */
    struct arena *arena;
    const json_t *json;  /* as it came */
    const char **faults; /* of its entries, by csp_json_parse(); or NULL */

    size_t accepted, failures, others, duplicates;
    size_t rows;          /* places an index may name */
    const char **refused; /* [rows]: why, or NULL */
};

/* Messages of one kind that are taken in one transaction. */
struct inbound_batch {
    const struct config *config;
    struct arena *arena;
    instant now;
    struct inbound **messages;
    size_t count;
};

/* A kind of messages. A batch is read, and what can be taken of it is handed
 * to a function of the database, whose row says what became of it. */
struct inbound_kind {
    const char *path, *name; /* the name stands in metrics and logs */
    bool is_list;            /* one object or an array of them */
    /* In the batch's arena; NULL: nothing can be taken. What is wrong with the
     * others is in their `refused`. */
    void *(*read)(const struct inbound_batch *batch);
    struct db_statement statement;
    void (*add)(const void *read, struct db_params *params);
    /* What an earlier try of the transaction said is forgotten. */
    void (*settle)(const void *read, const struct db_rows *rows);
    enum crash worked, committed;
};
extern const struct inbound_kind inbound_reports, inbound_notifications,
    inbound_device_messages;

/* The entries of an object or an array of at most MOST_ENTRIES, as places 0 to
 * in->rows - 1. False when it is neither: then *status and *reason are what to
 * answer. */
bool inbound_open(struct inbound *in, unsigned *status, const char **reason);

/* Sets in->rows and makes room for the reasons. */
void inbound_rows(struct inbound *in, size_t rows);

/* ---- kinds that are lists ---- */

/* Where an entry stands. */
struct inbound_place {
    struct inbound *in;
    size_t index;
};

/* The good entries of a batch, as structs of `size` octets. */
struct inbound_entries {
    const struct inbound_batch *batch;
    size_t count, size;
    void *structs;
    struct inbound_place *places; /* of each */
};

/* Fills a struct, all zero before, from an entry of a message. NULL, or why the
 * entry is refused. */
typedef const char *inbound_reader(const struct inbound *in,
                                   const json_t *entry, void *to);

/* Reads all entries of a batch into structs of `size` octets. NULL when none
 * is good. */
struct inbound_entries *inbound_read(const struct inbound_batch *batch,
                                     inbound_reader *read, size_t size);

/* What became of the entries. The row has the ordinals (from 1) of those taken,
 * of those refused, and why; the others are duplicates. */
void inbound_settle(const struct inbound_entries *entries,
                    const struct db_rows *rows);

#endif
