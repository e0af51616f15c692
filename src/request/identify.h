/* The RequestID of a request. For the files of this room only. */
#ifndef FOTAD_REQUEST_IDENTIFY_H
#define FOTAD_REQUEST_IDENTIFY_H

#include "request/rq.h"

/* Sixteen parameters: what take_request_ids() wants to know of each. */
void request_add_ids(struct db_params *params, const struct rq_batch *batch);

/* One more, its last: what each says, whoever signed it. */
void request_add_meanings(struct db_params *params,
                          const struct rq_batch *batch);

/* Of a RequestID that was used: takes what the same request was answered
 * before, or refuses it as CONDITION_request_id_used. REFUSED either way, for
 * it goes no further. */
enum outcome request_find_earlier(struct rq *rq, struct db *db);

#endif
