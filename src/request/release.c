#include "request/release.h"

#include "base/heartbeat.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/wakeup.h"
#include "csp_gateway/send.h"
#include "request/request.h"

#include <stdlib.h>

static struct metric_family families[] = {
    {.name = "fotad_held_requests",
     .help = "Requests held by anomaly detection that wait for a decision",
     .kind = METRIC_GAUGE},
    {.name = "fotad_released_requests_total",
     .help = "Released requests by variant and by what they ended in",
     .kind = METRIC_COUNTER,
     .labels = {"variant", "condition"}},
};
enum { HELD, RELEASED };

/* One released request, from the moment it is taken. */
struct release {
    const struct request_management *management;
    struct db *db;
    struct rules *rules;
    struct arena *arena;
    int64_t hold_no; /* 0: there was none */
    struct rq *rq;
};

/* ---- one request ---- */

static enum outcome take(struct release *release) {
    static const struct db_statement statement = {
        "take_released",
        "select hold_no, request_no, service, body from take_released($1)"};
    struct rq *rq = arena_zero(release->arena, 1, sizeof *rq);
    *rq = (struct rq){.management = release->management,
                      .rules = release->rules,
                      .db = release->db,
                      .arena = release->arena,
                      .received = clock_now(),
                      .condition = CONDITION_accepted,
                      .detail = ""};
    struct db_params params = DB_PARAMS(release->arena);
    db_instant(&params, rq->received);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(release->db, &statement, &params, release->arena, &rows);
    release->rq = rq;
    release->hold_no = 0;
    if (outcome != DONE || db_row_count(rows) == 0)
        return outcome;
    release->hold_no = db_get_int(rows, 0, 0);
    rq->request_no = db_get_int(rows, 0, 1);
    rq->service = db_get_text(rows, 0, 2);
    rq->body = db_get_span(rows, 0, 3);
    return DONE;
}

/* A command on its way is answered by the device, under the same ResponseID:
 * an acknowledgement before that could be taken for it. */
static bool device_answers(const struct rq *rq) {
    return rq->condition == CONDITION_accepted && rq->variant->sent &&
           !rq->returned.len;
}

static enum outcome finish(const struct release *release) {
    static const struct db_statement statement = {
        "end_release", "select end_release($1, $2, $3, $4, $5, $6, $7)"};
    const struct rq *rq = release->rq;
    struct db_params params = DB_PARAMS(release->arena);
    db_int8(&params, release->hold_no);
    db_int8(&params, rq->request_no);
    db_text(&params, condition_name(rq->condition));
    db_text(&params, request_code(rq, rq->condition));
    if (device_answers(rq))
        db_null(&params);
    else
        db_bytea(&params, rq->answer);
    int32_t counts[COUNTS];
    request_counts(rq, counts);
    db_int4s(&params, counts, COUNTS);
    db_instant(&params, rq->received);
    return db_run(release->db, &statement, &params, release->arena, NULL);
}

static bool has_no_answer(const struct rq *rq) {
    return rq->condition == CONDITION_not_well_formed ||
           rq->condition == CONDITION_not_valid;
}

/* All in one transaction, the counting last: its locks are for everybody. */
static enum outcome go_on(struct db *db, void *context) {
    (void)db;
    struct release *release = context;
    enum outcome outcome = take(release);
    struct rq *rq = release->rq;
    if (outcome != DONE || !release->hold_no)
        return outcome;
    enum step step = request_examine(rq);
    if (step == STEP_ON)
        step = request_take_effect(rq);
    if (step == STEP_AGAIN)
        return RETRY;
    if (step == STEP_FAILED || has_no_answer(rq) || !request_compose(rq))
        return FAILED;
    outcome = request_count_released(rq);
    return outcome == DONE ? finish(release) : outcome;
}

static void report(const struct release *release) {
    const struct rq *rq = release->rq;
    const char *variant = rq->duis.service_reference_variant;
    if (rq->accepted)
        csp_send_wake(CSP_JOBS);
    if (rq->variant && rq->variant->sent)
        csp_send_wake(CSP_COMMANDS);
    request_count_devices(rq);
    metric_add(metric_of(&families[RELEASED], variant,
                         condition_name(rq->condition), NULL),
               1);
    log_info("anomaly.went_on",
             "hold=%jd variant=%s condition=%s listed=%zu accepted=%zu%s%s",
             (intmax_t)release->hold_no, variant, condition_name(rq->condition),
             rq->duis.device_id_count, rq->accepted, *rq->detail ? " : " : "",
             rq->detail);
}

