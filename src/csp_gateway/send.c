#include "csp_gateway/send.h"

#include "base/crash.h"
#include "base/heartbeat.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/wakeup.h"
#include "csp_gateway/job.h"

#include <stdlib.h>

/* The clock may jump and another process may accept devices, so the database
 * is looked at this often. */
#define POLL (250 * MILLISECOND)
/* After trouble with the database. */
#define PAUSE SECOND
/* How often the jobs that wait are counted. */
#define COUNT_EVERY (5 * SECOND)

static struct metric_family families[] = {
    {.name = "fotad_csp_tries_total",
     .help = "Tries to hand a job over, by CSP and what came of it",
     .kind = METRIC_COUNTER,
     .labels = {"csp", "outcome"}},
    {.name = "fotad_csp_try_seconds",
     .help = "Time that a try takes, with the image and the jobs sent with it",
     .kind = METRIC_HISTOGRAM,
     .labels = {"csp"}},
    {.name = "fotad_csp_jobs_waiting",
     .help = "Jobs that are to be sent or tried again",
     .kind = METRIC_GAUGE,
     .labels = {"csp"}},
};
enum { TRIES, SECONDS, WAITING };

/* One CSP's thread. */
struct lane {
    struct csp_sender *sender;
    const struct config_csp *csp;
    pthread_t thread;
    struct db *db;
    struct http_client *client;
    struct arena *arena;
    struct heartbeat *heartbeat;
    instant counted; /* clock_elapsed() of the last count */
};

struct csp_sender {
    const struct config *config;
    struct lane lanes[CONFIG_MOST_CSPS];
    atomic_bool stopping; /* set before the wakeup is rung */
};

/* All senders of the process hear it. */
static struct wakeup wakeup = WAKEUP_NEW;

void csp_send_wake(void) {
    wakeup_signal(&wakeup);
}

/* ---- a turn ---- */

static void tell(const struct csp_job *job, const struct csp_answer *answer,
                 const char *ended_in, instant took) {
    bool well = answer->verdict == CSP_TAKEN;
    log_set_request(job->request_id);
    log_event(well ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "csp.job",
              "csp=%s outcome=%s job=%s type=%s devices=%zu try=%u ms=%.1f%s%s",
              job->csp->name, ended_in, job->job_id, job->device_type,
              job->device_count, job->tries + 1, (double)took / 1000.0,
              well ? "" : " : ", answer->detail);
    metric_add(metric_of(&families[TRIES], job->csp->name, ended_in, NULL), 1);
    metric_observe(metric_of(&families[SECONDS], job->csp->name, NULL, NULL),
                   took);
    log_set_request(NULL);
}

/* Jobs in hand, and what the CSP said to each. */
struct hand {
    struct lane *lane;
    struct csp_job jobs[CSP_AT_ONCE];
    struct csp_answer answers[CSP_AT_ONCE];
    const char *ended_in[CSP_AT_ONCE];
    size_t count;
};

/* What is written of those taken, all at once. */
static enum outcome settle_taken(struct hand *hand, size_t which) {
    (void)which;
    for (size_t i = 0; i < hand->count; i++)
        hand->ended_in[i] = "handed_over";
    return csp_jobs_taken(hand->jobs, hand->answers, hand->count,
                          hand->lane->db, hand->lane->arena);
}

static enum outcome settle_other(struct hand *hand, size_t which) {
    const struct lane *lane = hand->lane;
    return csp_job_not_taken(&hand->jobs[which], &hand->answers[which],
                             lane->sender->config, lane->db, lane->arena,
                             &hand->ended_in[which]);
}

/* What the CSP said is not forgotten while the database is away. */
static enum outcome insist(enum outcome (*settle)(struct hand *hand,
                                                  size_t which),
                           struct hand *hand, size_t which) {
    struct lane *lane = hand->lane;
    for (;;) {
        heartbeat_step(lane->heartbeat);
        enum outcome outcome = settle(hand, which);
        if (outcome != RETRY || atomic_load(&lane->sender->stopping))
            return outcome;
        wakeup_rest(&wakeup, PAUSE);
    }
}

