#include "delivery/delivery.h"

#include "base/crash.h"
#include "base/heartbeat.h"
#include "base/log.h"
#include "base/memory.h"
#include "db/task.h"
#include "delivery/lease.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    MOST_TURNS = 128, /* Users in hand of one worker */
    MOST_AT_ONCE = 4, /* taken by one look, so that workers share them */
};

/* Between two looks for work, and between two tries to write; a look that finds
 * nothing makes the next rest twice as long, as a task's (db/task.h). */
static const instant POLL = 250 * MILLISECOND;
/* While other workers have all connections to a User, and at least between two
 * looks because of new messages: each costs as much as a notification. */
static const instant SHORT_POLL = 5 * MILLISECOND;

/* A thread of its own and not a struct task (db/task.h): it does not rest in a
 * wakeup between rounds, but in http_client_wait(), where the answers of Users
 * come in, and is woken there. */
struct worker {
    struct delivery *delivery;
    pthread_t thread;
    struct db *db;
    struct turn_sender sender;
    struct turn *turns;
    size_t turn_count;
    atomic_bool woken;     /* to look at once */
    atomic_bool told;      /* that there are new messages */
    bool waits;            /* for a connection that another worker has */
    instant looked;        /* by clock_elapsed() */
    instant rest;          /* until the next look, unless woken */
    bool without_database; /* said so already */
};

struct delivery {
    const struct config *config;
    struct retry_policy policy;
    atomic_bool stopping;
    struct leases leases;
    unsigned worker_count;
    struct worker workers[];
};

/* The one that delivery_wake() means. */
static pthread_mutex_t current_lock = PTHREAD_MUTEX_INITIALIZER;
static struct delivery *current;

/* ---- turns ---- */

static struct turn *worker_add_turn(struct worker *worker, struct lane *lane) {
    struct turn *turn = turn_new(lane);
    turn->next = worker->turns;
    worker->turns = turn;
    worker->turn_count++;
    return turn;
}

static void worker_remove_turn(struct worker *worker, struct turn *turn) {
    struct turn **at = &worker->turns;
    while (*at != turn)
        at = &(*at)->next;
    *at = turn->next;
    worker->turn_count--;
    turn_free(turn);
}

/* Passes the outcome on; says once that the database is not there. */
static enum outcome worker_note(struct worker *worker, enum outcome outcome) {
    if (outcome != DONE && !worker->without_database)
        log_event(db_level(worker->db, LOG_LEVEL_WARNING),
                  "delivery.no_database", ": %s", db_reason(worker->db));
    worker->without_database = outcome != DONE;
    return outcome;
}

/* ---- looking for work ---- */

static void workers_wake(struct delivery *delivery, const struct worker *but) {
    for (unsigned i = 0; i < delivery->worker_count; i++) {
        if (&delivery->workers[i] == but)
            continue;
        atomic_store(&delivery->workers[i].woken, true);
        http_client_wake(delivery->workers[i].sender.http);
    }
}

/* Reads the turn's next batch and begins it. */
static void worker_load(struct worker *worker, struct turn *turn) {
    struct delivery *delivery = worker->delivery;
    const struct config *config = delivery->config;
    (void)worker_note(worker, turn_load(turn, worker->db, clock_now(),
                                        config->delivery_batch));
    if (turn->count)
        crash_point(CRASH_alerts_loaded);
    if (lane_has_room(turn->lane, config->delivery_connections) &&
        atomic_load(&turn->lane->workers) < delivery->worker_count)
        workers_wake(delivery, worker);
    turn_begin(turn, &worker->sender);
    if (!turn->on_the_way)
        atomic_store(&worker->woken, true); /* nothing would end the wait */
}

static instant look_due_in(const struct worker *worker) {
    if (atomic_load(&worker->woken))
        return 0;
    instant pause = atomic_load(&worker->told) ? SHORT_POLL : worker->rest;
    return worker->looked + pause - clock_elapsed();
}

/* POLL after a look that found something, or while there is something in hand:
 * what it fails in may be due soon. */
static void worker_found(struct worker *worker, size_t lanes) {
    worker->rest *= 2;
    if (lanes || worker->turns)
        worker->rest = POLL;
    else if (worker->rest > TASK_IDLE)
        worker->rest = TASK_IDLE;
}

/* Leases lanes; if there are none, joins one of another worker. */
static void worker_take_lanes(struct worker *worker, unsigned most) {
    struct leases *leases = &worker->delivery->leases;
    struct lane *lanes[MOST_AT_ONCE];
    size_t count;
    (void)worker_note(worker,
                      lease_lanes(leases, worker->db, most, lanes, &count));
    if (!count)
        lanes[0] =
            lease_join(leases, worker->sender.connections, worker->turns);
    if (!count && lanes[0])
        count = 1;
    worker_found(worker, count);
    for (size_t i = 0; i < count; i++)
        worker_load(worker, worker_add_turn(worker, lanes[i]));
    if (count == most)
        atomic_store(&worker->woken, true);
}

