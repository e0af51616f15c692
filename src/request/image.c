#include "request/devices.h"
#include "request/step.h"

#include "base/log.h"
#include "device/keys.h"

static enum outcome expect_condition(struct rq *rq, enum condition condition,
                                     const char *detail) {
    rq->expected = condition;
    rq->expected_detail = detail;
    return DONE;
}

/* ---- the supplier's signature ---- */

/* NULL: one of the keys made it. */
static const char *signature_fault(const struct rq *rq,
                                   const struct party_keys *keys) {
    const char *fault =
        "no certificate of its sender for digital signatures is known";
    for (size_t i = keys->count; i-- > 0;) {
        const struct party_key *key = &keys->keys[i];
        if (key->unfit)
            fault = arena_printf(rq->arena, "its sender's certificate is %s",
                                 key->unfit);
        else if (gbcs_verify_hash(key->key, rq->image_hash,
                                  rq->image.signature))
            return NULL;
        else
            fault = "none of its sender's certificates verifies it";
    }
    return fault;
}

static bool waits_for_the_time(const struct party_keys *keys) {
    for (size_t i = 0; i < keys->count; i++)
        if (party_key_waits(&keys->keys[i]))
            return true;
    return false;
}

/* Sets rq->image_unsigned. The key is the supplier's, whose signature is over
 * the Manufacturer Image alone. */
static enum outcome check_signature(struct rq *rq) {
    const struct config *config = rq->management->config;
    struct party_keys keys;
    enum outcome outcome = party_keys_find(
        rq->db, rq->arena, KEY_OF_SUPPLIER, KEY_DIGITAL_SIGNATURE,
        &rq->duis.originator, 1, rq->received, config->accept_expired, &keys);
    if (outcome != DONE)
        return outcome;
    rq->image_unsigned = signature_fault(rq, &keys);
    if (!rq->image_unsigned)
        return DONE;
    if (strcmp(config->image_supplier_signature, "require") != 0) {
        if (rq->way != WAY_DRY_RUN)
            log_warning("image.signature", ": %s", rq->image_unsigned);
        return DONE;
    }
    if (waits_for_the_time(&keys))
        return rq_put_off(rq, rq->image_unsigned);
    return expect_condition(rq, CONDITION_image_signature, rq->image_unsigned);
}

static bool is_signature_checked(const struct rq *rq) {
    return rq->image.signature.len &&
           strcmp(rq->management->config->image_supplier_signature, "off") != 0;
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
    enum outcome outcome = expect_condition(rq, CONDITION_accepted, "");
    return is_signature_checked(rq) ? check_signature(rq) : outcome;
}
