#include "request/devices.h"
#include "request/step.h"

static enum outcome expect_condition(struct rq *rq, enum condition condition,
                                     const char *detail) {
    rq->expected = condition;
    rq->expected_detail = detail;
    return DONE;
}

/* B1: size and form, and its hashes. 11.1 carries the trailer with the
 * supplier's signature, 11.4 does not. It never ends the request, for the
 * RequestID comes first: rq->expected says what it will end in. */
enum outcome request_check_image(struct rq *rq) {
    const struct config *config = rq->management->config;
    if (rq->duis.image.len > config->image_max_octets)
        return expect_condition(
            rq, CONDITION_image_too_large,
            arena_printf(rq->arena, "%zu octets", rq->duis.image.len));
    const char *reason;
    if (!ota_parse(rq->duis.image, rq->duis.body == DUIS_UPDATE_FIRMWARE,
                   &rq->image, &reason))
        return expect_condition(rq, CONDITION_image_malformed, reason);
    ota_manufacturer_image_hash(&rq->image, rq->image_hash);
    ota_upgrade_image_hash(rq->duis.image, rq->image_id);
    rq_list_devices(rq);
    return expect_condition(rq, CONDITION_accepted, "");
}
