/* A dry run judges the image and the devices as "claim" would at this moment,
 * without any effect. */
#include "request/devices.h"
#include "request/step.h"

enum outcome request_judge_image(struct rq *rq) {
    static const struct db_statement judge = {
        "judge_images", "select condition from judge_images(array[$1::text],"
                        " array[$2::bytea], array[$3::bytea])"};
    if (rq->expected != CONDITION_accepted)
        return rq_refuse(rq, rq->expected, rq->expected_detail);
    struct db_params params = DB_PARAMS(rq->arena);
    db_text(&params, rq->duis.service_reference_variant);
    db_bytea(&params, span_of(rq->image_hash, sizeof rq->image_hash));
    db_bytea(&params, rq_firmware_version(rq));
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &judge, &params, rq->arena, &rows);
    if (outcome != DONE)
        return outcome;
    const char *condition = db_get_text(rows, 0, 0);
    return *condition ? rq_refuse(rq, condition_named(condition),
                                  rq->duis.firmware_version.text)
                      : DONE;
}

enum outcome request_judge_devices(struct rq *rq) {
    static const struct db_statement judge = {
        "rehearse_update",
        "select refused_ordinals, refused_lists, guard::text"
        " from rehearse_update($1, $2, $3, $4, $5, $6::device_type[], $7, $8,"
        " $9::csp_region[], $10::text[], $11)"};
    struct db_params params = DB_PARAMS(rq->arena);
    db_eui64(&params, rq->duis.originator);
    db_text(&params, rq->duis.service_reference_variant);
    db_bytea(&params, rq_firmware_version(rq));
    db_bytea(&params, span_of(rq->image_hash, sizeof rq->image_hash));
    db_eui64s(&params, rq->device_ids, rq->device_count);
    devices_add_rules(&params, rq->management->config);
    db_instant(&params, rq->received);
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &judge, &params, rq->arena, &rows);
    if (outcome != DONE)
        return outcome;
    int32_t *ordinals, *lists;
    size_t refused = db_get_int4s(rows, 0, 0, rq->arena, &ordinals);
    db_get_int4s(rows, 0, 1, rq->arena, &lists);
    rq_take_refused(rq, ordinals, lists, refused);
    rq->guard = db_get_text(rows, 0, 2);
    return DONE;
}
