#include "request/compose.h"

#include "request/step.h"

#include <stdlib.h>

/* Two lists as one, in the order of the request. */
static struct duis_devices lists_merge(const struct rq *rq,
                                       struct duis_devices a,
                                       struct duis_devices b) {
    eui64 *ids = arena_zero(rq->arena, a.count + b.count, sizeof *ids);
    size_t count = 0, i = 0, j = 0;
    for (size_t at = 0; at < rq->duis.device_id_count; at++) {
        eui64 id = rq->duis.device_ids[at];
        if (i < a.count && a.ids[i] == id)
            ids[count++] = a.ids[i++];
        else if (j < b.count && b.ids[j] == id)
            ids[count++] = b.ids[j++];
    }
    return (struct duis_devices){ids, count};
}

void rq_lists(const struct rq *rq, struct duis_devices lists[REFUSALS]) {
    memcpy(lists, rq->refused, sizeof rq->refused);
    for (size_t i = 0; i < DUIS_WARNING_LISTS; i++) {
        const struct rules_lack *lack = rules_lack(
            rq->rules, rq->duis_version, "element", duis_warning_lists[i]);
        if (!lack || !lists[i].count)
            continue;
        struct duis_devices moved = lists[i];
        lists[i] = (struct duis_devices){0};
        for (size_t to = 0; to < DUIS_WARNING_LISTS; to++)
            if (strcmp(duis_warning_lists[to], lack->instead) == 0)
                lists[to] = lists_merge(rq, lists[to], moved);
    }
}

/* The lists of a warning, or the command that goes back. */
static void response_add_element(struct duis_response *response,
                                 const struct rq *rq) {
    if (rq->condition == CONDITION_every_device_failed ||
        rq->condition == CONDITION_some_devices_failed) {
        response->message = DUIS_FIRMWARE_WARNING;
        rq_lists(rq, response->warning);
    }
    if (rq->condition == CONDITION_inventory) {
        response->message = DUIS_INVENTORY;
        response->inventory = rq->inventory;
        response->inventory_count = rq->inventory_count;
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
        .schema_version = rq->duis_version,
        .request_id = duis->request_id,
        .response_id = &id,
        .response_code = rq_code(rq, rq->condition),
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
