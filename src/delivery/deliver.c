#include "delivery/deliver.h"

#include "base/crash.h"
#include "base/heartbeat.h"
#include "base/log.h"
#include "base/memory.h"
#include "delivery/turn.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    MOST_TURNS = 128, /* Users in hand of one worker */
    MOST_AT_ONCE = 4, /* taken by one look, so that workers share them */
};

/* Between two looks for work, and between two tries to write. */
static const instant POLL = 250 * MILLISECOND;
/* While other workers have all connections to a User, and at least between two
 * looks because of new messages: each costs as much as a notification. */
static const instant SHORT_POLL = 5 * MILLISECOND;

struct worker {
    struct alerts *alerts;
    pthread_t thread;
    struct db *db;
    struct turn_sender sender;
    struct turn *turns;
    size_t turn_count;
    atomic_bool woken;     /* to look at once */
    atomic_bool told;      /* that there are new messages */
    bool waits;            /* for a connection that another worker has */
    instant looked;        /* by clock_elapsed() */
    bool without_database; /* said so already */
};

struct alerts {
    const struct config *config;
    struct retry_policy policy;
    instant lease;
    atomic_bool stopping;
    pthread_mutex_t lock; /* of what follows */
    struct lane *lanes;   /* in hand of all workers */
    unsigned worker_count;
    struct worker workers[];
};

/* The one that alerts_wake() means. */
static pthread_mutex_t current_lock = PTHREAD_MUTEX_INITIALIZER;
static struct alerts *current;

/* ---- lanes in hand ---- */

static size_t users_in_hand(const struct alerts *alerts, struct arena *arena,
                            eui64 **users) {
    size_t count = 0;
    for (const struct lane *lane = alerts->lanes; lane; lane = lane->next)
        count++;
    eui64 *user = *users = arena_zero(arena, count, sizeof **users);
    for (const struct lane *lane = alerts->lanes; lane; lane = lane->next)
        *user++ = lane->row.user_id;
    return count;
}

static struct turn *add_turn(struct worker *worker, struct lane *lane) {
    struct turn *turn = turn_new(lane);
    turn->next = worker->turns;
    worker->turns = turn;
    worker->turn_count++;
    return turn;
}

static void remove_turn(struct worker *worker, struct turn *turn) {
    struct turn **at = &worker->turns;
    while (*at != turn)
        at = &(*at)->next;
    *at = turn->next;
    worker->turn_count--;
    turn_free(turn);
}

static bool has_turn(const struct worker *worker, const struct lane *lane) {
    const struct turn *turn = worker->turns;
    while (turn && turn->lane != lane)
        turn = turn->next;
    return turn != NULL;
}

/* Is this worker the only one in the lane? Then nobody joins it any more. */
static bool is_last(struct alerts *alerts, struct lane *lane) {
    pthread_mutex_lock(&alerts->lock);
    bool last = atomic_load(&lane->workers) == 1;
    if (last)
        atomic_store(&lane->more, false);
    pthread_mutex_unlock(&alerts->lock);
    return last;
}

/* With the lane's lock held. True when nobody is in it any more. */
static bool leave(struct alerts *alerts, struct turn *turn) {
    struct lane *lane = turn->lane;
    turn_leave(turn);
    pthread_mutex_lock(&alerts->lock);
    bool last = atomic_fetch_sub(&lane->workers, 1) == 1;
    struct lane **at = &alerts->lanes;
    while (*at != lane)
        at = &(*at)->next;
    if (last)
        *at = lane->next;
    pthread_mutex_unlock(&alerts->lock);
    return last;
}

/* Passes the outcome on; says once that the database is not there. */
static enum outcome note(struct worker *worker, enum outcome outcome) {
    if (outcome != DONE && !worker->without_database)
        log_warning("delivery.no_database", ": %s", db_reason(worker->db));
    worker->without_database = outcome != DONE;
    return outcome;
}

/* ---- taking lanes ---- */

/* One look at a time, so that no two workers can take the same lane, not even
 * when the clock jumps over a lease. */
