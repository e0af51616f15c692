/*
 * What devices send (F1 to F3): the messages that the CSP gateway has put into
 * gbcs_message are taken in batches, each in one transaction with everything
 * that follows from it. A batch is read, the certificates of its originators
 * are looked up in one statement, signatures and MACs are checked here, and
 * take_device_messages() in sql/ does the rest for all of the batch.
 *
 * The rows are locked while they are worked on, so any number of workers and
 * processes may do this at once; a batch that fails is as if never taken.
 */
#ifndef FOTAD_DEVICE_RECEIVE_H
#define FOTAD_DEVICE_RECEIVE_H

#include "base/config.h"
#include "db/db.h"
#include "device/keys.h"

/* What all workers share; must live as long as they do. */
struct receiving {
    const struct config *config; /* acb_id, accept_expired, regions,
                                  * tracking_timeout */
    struct acb_key *acb;
};

/* What a batch was of: how many, and which was the first. */
struct received {
    size_t count;
    const char *csp, *message_id; /* in the arena; NULL when there was none */
};

/* Takes at most `most` (at least 1) waiting messages, the oldest first; what it
 * needs meanwhile is put into the arena. `*taken` says which. RETRY and FAILED
 * as of db_transact(): nothing has happened then, and `*taken` is what there
 * was in the last try. */
enum outcome receive_batch(const struct receiving *receiving, struct db *db,
                           struct arena *arena, size_t most, instant now,
                           struct received *taken);

/* Starts [device] workers tasks. They look for messages every 100 ms while
 * there are none. */
struct receivers;
struct receivers *receivers_start(const struct receiving *receiving);

/* Ends them after the batches in hand, and frees. NULL is allowed. */
void receivers_stop(struct receivers *receivers);

#endif