/* So that others are not held up by it. */
static void put_off(const struct release *release) {
    static const struct db_statement statement = {
        "put_release_off", "select put_release_off($1, $2)"};
    log_error("anomaly.not_released", "hold=%jd : %s%s%s",
              (intmax_t)release->hold_no, release->rq->detail,
              *release->rq->detail ? "; " : "", db_reason(release->db));
    struct db_params params = DB_PARAMS(release->arena);
    db_int8(&params, release->hold_no);
    db_instant(&params, release->rq->received + MINUTE);
    db_run(release->db, &statement, &params, release->arena, NULL);
}

/* *taken: there was one, whatever became of it. */
static enum outcome release_one(const struct request_management *management,
                                struct db *db, bool *taken) {
    struct release release = {.management = management,
                              .db = db,
                              .rules = request_hold_rules(),
                              .arena = arena_new()};
    enum outcome outcome = db_transact(db, go_on, &release, true);
    *taken = release.hold_no != 0;
    if (*taken && outcome == DONE)
        report(&release);
    if (*taken && outcome == FAILED)
        put_off(&release);
    log_set_request(NULL);
    rules_release(release.rules);
    arena_free(release.arena);
    return *taken && outcome == FAILED ? DONE : outcome;
}

/* ---- all of them ---- */

static enum outcome review(const struct config *config, struct db *db) {
    static const struct db_statement statement = {
        "review_holds",
        "select held, rejected"
        " from review_holds(make_interval(secs => $1::bigint), $2)"};
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    db_int8(&params, config->anomaly_hold_most / SECOND);
    db_instant(&params, clock_now());
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &statement, &params, arena, &rows);
    if (outcome == DONE) {
        metric_set(metric_of(&families[HELD], NULL, NULL, NULL),
                   db_get_int(rows, 0, 0));
        intmax_t rejected = db_get_int(rows, 0, 1);
        if (rejected)
            log_warning("anomaly.held_too_long",
                        "rejected=%jd : nobody decided on them in time",
                        rejected);
    }
    arena_free(arena);
    return outcome;
}

/* `ended` NULL: nobody ends it. */
static enum outcome release_all(const struct request_management *management,
                                struct db *db, const atomic_bool *ended,
                                struct heartbeat *heartbeat, size_t *taken) {
    heartbeat_step(heartbeat);
    *taken = 0;
    enum outcome outcome = review(management->config, db);
    bool more = outcome == DONE;
    while (more && outcome == DONE && !(ended && atomic_load(ended))) {
        heartbeat_step(heartbeat);
        outcome = release_one(management, db, &more);
        *taken += more;
    }
    return outcome;
}

enum outcome request_release(const struct request_management *management,
                             struct db *db, size_t *taken) {
    return release_all(management, db, NULL, NULL, taken);
}

/* ---- the thread ---- */

struct releases {
    const struct request_management *management;
    struct db *db;
    pthread_t thread;
    struct heartbeat *heartbeat;
    struct wakeup wakeup;
};

static void *work(void *context) {
    struct releases *releases = context;
    size_t taken;
    do {
        if (release_all(releases->management, releases->db,
                        &releases->wakeup.ended, releases->heartbeat,
                        &taken) != DONE)
            log_warning("anomaly.failed", ": %s", db_reason(releases->db));
        heartbeat_rest(releases->heartbeat);
    } while (wakeup_rest(&releases->wakeup, SECOND));
    return NULL;
}

struct releases *request_releases_start(
    const struct request_management *management) {
    metrics_register(families, sizeof families / sizeof *families);
    struct releases *releases = memory_alloc(sizeof *releases);
    *releases = (struct releases){
        .wakeup = WAKEUP_NEW,
        .management = management,
        .db = db_open(management->config->database_conninfo, "fotad releases"),
        .heartbeat = heartbeat_new("releases")};
    if (pthread_create(&releases->thread, NULL, work, releases) != 0)
        memory_exhausted(0);
    return releases;
}

void request_releases_stop(struct releases *releases) {
    if (!releases)
        return;
    wakeup_end(&releases->wakeup);
    pthread_join(releases->thread, NULL);
    wakeup_destroy(&releases->wakeup);
    heartbeat_free(releases->heartbeat);
    db_close(releases->db);
    free(releases);
}