static size_t lease_lanes(struct worker *worker, unsigned most,
                          struct lane *lanes[]) {
    struct alerts *alerts = worker->alerts;
    struct arena *arena = arena_new();
    struct queue_lane *rows = NULL;
    eui64 *in_hand;
    size_t count = 0;
    pthread_mutex_lock(&alerts->lock);
    size_t in_hand_count = users_in_hand(alerts, arena, &in_hand);
    instant now = clock_now(), lease = now + alerts->lease;
    instant begin_until = clock_elapsed() + alerts->config->delivery_timeout;
    note(worker, queue_lease(worker->db, arena, in_hand, in_hand_count, now,
                             lease, most, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        lanes[i] = lane_new(&rows[i], lease, begin_until);
        lanes[i]->next = alerts->lanes;
        alerts->lanes = lanes[i];
    }
    pthread_mutex_unlock(&alerts->lock);
    if (count)
        crash_point(CRASH_lane_leased);
    arena_free(arena);
    return count;
}

/* A lane of other workers that has more than they have in hand; or NULL. */
static struct lane *join_lane(struct worker *worker) {
    struct alerts *alerts = worker->alerts;
    unsigned connections = alerts->config->delivery_connections;
    pthread_mutex_lock(&alerts->lock);
    struct lane *lane = alerts->lanes;
    while (lane &&
           (!lane_has_room(lane, connections) || has_turn(worker, lane)))
        lane = lane->next;
    if (lane)
        atomic_fetch_add(&lane->workers, 1);
    pthread_mutex_unlock(&alerts->lock);
    return lane;
}

static void wake(struct alerts *alerts, const struct worker *but) {
    for (unsigned i = 0; i < alerts->worker_count; i++) {
        if (&alerts->workers[i] == but)
            continue;
        atomic_store(&alerts->workers[i].woken, true);
        http_client_wake(alerts->workers[i].sender.http);
    }
}

static void load(struct worker *worker, struct turn *turn) {
    struct alerts *alerts = worker->alerts;
    const struct config *config = alerts->config;
    note(worker,
         turn_load(turn, worker->db, clock_now(), config->delivery_batch));
    if (turn->count)
        crash_point(CRASH_alerts_loaded);
    if (lane_has_room(turn->lane, config->delivery_connections) &&
        atomic_load(&turn->lane->workers) < alerts->worker_count)
        wake(alerts, worker);
    turn_begin(turn, &worker->sender);
    if (!turn->on_the_way)
        atomic_store(&worker->woken, true); /* nothing would end the wait */
}

static instant look_due_in(const struct worker *worker) {
    if (atomic_load(&worker->woken))
        return 0;
    instant pause = atomic_load(&worker->told) ? SHORT_POLL : POLL;
    return worker->looked + pause - clock_elapsed();
}

static void look_for_work(struct worker *worker) {
    struct lane *lanes[MOST_AT_ONCE];
    if (look_due_in(worker) > 0)
        return;
    atomic_store(&worker->woken, false);
    atomic_store(&worker->told, false);
    worker->looked = clock_elapsed();
    unsigned room = (unsigned)(MOST_TURNS - worker->turn_count);
    unsigned most = room < MOST_AT_ONCE ? room : MOST_AT_ONCE;
    if (!most)
        return;
    size_t count = lease_lanes(worker, most, lanes);
    if (!count && (lanes[0] = join_lane(worker)) != NULL)
        count = 1;
    for (size_t i = 0; i < count; i++)
        load(worker, add_turn(worker, lanes[i]));
    if (count == most)
        atomic_store(&worker->woken, true);
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
                    "user=%s tries=%u next_try=%s : %s; it is tried again by "
                    "itself. If it lasts: is receive_url in users.csv right, "
                    "its name in the DNS, the User's system up?",
                    user, result->tries,
                    instant_format(result->paused_until, until), result->error);
    else if (row->tries && !result->tries)
        log_info("delivery.well_again", "user=%s", user);
    else if (result->failed_count)
        log_warning("delivery.refused", "user=%s messages=%zu : the first: %s",
                    user, result->failed_count, result->errors[0]);
}

static const char *any_error(const struct queue_result *result) {
    if (result->error)
        return result->error;
    return result->failed_count ? result->errors[0] : "";
}

enum end {
    WRITE_AGAIN, /* the database could not */
    GO_ON,       /* there may be more, and the address is well */
    LEFT,
    LEFT_LAST, /* and the lane is free */
};

/* Writes what came of the batch. With the lane's lock held. */
static enum end write_result(struct worker *worker, struct turn *turn,
                             bool may_go_on) {
    struct alerts *alerts = worker->alerts;
    struct lane *lane = turn->lane;
    instant now = clock_now();
    instant begin_until = clock_elapsed() + alerts->config->delivery_timeout;
    bool go_on =
        may_go_on && !atomic_load(&lane->stopped) && !turn_took_all(turn);
    bool give_back = !go_on && is_last(alerts, lane);
    struct queue_result result = turn_result(
        turn, &alerts->policy, now, give_back ? 0 : now + alerts->lease);
    struct queue_settled settled;
    if (note(worker, queue_settle(worker->db, turn->batch, &result, now,
                                  &settled)) != DONE)
        return WRITE_AGAIN;
    crash_point(CRASH_lane_settled);
    log_lane(turn, &result);
    if (settled.given_up)
        log_given_up(lane->row.user_id, settled.given_up, any_error(&result));
    turn_settled(turn, &result, begin_until);
    if (!settled.still_leased)
        atomic_store(&lane->stopped, true);
    if (go_on && settled.still_leased)
        return GO_ON;
    return leave(alerts, turn) ? LEFT_LAST : LEFT;
}

