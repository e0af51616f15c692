#include "request/compose.h"

#include "request/step.h"

#include <stdlib.h>

/* The lists of a warning, or the command that goes back. */
static void response_add_element(struct duis_response *response,
                                 const struct rq *rq) {
    if (rq->condition == CONDITION_every_device_failed ||
        rq->condition == CONDITION_some_devices_failed) {
        response->message = DUIS_FIRMWARE_WARNING;
        memcpy(response->warning, rq->refused, sizeof rq->refused);
    }
    if (rq->returned.len) {
        response->message = rq->condition == CONDITION_transformed
                                ? DUIS_PRE_COMMAND
                                : DUIS_LOCAL_COMMAND;
        response->gbcs_version = rq->device.gbcs_version;
        response->gbcs_payload = rq->returned;
    }
}

bool rq_compose(struct rq *rq) {
    const struct duis_request *duis = &rq->duis;
    struct duis_response_id id = {duis->target, duis->originator,
                                  duis->counter};
    struct duis_response response = {
        .schema_version = duis_schema_version(rq->duis_version),
        .request_id = duis->request_id,
        .response_id = &id,
        .response_code = rules_answer(rq->rules, rq->condition, rq_variant(rq))
                             ->response_code,
        .response_date_time = clock_now(),
        .message = DUIS_NO_ELEMENT,
        .service_reference = duis->service_reference,
        .service_reference_variant = duis->service_reference_variant,
    };
    response_add_element(&response, rq);
    struct buffer out = {0};
    bool signed_well =
        duis_response_compose(&out, rq->management->signer, &response);
    arena_adopt(rq->arena, out.data, free);
    rq->answer = buffer_span(&out);
    return signed_well;
}

/* The answer that an update may well get is signed before the transaction, and
 * written with the RequestID. */
enum outcome request_expect_answer(struct rq *rq) {
    enum condition now = rq->condition;
    rq->condition = rq->expected;
    bool signed_well = rq_compose(rq);
    rq->condition = now;
    rq->expected_answer = rq->answer;
    rq->answer = (struct span){0};
    return signed_well ? DONE : FAILED;
}
