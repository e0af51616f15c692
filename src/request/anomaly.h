/* Anomaly detection of requests that were released. For the files of this room
 * only. */
#ifndef FOTAD_REQUEST_ANOMALY_H
#define FOTAD_REQUEST_ANOMALY_H

#include "request/rq.h"

/* Counts the devices of a released request, whatever the thresholds say. */
enum outcome request_count_released(struct rq *rq);

#endif