static enum end write_and_leave(struct worker *worker, struct turn *turn,
                                bool stopping) {
    struct lane *lane = turn->lane;
    pthread_mutex_lock(&lane->lock);
    enum end end = write_result(worker, turn, !stopping);
    if (end == WRITE_AGAIN && stopping)
        end = leave(worker->alerts, turn) ? LEFT_LAST : LEFT;
    pthread_mutex_unlock(&lane->lock);
    return end;
}

static void settle(struct worker *worker, struct turn *turn, bool stopping) {
    struct lane *lane = turn->lane;
    enum end end = write_and_leave(worker, turn, stopping);
    switch (end) {
    case WRITE_AGAIN:
        turn->settle_at = clock_elapsed() + POLL;
        return;
    case GO_ON:
        load(worker, turn);
        return;
    case LEFT:
    case LEFT_LAST:
        atomic_store(&worker->woken, true);
        remove_turn(worker, turn);
        if (end == LEFT_LAST)
            lane_free(lane);
        return;
    }
}

static void advance(struct worker *worker, struct turn *turn) {
    bool stopping = atomic_load(&worker->alerts->stopping);
    if (!stopping)
        turn_begin(turn, &worker->sender);
    worker->waits |= turn_waits(turn);
    bool over = stopping ? !turn->on_the_way : turn_is_over(turn);
    if (over && (stopping || clock_elapsed() >= turn->settle_at))
        settle(worker, turn, stopping);
}

/* ---- a worker ---- */

static instant pause_of(const struct worker *worker) {
    instant pause = look_due_in(worker);
    return worker->waits && pause > SHORT_POLL ? SHORT_POLL : pause;
}

static void collect(struct worker *worker) {
    struct delivery *ended =
        http_client_wait(worker->sender.http, pause_of(worker));
    for (; ended; ended = http_client_wait(worker->sender.http, 0)) {
        crash_point(CRASH_alert_answered);
        turn_end(ended);
    }
}

static void *work(void *context) {
    struct worker *worker = context;
    struct heartbeat *heartbeat = heartbeat_new("delivery");
    for (;;) {
        heartbeat_step(heartbeat);
        bool stopping = atomic_load(&worker->alerts->stopping);
        if (!stopping)
            look_for_work(worker);
        worker->waits = false;
        for (struct turn *turn = worker->turns, *next; turn; turn = next) {
            next = turn->next;
            advance(worker, turn);
        }
        if (stopping && !worker->turns)
            break;
        collect(worker);
    }
    heartbeat_free(heartbeat);
    return NULL;
}

/* ---- start and stop ---- */

static void start_worker(struct alerts *alerts, unsigned index,
                         const struct duis_signer *signer) {
    const struct config *config = alerts->config;
    struct worker *worker = &alerts->workers[index];
    instant timeout = config->delivery_timeout;
    *worker = (struct worker){
        .alerts = alerts,
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
    if (pthread_create(&worker->thread, NULL, work, worker) != 0)
        memory_exhausted(0);
}

struct alerts *alerts_start(const struct config *config,
                            const struct duis_signer *signer) {
    unsigned count = config->delivery_workers;
    struct alerts *alerts =
        memory_alloc(sizeof *alerts + count * sizeof *alerts->workers);
    *alerts = (struct alerts){
        .config = config,
        .policy = {.first = config->delivery_retry_first,
                   .most = delivery_longest_pause(config),
                   .give_up = config->delivery_give_up},
        .lease = delivery_lease(config),
        .worker_count = count,
    };
    pthread_mutex_init(&alerts->lock, NULL);
    turn_register_metrics();
    for (unsigned i = 0; i < count; i++)
        start_worker(alerts, i, signer);
    pthread_mutex_lock(&current_lock);
    current = alerts;
    pthread_mutex_unlock(&current_lock);
    return alerts;
}

/* One at a time: who finds more than it takes wakes the others. */
void alerts_wake(void) {
    static unsigned turn;
    pthread_mutex_lock(&current_lock);
    if (current) {
        struct worker *worker =
            &current->workers[turn++ % current->worker_count];
        atomic_store(&worker->told, true);
        http_client_wake(worker->sender.http);
    }
    pthread_mutex_unlock(&current_lock);
}

void alerts_stop(struct alerts *alerts) {
    if (!alerts)
        return;
    pthread_mutex_lock(&current_lock);
    current = NULL;
    pthread_mutex_unlock(&current_lock);
    atomic_store(&alerts->stopping, true);
    wake(alerts, NULL);
    for (unsigned i = 0; i < alerts->worker_count; i++) {
        struct worker *worker = &alerts->workers[i];
        pthread_join(worker->thread, NULL);
        http_client_free(worker->sender.http);
        db_close(worker->db);
    }
    pthread_mutex_destroy(&alerts->lock);
    free(alerts);
}
