#include "request/user_gateway.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/memory.h"
#include "http/configured.h"
#include "request/batch.h"
#include "request/compose.h"
#include "request/metrics.h"
#include "request/pipeline.h"
#include "request/record.h"

#include <stdlib.h>

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
    (void)db_connect(worker->db);
    return worker;
}

void request_worker_stop(void *context) {
    struct worker *worker = context;
    (void)request_record_kept(worker->db, true);
    db_close(worker->db);
    free(worker);
}

/* The whole way of a new request. */
static enum outcome request_run(struct rq *rq) {
    enum outcome outcome = pipeline_run(EXAMINE, RQ_ALONE(rq));
    if (outcome == DONE)
        outcome = batch_transact(rq);
    if (outcome == DONE)
        outcome = pipeline_run(COMMITTED, RQ_ALONE(rq));
    if (outcome == REFUSED)
        outcome = pipeline_run(REFUSAL, RQ_ALONE(rq));
    return outcome;
}

/* By what can be said of the time nothing can be said of it. */
static void request_put_off(struct rq *rq) {
    rq_reset(rq);
    rq_conclude(rq, CONDITION_time_unknown, rq->put_off);
    rq->answer = (struct span){0};
    request_record_failure(rq);
    log_warning("request.put_off", ": %s", rq->put_off);
}

/* Our own fault: the answer says so in DUIS if we know to what, and can sign
 * it; a DUIS answer that is not signed is none. */
static void request_fail(struct rq *rq) {
    rq_reset(rq);
    rq_conclude(rq, CONDITION_our_fault,
                rq->error ? rq->error : db_reason(rq->db));
    bool composed = rq->duis.request_id && rq_compose(rq);
    if (!composed)
        rq->answer = (struct span){0};
    if (rq->duis.request_id && !composed)
        rq_conclude(rq, CONDITION_signer_away,
                    "the key that signs is in an HSM, which is away");
    request_record_failure(rq);
    log_event(db_level(rq->db, LOG_LEVEL_ERROR), "request.failed", ": %s",
              rq->detail);
}

/* Where nothing can be said in DUIS. */
static void send_problem(const struct rq *rq, const struct rules_answer *answer,
                         struct http_response *response) {
    unsigned status = (unsigned)answer->http_status;
    if (status == 503)
        http_add_header(
            response, "Retry-After",
            arena_printf(
                rq->arena, "%jd",
                (intmax_t)(rq->management->config->user_retry_after / SECOND)));
    if (rq->condition == CONDITION_our_fault)
        http_problem(response, status, "%s", answer->meaning);
    else if (rq->fault.line)
        http_problem_at(response, status, rq->fault.line, rq->fault.column,
                        "%s: %s", answer->meaning, rq->detail);
    else
        http_problem(response, status, "%s: %s", answer->meaning, rq->detail);
}

static void send_answer(const struct rq *rq, struct http_response *response) {
    const struct rules_answer *answer =
        rules_answer(rq->rules, rq->condition, rq_variant(rq));
    if (rq->answer.len == 0) {
        send_problem(rq, answer, response);
        return;
    }
    response->status = (unsigned)answer->http_status;
    response->content_type = "application/xml; charset=utf-8";
    response->body = rq->answer;
}

static void log_end(const struct rq *rq, instant start) {
    size_t refused = 0;
    for (int i = 0; i < REFUSALS; i++)
        refused += rq->refused[i].count;
    log_info("request.answered",
             "service=%s variant=%s condition=%s listed=%zu accepted=%zu "
             "refused=%zu ms=%.1f%s%s",
             rq->service, *rq_variant(rq) ? rq_variant(rq) : "-",
             request_ended_in(rq), rq->duis.device_id_count, rq->accepted,
             refused, (double)(clock_elapsed() - start) / 1000.0,
             rq->detail && *rq->detail ? " : " : "",
             rq->detail ? rq->detail : "");
}

static void request_handle(void *context, const struct http_request *request,
                           struct http_response *response) {
    struct worker *worker = context;
    instant start = clock_elapsed();
    struct rq *rq = arena_zero(request->arena, 1, sizeof *rq);
    struct rules *rules = rules_current();
    *rq = (struct rq){.management = worker->management,
                      .rules = rules,
                      .db = worker->db,
                      .arena = request->arena,
                      .way = WAY_NEW,
                      .body = request->body,
                      .service = strrchr(request->path, '/') + 1,
                      .received = clock_now(),
                      .client = request->peer_id,
                      .peer = request->peer,
                      .condition = CONDITION_accepted,
                      .detail = ""};
    crash_point(CRASH_request_arrived);
    enum outcome outcome = request_run(rq);
    if (outcome == FAILED && rq->put_off)
        request_put_off(rq);
    else if (outcome == RETRY || outcome == FAILED)
        request_fail(rq);
    send_answer(rq, response);
    request_count_answer(rq);
    log_end(rq, start);
    log_set_request(NULL);
    rules_release(rules);
}

#define SERVICE(name)                                                          \
    {                                                                          \
        .method = "POST", .path = "/api/v1/" name,                             \
        .media_type = "application/xml text/xml", .handler = request_handle    \
    }
static struct http_route routes[] = {SERVICE("serviceD"), SERVICE("serviceS"),
                                     SERVICE("serviceT")};
const size_t request_route_count = sizeof routes / sizeof *routes;

const struct http_route *request_routes(size_t max_body) {
    request_metrics_register();
    for (size_t i = 0; i < request_route_count; i++)
        routes[i].max_body = max_body;
    return routes;
}

struct http_listener *request_listen(struct request_management *management,
                                     const char **reason) {
    const struct config *config = management->config;
    return http_listen(
        &(struct http_options){.name = "user_gateway",
                               HTTP_CONFIGURED(config, user),
                               .routes = request_routes(config->user_max_body),
                               .route_count = request_route_count,
                               .workers = config->user_workers,
                               .queue_size = config->user_queue,
                               .body_budget = config->user_body_budget,
                               .worker_start = request_worker_start,
                               .worker_stop = request_worker_stop,
                               .worker_context = management},
        reason);
}
