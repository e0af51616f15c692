/*
 * What CSPs bring: validation reports, delivery notifications, messages of
 * devices (requirement I4). A CSP is known by its token.
 * schemas/csp-gateway-openapi.json is the contract; it is shown to a CSP.
 *
 * Every entry is checked field by field. What is wrong comes back as
 * {"index", "reason"} (index from 0, a single object is 0) and the rest is
 * taken; the answer is sent once that is committed. Identifiers that were
 * taken before are counted as duplicates and have no effect, so everything
 * may be sent again after a lost answer.
 *
 * Messages that wait are taken as a batch, in one transaction (they cost a
 * commit each otherwise), and answered one by one when it is committed.
 *
 * A validation report is one entry. A malformed row in its list refuses it
 * whole, for a device left out of it would count as accepted; a device that
 * is not in the job is told by its place in the list and the report is taken.
 * An unknown reason counts as OTHER.
 */
#ifndef FOTAD_CSP_GATEWAY_LISTENER_H
#define FOTAD_CSP_GATEWAY_LISTENER_H

#include "base/config.h"
#include "http/server.h"

/* For struct http_options; `context` is the struct config. */
void *csp_worker_start(void *context, unsigned index);
void csp_worker_stop(void *worker);

/* What the routes without a handler of their own are handled by. */
http_batch_handler csp_take;

/* The routes of the CSP listener, with bodies of at most `max_body` octets.
 * Static; call once. */
const struct http_route *csp_routes(size_t max_body);
extern const size_t csp_route_count;

#endif
