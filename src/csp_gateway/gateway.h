/*
 * The CSP SM WAN Gateway (requirements I3 and I4, §3.2.1, §3.2.5): jobs go out
 * to the CSPs, their reports, notifications and device messages come in.
 */
#ifndef FOTAD_CSP_GATEWAY_GATEWAY_H
#define FOTAD_CSP_GATEWAY_GATEWAY_H

#include "base/config.h"

struct csp_gateway;

/* What is wrong with the [csp NAME] sections, each by itself or beside another;
 * or NULL. The text is in the arena. */
const char *csp_gateway_contradiction(const struct config *config,
                                      struct arena *arena);

/* Listens at [csp_gateway] listen and begins to send. `config` must live as
 * long as the gateway. NULL when it cannot: then *reason says why, for the
 * operator. */
struct csp_gateway *csp_gateway_start(const struct config *config,
                                      const char **reason);

/* Reads certificate, key and client_ca again; see http_reload(). */
bool csp_gateway_reload(struct csp_gateway *gateway, const char **reason);

/* Answers what comes in and ends each connection with it; see http_drain(). */
void csp_gateway_drain(struct csp_gateway *gateway);

/* Finishes what is in hand, in and out, and frees everything. A CSP that does
 * not answer holds it up as csp_send_stop() says. NULL is allowed. */
void csp_gateway_stop(struct csp_gateway *gateway);

#endif
