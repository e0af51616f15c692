/*
 * A User's lane that this process has leased: the messages to that User in
 * their order, one batch after another. One worker leases it; while it has more
 * than a batch, workers without other work take turns in it as well, so that
 * what one User gets is not bound to one processor. Each turn has a batch of
 * its own; no two have messages about the same device.
 */
#ifndef FOTAD_DELIVERY_LANE_H
#define FOTAD_DELIVERY_LANE_H

#include "delivery/queue.h"

#include <pthread.h>
#include <stdatomic.h>

struct turn;

struct lane {
    struct lane *next; /* of struct leases, under its lock */
    struct arena *arena;
    struct queue_lane row; /* `tries` under the lock */
    atomic_uint workers;   /* that have a turn in it */
    atomic_uint on_the_way;
    atomic_bool more;    /* the last batch was full: another may join */
    atomic_bool stopped; /* nothing is begun: its address failed, or another
                          * process has it */

    pthread_mutex_t lock; /* of what follows, and while rows are read or
                           * written */
    int64_t lease;        /* lease_number */
    instant begin_until;  /* by clock_since_boot(): nothing is begun after */
    struct turn *turns;
    bool confirmed;      /* something was, since it was leased */
    const char *failure; /* why the address failed; NULL: it did not */
    instant retry_after; /* what it asked for with that; 0: nothing */
};

/* A lane just leased, for one worker; `row` is copied. lane_free() when the
 * last has left. */
struct lane *lane_new(const struct queue_lane *row, instant begin_until);
void lane_free(struct lane *lane);

/* May one more worker of `connections` to the User take a turn in it? */
bool lane_has_room(const struct lane *lane, unsigned connections);

/* Takes one of the `connections` to the User, of which each worker that is in
 * the lane has its share; `own` are those it has. False: there is none for it
 * now. lane_give_back() for each. */
bool lane_take_connection(struct lane *lane, unsigned connections, size_t own);
void lane_give_back(struct lane *lane);

#endif