static enum outcome settle(struct hand *hand) {
    enum outcome all = insist(settle_taken, hand, 0);
    if (all != DONE)
        for (size_t i = 0; i < hand->count; i++)
            hand->ended_in[i] = "forgotten";
    for (size_t i = 0; i < hand->count; i++) {
        if (hand->answers[i].verdict == CSP_TAKEN)
            continue;
        enum outcome outcome = insist(settle_other, hand, i);
        if (outcome != DONE) {
            hand->ended_in[i] = "forgotten";
            all = outcome;
        }
    }
    return all;
}

static enum outcome hand_over(struct lane *lane, bool *found) {
    struct hand hand = {.lane = lane};
    enum outcome outcome = csp_jobs_lease(lane->db, lane->csp, lane->arena,
                                          hand.jobs, &hand.count);
    *found = outcome == DONE && hand.count;
    if (!*found)
        return outcome;
    crash_point(CRASH_job_leased);
    instant start = clock_elapsed();
    csp_jobs_send(hand.jobs, hand.answers, hand.count, lane->db, lane->client,
                  lane->arena);
    instant took = clock_elapsed() - start;
    crash_point(CRASH_job_taken);
    outcome = settle(&hand);
    crash_point(CRASH_job_settled);
    for (size_t i = 0; i < hand.count; i++)
        tell(&hand.jobs[i], &hand.answers[i], hand.ended_in[i], took);
    return outcome;
}

static void count_waiting(struct lane *lane) {
    static const struct db_statement count = {"jobs_waiting",
                                              "select jobs_waiting($1)"};
    if (lane->counted && clock_elapsed() - lane->counted < COUNT_EVERY)
        return;
    lane->counted = clock_elapsed();
    struct db_params params = DB_PARAMS(lane->arena);
    db_text(&params, lane->csp->name);
    struct db_rows *rows;
    if (db_run(lane->db, &count, &params, lane->arena, &rows) == DONE)
        metric_set(metric_of(&families[WAITING], lane->csp->name, NULL, NULL),
                   db_get_int(rows, 0, 0));
}

/* Sends jobs; *busy: there were some. */
static enum outcome turn(struct lane *lane, bool *busy) {
    enum outcome outcome = hand_over(lane, busy);
    if (outcome == DONE)
        count_waiting(lane);
    return outcome;
}

static void *run(void *context) {
    struct lane *lane = context;
    bool well = true;
    while (!atomic_load(&lane->sender->stopping)) {
        uint64_t heard = wakeup_count(&wakeup);
        bool busy;
        heartbeat_step(lane->heartbeat);
        enum outcome outcome = turn(lane, &busy);
        if (outcome != DONE && well)
            log_warning("csp.waiting", "csp=%s : %s", lane->csp->name,
                        db_reason(lane->db));
        well = outcome == DONE;
        heartbeat_rest(lane->heartbeat);
        if (!well)
            wakeup_rest(&wakeup, PAUSE);
        else if (!busy)
            wakeup_wait(&wakeup, heard, POLL);
        arena_reset(lane->arena);
    }
    return NULL;
}

/* ---- start and end ---- */

static void start_lane(struct lane *lane, struct csp_sender *sender,
                       const struct config_csp *csp) {
    *lane = (struct lane){
        .sender = sender,
        .csp = csp,
        .db = db_open(sender->config->database_conninfo, "fotad CSP sender"),
        .client = csp_client(csp),
        .arena = arena_new(),
        .heartbeat = heartbeat_new("csp_sender")};
    if (pthread_create(&lane->thread, NULL, run, lane) != 0) {
        log_error("csp.no_thread", "csp=%s", csp->name);
        abort();
    }
}

static void end_lane(struct lane *lane) {
    pthread_join(lane->thread, NULL);
    http_client_free(lane->client);
    db_close(lane->db);
    arena_free(lane->arena);
    heartbeat_free(lane->heartbeat);
}

struct csp_sender *csp_send_start(const struct config *config) {
    metrics_register(families, sizeof families / sizeof *families);
    struct csp_sender *sender = memory_alloc(sizeof *sender);
    *sender = (struct csp_sender){.config = config};
    for (size_t i = 0; i < config->csp_count; i++)
        start_lane(&sender->lanes[i], sender, &config->csps[i]);
    return sender;
}

void csp_send_stop(struct csp_sender *sender) {
    if (!sender)
        return;
    atomic_store(&sender->stopping, true);
    wakeup_signal(&wakeup);
    for (size_t i = 0; i < sender->config->csp_count; i++)
        end_lane(&sender->lanes[i]);
    free(sender);
}
