/* The devices that an update request lists, and what all judging of devices
 * goes by; devices_add_rules() for who judges as this room does, the rest for
 * the files of this room. */
#ifndef FOTAD_REQUEST_DEVICES_H
#define FOTAD_REQUEST_DEVICES_H

#include "request/rq.h"

/* Each Device ID of an 11.1 or 11.4 once (requirement A4), sorted, for sorted
 * look-ups are quicker and two requests then take their devices in the same
 * order. Sets rq->device_ids, positions and device_count, unless they are set.
 */
void rq_list_devices(struct rq *rq);

/* What came of them: those refused, by their place in rq->device_ids from 1,
 * and the list of each (the place in the SQL type refusal, from 1). Sets
 * rq->judged, accepted, refused and the condition. */
void rq_take_refused(struct rq *rq, const int32_t *ordinals,
                     const int32_t *lists, size_t refused);

/* Five parameters: the lowest GBCS versions (device types and versions go
 * together), whether either supplier of an HCALCS may ask, and the regions. */
void devices_add_rules(struct db_params *params, const struct config *config);

#endif
