/* What is refused before its RequestID was used: the same request at the same
 * URL, refused for the same reason, gets the same octets. What is not authentic
 * is not kept, and answered anew. */
#include "request/compose.h"
#include "request/step.h"

#include "base/crash.h"

/* Takes the earlier answer, if there is one. */
static enum outcome find_refusal(struct rq *rq) {
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
    rq->answer = (struct span){0};
    if (outcome == DONE && !db_is_null(rows, 0, 0))
        rq->answer = db_get_span(rows, 0, 0);
    rq->repeated = rq->answer.len != 0;
    return outcome;
}

/* Stores the answer, or takes that of somebody who was quicker. */
static enum outcome record_refusal(struct rq *rq) {
    static const struct db_statement record = {
        "record_refusal",
        "select record_refusal($1, $2, $3::numeric, $4, $5, $6, $7, $8, $9,"
        " $10, $11, $12)"};
    struct db_params params = DB_PARAMS(rq->arena);
    db_eui64(&params, rq->duis.originator);
    db_eui64(&params, rq->duis.target);
    db_uint8(&params, rq->duis.counter);
    db_int2(&params, rq_stage(rq));
    db_text(&params, rq->service);
    db_text(&params, rq->duis.service_reference_variant);
    db_int2(&params, (int16_t)rq->duis.command_variant);
    db_bytea(&params, span_of(rq->content, sizeof rq->content));
    db_instant(&params, rq->received);
    db_text(&params, condition_name(rq->condition));
    db_text(&params, rq_code(rq, rq->condition));
    db_bytea(&params, rq->answer);
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &record, &params, rq->arena, &rows);
    if (outcome != DONE)
        return outcome;
    crash_point(CRASH_request_refused);
    rq->answer = db_get_span(rows, 0, 0);
    return DONE;
}

/* What is not authentic uses no RequestID, and gets an answer of its own each
 * time; what has no DUIS answer is answered elsewhere. */
enum outcome request_refuse(struct rq *rq) {
    if (!condition_has_response(rq->condition))
        return DONE;
    if (rq->condition == CONDITION_not_authentic)
        return rq_compose(rq) ? DONE : FAILED;
    enum outcome outcome = find_refusal(rq);
    if (outcome != DONE || rq->answer.len)
        return outcome;
    return rq_compose(rq) ? record_refusal(rq) : FAILED;
}