static void worker_look(struct worker *worker) {
    if (look_due_in(worker) > 0)
        return;
    atomic_store(&worker->woken, false);
    atomic_store(&worker->told, false);
    worker->looked = clock_elapsed();
    unsigned room = (unsigned)(MOST_TURNS - worker->turn_count);
    if (room)
        worker_take_lanes(worker, room < MOST_AT_ONCE ? room : MOST_AT_ONCE);
}

/* ---- the end of a turn ---- */

static void log_given_up(eui64 user_id, int64_t count, const char *error) {
    char user[EUI64_TEXT_SIZE];
    eui64_format(user_id, user);
    log_error("delivery.given_up",
              "user=%s messages=%jd : %s; see fotactl undelivered list, and "
              "when the User is ready for them: fotactl undelivered retry "
              "--user %s",
              user, (intmax_t)count, error, user);
}

static void log_lane(const struct turn *turn,
                     const struct queue_result *result) {
    char user[EUI64_TEXT_SIZE], until[INSTANT_TEXT_SIZE];
    const struct queue_lane *row = &turn->lane->row;
    eui64_format(row->user_id, user);
    if (result->error)
        log_warning("delivery.failing",
                    "user=%s tries=%d next_try=%s : %s; it is tried again by "
                    "itself. If it lasts: is receive_url in users.csv right, "
                    "its name in the DNS, the User's system up?",
                    user, result->tries,
                    instant_format(result->paused_until, until), result->error);
    else if (row->tries && !result->tries)
        log_info("delivery.well_again", "user=%s", user);
    else if (result->failed_count)
        log_warning("delivery.refused", "user=%s messages=%zu : the first: %s",
                    user, result->failed_count, result->failed[0].error);
}

static const char *result_error(const struct queue_result *result) {
    if (result->error)
        return result->error;
    return result->failed_count ? result->failed[0].error : "";
}

enum turn_end {
    WRITE_AGAIN, /* the database could not */
    GO_ON,       /* there may be more, and the address is well */
    LEFT,
    LEFT_LAST, /* and the lane is free */
};

static enum turn_end worker_leave(struct worker *worker, struct turn *turn) {
    turn_leave(turn);
    return lease_leave(&worker->delivery->leases, turn->lane) ? LEFT_LAST
                                                              : LEFT;
}

/* Writes what came of the batch. With the lane's lock held. */
static enum turn_end worker_write(struct worker *worker, struct turn *turn,
                                  bool may_go_on) {
    struct delivery *delivery = worker->delivery;
    struct leases *leases = &delivery->leases;
    struct lane *lane = turn->lane;
    instant begin_until = lease_begin_until(leases), now = clock_now();
    struct retry_policy policy = delivery->policy;
    policy.give_up = retry_patience(policy.give_up);
    bool go_on =
        may_go_on && !atomic_load(&lane->stopped) && !turn_took_all(turn);
    bool give_back = !go_on && lease_close(leases, lane);
    struct queue_result result = turn_result(
        turn, &policy, now, give_back ? 0 : lease_until(leases, now));
    struct queue_settled settled;
    if (worker_note(worker, queue_settle(worker->db, turn->arena, &result, now,
                                         &settled)) != DONE)
        return WRITE_AGAIN;
    crash_point(CRASH_lane_settled);
    log_lane(turn, &result);
    if (settled.given_up)
        log_given_up(lane->row.user_id, settled.given_up,
                     result_error(&result));
    turn_settled(turn, &result, &settled, begin_until);
    if (!settled.lease)
        atomic_store(&lane->stopped, true);
    if (go_on && settled.lease)
        return GO_ON;
    return worker_leave(worker, turn);
}

static enum turn_end worker_write_or_leave(struct worker *worker,
                                           struct turn *turn, bool stopping) {
    struct lane *lane = turn->lane;
    pthread_mutex_lock(&lane->lock);
    enum turn_end end = worker_write(worker, turn, !stopping);
    if (end == WRITE_AGAIN && stopping)
        end = worker_leave(worker, turn);
    pthread_mutex_unlock(&lane->lock);
    return end;
}

static void worker_settle(struct worker *worker, struct turn *turn,
                          bool stopping) {
    struct lane *lane = turn->lane;
    enum turn_end end = worker_write_or_leave(worker, turn, stopping);
    switch (end) {
    case WRITE_AGAIN:
        turn->settle_at = clock_elapsed() + POLL;
        return;
    case GO_ON:
        worker_load(worker, turn);
        return;
    case LEFT:
    case LEFT_LAST:
        atomic_store(&worker->woken, true);
        worker_remove_turn(worker, turn);
        if (end == LEFT_LAST)
            lane_free(lane);
        return;
    }
}

