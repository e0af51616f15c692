/*
 * Delivers the messages of the table alert to Users' Receive Response
 * addresses (requirements E2, E3; decision 13).
 *
 * Each worker is one thread with one database connection and a loop over all
 * the Users it has in hand, so that an address that is slow, dead or hanging
 * holds up nobody else, however many of them there are. A User with more than
 * a batch has several workers (lane.h). After an answer that answer.h calls
 *
 *   confirmed               the message is done with
 *   refused                 it has its own pauses, others go on, but for later
 *                           ones about its device, or of its request if it is
 *                           a list: they wait until it is confirmed or given up
 *   address failed          the address rests (and what was sent to it with
 *                           the message has its own pause as well, so that
 *                           one message that makes a User's system fail does
 *                           not stand before the others), then one message is
 *                           tried, and all again once that is confirmed
 *
 * Pauses: next_try.h. After give_up a message waits for a person (fotactl
 * undelivered).
 *
 * Lanes are leased (lease.h). After a kill another process goes on when the
 * lease has run out, and may send again what was on the way, with the same
 * ResponseID.
 */
#ifndef FOTAD_DELIVERY_DELIVERY_H
#define FOTAD_DELIVERY_DELIVERY_H

#include "base/config.h"
#include "duis/signer.h"

struct delivery;

/* How long a lane is leased. */
static inline instant delivery_lease(const struct config *config) {
    return 3 * config->delivery_timeout;
}

/* The longest pause between two tries. */
static inline instant delivery_longest_pause(const struct config *config) {
    return config->delivery_retry_most;
}

/* Starts [delivery] workers. `config` and `signer` live until delivery_stop().
 * One at a time in a process, for delivery_wake() has no other address. Ends
 * the program when there can be no thread. */
struct delivery *delivery_start(const struct config *config,
                                const struct duis_signer *signer);

/* New messages have been committed: looked at now and not only at the next
 * poll (250 ms). From any thread; without delivery_start() it does nothing. */
void delivery_wake(void);

/* Begins nothing more, waits for the answers to what is on the way (at most
 * [delivery] timeout), writes what came of it, and gives the lanes back. NULL
 * is allowed. */
void delivery_stop(struct delivery *delivery);

#endif
