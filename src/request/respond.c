#include "request/request.h"

#include <stdlib.h>

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

enum step request_respond(struct rq *rq) {
    static const struct db_statement answer = {
        "answer_request", "select answer_request($1, $2, $3, $4)"};
    if (!request_compose(rq))
        return STEP_FAILED;
    struct db_params params = DB_PARAMS(rq->arena);
    db_int8(&params, rq->request_no);
    db_text(&params, condition_name(rq->condition));
    db_text(&params, rules_answer(rq->rules, rq->condition,
                                  rq->duis.service_reference_variant)
                         ->response_code);
    db_bytea(&params, rq->answer);
    enum outcome outcome = db_run(rq->db, &answer, &params, rq->arena, NULL);
    return outcome == DONE ? STEP_SENT : rq_database(outcome);
}
