/*
 * The CSP SM WAN Gateway (requirements I3 and I4, §3.2.1, §3.2.5): jobs go out
 * to the CSPs, their reports, notifications and device messages come in.
 */
#ifndef FOTAD_CSP_GATEWAY_GATEWAY_H
#define FOTAD_CSP_GATEWAY_GATEWAY_H

#include "base/config.h"

struct csp_gateway;
struct http_listener;

/* Listens at [csp_gateway] listen and begins to send. `config` must live as
 * long as the gateway. NULL when it cannot: then *reason says why, for the
 * operator. */
struct csp_gateway *csp_gateway_start(const struct config *config,
                                      const char **reason);

/* For new files of TLS. */
struct http_listener *csp_gateway_listener(struct csp_gateway *gateway);

/* Answers what comes in and ends each connection with it; see http_drain(). */
void csp_gateway_drain(struct csp_gateway *gateway);

/* Finishes what is in hand, in and out, and frees everything. A CSP that does
 * not answer holds it up as csp_send_stop() says. NULL is allowed. */
void csp_gateway_stop(struct csp_gateway *gateway);

#endif
