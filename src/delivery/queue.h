/*
 * The messages that wait, in the database: lanes (one per User) are leased, a
 * leased lane's next messages are read, and what came of them is written. The
 * statements are lane_leases(), messages_due() and lane_settled() in sql/. Like
 * db_run(), each returns DONE, or RETRY or FAILED when the database did not do
 * it; nothing has changed then, or saying it again does no harm.
 */
#ifndef FOTAD_DELIVERY_QUEUE_H
#define FOTAD_DELIVERY_QUEUE_H

#include "delivery/alert.h"

/* A lane just leased. Texts live as long as the arena. */
struct queue_lane {
    eui64 user_id;
    int64_t lease;           /* lease_number */
    bool registered;         /* still in service_user */
    const char *receive_url; /* "": none */
    int32_t tries; /* how often in a row its address did not answer well */
};

/* Leases up to `most` lanes with something due, until `until`; none of the
 * `except_count` lanes in `except`. */
enum outcome queue_lease(struct db *db, struct arena *arena,
                         const eui64 *except, size_t except_count, instant now,
                         instant until, unsigned most,
                         struct queue_lane **lanes, size_t *count);

/* The next up to `most` messages of a leased lane that may be on the way at
 * once with those `in_hand` (alert_no, in order). They live as long as the
 * arena. */
enum outcome queue_next(struct db *db, struct arena *arena, eui64 user_id,
                        const int64_t *in_hand, size_t in_hand_count,
                        instant now, unsigned most, struct alert **alerts,
                        size_t *count);

/* A message that was not confirmed. */
struct queue_failed {
    int64_t alert_no;
    instant next_try; /* RETRY_NEVER: given up */
    const char *error;
};

/* What came of a worker's turn in a lane. */
struct queue_result {
    eui64 user_id;
    int64_t lease;            /* of the lane: what failed counts only if it is
                               * the latest */
    instant leased_until;     /* the next lease; 0: gives the lane back */
    const int64_t *delivered; /* alert_no */
    size_t delivered_count;
    const int64_t *mismatch; /* those of them that were sent as N999 */
    size_t mismatch_count;
    const struct queue_failed *failed;
    size_t failed_count;
    int32_t tries;          /* the lane's, from now on */
    instant paused_until;   /* 0: the address answers well */
    const char *error;      /* why the lane rests; NULL: it does not */
    instant give_up_before; /* with a pause: what waits since then or before
                             * is given up, tried or not */
};

struct queue_settled {
    int64_t given_up; /* messages */
    int64_t lease;    /* with leased_until: the next; 0: another has it */
};

/* Writes it, in one transaction; safe to repeat. */
enum outcome queue_settle(struct db *db, struct arena *arena,
                          const struct queue_result *result, instant now,
                          struct queue_settled *settled);

#endif
