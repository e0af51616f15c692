/*
 * All lanes that this process has leased, for its workers to take turns in. A
 * lane is leased for three timeouts by fotad's clock; nothing is begun after
 * the first, so that all has been answered or has timed out before another
 * process may take it.
 */
#ifndef FOTAD_DELIVERY_LEASE_H
#define FOTAD_DELIVERY_LEASE_H

#include "delivery/turn.h"

struct leases {
    pthread_mutex_t lock; /* of the list, and of who joins a lane */
    struct lane *lanes;
    instant lease;   /* how long one is */
    instant timeout; /* of one message */
};

void leases_init(struct leases *leases, instant lease, instant timeout);
/* When there are no lanes any more. */
void leases_destroy(struct leases *leases);

/* Until when a lane is leased at `now`, and until when (by clock_since_boot())
 * messages may be begun with a lease of this moment. */
instant lease_until(const struct leases *leases, instant now);
instant lease_begin_until(const struct leases *leases);

/* Leases up to `most` more lanes with something due; the caller is the first
 * worker of each. The outcome is the database's; `*count` is 0 unless DONE. */
enum outcome lease_lanes(struct leases *leases, struct db *db, unsigned most,
                         struct lane *lanes[], size_t *count);

/* A lane of other workers that has more than they have in hand, which has now
 * one worker more; or NULL. `own` are the caller's turns. */
struct lane *lease_join(struct leases *leases, unsigned connections,
                        const struct turn *own);

/* Is there only one worker in the lane? Then nobody joins it any more. */
bool lease_close(struct leases *leases, struct lane *lane);

/* One worker has left the lane. True when it was the last: the lane is in the
 * list no more, and the caller's to free. */
bool lease_leave(struct leases *leases, struct lane *lane);

#endif
