#include "request/request.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "device/send.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* The steps of §4.8, in their order. What comes after these is one
 * transaction: a RequestID is used, devices are claimed and the answer is
 * stored together or not at all. */
struct named_step {
    const char *name;
    enum step (*run)(struct rq *rq);
};

static const struct named_step before[] = {
    {"parse", request_parse},
    {"verify", request_verify},
    {"authorise", request_authorise},
    {"pre-command", request_check_pre_command},
    {"image", request_check_image},
};

/* Between them: may a request of this volume go on? */
static const struct named_step anomaly = {"anomaly", request_count};

enum { STEPS_TOGETHER = 3 };
static const struct named_step hold[] = {
    {"identify", request_identify},
    {"hold", request_hold},
};
static const struct named_step read_version[STEPS_TOGETHER] = {
    {"identify", request_identify},
    {"device", request_check_device},
    {"read", request_read_version},
};
static const struct named_step transform[STEPS_TOGETHER] = {
    {"identify", request_identify},
    {"device", request_check_device},
    {"transform", request_transform},
};
static const struct named_step activate[STEPS_TOGETHER] = {
    {"identify", request_identify},
    {"device", request_check_device},
    {"activate", request_activate},
};

static const struct named_step *const together[] = {
    [DUIS_READ_FIRMWARE_VERSION] = read_version,
    [DUIS_ACTIVATE_FIRMWARE] = transform,
    [DUIS_SIGNED_PRE_COMMAND] = activate,
};

/* Updates make all of that in sets, see batch.c. */
static const struct named_step update[] = {
    {"expect", request_expect},
    {"claim", request_update},
};

static const struct named_step respond = {"respond", request_respond};
static const struct named_step refuse = {"refuse", request_refuse};

/* ---- metrics ---- */

static struct metric_family families[] = {
    {.name = "fotad_service_requests_total",
     .help = "Service Requests by variant and by what they ended in",
     .kind = METRIC_COUNTER,
     .labels = {"variant", "condition"}},
    {.name = "fotad_update_devices_total",
     .help = "Devices of update requests, accepted or by list",
     .kind = METRIC_COUNTER,
     .labels = {"outcome"}},
    {.name = "fotad_request_step_seconds",
     .help = "Time that each step of a Service Request takes",
     .kind = METRIC_HISTOGRAM,
     .labels = {"step"}},
};
enum { REQUESTS, DEVICES, STEPS };

static const char *ended_in(const struct rq *rq) {
    return rq->replayed ? "replayed" : condition_name(rq->condition);
}

static void count(const struct rq *rq) {
    const char *variant = rq->duis.service_reference_variant;
    bool known = variant && rules_known_variant(rq->rules, variant);
    metric_add(metric_of(&families[REQUESTS], known ? variant : "none",
                         ended_in(rq), NULL),
               1);
}

void request_count_devices(const struct rq *rq) {
    static const char *const lists[REFUSALS] = {"invalid", "not_commissioned",
                                                "not_applicable", "in_progress",
                                                "gbcs_version"};
    metric_add(metric_of(&families[DEVICES], "accepted", NULL, NULL),
               (int64_t)rq->accepted);
    for (int i = 0; i < REFUSALS; i++)
        metric_add(metric_of(&families[DEVICES], lists[i], NULL, NULL),
                   (int64_t)rq->refused[i].count);
}

/* ---- running the steps ---- */

enum step rq_end(struct rq *rq, enum condition condition, const char *detail) {
    rq->condition = condition;
    rq->detail = detail;
    return STEP_ANSWER;
}

enum step rq_database(enum outcome outcome) {
    return outcome == RETRY ? STEP_AGAIN : STEP_FAILED;
}

static enum step run(const struct named_step *step, struct rq *rq) {
    instant start = clock_elapsed();
    enum step result = step->run(rq);
    metric_observe(metric_of(&families[STEPS], step->name, NULL, NULL),
                   clock_elapsed() - start);
    return result;
}

