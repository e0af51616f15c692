/*
 * Jobs out to the CSPs: each configured CSP has a thread, a database
 * connection and an HTTP client of its own, so that one that is down or slow
 * delays nobody else.
 *
 * A thread puts accepted devices into jobs, takes a job that is due (a lease
 * in the database, never a lock, is held while the CSP is spoken to), sends
 * the image if this CSP has not taken it yet, then the job. A job interrupted
 * by the end of the process is sent again when its lease has run out; its
 * Idempotency-Key makes that harmless. Everything is due by fotad's clock.
 *
 *   answer          what becomes of the job
 *   202             handed over
 *   4xx             refused whole, with the reason it gives (else OTHER)
 *   503, no answer,
 *   anything else   once more at once, then every busy_retry until
 *                   busy_give_up after the job was made; then given up
 *
 * The same holds for the image, for which 200 and 201 are good. A Retry-After
 * may put a try of the long retry off, never before its hour and never past
 * the end; the immediate retry takes place regardless (§3.2.5,
 * Control 2).
 */
#ifndef FOTAD_CSP_GATEWAY_SEND_H
#define FOTAD_CSP_GATEWAY_SEND_H

#include "base/config.h"

struct csp_sender;

/* Starts the threads. `config` must live as long as they do. */
struct csp_sender *csp_send_start(const struct config *config);

/* Waits for the tries in hand (each ends within twice its CSP's timeout) and
 * ends the threads. NULL is allowed. */
void csp_send_stop(struct csp_sender *sender);

/* Devices were accepted and committed: look now rather than at the next turn.
 * From any thread. */
void csp_send_wake(void);

#endif
