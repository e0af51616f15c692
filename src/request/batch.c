/* The transaction of update requests: a large one has its own; small ones that
 * wait at the same time share one, for a commit and the statements cost about
 * as much for one as for many. Nobody waits for company: a set is what waits
 * when its turn comes, so it grows with the load. */
#include "request/request.h"

#include "base/crash.h"
#include "csp_gateway/send.h"

#include <pthread.h>
#include <time.h>

enum { MOST_TOGETHER = 64, SMALL = 100 };

/* Each set is worked off by the worker of one of its requests, on that one's
 * connection. Two at a time: one works while the other waits for its commit;
 * with more the sets get smaller, and nothing is gained. But one that takes so
 * long waits for somebody, such as a large request with the same device: then
 * those that come after it do not wait for it. */
enum { SETS = 2 };
static const instant PATIENCE = 50 * MILLISECOND;

/* A request that waits, in a list; and its worker. */
struct place {
    struct rq *rq;
    struct place *next;
    pthread_cond_t moved;
    bool taken, done; /* by a set; the set has ended */
    enum step step;
};

static struct {
    pthread_mutex_t lock;
    struct place *first;   /* who waits and is not taken */
    unsigned at_once;      /* sets in hand */
    instant patience_ends; /* with the latest of them, by clock_elapsed() */
} room = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the transaction ---- */

static enum outcome run(struct db *db, void *context) {
    (void)db;
    const struct rq_set *set = context;
    for (size_t i = 0; i < set->count; i++) {
        request_begin(set->rqs[i]);
        set->rqs[i]->request_no = 0;
    }
    enum outcome outcome = request_claim(set);
    if (outcome == DONE)
        outcome = request_respond_all(set);
    crash_point(CRASH_request_worked);
    return outcome;
}

static enum step settle(struct rq *rq, enum outcome outcome,
                        const char *error) {
    if (outcome != DONE) {
        rq->error = arena_text(rq->arena, span_text(error));
        return STEP_FAILED;
    }
    if (rq->condition == CONDITION_request_id_used)
        return STEP_ANSWER;
    if (rq->accepted)
        csp_send_wake(CSP_JOBS);
    return STEP_SENT;
}

/* Repeating is safe: if a lost commit took place, the RequestIDs are found
 * used with the same content, and their answers are sent. A request that the
 * database cannot stomach must not fail the others: after such a fault each is
 * tried by itself. */
static void work(struct place *const places[], size_t count) {
    struct rq *first = places[0]->rq;
    /* pointers: NOLINTNEXTLINE(bugprone-sizeof-expression) */
    struct rq **rqs = arena_zero(first->arena, count, sizeof *rqs);
    for (size_t i = 0; i < count; i++)
        rqs[i] = places[i]->rq;
    struct rq_set set = {rqs, count, first->db, first->arena};
    enum outcome outcome = db_transact(set.db, run, &set, true);
    if (outcome == DONE)
        crash_point(CRASH_request_committed);
    for (size_t i = 0; i < count; i++)
        if (outcome == FAILED && count > 1)
            work(&places[i], 1);
        else
            places[i]->step = settle(rqs[i], outcome, db_reason(set.db));
}

/* ---- who works for whom ---- */

static void enter(struct place *place) {
    struct place **last = &room.first;
    while (*last)
        last = &(*last)->next;
    *last = place;
}

/* Two with the same RequestID come one after the other. */
static bool fits(const struct rq *rq, struct place *const set[], size_t count) {
    for (size_t i = 0; i < count; i++)
        if (set[i]->rq->duis.originator == rq->duis.originator &&
            set[i]->rq->duis.counter == rq->duis.counter)
            return false;
    return true;
}

static void take(struct place *place) {
    struct place **at = &room.first;
    while (*at != place)
        at = &(*at)->next;
    *at = place->next;
    place->taken = true;
}

static size_t gather(struct place *first,
                     struct place *set[static MOST_TOGETHER]) {
    size_t count = 1;
    set[0] = first;
    take(first);
    for (struct place *place = room.first, *next;
         place && count < MOST_TOGETHER; place = next) {
        next = place->next;
        if (!fits(place->rq, set, count))
            continue;
        set[count++] = place;
        take(place);
    }
    return count;
}

/* Works off a request and those that wait with it; with the lock held before
 * and after. */
static void lead(struct place *first) {
    struct place *set[MOST_TOGETHER];
    size_t count = gather(first, set);
    room.at_once++;
    room.patience_ends = clock_elapsed() + PATIENCE;
    pthread_mutex_unlock(&room.lock);
    work(set, count);
    pthread_mutex_lock(&room.lock);
    room.at_once--;
    for (size_t i = 0; i < count; i++) {
        set[i]->done = true;
        pthread_cond_signal(&set[i]->moved);
    }
    if (room.first)
        pthread_cond_signal(&room.first->moved);
}

static bool may_lead(const struct place *place) {
    return !place->taken &&
           (room.at_once < SETS || clock_elapsed() >= room.patience_ends);
}

static void wait(struct place *place) {
    if (place->taken) {
        pthread_cond_wait(&place->moved, &room.lock);
        return;
    }
    struct timespec until = {.tv_sec = room.patience_ends / SECOND,
                             .tv_nsec = room.patience_ends % SECOND * 1000};
    pthread_cond_clockwait(&place->moved, &room.lock, CLOCK_MONOTONIC, &until);
}

enum step request_update(struct rq *rq) {
    struct place me = {.rq = rq};
    if (rq->device_count > SMALL) {
        work(&(struct place *){&me}, 1);
        return me.step;
    }
    pthread_cond_init(&me.moved, NULL);
    pthread_mutex_lock(&room.lock);
    enter(&me);
    while (!me.done)
        if (may_lead(&me))
            lead(&me);
        else
            wait(&me);
    pthread_mutex_unlock(&room.lock);
    pthread_cond_destroy(&me.moved);
    return me.step;
}
