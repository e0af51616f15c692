/*
 * A worker's turn in a User's lane: a batch of its messages is read, some of
 * them are on the way at once, and what came of each is written. Between two
 * writes a turn belongs to its worker; the lane's other turns look only at its
 * messages' numbers, under the lane's lock.
 */
#ifndef FOTAD_DELIVERY_TURN_H
#define FOTAD_DELIVERY_TURN_H

#include "base/backoff.h"
#include "delivery/answer.h"
#include "delivery/compose.h"
#include "delivery/lane.h"

/* One message of the batch, on its way once it is begun. */
struct inflight {
    struct turn *turn;
    const struct alert *alert;
    enum answer_result result;
    const char *reason; /* unless it was confirmed */
    struct buffer text;
    struct http_message message;
    struct http_answer answer;
};

struct turn {
    struct turn *next;   /* of the worker's */
    struct turn *beside; /* of the lane's */
    struct lane *lane;

    struct arena *arena; /* of the batch, and emptied with it */
    struct inflight *batch;
    instant begin_until; /* by clock_since_boot(): nothing is begun after */
    size_t asked, count, begun, on_the_way, confirmed; /* of the batch */
    const char *failure; /* why the address failed; NULL: it did not */
    bool abandoned;      /* of some nothing is known, for the process ends */
    instant retry_after; /* what it asked for with that; 0: nothing */
    instant settle_at;   /* by clock_elapsed(): when to write again, after the
                          * database could not */
};

/* How to send. */
struct turn_sender {
    struct alert_sender compose;
    struct http_client *http;
    unsigned connections; /* to one User at once */
};

/* A turn without a batch yet, for a worker that the lane counts already. */
struct turn *turn_new(struct lane *lane);
/* The lane has it no more. With its lock held. */
void turn_leave(struct turn *turn);
/* After turn_leave(), with nothing on the way. */
void turn_free(struct turn *turn);

/* Reads the next batch of up to `most` messages that no other turn has; one
 * while the address is not known to be well; none when the lane is to be leased
 * anew before, which settling does. Not DONE: the database did not give it, and
 * the batch is empty. */
enum outcome turn_load(struct turn *turn, struct db *db, instant now,
                       unsigned most);

/* Begins what may be on the way now. */
void turn_begin(struct turn *turn, const struct turn_sender *sender);

/* http_client_wait() gave this one: it has been answered, or never will be. */
void turn_end(struct inflight *inflight);

/* Nothing is on the way, and nothing more will be begun. */
bool turn_is_over(const struct turn *turn);

/* Nothing is on the way, for other turns have all connections. */
bool turn_waits(const struct turn *turn);

/* Was the batch all that was due? Not when it was cut off. */
bool turn_took_all(const struct turn *turn);

/* What to write: messages that failed at `now` get their next try by
 * `policy`. `leased_until` is 0 for the lane's last turn, which gives it back;
 * if the address failed in any turn, the lane then rests by the policy. Texts
 * belong to turn and lane. With the lane's lock held. */
struct queue_result turn_result(const struct turn *turn,
                                const struct retry_policy *policy, instant now,
                                instant leased_until);

/* That has been written: the batch is done with, and the lane leased anew as
 * `settled` says, or not. With the lane's lock held. */
void turn_settled(struct turn *turn, const struct queue_result *result,
                  const struct queue_settled *settled, instant begin_until);

/* The families of metrics that turns count in; once, before the first turn. */
void turn_register_metrics(void);

#endif
