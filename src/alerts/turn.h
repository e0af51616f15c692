/*
 * A User's lane in hand: a batch of its messages, some of them on the way, and
 * what came of them. A turn belongs to one worker.
 */
#ifndef FOTAD_ALERTS_TURN_H
#define FOTAD_ALERTS_TURN_H

#include "alerts/queue.h"
#include "alerts/verdict.h"
#include "base/backoff.h"

/* One message of the batch. */
struct delivery {
    struct turn *turn;
    const struct alert *alert;
    enum verdict verdict;
    const char *reason; /* unless it was confirmed */
    struct buffer text;
    struct http_message message;
    struct http_answer answer;
};

struct turn {
    struct turn *next;   /* of the worker's */
    struct arena *arena; /* the lane's texts */
    struct queue_lane lane;
    instant lease;       /* the lane is leased until then */
    instant begin_until; /* by clock_elapsed(): nothing is begun after */

    struct arena *batch; /* ends with the batch */
    struct delivery *deliveries;
    size_t asked, count, begun, on_the_way, confirmed;
    const char *failure; /* why the address failed; NULL: it did not */
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

/* A turn of a lane leased until `lease`, without a batch yet. */
struct turn *turn_new(const struct queue_lane *lane, instant lease);
void turn_free(struct turn *turn);

/* Reads the next batch of up to `most` messages; one while the address is not
 * known to be well. */
enum outcome turn_load(struct turn *turn, struct db *db, instant now,
                       unsigned most);

/* Begins what may be on the way now. */
void turn_begin(struct turn *turn, const struct turn_sender *sender);

/* http_client_wait() gave this one. */
void turn_end(struct delivery *delivery);

/* Nothing is on the way, and nothing more will be begun. */
bool turn_is_over(const struct turn *turn);

/* Was the batch all that was due? Not when it was cut off. */
bool turn_took_all(const struct turn *turn);

/* What to write: messages that failed at `now` get their next try by
 * `policy`, and so does the lane if the address failed. `next_lease` is 0 to
 * give the lane back. Texts belong to the batch. */
struct queue_result turn_result(const struct turn *turn,
                                const struct retry_policy *policy, instant now,
                                instant next_lease);

/* The families of metrics that turns count in. */
void turn_register_metrics(void);

#endif
