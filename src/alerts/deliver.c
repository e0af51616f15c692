#include "alerts/deliver.h"

#include "alerts/turn.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/progress.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    MOST_TURNS = 128, /* Users in hand of one worker */
    MOST_AT_ONCE = 4, /* taken by one look, so that workers share them */
};

/* Between two looks for work, and between two tries to write. */
static const instant POLL = 250 * MILLISECOND;

struct worker {
    struct alerts *alerts;
    pthread_t thread;
    struct db *db;
    struct turn_sender sender;
    struct turn *turns;
    size_t turn_count;
    atomic_bool woken;
    instant looked;        /* by clock_elapsed() */
    bool without_database; /* said so already */
};

struct alerts {
    const struct config *config;
    struct retry_policy policy;
    instant lease;
    atomic_bool stopping;
    pthread_mutex_t lock; /* of what follows */
    eui64 *held;          /* lanes in hand of all workers */
    size_t held_count;
    unsigned worker_count;
    struct worker workers[];
};

/* The one that alerts_wake() means. */
static pthread_mutex_t current_lock = PTHREAD_MUTEX_INITIALIZER;
static struct alerts *current;

/* ---- lanes in hand ---- */

static void hold(struct alerts *alerts, eui64 user_id) {
    alerts->held[alerts->held_count++] = user_id;
}

static void let_go(struct alerts *alerts, eui64 user_id) {
    pthread_mutex_lock(&alerts->lock);
    size_t i = 0;
    while (alerts->held[i] != user_id)
        i++;
    alerts->held[i] = alerts->held[--alerts->held_count];
    pthread_mutex_unlock(&alerts->lock);
}

static void add_turn(struct worker *worker, const struct queue_lane *lane,
                     instant lease) {
    struct turn *turn = turn_new(lane, lease);
    turn->next = worker->turns;
    worker->turns = turn;
    worker->turn_count++;
}

