#include "request/request.h"

#include "base/crash.h"

int16_t request_stage(const struct rq *rq) {
    return rq->duis.body == DUIS_SIGNED_PRE_COMMAND ? 2 : 1;
}

/* What take_request_ids() gets of each request, by columns. */
struct columns {
    eui64 *originators, *targets;
    const char **counters, **services, **variants, **conditions, **codes;
    int32_t *stages, *command_variants, *listed;
    struct span *contents, *versions, *hashes, *image_ids, *answers;
    instant *received;
};

static struct columns columns_new(struct arena *arena, size_t count) {
    struct columns c;
    struct span *spans = arena_zero(arena, 5 * count, sizeof *spans);
    const char **texts = arena_zero(arena, 5 * count, sizeof *texts);
    int32_t *numbers = arena_zero(arena, 3 * count, sizeof *numbers);
    c.originators = arena_zero(arena, 2 * count, sizeof *c.originators);
    c.targets = c.originators + count;
    c.received = arena_zero(arena, count, sizeof *c.received);
    c.counters = texts;
    c.services = texts + count;
    c.variants = texts + 2 * count;
    c.conditions = texts + 3 * count;
    c.codes = texts + 4 * count;
    c.stages = numbers;
    c.command_variants = numbers + count;
    c.listed = numbers + 2 * count;
    c.contents = spans;
    c.versions = spans + count;
    c.hashes = spans + 2 * count;
    c.image_ids = spans + 3 * count;
    c.answers = spans + 4 * count;
    return c;
}

static void fill_name(struct columns *c, size_t i, const struct rq *rq) {
    const struct duis_request *duis = &rq->duis;
    c->originators[i] = duis->originator;
    c->targets[i] = duis->target;
    c->counters[i] = arena_printf(rq->arena, "%ju", (uintmax_t)duis->counter);
    c->stages[i] = request_stage(rq);
    c->services[i] = rq->service;
    c->variants[i] = duis->service_reference_variant;
    c->command_variants[i] = (int32_t)duis->command_variant;
    c->contents[i] = span_of(rq->content, sizeof rq->content);
    c->received[i] = rq->received;
}

/* What it wants to install, and the answer that is expected. */
static void fill_rest(struct columns *c, size_t i, const struct rq *rq) {
    bool is_answered = rq->expected_answer.len != 0;
    c->conditions[i] = is_answered ? condition_name(rq->expected) : "";
    c->codes[i] = is_answered ? request_code(rq, rq->expected) : "";
    c->answers[i] = rq->expected_answer;
    if (!request_is_update(rq) || rq->expected != CONDITION_accepted)
        return;
    c->versions[i] = request_version(rq);
    c->hashes[i] = span_of(rq->image_hash, sizeof rq->image_hash);
    c->image_ids[i] = span_of(rq->image_id, sizeof rq->image_id);
    c->listed[i] = is_answered ? (int32_t)rq->device_count : 0;
}

void request_add_ids(struct db_params *params, const struct rq_set *set) {
    size_t count = set->count;
    struct columns c = columns_new(params->arena, count);
    for (size_t i = 0; i < count; i++) {
        fill_name(&c, i, set->rqs[i]);
        fill_rest(&c, i, set->rqs[i]);
    }
    db_eui64s(params, c.originators, count);
    db_eui64s(params, c.targets, count);
    db_texts(params, c.counters, count);
    db_int4s(params, c.stages, count);
    db_texts(params, c.services, count);
    db_texts(params, c.variants, count);
    db_int4s(params, c.command_variants, count);
    db_byteas(params, c.contents, count);
    db_instants(params, c.received, count);
    db_byteas(params, c.versions, count);
    db_byteas(params, c.hashes, count);
    db_byteas(params, c.image_ids, count);
    db_texts(params, c.conditions, count);
    db_texts(params, c.codes, count);
    db_byteas(params, c.answers, count);
    db_int4s(params, c.listed, count);
}

enum step request_find_earlier(struct rq *rq, struct db *db) {
    static const struct db_statement find = {
        "earlier_answer", "select earlier_answer($1, $2, $3::numeric, $4, $5)"};
    struct db_params params = DB_PARAMS(rq->arena);
    db_eui64(&params, rq->duis.originator);
    db_eui64(&params, rq->duis.target);
    db_uint8(&params, rq->duis.counter);
    db_int4(&params, request_stage(rq));
    db_bytea(&params, span_of(rq->content, sizeof rq->content));
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &find, &params, rq->arena, &rows);
    if (outcome != DONE)
        return rq_database(outcome);
    if (db_is_null(rows, 0, 0))
        return rq_end(rq, CONDITION_request_id_used,
                      "the RequestID was used before with other content");
    rq->answer = db_get_span(rows, 0, 0);
    rq->replayed = true;
    return STEP_SENT;
}

enum step request_identify(struct rq *rq) {
    static const struct db_statement take = {
        "take_request_ids",
        "select unnest(take_request_ids($1, $2, $3::numeric[], $4,"
        " $5::text[], $6::text[], $7, $8, $9, $10, $11, $12, $13::text[],"
        " $14::text[], $15, $16))"};
    struct db_params params = DB_PARAMS(rq->arena);
    request_add_ids(&params, &(struct rq_set){&rq, 1, rq->db, rq->arena});
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &take, &params, rq->arena, &rows);
    if (outcome != DONE)
        return rq_database(outcome);
    if (db_is_null(rows, 0, 0))
        return request_find_earlier(rq, rq->db);
    rq->request_no = db_get_int(rows, 0, 0);
    return STEP_ON;
}

static enum step find_refusal(struct rq *rq) {
    static const struct db_statement find = {
        "find_refusal", "select find_refusal($1, $2::numeric, $3, $4, $5)"};
    struct db_params params = DB_PARAMS(rq->arena);
    db_eui64(&params, rq->duis.originator);
    db_uint8(&params, rq->duis.counter);
    db_text(&params, rq->service);
    db_bytea(&params, span_of(rq->content, sizeof rq->content));
    db_text(&params, condition_name(rq->condition));
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &find, &params, rq->arena, &rows);
    if (outcome != DONE)
        return rq_database(outcome);
    if (db_is_null(rows, 0, 0))
        return STEP_ON;
    rq->answer = db_get_span(rows, 0, 0);
    return STEP_SENT;
}

enum step request_refuse(struct rq *rq) {
    static const struct db_statement record = {
        "record_refusal",
        "select record_refusal($1, $2, $3::numeric, $4, $5, $6, $7, $8, $9,"
        " $10, $11, $12)"};
    enum step step = find_refusal(rq);
    if (step != STEP_ON)
        return step;
    if (!request_compose(rq))
        return STEP_FAILED;
    struct db_params params = DB_PARAMS(rq->arena);
    db_eui64(&params, rq->duis.originator);
    db_eui64(&params, rq->duis.target);
    db_uint8(&params, rq->duis.counter);
    db_int2(&params, request_stage(rq));
    db_text(&params, rq->service);
    db_text(&params, rq->duis.service_reference_variant);
    db_int2(&params, (int16_t)rq->duis.command_variant);
    db_bytea(&params, span_of(rq->content, sizeof rq->content));
    db_instant(&params, rq->received);
    db_text(&params, condition_name(rq->condition));
    db_text(&params, request_code(rq, rq->condition));
    db_bytea(&params, rq->answer);
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &record, &params, rq->arena, &rows);
    if (outcome != DONE)
        return rq_database(outcome);
    crash_point(CRASH_request_refused);
    rq->answer = db_get_span(rows, 0, 0);
    return STEP_SENT;
}
