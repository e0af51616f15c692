#include "request/dry_run.h"

#include "base/log.h"
#include "duis/signature.h"
#include "request/request.h"

_Static_assert((int)DRY_RUN_LISTS == (int)REFUSALS, "one for each list");

static enum step take_sender(struct rq *rq) {
    static const struct db_statement find = {"find_sender",
                                             "select * from find_sender($1)"};
    struct db_params params = DB_PARAMS(rq->arena);
    db_eui64(&params, rq->duis.originator);
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &find, &params, rq->arena, &rows);
    if (outcome != DONE)
        return rq_database(outcome);
    if (db_row_count(rows))
        rq_take_user(rq, rows, 0);
    return STEP_ON;
}

static enum step verify(struct rq *rq) {
    return duis_is_signed(&rq->duis.document) ? request_verify(rq)
                                              : take_sender(rq);
}

static enum step judge(struct rq *rq) {
    static enum step (*const steps[])(struct rq * rq) = {
        verify, request_authorise, request_check_image, request_rehearse_image,
        request_rehearse_claim};
    enum step step = STEP_ON;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && step == STEP_ON; i++)
        step = steps[i](rq);
    return step;
}

static bool refuse(const struct rq *rq, enum step step,
                   struct dry_run *result) {
    if (step == STEP_ON && request_is_update(rq))
        return false;
    result->refusal = "only an 11.1 or 11.4 can be tried";
    if (step == STEP_ON)
        return true;
    result->refusal = rq->detail;
    result->line = rq->fault.line;
    result->column = rq->fault.column;
    return true;
}

static enum dry_run_signature signature_of(const struct rq *rq) {
    if (!duis_is_signed(&rq->duis.document))
        return DRY_RUN_ABSENT;
    return rq->condition == CONDITION_not_authentic ? DRY_RUN_NOT_GOOD
                                                    : DRY_RUN_GOOD;
}

static const char *keep(struct arena *arena, const char *text) {
    return text ? arena_text(arena, span_text(text)) : NULL;
}

/* The texts of the rules are copied, for they may go before the result. */
static void report(const struct rq *rq, struct dry_run *result) {
    result->condition = condition_name(rq->condition);
    const struct rules_answer *answer = rules_answer(
        rq->rules, rq->condition, rq->duis.service_reference_variant);
    result->response_code = keep(rq->arena, answer->response_code);
    result->meaning = keep(rq->arena, answer->meaning);
    result->detail = rq->detail;
    result->signature = signature_of(rq);
    result->listed = rq->judged;
    result->accepted = rq->accepted;
    memcpy(result->refused, rq->refused, sizeof result->refused);
}

enum outcome request_dry_run(const struct config *config,
                             const struct rules *rules, struct db *db,
                             struct arena *arena, struct span body,
                             const eui64 *only, struct dry_run *result) {
    struct request_management management = {.config = config};
    struct rq rq = {.management = &management,
                    .rules = rules,
                    .db = db,
                    .arena = arena,
                    .body = body,
                    .service = "serviceD",
                    .received = clock_now(),
                    .rehearsal = true,
                    .condition = CONDITION_accepted,
                    .detail = ""};
    *result = (struct dry_run){0};
    enum step step = request_parse(&rq);
    log_set_request(NULL);
    if (refuse(&rq, step, result))
        return DONE;
    if (only && *only != rq.duis.originator)
        return REFUSED;
    step = judge(&rq);
    if (step == STEP_AGAIN || step == STEP_FAILED)
        return step == STEP_AGAIN ? RETRY : FAILED;
    report(&rq, result);
    return DONE;
}

/* ---- as JSON ---- */

const char *const dry_run_signatures[] = {"absent", "good", "not good"};

static json_t *ids(const struct duis_devices *devices) {
    json_t *list = json_array();
    char id[EUI64_TEXT_SIZE];
    for (size_t i = 0; i < devices->count; i++)
        json_array_append_new(list,
                              json_string(eui64_format(devices->ids[i], id)));
    return list;
}

static json_t *lists(const struct dry_run *run) {
    static const char *const names[DRY_RUN_LISTS] = {
        "invalidDeviceIdList", "notCommissionedDeviceIdList",
        "notApplicableFirmwareDeviceIdList", "otherRequestInProgressList",
        "invalidGbcsVersionList"};
    json_t *all = json_object();
    for (int i = 0; i < DRY_RUN_LISTS; i++)
        json_object_set_new(all, names[i], ids(&run->refused[i]));
    return all;
}

static json_t *text_or_null(const char *text) {
    return text && *text ? json_string(text) : json_null();
}

json_t *dry_run_json(const struct dry_run *run) {
    return json_pack(
        "{s:s, s:o, s:s, s:o, s:s, s:I, s:I, s:o}", "outcome", run->condition,
        "responseCode", text_or_null(run->response_code), "meaning",
        run->meaning, "detail", text_or_null(run->detail), "signature",
        dry_run_signatures[run->signature], "listed", (json_int_t)run->listed,
        "accepted", (json_int_t)run->accepted, "refused", lists(run));
}