static enum step run_all(const struct named_step *steps, size_t how_many,
                         struct rq *rq) {
    enum step step = STEP_ON;
    for (size_t i = 0; i < how_many && step == STEP_ON; i++)
        step = run(&steps[i], rq);
    return step;
}

void request_begin(struct rq *rq) {
    rq->condition = CONDITION_accepted;
    rq->detail = "";
    rq->replayed = false;
    rq->judged = rq->accepted = 0;
    rq->returned = (struct span){0};
    memset(rq->refused, 0, sizeof rq->refused);
}

enum step request_take_effect(struct rq *rq) {
    request_begin(rq);
    if (request_is_update(rq)) {
        enum outcome outcome =
            request_claim(&(struct rq_set){&rq, 1, rq->db, rq->arena});
        return outcome == DONE ? STEP_ON : rq_database(outcome);
    }
    return run_all(together[rq->duis.body] + 1, STEPS_TOGETHER - 1, rq);
}

static enum outcome run_together(struct db *db, void *context) {
    (void)db;
    struct rq *rq = context;
    request_begin(rq);
    enum step step = rq->breach.threshold
                         ? run_all(hold, sizeof hold / sizeof *hold, rq)
                         : run_all(together[rq->duis.body], STEPS_TOGETHER, rq);
    if (rq->condition == CONDITION_request_id_used)
        return REFUSED;
    if (step == STEP_ON || step == STEP_ANSWER)
        step = run(&respond, rq);
    crash_point(CRASH_request_worked);
    if (step == STEP_SENT)
        return DONE;
    return step == STEP_AGAIN ? RETRY : FAILED;
}

/* A statement outside of a transaction that may pass at another try. */
static enum step insist(const struct named_step *step, struct rq *rq) {
    enum step result = STEP_AGAIN;
    for (int tries = 0; tries < DB_MOST_TRIES && result == STEP_AGAIN;
         tries++) {
        if (tries)
            db_pause(tries);
        result = run(step, rq);
    }
    return result;
}

/* Repeating is safe: if a lost commit took place, the RequestID is found used
 * with the same content, and its answer is sent. */
static enum step work_together(struct rq *rq) {
    switch (db_transact(rq->db, run_together, rq, true)) {
    case DONE:
        crash_point(CRASH_request_committed);
        if (rq->variant->sent && !rq->breach.threshold)
            command_send_wake();
        return STEP_SENT;
    case REFUSED:
        return STEP_ANSWER;
    default:
        return STEP_FAILED;
    }
}

enum step request_examine(struct rq *rq) {
    return run_all(before, sizeof before / sizeof *before, rq);
}

static enum step work(struct rq *rq) {
    enum step step = STEP_ON;
    for (size_t i = 0; i < sizeof before / sizeof *before && step == STEP_ON;
         i++)
        step = insist(&before[i], rq);
    if (step == STEP_ON && rq->watched)
        step = insist(&anomaly, rq);
    if (step == STEP_ON && request_is_update(rq) && !rq->breach.threshold)
        step = run_all(update, sizeof update / sizeof *update, rq);
    else if (step == STEP_ON)
        step = work_together(rq);
    if (step != STEP_ANSWER)
        return step;
    switch (rq->condition) {
    case CONDITION_not_well_formed:
    case CONDITION_not_valid:
    case CONDITION_quarantine_full:
        return STEP_ANSWER; /* no DUIS answer */
    case CONDITION_not_authentic:
        return request_compose(rq) ? STEP_SENT : STEP_FAILED;
    default:
        return insist(&refuse, rq);
    }
}

/* ---- HTTP ---- */

static _Atomic(struct rules *) current_rules;
static pthread_mutex_t rules_lock = PTHREAD_MUTEX_INITIALIZER;

void request_use_rules(struct rules *rules) {
    metrics_register(families, sizeof families / sizeof *families);
    pthread_mutex_lock(&rules_lock);
    struct rules *old = atomic_exchange(&current_rules, rules);
    pthread_mutex_unlock(&rules_lock);
    rules_release(old);
}

