/*
 * The operations listener: /healthz (the process lives), /readyz (it can do
 * its work: database, schema version; 503 with the reasons when not), /metrics
 * (Prometheus).
 */
#ifndef FOTAD_HEALTH_HEALTH_H
#define FOTAD_HEALTH_HEALTH_H

#include "base/config.h"
#include "http/server.h"

/* Until health_serve() and after health_stop() /readyz says no: the process is
 * starting, or stopping. */
void health_serve(void);
void health_stop(void);

/* For struct http_options; the worker context is a struct config. */
void *health_worker_start(void *context, unsigned index);
void health_worker_stop(void *worker);

extern const struct http_route health_routes[];
extern const size_t health_route_count;

#endif
