#include "request/device.h"

#include "db/regions.h"
#include "request/step.h"

/* When the command shall be carried out, if it is to be judged: a cancellation
 * has no time. */
static const instant *execution_of(const struct rq *rq) {
    const struct duis_request *duis = &rq->duis;
    if (duis->body == DUIS_SIGNED_PRE_COMMAND)
        return rq->pre_command.has_time && !rq->pre_command.cancels
                   ? &rq->pre_command.time
                   : NULL;
    if (!duis->has_execution_date_time ||
        (duis->body == DUIS_ACTIVATE_FIRMWARE &&
         duis->execution_date_time == DUIS_CANCELLATION))
        return NULL;
    return &duis->execution_date_time;
}

static void add_execution(struct db_params *params, const struct rq *rq) {
    if (rq->execution)
        db_instant(params, *rq->execution);
    else
        db_null(params);
}

/* What judge_device() finds. */
struct judgement {
    const char *condition; /* "": it may be sent */
    struct judged_device device;
    int32_t message_code;
    bool user_originates;
};

static const struct db_column judgement_columns[] = {
    DB_COLUMN(TEXT, struct judgement, condition),
    DB_COLUMN(TEXT, struct judgement, device.type),
    DB_COLUMN(EUI64, struct judgement, device.chf),
    DB_COLUMN(TEXT, struct judgement, device.csp),
    DB_COLUMN(TEXT, struct judgement, device.gbcs_version),
    DB_COLUMN(INT4, struct judgement, message_code),
    DB_COLUMN(BOOL, struct judgement, user_originates),
};

static enum outcome device_judge(struct rq *rq,
                                 const struct judgement **judgement) {
    static const struct db_statement judge = {
        "judge_device",
        "select condition, device_type, chf_id, csp, gbcs_version,"
        " message_code, user_originates from judge_device($1, $2, $3, $4, $5,"
        " $6, $7::csp_region[], $8::text[], $9)"};
    const struct config *config = rq->management->config;
    struct db_params params = DB_PARAMS(rq->arena);
    db_text(&params, rq->duis.service_reference_variant);
    db_eui64(&params, rq->duis.originator);
    db_eui64(&params, rq->duis.target);
    add_execution(&params, rq);
    db_instant(&params, rq->received + config->device_execution_most_ahead);
    db_bool(&params, config->hcalcs_either_supplier);
    db_regions(&params, config);
    db_instant(&params, rq->received);
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &judge, &params, rq->arena, &rows);
    if (outcome == DONE)
        *judgement = db_structs(rows, DB_COLUMNS(judgement_columns),
                                sizeof **judgement, rq->arena);
    return outcome;
}

/* May the command go to this device, and by which use case? */
enum outcome request_check_device(struct rq *rq) {
    rq->execution = execution_of(rq);
    const struct judgement *found;
    enum outcome outcome = device_judge(rq, &found);
    if (outcome != DONE)
        return outcome;
    if (strcmp(found->condition, "execution_time") == 0 && !clock_is_known())
        return rq_put_off(rq, "the execution time has passed");
    if (*found->condition)
        return rq_refuse(rq, condition_named(found->condition),
                         found->device.type);
    rq->device = found->device;
    rq->device.order =
        (struct command_order){.code = (uint16_t)found->message_code,
                               .user = rq->duis.originator,
                               .device = rq->duis.target,
                               .acb = rq->management->config->acb_id,
                               .request_counter = rq->duis.counter,
                               .user_originates = found->user_originates};
    return DONE;
}

enum outcome request_device_secret(struct rq *rq,
                                   uint8_t z[static GBCS_SECRET_LEN]) {
    const struct config *config = rq->management->config;
    struct party_keys keys;
    enum outcome outcome = party_keys_find(
        rq->db, rq->arena, KEY_OF_DEVICE, KEY_AGREEMENT, &rq->duis.target, 1,
        rq->received, config->accept_expired, &keys);
    if (outcome != DONE)
        return outcome;
    const struct party_key *key;
    if (!party_keys_of(&keys, rq->duis.target, &key))
        return rq_refuse(rq, CONDITION_device_key_unknown,
                         "no key agreement certificate of the device");
    if (party_key_waits(key))
        return rq_put_off(rq, "the device's certificate");
    if (key->unfit)
        return rq_refuse(rq, CONDITION_device_key_unknown, key->unfit);
    outcome = acb_secret(rq->management->acb, key, z);
    if (outcome == RETRY) {
        db_blame(rq->db, "the key of the ACB, which is in the HSM, is away");
        return FAILED;
    }
    if (outcome != DONE)
        return rq_refuse(rq, CONDITION_device_key_unknown,
                         "the keys of the ACB and the device do not agree");
    return DONE;
}

static enum outcome insert_command(const struct rq *rq, bool holds,
                                   struct span command) {
    static const struct db_statement store = {
        "store_command",
        "select store_command($1, $2, $3::device_type, $4, $5, $6,"
        " $7::numeric, $8, $9, $10, $11, $12, $13)"};
    const struct judged_device *device = &rq->device;
    struct db_params params = DB_PARAMS(rq->arena);
    db_int8(&params, rq->request_no);
    db_eui64(&params, device->order.device);
    db_text(&params, device->type);
    db_eui64(&params, device->chf);
    db_text(&params, device->csp);
    db_eui64(&params, command_originator(&device->order));
    db_uint8(&params, command_counter(&device->order));
    db_int4(&params, device->order.code);
    db_bool(&params, rq->variant->sent);
    add_execution(&params, rq);
    db_bool(&params, holds);
    db_bytea(&params, command);
    db_instant(&params, rq->received);
    return db_run(rq->db, &store, &params, rq->arena, NULL);
}

enum outcome request_store_command(struct rq *rq, bool holds,
                                   struct span command) {
    enum outcome outcome = insert_command(rq, holds, command);
    if (outcome != DONE)
        return outcome;
    if (rq->variant->returned)
        rq->returned = command;
    if (!rq->variant->sent)
        rq_conclude(rq, CONDITION_returned, "");
    return DONE;
}
