/*
 * The operations listener: /healthz (the process lives), /readyz (it can do
 * its work: database, schema version; 503 with the reasons when not), /metrics
 * (Prometheus).
 */
#ifndef FOTAD_HEALTH_HEALTH_H
#define FOTAD_HEALTH_HEALTH_H

#include "base/config.h"
#include "http/server.h"

/* Listens at [operations] listen. `config` must live until http_close(), which
 * ends it. NULL when it cannot: then *reason says why, for the operator. */
struct http_listener *health_start(const struct config *config,
                                   const char **reason);

/* Until health_say_ready() and after health_say_stopping() /readyz says no: the
 * process is starting, or stopping. */
void health_say_ready(void);
void health_say_stopping(void);

#endif
