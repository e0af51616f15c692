/* SR 11.3: the Pre-Command that activates firmware, and what becomes of it once
 * the User has signed it. */
#include "request/device.h"
#include "request/step.h"

#include <stdlib.h>

static enum outcome store_pre_command(struct rq *rq) {
    static const struct db_statement store = {
        "store_pre_command", "select store_pre_command($1, $2)"};
    struct db_params params = DB_PARAMS(rq->arena);
    db_int8(&params, rq->request_no);
    db_bytea(&params, rq->returned);
    return db_run(rq->db, &store, &params, rq->arena, NULL);
}

/* Makes the Pre-Command that goes back to be signed. */
enum outcome request_transform(struct rq *rq) {
    const struct duis_request *duis = &rq->duis;
    struct buffer pre_command = {0};
    if (!command_pre_activate(
            &rq->device.order, duis->firmware_hash,
            duis->has_execution_date_time ? &duis->execution_date_time : NULL,
            &pre_command))
        return rq_refuse(rq, CONDITION_device_type, "no use case activates it");
    arena_adopt(rq->arena, pre_command.data, free);
    rq->returned = buffer_span(&pre_command);
    enum outcome outcome = store_pre_command(rq);
    if (outcome == DONE)
        rq_conclude(rq, CONDITION_transformed, "");
    return outcome;
}

static enum outcome find_returned(struct rq *rq, struct span *returned) {
    static const struct db_statement find = {
        "find_pre_command", "select find_pre_command($1, $2, $3::numeric)"};
    struct db_params params = DB_PARAMS(rq->arena);
    db_eui64(&params, rq->duis.originator);
    db_eui64(&params, rq->duis.target);
    db_uint8(&params, rq->duis.counter);
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &find, &params, rq->arena, &rows);
    if (outcome == DONE)
        *returned = db_get_span(rows, 0, 0);
    return outcome;
}

/* An ExecutionDateTime beside the Pre-Command must say what that says, to the
 * second that GBCS writes. */
static bool is_same_time(const struct duis_request *duis,
                         const struct signed_pre_command *pre_command) {
    instant asked = duis->execution_date_time;
    if (!duis->has_execution_date_time)
        return true;
    if (pre_command->cancels || asked == DUIS_CANCELLATION)
        return pre_command->cancels && asked == DUIS_CANCELLATION;
    return pre_command->has_time &&
           asked / SECOND == pre_command->time / SECOND;
}

static enum outcome check_form(struct rq *rq, struct span returned) {
    const struct duis_request *duis = &rq->duis;
    const struct command_order order = {.code = GBCS_CODE_CS06,
                                        .user = duis->originator,
                                        .device = duis->target,
                                        .request_counter = duis->counter,
                                        .user_originates = true};
    struct signed_pre_command *pre_command = &rq->pre_command;
    const char *reason;
    if (!command_read_signed(&order, duis->gbcs_payload, returned, pre_command,
                             &reason))
        return rq_refuse(rq, CONDITION_pre_command_refused, reason);
    if (!is_same_time(duis, pre_command))
        return rq_refuse(rq, CONDITION_pre_command_refused,
                         "its execution time is not the ExecutionDateTime");
    if (pre_command->has_time && !rq->variant->future_dated)
        return rq_refuse(rq, CONDITION_variant_not_allowed,
                         "this Command Variant is on demand only");
    return DONE;
}

/* Several certificates of the supplier may be valid: any may have signed. */
static enum outcome check_signature(struct rq *rq) {
    struct party_keys keys;
    enum outcome outcome = party_keys_find(
        rq->db, rq->arena, KEY_OF_SUPPLIER, KEY_DIGITAL_SIGNATURE,
        &rq->duis.originator, 1, rq->received,
        rq->management->config->accept_expired, &keys);
    if (outcome != DONE)
        return outcome;
    const struct party_key *key;
    size_t count = party_keys_of(&keys, rq->duis.originator, &key);
    const char *unfit = count ? key->unfit : "no certificate of the supplier";
    for (size_t i = 0; i < count; i++)
        if (!key[i].unfit &&
            gbcs_message_verify(key[i].key, &rq->pre_command.message))
            return DONE;
    if (count && party_key_waits(key))
        return rq_put_off(rq, "the supplier's certificate");
    return rq_refuse(rq, CONDITION_pre_command_not_authentic,
                     unfit ? unfit : "the signature is not good");
}

/* Its form and its signature. */
enum outcome request_check_pre_command(struct rq *rq) {
    struct span returned;
    enum outcome outcome = find_returned(rq, &returned);
    if (outcome != DONE)
        return outcome;
    outcome = check_form(rq, returned);
    return outcome == DONE ? check_signature(rq) : outcome;
}

/* Makes the command that a Signed Pre-Command becomes. */
enum outcome request_activate(struct rq *rq) {
    uint8_t z[GBCS_SECRET_LEN];
    enum outcome outcome = request_device_secret(rq, z);
    if (outcome != DONE)
        return outcome;
    struct buffer command = {0};
    gbcs_wrap(&rq->pre_command.message, z, &command);
    arena_adopt(rq->arena, command.data, free);
    return request_store_command(rq, rq->execution != NULL,
                                 buffer_span(&command));
}
