#include "request/request.h"

static const char *body_element(enum duis_body body) {
    switch (body) {
    case DUIS_UPDATE_FIRMWARE:
        return "UpdateFirmware";
    case DUIS_UPDATE_PPMID_FIRMWARE:
        return "UpdatePPMIDFirmware";
    case DUIS_READ_FIRMWARE_VERSION:
        return "ReadFirmwareVersion";
    case DUIS_ACTIVATE_FIRMWARE:
        return "ActivateFirmware";
    case DUIS_SIGNED_PRE_COMMAND:
        return "SignedPreCommand";
    }
    return "";
}

static bool has_eligible_role(const struct rq *rq, const char *variant) {
    for (size_t i = 0; i < rq->user_role_count; i++)
        if (rules_role_eligible(rq->rules, variant, rq->user_roles[i]))
            return true;
    return false;
}

static enum step check_user(struct rq *rq) {
    if (!rq->user_status)
        return rq_end(rq, CONDITION_user_unknown, "the User is not registered");
    if (rq->user_role_count == 0)
        return rq_end(rq, CONDITION_user_unknown, "the User has no role");
    if (strcmp(rq->user_status, "active") != 0)
        return rq_end(rq, CONDITION_user_suspended, rq->user_status);
    return STEP_ON;
}

/* Does the request fit its role, its URL, its Command Variant and its own
 * body? In this order. */
static enum step check_variant(struct rq *rq) {
    const struct duis_request *duis = &rq->duis;
    const char *variant = duis->service_reference_variant;
    if (!rules_known_variant(rq->rules, variant))
        return rq_end(
            rq, CONDITION_variant_not_allowed,
            "the header names a Service Request that the body is not");
    if (!has_eligible_role(rq, variant))
        return rq_end(rq, CONDITION_role_not_eligible, variant);
    if (!rules_variant(rq->rules, variant, 0, rq->service))
        return rq_end(rq, CONDITION_wrong_service, rq->service);
    const struct rules_variant *row =
        rules_variant(rq->rules, variant, duis->command_variant, NULL);
    if (!row)
        return rq_end(rq, CONDITION_variant_not_allowed,
                      "not a Command Variant of this Service Request");
    if (strcmp(row->service_reference, duis->service_reference) != 0 ||
        strcmp(row->body, body_element(duis->body)) != 0)
        return rq_end(rq, CONDITION_variant_not_allowed,
                      "header and body disagree");
    if (strcmp(row->service, rq->service) != 0)
        return rq_end(rq, CONDITION_wrong_service, rq->service);
    if (duis->has_execution_date_time && !row->future_dated)
        return rq_end(rq, CONDITION_variant_not_allowed,
                      "this Command Variant is on demand only");
    if (row->needs_acb_target && duis->target != rq->management->config->acb_id)
        return rq_end(rq, CONDITION_wrong_target,
                      "the RequestID's target is not the ACB");
    rq->variant = row;
    return STEP_ON;
}

enum step request_authorise(struct rq *rq) {
    enum step step = check_user(rq);
    return step == STEP_ON ? check_variant(rq) : step;
}
