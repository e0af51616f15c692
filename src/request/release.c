#include "request/release.h"

#include "base/log.h"
#include "base/metrics.h"
#include "request/anomaly.h"
#include "request/compose.h"
#include "request/metrics.h"
#include "request/pipeline.h"
#include "request/record.h"

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

static struct rq *rq_released(const struct release *release) {
    struct rq *rq = arena_zero(release->arena, 1, sizeof *rq);
    *rq = (struct rq){.management = release->management,
                      .rules = release->rules,
                      .db = release->db,
                      .arena = release->arena,
                      .way = WAY_RELEASED,
                      .received = clock_now(),
                      .condition = CONDITION_accepted,
                      .detail = ""};
    return rq;
}

/* What take_released() gives. */
struct released {
    int64_t hold_no, request_no;
    const char *service;
    struct span body;
};

static const struct db_column released_columns[] = {
    DB_COLUMN(INT8, struct released, hold_no),
    DB_COLUMN(INT8, struct released, request_no),
    DB_COLUMN(TEXT, struct released, service),
    DB_COLUMN(BYTEA, struct released, body),
};

static enum outcome release_take(struct release *release) {
    static const struct db_statement take = {
        "take_released",
        "select hold_no, request_no, service, body from take_released($1)"};
    struct rq *rq = release->rq = rq_released(release);
    release->hold_no = 0;
    struct db_params params = DB_PARAMS(release->arena);
    db_instant(&params, rq->received);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(release->db, &take, &params, release->arena, &rows);
    if (outcome != DONE || db_row_count(rows) == 0)
        return outcome;
    const struct released *found = db_structs(
        rows, DB_COLUMNS(released_columns), sizeof *found, release->arena);
    release->hold_no = found->hold_no;
    rq->request_no = found->request_no;
    rq->service = found->service;
    rq->body = found->body;
    return DONE;
}

/* A command on its way is answered by the device, under the same ResponseID:
 * an acknowledgement before that could be taken for it. */
static bool device_answers(const struct rq *rq) {
    return rq->condition == CONDITION_accepted && rq->variant->sent &&
           !rq->returned.len;
}

static enum outcome release_end(const struct release *release) {
    static const struct db_statement statement = {
        "end_release", "select end_release($1, $2, $3, $4, $5, $6, $7)"};
    const struct rq *rq = release->rq;
    struct db_params params = DB_PARAMS(release->arena);
    db_int8(&params, release->hold_no);
    db_int8(&params, rq->request_no);
    db_text(&params, condition_name(rq->condition));
    db_text(&params, rq_code(rq, rq->condition));
    if (device_answers(rq))
        db_null(&params);
    else
        db_bytea(&params, rq->answer);
    const struct rq_counts counts = rq_count(rq);
    db_int4s(&params, (const int32_t *)&counts,
             sizeof counts / sizeof(int32_t));
    db_instant(&params, rq->received);
    return db_run(release->db, &statement, &params, release->arena, NULL);
}

/* All in one transaction, the counting last: its locks are for everybody. */
static enum outcome release_run(struct db *db, void *context) {
    (void)db;
    struct release *release = context;
    enum outcome outcome = release_take(release);
    struct rq *rq = release->rq;
    if (outcome != DONE || !release->hold_no)
        return outcome;
    outcome = pipeline_run(EXAMINE, RQ_ALONE(rq));
    if (outcome == DONE)
        outcome = pipeline_run(EFFECT, RQ_ALONE(rq));
    if (outcome == RETRY || outcome == FAILED)
        return outcome;
    if (!condition_has_response(rq->condition) || !rq_compose(rq))
        return FAILED;
    outcome = request_count_released(rq);
    return outcome == DONE ? release_end(release) : outcome;
}

static void release_report(const struct release *release) {
    struct rq *rq = release->rq;
    const char *variant = rq->duis.service_reference_variant;
    (void)pipeline_run(COMMITTED, RQ_ALONE(rq));
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
static void release_put_off(const struct release *release) {
    static const struct db_statement statement = {
        "put_release_off", "select put_release_off($1, $2)"};
    log_error("anomaly.not_released", "hold=%jd : %s%s%s",
              (intmax_t)release->hold_no, release->rq->detail,
              *release->rq->detail ? "; " : "", db_reason(release->db));
    struct db_params params = DB_PARAMS(release->arena);
    db_int8(&params, release->hold_no);
    db_instant(&params, release->rq->received + MINUTE);
    (void)db_run(release->db, &statement, &params, release->arena, NULL);
}

/* *taken: there was one, whatever became of it. */
static enum outcome release_one(const struct request_management *management,
                                struct db *db, bool *taken) {
    struct release release = {.management = management,
                              .db = db,
                              .rules = rules_current(),
                              .arena = arena_new()};
    enum outcome outcome = db_transact(db, release_run, &release, true);
    *taken = release.hold_no != 0;
    if (*taken && outcome == DONE)
        release_report(&release);
    if (*taken && outcome == FAILED)
        release_put_off(&release);
    log_set_request(NULL);
    rules_release(release.rules);
    arena_free(release.arena);
    return *taken && outcome == FAILED ? DONE : outcome;
}

/* ---- all of them ---- */

static enum outcome holds_review(const struct config *config, struct db *db) {
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

/* `task` NULL: nobody ends it. */
static enum outcome release_all(const struct request_management *management,
                                struct db *db, struct task *task,
                                size_t *taken) {
    *taken = 0;
    enum outcome outcome = holds_review(management->config, db);
    bool more = outcome == DONE;
    while (more && outcome == DONE && task_goes_on(task)) {
        outcome = release_one(management, db, &more);
        *taken += more;
    }
    return outcome;
}

enum outcome request_release(const struct request_management *management,
                             struct db *db, size_t *taken) {
    return release_all(management, db, NULL, taken);
}

static enum outcome release_round(struct task *task, void *context,
                                  instant *rest) {
    size_t taken;
    *rest = SECOND;
    (void)request_record_kept(task_db(task), false);
    return release_all(context, task_db(task), task, &taken);
}

struct task *request_releases_start(struct request_management *management) {
    metrics_register(families, sizeof families / sizeof *families);
    return task_start(&(struct task_options){
        .name = "releases",
        .session = "fotad releases",
        .conninfo = management->config->database_conninfo,
        .failed = "anomaly.failed",
        .round = release_round,
        .context = management});
}
