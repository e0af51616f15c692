/* The transaction of requests: most have their own; small update requests that
 * wait at the same time share one, for a commit and the statements cost about
 * as much for one as for many. Nobody waits for others to come: a batch is what
 * waits when its time comes, so it grows with the load.
 *
 * Not the batches of the listener (http/worker.c), where one worker takes what
 * is in the queue: it would examine them all by itself while the others look
 * on. Tried, that served 8 % fewer requests over 8 connections and 21 % fewer
 * over 32; see docs/architecture.md. */
#include "request/batch.h"

#include "base/crash.h"
#include "request/metrics.h"
#include "request/pipeline.h"

#include <pthread.h>
#include <time.h>

enum { MOST_IN_BATCH = 64, MOST_SMALL_DEVICES = 100 };

/* Each batch is worked off by the worker of one of its requests, on that one's
 * connection. Two at a time: one works while the other waits for its commit;
 * with more the batches get smaller, and nothing is gained. But one that takes
 * so long waits for somebody, such as a large request with the same device:
 * then those that come after it do not wait for it. */
enum { MOST_BATCHES = 2 };
static const instant PATIENCE = 50 * MILLISECOND;

/* A request that waits for its batch, and its worker with it. */
struct waiter {
    struct rq *rq;
    struct waiter *next;
    pthread_cond_t moved;
    bool taken, done; /* by a batch; the batch has ended */
    enum outcome outcome;
};

static struct {
    pthread_mutex_t lock;
    struct waiter *first;  /* who waits and is not taken */
    unsigned batches;      /* in hand */
    instant patience_ends; /* with the latest of them, by clock_elapsed() */
} waiting = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the transaction ---- */

static enum outcome batch_run(struct db *db, void *context) {
    (void)db;
    const struct rq_batch *batch = context;
    for (size_t i = 0; i < batch->count; i++)
        rq_reset(batch->rqs[i]);
    enum outcome outcome = pipeline_run(EFFECT, batch);
    if (outcome == DONE || outcome == REFUSED)
        outcome = pipeline_run(ANSWER, batch);
    crash_point(CRASH_request_worked);
    return outcome;
}

static enum outcome rq_settle(struct rq *rq, enum outcome outcome,
                              const char *error) {
    if (outcome == FAILED && rq->condition == CONDITION_quarantine_full)
        return REFUSED; /* as if it had been found full before */
    if (outcome != DONE) {
        rq->error = arena_text(rq->arena, span_text(error));
        return FAILED;
    }
    return rq->condition == CONDITION_request_id_used ? REFUSED : DONE;
}

/* Repeating is safe: if a lost commit took place, the RequestIDs are found
 * used with the same content, and their answers are sent. A request that the
 * database cannot take must not fail the others: after such a fault each is
 * tried by itself. */
static void batch_work(struct waiter *const waiters[], size_t count) {
    struct rq *first = waiters[0]->rq;
    /* pointers: NOLINTNEXTLINE(bugprone-sizeof-expression) */
    struct rq **rqs = arena_zero(first->arena, count, sizeof *rqs);
    for (size_t i = 0; i < count; i++)
        rqs[i] = waiters[i]->rq;
    struct rq_batch batch = {rqs, count, first->db, first->arena};
    enum outcome outcome = db_transact(batch.db, batch_run, &batch, true);
    if (outcome == DONE)
        crash_point(CRASH_request_committed);
    for (size_t i = 0; i < count; i++)
        if (outcome == FAILED && count > 1)
            batch_work(&waiters[i], 1);
        else
            waiters[i]->outcome =
                rq_settle(rqs[i], outcome, db_reason(batch.db));
}

/* ---- who works for whom ---- */

static void waiter_enter(struct waiter *waiter) {
    struct waiter **last = &waiting.first;
    while (*last)
        last = &(*last)->next;
    *last = waiter;
}

/* Two with the same RequestID come one after the other. */
static bool batch_takes(const struct rq *rq, struct waiter *const batch[],
                        size_t count) {
    for (size_t i = 0; i < count; i++)
        if (batch[i]->rq->duis.originator == rq->duis.originator &&
            batch[i]->rq->duis.counter == rq->duis.counter)
            return false;
    return true;
}

static void waiter_take(struct waiter *waiter) {
    struct waiter **at = &waiting.first;
    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
    waiter->taken = true;
}

static size_t batch_collect(struct waiter *first,
                            struct waiter *batch[static MOST_IN_BATCH]) {
    size_t count = 1;
    batch[0] = first;
    waiter_take(first);
    for (struct waiter *waiter = waiting.first, *next;
         waiter && count < MOST_IN_BATCH; waiter = next) {
        next = waiter->next;
        if (!batch_takes(waiter->rq, batch, count))
            continue;
        batch[count++] = waiter;
        waiter_take(waiter);
    }
    return count;
}

/* Works off a request and those that wait with it; with the lock held before
 * and after. */
static void batch_lead(struct waiter *first) {
    struct waiter *batch[MOST_IN_BATCH];
    size_t count = batch_collect(first, batch);
    waiting.batches++;
    waiting.patience_ends = clock_elapsed() + PATIENCE;
    pthread_mutex_unlock(&waiting.lock);
    batch_work(batch, count);
    pthread_mutex_lock(&waiting.lock);
    waiting.batches--;
    for (size_t i = 0; i < count; i++) {
        batch[i]->done = true;
        pthread_cond_signal(&batch[i]->moved);
    }
    if (waiting.first)
        pthread_cond_signal(&waiting.first->moved);
}

static bool waiter_may_lead(const struct waiter *waiter) {
    return !waiter->taken && (waiting.batches < MOST_BATCHES ||
                              clock_elapsed() >= waiting.patience_ends);
}

static void waiter_wait(struct waiter *waiter) {
    if (waiter->taken) {
        pthread_cond_wait(&waiter->moved, &waiting.lock);
        return;
    }
    struct timespec until = {.tv_sec = waiting.patience_ends / SECOND,
                             .tv_nsec = waiting.patience_ends % SECOND * 1000};
    pthread_cond_clockwait(&waiter->moved, &waiting.lock, CLOCK_MONOTONIC,
                           &until);
}

static bool is_for_batch(const struct rq *rq) {
    return rq_is_update(rq) && rq->way == WAY_NEW &&
           rq->device_count <= MOST_SMALL_DEVICES;
}

static void waiter_join(struct waiter *me) {
    pthread_cond_init(&me->moved, NULL);
    pthread_mutex_lock(&waiting.lock);
    waiter_enter(me);
    while (!me->done)
        if (waiter_may_lead(me))
            batch_lead(me);
        else
            waiter_wait(me);
    pthread_mutex_unlock(&waiting.lock);
    pthread_cond_destroy(&me->moved);
}

enum outcome batch_transact(struct rq *rq) {
    instant start = clock_elapsed();
    struct waiter me = {.rq = rq};
    if (is_for_batch(rq))
        waiter_join(&me);
    else
        batch_work(&(struct waiter *){&me}, 1);
    request_observe_step("transaction", clock_elapsed() - start, 1);
    return me.outcome;
}
