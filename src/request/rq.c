#include "request/rq.h"

void rq_conclude(struct rq *rq, enum condition condition, const char *detail) {
    rq->condition = condition;
    rq->detail = detail;
}

enum outcome rq_refuse(struct rq *rq, enum condition condition,
                       const char *detail) {
    rq_conclude(rq, condition, detail);
    return REFUSED;
}

enum outcome rq_put_off(struct rq *rq, const char *detail) {
    rq->put_off = detail;
    return FAILED;
}

void rq_reset(struct rq *rq) {
    rq_conclude(rq, CONDITION_accepted, "");
    rq->request_no = rq->hold_no = 0;
    rq->replayed = rq->repeated = rq->brings_image = false;
    rq->judged = rq->accepted = 0;
    rq->returned = rq->answer = (struct span){0};
    rq->inventory_count = 0;
    memset(rq->refused, 0, sizeof rq->refused);
}

int16_t rq_stage(const struct rq *rq) {
    return rq->duis.body == DUIS_SIGNED_PRE_COMMAND ? 2 : 1;
}

const char *rq_variant(const struct rq *rq) {
    const char *variant = rq->duis.service_reference_variant;
    return variant ? variant : "";
}

struct span rq_firmware_version(const struct rq *rq) {
    const struct duis_firmware_version *version = &rq->duis.firmware_version;
    uint8_t octets[4];
    for (int i = 0; i < 4; i++)
        octets[i] = (uint8_t)(version->number >> (24 - 8 * i));
    return version->is_hex ? arena_copy(rq->arena, span_of(octets, 4))
                           : (struct span){0};
}

const char *rq_code(const struct rq *rq, enum condition condition) {
    const char *code =
        rules_answer(rq->rules, condition, rq_variant(rq))->response_code;
    const struct rules_lack *lack =
        code && rq->duis_version
            ? rules_lack(rq->rules, rq->duis_version, "response_code", code)
            : NULL;
    if (lack)
        code = lack->instead;
    return code ? code : "";
}

struct rq_counts rq_count(const struct rq *rq) {
    struct rq_counts counts = {(int32_t)rq->judged, (int32_t)rq->accepted, {0}};
    for (int i = 0; i < REFUSALS; i++)
        counts.refused[i] = (int32_t)rq->refused[i].count;
    return counts;
}
