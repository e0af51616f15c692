#include "request/request.h"

#include <stdlib.h>

const char *request_code(const struct rq *rq, enum condition condition) {
    const char *code =
        rules_answer(rq->rules, condition, rq->duis.service_reference_variant)
            ->response_code;
    return code ? code : "";
}

bool request_compose(struct rq *rq) {
    const struct duis_request *duis = &rq->duis;
    struct duis_response_id id = {duis->target, duis->originator,
                                  duis->counter};
    struct duis_response response = {
        .schema_version = duis_schema_version(rq->duis_version),
        .request_id = duis->request_id,
        .response_id = &id,
        .response_code = rules_answer(rq->rules, rq->condition,
                                      duis->service_reference_variant)
                             ->response_code,
        .response_date_time = clock_now(),
        .message = DUIS_NO_ELEMENT,
        .service_reference = duis->service_reference,
        .service_reference_variant = duis->service_reference_variant,
    };
    if (rq->condition == CONDITION_every_device_failed ||
        rq->condition == CONDITION_some_devices_failed) {
        response.message = DUIS_FIRMWARE_WARNING;
        memcpy(response.warning, rq->refused, sizeof rq->refused);
    }
    if (rq->returned.len) {
        response.message = rq->condition == CONDITION_transformed
                               ? DUIS_PRE_COMMAND
                               : DUIS_LOCAL_COMMAND;
        response.gbcs_version = rq->device.gbcs_version;
        response.gbcs_payload = rq->returned;
    }
    struct buffer out = {0};
    bool signed_well =
        duis_response_compose(&out, rq->management->signer, &response);
    arena_adopt(rq->arena, out.data, free);
    rq->answer = buffer_span(&out);
    return signed_well;
}

enum step request_expect(struct rq *rq) {
    enum condition now = rq->condition;
    rq->condition = rq->expected;
    bool signed_well = request_compose(rq);
    rq->condition = now;
    rq->expected_answer = rq->answer;
    return signed_well ? STEP_ON : STEP_FAILED;
}

void request_counts(const struct rq *rq, int32_t counts[static COUNTS]) {
    counts[0] = (int32_t)rq->judged;
    counts[1] = (int32_t)rq->accepted;
    for (int i = 0; i < REFUSALS; i++)
        counts[2 + i] = (int32_t)rq->refused[i].count;
}

/* One after another in the order of answer_requests(): numbers, conditions,
 * codes, answers, and the counts. */
static void add_answers(struct db_params *params, struct rq *const *rqs,
                        size_t count) {
    struct arena *arena = params->arena;
    int64_t *numbers = arena_zero(arena, count, sizeof *numbers);
    const char **conditions = arena_zero(arena, count, sizeof *conditions);
    const char **codes = arena_zero(arena, count, sizeof *codes);
    struct span *answers = arena_zero(arena, count, sizeof *answers);
    int32_t *counts[COUNTS], own[COUNTS];
    for (int c = 0; c < COUNTS; c++)
        counts[c] = arena_zero(arena, count, sizeof **counts);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = rqs[i]->request_no;
        conditions[i] = condition_name(rqs[i]->condition);
        codes[i] = request_code(rqs[i], rqs[i]->condition);
        answers[i] = rqs[i]->answer;
        request_counts(rqs[i], own);
        for (int c = 0; c < COUNTS; c++)
            counts[c][i] = own[c];
    }
    db_int8s(params, numbers, count);
    db_texts(params, conditions, count);
    db_texts(params, codes, count);
    db_byteas(params, answers, count);
    for (int c = 0; c < COUNTS; c++)
        db_int4s(params, counts[c], count);
}

static enum outcome store_answers(struct rq *const *rqs, size_t count,
                                  struct db *db, struct arena *arena) {
    static const struct db_statement answer = {
        "answer_requests",
        "select answer_requests($1, $2::text[], $3::text[], $4, $5, $6, $7, $8,"
        " $9, $10, $11)"};
    struct db_params params = DB_PARAMS(arena);
    add_answers(&params, rqs, count);
    return db_run(db, &answer, &params, arena, NULL);
}

enum step request_respond(struct rq *rq) {
    if (!request_compose(rq))
        return STEP_FAILED;
    enum outcome outcome = store_answers(&rq, 1, rq->db, rq->arena);
    return outcome == DONE ? STEP_SENT : rq_database(outcome);
}

/* A RequestID that was used is answered outside of the transaction. */
static bool is_unexpected(const struct rq *rq) {
    return !rq->replayed && rq->condition != CONDITION_request_id_used &&
           rq->condition != rq->expected;
}

enum outcome request_respond_all(const struct rq_set *set) {
    /* pointers: NOLINTNEXTLINE(bugprone-sizeof-expression) */
    struct rq **others = arena_zero(set->arena, set->count, sizeof *others);
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        struct rq *rq = set->rqs[i];
        if (!is_unexpected(rq)) {
            rq->answer = rq->replayed ? rq->answer : rq->expected_answer;
            continue;
        }
        others[count++] = rq;
        if (!request_compose(rq))
            return FAILED;
    }
    return count ? store_answers(others, count, set->db, set->arena) : DONE;
}
