/* What the Service Audit Trail is to have of requests, and is kept in memory
 * for a while: the sum of those that were not authentic, beyond those that have
 * an entry each, and those that failed (E100), for the database may be away. */
#ifndef FOTAD_REQUEST_RECORD_H
#define FOTAD_REQUEST_RECORD_H

#include "db/db.h"

/* Those that came too fast to be recorded one by one. */
struct record_sum {
    uint64_t count, octets;
    instant first, last;
    char peer[64]; /* of the last */
};

/* Keeps one that failed or was put off, with its answer: its beginning, of 256
 * at most, of more the sum. Any thread. */
struct rq;
void request_record_failure(const struct rq *rq);

/* Writes what is kept: the sum of what was not authentic once a minute at most,
 * or at once. RETRY or FAILED: it is kept for the next call. Any thread. */
enum outcome request_record_kept(struct db *db, bool at_once);

#endif
