#include "request/compose.h"
#include "request/step.h"

/* What answer_requests() gets of each request. */
struct answer {
    int64_t request_no;
    const char *condition, *code;
    struct span octets;
    struct rq_counts counts;
};

static const struct db_column answer_columns[] = {
    DB_COLUMN(INT8, struct answer, request_no),
    DB_COLUMN(TEXT, struct answer, condition),
    DB_COLUMN(TEXT, struct answer, code),
    DB_COLUMN(BYTEA, struct answer, octets),
    DB_COLUMN(INT4, struct answer, counts.listed),
    DB_COLUMN(INT4, struct answer, counts.accepted),
    DB_COLUMN(INT4, struct answer, counts.refused[0]),
    DB_COLUMN(INT4, struct answer, counts.refused[1]),
    DB_COLUMN(INT4, struct answer, counts.refused[2]),
    DB_COLUMN(INT4, struct answer, counts.refused[3]),
    DB_COLUMN(INT4, struct answer, counts.refused[4]),
};
_Static_assert(REFUSALS == 5, "a column for each list");

static struct answer answer_of(const struct rq *rq) {
    return (struct answer){.request_no = rq->request_no,
                           .condition = condition_name(rq->condition),
                           .code = rq_code(rq, rq->condition),
                           .octets = rq->answer,
                           .counts = rq_count(rq)};
}

static enum outcome store_answers(const struct rq_batch *batch,
                                  const struct answer *answers, size_t count) {
    static const struct db_statement answer = {
        "answer_requests",
        "select answer_requests($1, $2::text[], $3::text[], $4, $5, $6, $7, $8,"
        " $9, $10, $11)"};
    struct db_params params = DB_PARAMS(batch->arena);
    db_arrays(&params, DB_COLUMNS(answer_columns), answers, count,
              sizeof *answers);
    return db_run(batch->db, &answer, &params, batch->arena, NULL);
}

static bool is_as_expected(const struct rq *rq) {
    return rq->expected_answer.len && rq->condition == rq->expected;
}

/* Those that end as was expected have their answers stored already; what was
 * answered before stays; a RequestID that was used is answered outside of the
 * transaction. */
enum outcome request_respond(const struct rq_batch *batch) {
    struct answer *answers =
        arena_zero(batch->arena, batch->count, sizeof *answers);
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct rq *rq = batch->rqs[i];
        if (rq->replayed || rq->condition == CONDITION_request_id_used)
            continue;
        if (is_as_expected(rq)) {
            rq->answer = rq->expected_answer;
            continue;
        }
        if (!rq_compose(rq))
            return FAILED;
        answers[count++] = answer_of(rq);
    }
    return count ? store_answers(batch, answers, count) : DONE;
}
