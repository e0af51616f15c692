#include "request/identify.h"

#include "request/step.h"

/* What take_request_ids() gets of each request. */
struct identity {
    eui64 originator, target;
    uint64_t counter;
    int32_t stage, command_variant, listed;
    const char *service, *variant, *condition, *code;
    struct span content, version, image_hash, image_id, answer, meaning;
    const char *duis_version;
    instant received;
};

static const struct db_column identity_columns[] = {
    DB_COLUMN(EUI64, struct identity, originator),
    DB_COLUMN(EUI64, struct identity, target),
    DB_COLUMN(NUMERIC, struct identity, counter),
    DB_COLUMN(INT4, struct identity, stage),
    DB_COLUMN(TEXT, struct identity, service),
    DB_COLUMN(TEXT, struct identity, variant),
    DB_COLUMN(INT4, struct identity, command_variant),
    DB_COLUMN(BYTEA, struct identity, content),
    DB_COLUMN(INSTANT, struct identity, received),
    DB_COLUMN(BYTEA, struct identity, version),
    DB_COLUMN(BYTEA, struct identity, image_hash),
    DB_COLUMN(BYTEA, struct identity, image_id),
    DB_COLUMN(TEXT, struct identity, condition),
    DB_COLUMN(TEXT, struct identity, code),
    DB_COLUMN(BYTEA, struct identity, answer),
    DB_COLUMN(INT4, struct identity, listed),
};

static struct identity identity_of(const struct rq *rq) {
    const struct duis_request *duis = &rq->duis;
    return (struct identity){
        .originator = duis->originator,
        .target = duis->target,
        .counter = duis->counter,
        .stage = rq_stage(rq),
        .command_variant = (int32_t)duis->command_variant,
        .service = rq->service,
        .variant = duis->service_reference_variant,
        .condition = "",
        .code = "",
        .content = span_of(rq->content, sizeof rq->content),
        .meaning = span_of(rq->meaning, sizeof rq->meaning),
        .duis_version = rq->duis_version,
        .received = rq->received,
    };
}

/* The answer that is expected, and what it wants to install. */
static void identity_expect(struct identity *identity, const struct rq *rq) {
    bool is_answered = rq->expected_answer.len != 0;
    if (is_answered) {
        identity->condition = condition_name(rq->expected);
        identity->code = rq_code(rq, rq->expected);
        identity->answer = rq->expected_answer;
    }
    if (!rq_is_update(rq) || rq->expected != CONDITION_accepted)
        return;
    identity->version = rq_firmware_version(rq);
    identity->image_hash = span_of(rq->image_hash, sizeof rq->image_hash);
    identity->image_id = span_of(rq->image_id, sizeof rq->image_id);
    identity->listed = is_answered ? (int32_t)rq->device_count : 0;
}

void request_add_ids(struct db_params *params, const struct rq_batch *batch) {
    struct identity *all = arena_zero(params->arena, batch->count, sizeof *all);
    for (size_t i = 0; i < batch->count; i++) {
        all[i] = identity_of(batch->rqs[i]);
        identity_expect(&all[i], batch->rqs[i]);
    }
    db_arrays(params, DB_COLUMNS(identity_columns), all, batch->count,
              sizeof *all);
}

void request_add_meanings(struct db_params *params,
                          const struct rq_batch *batch) {
    static const struct db_column columns[] = {
        DB_COLUMN(BYTEA, struct identity, meaning)};
    struct identity *all = arena_zero(params->arena, batch->count, sizeof *all);
    for (size_t i = 0; i < batch->count; i++)
        all[i] = identity_of(batch->rqs[i]);
    db_arrays(params, DB_COLUMNS(columns), all, batch->count, sizeof *all);
}

enum outcome request_find_earlier(struct rq *rq, struct db *db) {
    static const struct db_statement find = {
        "earlier_answer", "select response, same from earlier_answer($1, $2,"
                          " $3::numeric, $4, $5, $6)"};
    struct db_params params = DB_PARAMS(rq->arena);
    db_eui64(&params, rq->duis.originator);
    db_eui64(&params, rq->duis.target);
    db_uint8(&params, rq->duis.counter);
    db_int4(&params, rq_stage(rq));
    db_bytea(&params, span_of(rq->content, sizeof rq->content));
    db_bytea(&params, span_of(rq->meaning, sizeof rq->meaning));
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &find, &params, rq->arena, &rows);
    if (outcome != DONE)
        return outcome;
    if (!db_row_count(rows) || db_is_null(rows, 0, 0))
        return rq_refuse(rq, CONDITION_request_id_used,
                         "the RequestID was used before with other content");
    rq->answer = db_get_span(rows, 0, 0);
    rq->replayed = true;
    rq->repeated = db_get_bool(rows, 0, 1);
    return REFUSED;
}

/* What its later answers are in. */
static void add_duis_version(struct db_params *params, const struct rq *rq) {
    static const struct db_column columns[] = {
        DB_COLUMN(TEXT, struct identity, duis_version)};
    struct identity identity = identity_of(rq);
    db_arrays(params, DB_COLUMNS(columns), &identity, 1, sizeof identity);
}

/* Uses the RequestID, or finds its earlier answer. */
enum outcome request_identify(struct rq *rq) {
    static const struct db_statement take = {
        "take_request_ids",
        "select unnest(take_request_ids($1, $2, $3::numeric[], $4,"
        " $5::text[], $6::text[], $7, $8, $9, $10, $11, $12, $13::text[],"
        " $14::text[], $15, $16, $17, $18::text[]))"};
    struct db_params params = DB_PARAMS(rq->arena);
    request_add_ids(&params, RQ_ALONE(rq));
    request_add_meanings(&params, RQ_ALONE(rq));
    add_duis_version(&params, rq);
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &take, &params, rq->arena, &rows);
    if (outcome != DONE)
        return outcome;
    if (db_is_null(rows, 0, 0))
        return request_find_earlier(rq, rq->db);
    rq->request_no = db_get_int(rows, 0, 0);
    return DONE;
}