struct rules *request_hold_rules(void) {
    pthread_mutex_lock(&rules_lock);
    struct rules *rules = rules_hold(atomic_load(&current_rules));
    pthread_mutex_unlock(&rules_lock);
    return rules;
}

struct worker {
    const struct request_management *management;
    struct db *db;
};

void *request_worker_start(void *context, unsigned index) {
    (void)index;
    struct worker *worker = memory_alloc(sizeof *worker);
    worker->management = context;
    worker->db = db_open(worker->management->config->database_conninfo,
                         "fotad requests");
    db_connect(worker->db);
    return worker;
}

void request_worker_stop(void *context) {
    struct worker *worker = context;
    db_close(worker->db);
    free(worker);
}

/* Our own fault: the answer says so in DUIS if we know to what. */
static void fail(struct rq *rq) {
    rq->condition = CONDITION_our_fault;
    rq->detail = rq->error ? rq->error : db_reason(rq->db);
    if (!rq->duis.request_id || !request_compose(rq))
        rq->answer = (struct span){0};
    log_error("request.failed", ": %s", rq->detail);
}

static void send_answer(const struct rq *rq, struct http_response *response) {
    const struct rules_answer *answer = rules_answer(
        rq->rules, rq->condition,
        rq->duis.service_reference_variant ? rq->duis.service_reference_variant
                                           : "");
    if (rq->answer.len == 0) {
        if (rq->condition == CONDITION_our_fault)
            http_problem(response, answer->http_status, "%s", answer->meaning);
        else if (rq->fault.line)
            http_problem_at(response, answer->http_status, rq->fault.line,
                            rq->fault.column, "%s: %s", answer->meaning,
                            rq->detail);
        else
            http_problem(response, answer->http_status, "%s: %s",
                         answer->meaning, rq->detail);
        return;
    }
    response->status = answer->http_status;
    response->content_type = "application/xml; charset=utf-8";
    response->body = rq->answer;
}

static void log_end(const struct rq *rq, instant start) {
    size_t refused = 0;
    for (int i = 0; i < REFUSALS; i++)
        refused += rq->refused[i].count;
    log_info(
        "request.answered",
        "service=%s variant=%s condition=%s listed=%zu accepted=%zu "
        "refused=%zu ms=%.1f%s%s",
        rq->service,
        rq->duis.service_reference_variant ? rq->duis.service_reference_variant
                                           : "-",
        ended_in(rq), rq->duis.device_id_count, rq->accepted, refused,
        (double)(clock_elapsed() - start) / 1000.0,
        rq->detail && *rq->detail ? " : " : "", rq->detail ? rq->detail : "");
}

static void handle(void *context, const struct http_request *request,
                   struct http_response *response) {
    struct worker *worker = context;
    instant start = clock_elapsed();
    struct rq *rq = arena_zero(request->arena, 1, sizeof *rq);
    struct rules *rules = request_hold_rules();
    *rq = (struct rq){.management = worker->management,
                      .rules = rules,
                      .db = worker->db,
                      .arena = request->arena,
                      .body = request->body,
                      .service = strrchr(request->path, '/') + 1,
                      .received = clock_now(),
                      .client = request->peer_id,
                      .condition = CONDITION_accepted,
                      .detail = ""};
    crash_point(CRASH_request_arrived);
    enum step step = work(rq);
    if (step == STEP_FAILED || step == STEP_AGAIN)
        fail(rq);
    send_answer(rq, response);
    count(rq);
    request_count_devices(rq);
    log_end(rq, start);
    log_set_request(NULL);
    rules_release(rules);
}

#define SERVICE(name)                                                          \
    {                                                                          \
        .method = "POST", .path = "/api/v1/" name,                             \
        .media_type = "application/xml text/xml", .handler = handle            \
    }
static struct http_route routes[] = {SERVICE("serviceD"), SERVICE("serviceS"),
                                     SERVICE("serviceT")};
const size_t request_route_count = sizeof routes / sizeof *routes;

const struct http_route *request_routes(size_t max_body) {
    for (size_t i = 0; i < request_route_count; i++)
        routes[i].max_body = max_body;
    return routes;
}