static void remove_turn(struct worker *worker, struct turn *turn) {
    struct turn **at = &worker->turns;
    while (*at != turn)
        at = &(*at)->next;
    *at = turn->next;
    worker->turn_count--;
    let_go(worker->alerts, turn->lane.user_id);
    turn_free(turn);
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
static size_t lease_lanes(struct worker *worker, unsigned most) {
    struct alerts *alerts = worker->alerts;
    struct arena *arena = arena_new();
    struct queue_lane *lanes = NULL;
    size_t count = 0;
    instant now = clock_now(), lease = now + alerts->lease;
    pthread_mutex_lock(&alerts->lock);
    note(worker,
         queue_lease(worker->db, arena, alerts->held, alerts->held_count, now,
                     lease, most, &lanes, &count));
    for (size_t i = 0; i < count; i++)
        hold(alerts, lanes[i].user_id);
    pthread_mutex_unlock(&alerts->lock);
    if (count)
        crash_point(CRASH_lane_leased);
    for (size_t i = 0; i < count; i++)
        add_turn(worker, &lanes[i], lease);
    arena_free(arena);
    return count;
}

static void load(struct worker *worker, struct turn *turn) {
    const struct config *config = worker->alerts->config;
    turn->begin_until = clock_elapsed() + config->delivery_timeout;
    note(worker,
         turn_load(turn, worker->db, clock_now(), config->delivery_batch));
    if (turn->count)
        crash_point(CRASH_alerts_loaded);
    turn_begin(turn, &worker->sender);
    if (!turn->on_the_way)
        atomic_store(&worker->woken, true); /* nothing would end the wait */
}

static void look_for_work(struct worker *worker) {
    instant now = clock_elapsed();
    if (!atomic_exchange(&worker->woken, false) && now < worker->looked + POLL)
        return;
    worker->looked = now;
    unsigned room = (unsigned)(MOST_TURNS - worker->turn_count);
    unsigned most = room < MOST_AT_ONCE ? room : MOST_AT_ONCE;
    if (!most)
        return;
    size_t count = lease_lanes(worker, most);
    struct turn *turn = worker->turns;
    for (size_t i = 0; i < count; i++, turn = turn->next)
        load(worker, turn);
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
    eui64_format(turn->lane.user_id, user);
    if (result->error)
        log_warning("delivery.failing",
                    "user=%s tries=%u next_try=%s : %s; it is tried again by "
                    "itself. If it lasts: is receive_url in users.csv right, "
                    "its name in the DNS, the User's system up?",
                    user, result->tries,
                    instant_format(result->paused_until, until), result->error);
    else if (turn->lane.tries && !result->tries)
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

/* Writes what came of the batch. The turn goes on if there may be more and the
 * address is well; false: it could not be written, to be tried again. */
static bool settle(struct worker *worker, struct turn *turn, bool may_go_on) {
    const struct alerts *alerts = worker->alerts;
    instant now = clock_now();
    bool go_on = may_go_on && !turn->failure && !turn_took_all(turn);
    struct queue_result result = turn_result(turn, &alerts->policy, now,
                                             go_on ? now + alerts->lease : 0);
    struct queue_settled settled;
    if (note(worker, queue_settle(worker->db, turn->batch, &result, now,
                                  &settled)) != DONE) {
        turn->settle_at = clock_elapsed() + POLL;
        return false;
    }
    crash_point(CRASH_lane_settled);
    log_lane(turn, &result);
    if (settled.given_up)
        log_given_up(turn->lane.user_id, settled.given_up, any_error(&result));
    if (!go_on || !settled.still_leased) {
        atomic_store(&worker->woken, true);
        remove_turn(worker, turn);
        return true;
    }
    turn->lease = result.next_lease;
    turn->lane.tries = result.tries;
    load(worker, turn);
    return true;
}

static void advance(struct worker *worker, struct turn *turn) {
    bool stopping = atomic_load(&worker->alerts->stopping);
    if (!stopping)
        turn_begin(turn, &worker->sender);
    bool over = stopping ? !turn->on_the_way : turn_is_over(turn);
    if (!over || (!stopping && clock_elapsed() < turn->settle_at))
        return;
    if (!settle(worker, turn, !stopping) && stopping)
        remove_turn(worker, turn);
}

/* ---- a worker ---- */

static instant pause_of(const struct worker *worker) {
    instant pause = worker->looked + POLL - clock_elapsed();
    bool at_once = atomic_load(&worker->woken) || pause < 0;
    return at_once ? 0 : pause;
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
    struct progress *progress = progress_new("delivery");
    for (;;) {
        progress_step(progress);
        bool stopping = atomic_load(&worker->alerts->stopping);
        if (!stopping)
            look_for_work(worker);
        for (struct turn *turn = worker->turns, *next; turn; turn = next) {
            next = turn->next;
            advance(worker, turn);
        }
        if (stopping && !worker->turns)
            break;
        collect(worker);
    }
    progress_free(progress);
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
                   .most = config->delivery_retry_most,
                   .give_up = config->delivery_give_up},
        .lease = 3 * config->delivery_timeout,
        .held = memory_alloc(count * MOST_TURNS * sizeof *alerts->held),
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

static void wake(struct alerts *alerts) {
    for (unsigned i = 0; i < alerts->worker_count; i++) {
        atomic_store(&alerts->workers[i].woken, true);
        http_client_wake(alerts->workers[i].sender.http);
    }
}

void alerts_wake(void) {
    pthread_mutex_lock(&current_lock);
    if (current)
        wake(current);
    pthread_mutex_unlock(&current_lock);
}

void alerts_stop(struct alerts *alerts) {
    if (!alerts)
        return;
    pthread_mutex_lock(&current_lock);
    current = NULL;
    pthread_mutex_unlock(&current_lock);
    atomic_store(&alerts->stopping, true);
    wake(alerts);
    for (unsigned i = 0; i < alerts->worker_count; i++) {
        struct worker *worker = &alerts->workers[i];
        pthread_join(worker->thread, NULL);
        http_client_free(worker->sender.http);
        db_close(worker->db);
    }
    pthread_mutex_destroy(&alerts->lock);
    free(alerts->held);
    free(alerts);
}
