#include "request/request.h"

#include "db/db.h"

static enum step expect(struct rq *rq, enum condition condition,
                        const char *detail) {
    rq->expected = condition;
    rq->expected_detail = detail;
    return STEP_ON;
}

/* B1: size and form. 11.1 carries the trailer with the supplier's signature,
 * 11.4 does not. */
enum step request_check_image(struct rq *rq) {
    if (!request_is_update(rq))
        return STEP_ON;
    const struct config *config = rq->management->config;
    if (rq->duis.image.len > config->image_max_octets)
        return expect(
            rq, CONDITION_image_too_large,
            arena_printf(rq->arena, "%zu octets", rq->duis.image.len));
    const char *reason;
    if (!ota_parse(rq->duis.image, rq->duis.body == DUIS_UPDATE_FIRMWARE,
                   &rq->image, &reason))
        return expect(rq, CONDITION_image_malformed, reason);
    ota_manufacturer_image_hash(&rq->image, rq->image_hash);
    ota_upgrade_image_hash(rq->duis.image, rq->image_id);
    request_list_devices(rq);
    return expect(rq, CONDITION_accepted, "");
}

struct span request_version(const struct rq *rq) {
    const struct duis_firmware_version *version = &rq->duis.firmware_version;
    uint8_t octets[4];
    for (int i = 0; i < 4; i++)
        octets[i] = (uint8_t)(version->number >> (24 - 8 * i));
    return version->is_hex ? arena_copy(rq->arena, span_of(octets, 4))
                           : (struct span){0};
}

enum step request_rehearse_image(struct rq *rq) {
    static const struct db_statement judge = {
        "judge_images", "select condition from judge_images(array[$1::text],"
                        " array[$2::bytea], array[$3::bytea])"};
    if (rq->expected != CONDITION_accepted)
        return rq_end(rq, rq->expected, rq->expected_detail);
    struct db_params params = DB_PARAMS(rq->arena);
    db_text(&params, rq->duis.service_reference_variant);
    db_bytea(&params, span_of(rq->image_hash, sizeof rq->image_hash));
    db_bytea(&params, request_version(rq));
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &judge, &params, rq->arena, &rows);
    if (outcome != DONE)
        return rq_database(outcome);
    const char *condition = db_get_text(rows, 0, 0);
    return *condition ? rq_end(rq, condition_named(condition),
                               rq->duis.firmware_version.text)
                      : STEP_ON;
}
