/*
 * What goes out to the CSPs, of three kinds: jobs (firmware for many devices),
 * commands to single devices (requirement I3; 11.2 and 11.3), and recalls of
 * jobs that were stopped, to those that can ([csp NAME] recall). Each
 * configured CSP has a task of each kind, with a database connection and an
 * HTTP client of its own, so that a CSP that is down or slow delays nobody
 * else, nor one kind the other; one more task ends the commands whose time is
 * over.
 *
 * A round of a task takes what is due (a lease in the database, never a lock,
 * is held while the CSP is spoken to), posts it, and writes what came of it.
 * What is interrupted by the end of the process is posted again when its lease
 * has run out; its Idempotency-Key makes that harmless. Everything is due by
 * fotad's clock.
 *
 *   answer          a job                      a command
 *   202             handed over                sent: the device has [device]
 *                                              response_timeout to answer, then
 *                                              the User gets E21
 *   4xx with a      refused whole, with that   failed: the User gets E20
 *   reasonCode      reason (else OTHER)
 *   503, no answer, once more at once, then every busy_retry of the CSP, until
 *   anything else   busy_give_up after the job was made (a command: or
 *                   response_timeout after it could first be sent, if that is
 *                   sooner); then given up, a command as if it were refused
 *
 * A recall ends with 200, whose devices end; 404, the CSP has no such job:
 * those end of which it was never heard; 409, too late: all go on. Anything
 * else is tried again as above, and given up: all go on.
 *
 * A 4xx without a reasonCode (401, 403, 404, 408, 425, 429 ...) says nothing
 * about devices; 401 and 403 are said aloud as well (denied.h).
 *
 * A job's image goes before it, if this CSP has not taken it yet: the same
 * holds for it, but 200 and 201 are good. A Retry-After may put a try of the
 * long retry off, never before its hour and never past the end; the immediate
 * retry takes place regardless (section 3.2.5, Control 2). A command that we
 * date (a future dated 11.2) is due at its execution time.
 */
#ifndef FOTAD_CSP_GATEWAY_SEND_H
#define FOTAD_CSP_GATEWAY_SEND_H

#include "base/config.h"

enum csp_kind { CSP_JOBS, CSP_COMMANDS, CSP_RECALLS, CSP_KINDS };

struct csp_sender;

/* Starts the tasks. `config` must live as long as they do. */
struct csp_sender *csp_send_start(const struct config *config);

/* Waits for the tries in hand (each ends within twice its CSP's timeout, and
 * when the process ends, sooner: base/ending.h) and ends the tasks. NULL is
 * allowed. */
void csp_send_stop(struct csp_sender *sender);

/* Devices or a command were accepted and committed: look now rather than at
 * the next round (250 ms). From any thread. */
void csp_send_wake(enum csp_kind kind);

#endif
