/*
 * Commands out to the CSPs, for their devices (requirement I3):
 * each configured CSP has a thread, a database connection and an HTTP client
 * of its own, so that one that is down or slow delays nobody else; one more
 * thread ends what is overdue.
 *
 *   answer          what becomes of the command
 *   202             sent; the device has [device] response_timeout to answer,
 *                   then the User gets E21
 *   4xx             failed: the User gets E20
 *   503, no answer,
 *   anything else   once more at once, then every busy_retry of the CSP until
 *                   response_timeout (or its busy_give_up, if that is sooner)
 *                   after the command could first be sent; then failed: E20
 *
 * A Retry-After may put a try off, but not past the end. A command that is
 * future dated by us (11.2) is due at its execution time. What is in hand is
 * leased in the database by fotad's clock: after a kill it is sent again, under
 * the same Idempotency-Key, when the lease has run out.
 */
#ifndef FOTAD_DEVICE_SEND_H
#define FOTAD_DEVICE_SEND_H

#include "base/config.h"

struct command_sender;

/* Starts the threads. `config` must live as long as they do. */
struct command_sender *command_send_start(const struct config *config);

/* Waits for the tries in hand (each ends within twice its CSP's timeout) and
 * ends the threads. NULL is allowed. */
void command_send_stop(struct command_sender *sender);

/* A command was accepted and committed: look now rather than at the next turn
 * (250 ms). From any thread. */
void command_send_wake(void);

#endif
