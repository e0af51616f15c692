/* What the Service Audit Trail has of requests that were not authentic, beyond
 * those that have an entry each. */
#ifndef FOTAD_REQUEST_RECORD_H
#define FOTAD_REQUEST_RECORD_H

#include "db/db.h"

/* Those that came too fast to be recorded one by one. */
struct record_sum {
    uint64_t count, octets;
    instant first, last;
    char peer[64]; /* of the last */
};

/* Writes the sum of them, if there are any: one entry a minute at most, or at
 * once. RETRY or FAILED: they are kept for the next call. Any thread. */
enum outcome request_record_sum(struct db *db, bool at_once);

#endif