static void worker_advance(struct worker *worker, struct turn *turn) {
    bool stopping = atomic_load(&worker->delivery->stopping);
    if (!stopping)
        turn_begin(turn, &worker->sender);
    worker->waits |= turn_waits(turn);
    bool over = stopping ? !turn->on_the_way : turn_is_over(turn);
    if (over && (stopping || clock_elapsed() >= turn->settle_at))
        worker_settle(worker, turn, stopping);
}

/* ---- a worker ---- */

static instant worker_pause(const struct worker *worker) {
    instant pause = look_due_in(worker);
    return worker->waits && pause > SHORT_POLL ? SHORT_POLL : pause;
}

static void worker_collect(struct worker *worker) {
    struct inflight *ended =
        http_client_wait(worker->sender.http, worker_pause(worker));
    for (; ended; ended = http_client_wait(worker->sender.http, 0)) {
        crash_point(CRASH_alert_answered);
        turn_end(ended);
    }
}

static void *worker_run(void *context) {
    struct worker *worker = context;
    struct heartbeat *heartbeat = heartbeat_new("delivery");
    for (;;) {
        heartbeat_step(heartbeat);
        bool stopping = atomic_load(&worker->delivery->stopping);
        if (!stopping)
            worker_look(worker);
        worker->waits = false;
        for (struct turn *turn = worker->turns, *next; turn; turn = next) {
            next = turn->next;
            worker_advance(worker, turn);
        }
        if (stopping && !worker->turns)
            break;
        worker_collect(worker);
    }
    heartbeat_free(heartbeat);
    return NULL;
}

/* ---- start and stop ---- */

static void worker_start(struct delivery *delivery, unsigned index,
                         const struct duis_signer *signer) {
    const struct config *config = delivery->config;
    struct worker *worker = &delivery->workers[index];
    instant timeout = config->delivery_timeout;
    *worker = (struct worker){
        .delivery = delivery,
        .rest = POLL,
        .db = db_open(config->database_conninfo, "fotad delivery"),
        .sender = {.compose = {signer, config->acb_id},
                   .connections = config->delivery_connections}};
    worker->sender.http = http_client_new(&(struct http_client_options){
        .connect_timeout = timeout < 5 * SECOND ? timeout : 5 * SECOND,
        .total_timeout = timeout,
        .most_answer = 4096,
        .most_at_once = MOST_TURNS * config->delivery_connections,
        .certificate = config->delivery_certificate,
        .key = config->delivery_key,
        .ca = config->delivery_ca,
        .crl = config->delivery_crl});
    atomic_store(&worker->woken, true);
    if (pthread_create(&worker->thread, NULL, worker_run, worker) != 0)
        memory_exhausted(0);
}

struct delivery *delivery_start(const struct config *config,
                                const struct duis_signer *signer) {
    unsigned count = config->delivery_workers;
    struct delivery *delivery =
        memory_alloc(sizeof *delivery + count * sizeof *delivery->workers);
    *delivery = (struct delivery){
        .config = config,
        .policy = {.first = config->delivery_retry_first,
                   .most = delivery_longest_pause(config),
                   .give_up = config->delivery_give_up},
        .worker_count = count,
    };
    leases_init(&delivery->leases, delivery_lease(config),
                config->delivery_timeout);
    turn_register_metrics();
    for (unsigned i = 0; i < count; i++)
        worker_start(delivery, i, signer);
    pthread_mutex_lock(&current_lock);
    current = delivery;
    pthread_mutex_unlock(&current_lock);
    return delivery;
}

/* One at a time: who finds more than it takes wakes the others. */
void delivery_wake(void) {
    static unsigned next;
    pthread_mutex_lock(&current_lock);
    if (current) {
        struct worker *worker =
            &current->workers[next++ % current->worker_count];
        atomic_store(&worker->told, true);
        http_client_wake(worker->sender.http);
    }
    pthread_mutex_unlock(&current_lock);
}

void delivery_stop(struct delivery *delivery) {
    if (!delivery)
        return;
    pthread_mutex_lock(&current_lock);
    current = NULL;
    pthread_mutex_unlock(&current_lock);
    atomic_store(&delivery->stopping, true);
    workers_wake(delivery, NULL);
    for (unsigned i = 0; i < delivery->worker_count; i++) {
        struct worker *worker = &delivery->workers[i];
        pthread_join(worker->thread, NULL);
        http_client_free(worker->sender.http);
        db_close(worker->db);
    }
    leases_destroy(&delivery->leases);
    free(delivery);
}
