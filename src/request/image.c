#include "request/request.h"

#include "db/db.h"

/* B1: size and form. 11.1 carries the trailer with the supplier's signature,
 * 11.4 does not. */
static enum step check_form(struct rq *rq) {
    const struct config *config = rq->management->config;
    if (rq->duis.image.len > config->image_max_octets)
        return rq_end(
            rq, CONDITION_image_too_large,
            arena_printf(rq->arena, "%zu octets", rq->duis.image.len));
    const char *reason;
    if (!ota_parse(rq->duis.image, rq->duis.body == DUIS_UPDATE_FIRMWARE,
                   &rq->image, &reason))
        return rq_end(rq, CONDITION_image_malformed, reason);
    return STEP_ON;
}

void request_add_version(struct db_params *params, const struct rq *rq) {
    const struct duis_firmware_version *version = &rq->duis.firmware_version;
    uint8_t octets[4];
    for (int i = 0; i < 4; i++)
        octets[i] = (uint8_t)(version->number >> (24 - 8 * i));
    if (version->is_hex)
        db_bytea(params, arena_copy(rq->arena, span_of(octets, 4)));
    else
        db_null(params);
}

static void name_image(struct db_params *params, const struct rq *rq) {
    db_text(params, rq->duis.service_reference_variant);
    db_bytea(params, span_of(rq->image_hash, sizeof rq->image_hash));
    request_add_version(params, rq);
}

static enum outcome judge_image(struct rq *rq, struct db_rows **rows) {
    static const struct db_statement judge = {
        "image_condition", "select image_condition($1, $2, $3), true"};
    struct db_params params = DB_PARAMS(rq->arena);
    name_image(&params, rq);
    return db_run(rq->db, &judge, &params, rq->arena, rows);
}

static enum outcome check_image(struct rq *rq, struct db_rows **rows) {
    static const struct db_statement check = {
        "check_image",
        "select condition, image_known from check_image($5, $1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(rq->arena);
    name_image(&params, rq);
    db_bytea(&params, span_of(rq->image_id, sizeof rq->image_id));
    db_int8(&params, rq->request_no);
    return db_run(rq->db, &check, &params, rq->arena, rows);
}

/* B2: the hash is on the CPL, Active and with this FirmwareVersion. */
static enum step check_cpl(struct rq *rq) {
    struct db_rows *rows;
    enum outcome outcome =
        rq->rehearsal ? judge_image(rq, &rows) : check_image(rq, &rows);
    if (outcome != DONE)
        return rq_database(outcome);
    const char *condition = db_get_text(rows, 0, 0);
    rq->image_known = db_get_bool(rows, 0, 1);
    if (!*condition)
        return STEP_ON;
    return rq_end(rq, condition_named(condition),
                  rq->duis.firmware_version.text);
}

enum step request_check_image(struct rq *rq) {
    enum step step = check_form(rq);
    if (step != STEP_ON)
        return step;
    ota_manufacturer_image_hash(&rq->image, rq->image_hash);
    ota_upgrade_image_hash(rq->duis.image, rq->image_id);
    return check_cpl(rq);
}
