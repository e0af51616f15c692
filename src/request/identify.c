#include "request/request.h"

#include "base/crash.h"

int16_t request_stage(const struct rq *rq) {
    return rq->duis.body == DUIS_SIGNED_PRE_COMMAND ? 2 : 1;
}

/* The parameters that name a request and what came, in the order that
 * take_request_id() and record_refusal() have in common. */
static void name_request(struct db_params *params, const struct rq *rq) {
    db_eui64(params, rq->duis.originator);
    db_eui64(params, rq->duis.target);
    db_uint8(params, rq->duis.counter);
    db_int2(params, request_stage(rq));
    db_text(params, rq->service);
    db_text(params, rq->duis.service_reference_variant);
    db_int2(params, (int16_t)rq->duis.command_variant);
    db_bytea(params, span_of(rq->content, sizeof rq->content));
    db_instant(params, rq->received);
}

enum step request_identify(struct rq *rq) {
    static const struct db_statement take = {
        "take_request_id",
        "select outcome, request_no, response from take_request_id($1, $2,"
        " $3::numeric, $4, $5, $6, $7, $8, $9)"};
    struct db_params params = DB_PARAMS(rq->arena);
    name_request(&params, rq);
    struct db_rows *rows;
    enum outcome done = db_run(rq->db, &take, &params, rq->arena, &rows);
    if (done != DONE)
        return rq_database(done);
    const char *outcome = db_get_text(rows, 0, 0);
    rq->request_no = db_get_int(rows, 0, 1);
    if (strcmp(outcome, "taken") == 0)
        return STEP_ON;
    if (strcmp(outcome, "reused") == 0)
        return rq_end(rq, CONDITION_request_id_used,
                      "the RequestID was used before with other content");
    rq->answer = db_get_span(rows, 0, 2);
    rq->replayed = true;
    return STEP_SENT;
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
    name_request(&params, rq);
    db_text(&params, condition_name(rq->condition));
    db_text(&params, rules_answer(rq->rules, rq->condition,
                                  rq->duis.service_reference_variant)
                         ->response_code);
    db_bytea(&params, rq->answer);
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &record, &params, rq->arena, &rows);
    if (outcome != DONE)
        return rq_database(outcome);
    crash_point(CRASH_request_refused);
    rq->answer = db_get_span(rows, 0, 0);
    return STEP_SENT;
}
