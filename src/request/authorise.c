#include "request/step.h"

static enum outcome refuse_version(struct rq *rq, const char *what,
                                   const char *name) {
    return rq_refuse(rq, CONDITION_not_valid,
                     arena_printf(rq->arena, "%s %s is not in DUIS %s", what,
                                  name, rq->duis_version));
}

/* A request is read in its own version: by what that has. Of a held one that
 * was looked at when it came. */
enum outcome request_check_version(struct rq *rq) {
    const struct duis_request *duis = &rq->duis;
    const char *body = duis_body_name(duis->body);
    rq->duis_version = rules_version(rq->rules, duis->schema_version);
    if (rq->way == WAY_RELEASED) {
        if (!rq->duis_version)
            rq->duis_version = duis->schema_version;
        return DONE;
    }
    if (!rq->duis_version)
        return rq_refuse(rq, CONDITION_not_valid,
                         arena_printf(rq->arena,
                                      "schemaVersion %s is older than any that "
                                      "is read here",
                                      duis->schema_version));
    if (rules_lack(rq->rules, rq->duis_version, "service",
                   duis->service_reference_variant))
        return refuse_version(rq, "Service Reference Variant",
                              duis->service_reference_variant);
    if (rules_lack(rq->rules, rq->duis_version, "element", body))
        return refuse_version(rq, "the element", body);
    return DONE;
}

static bool has_eligible_role(const struct rq *rq, const char *variant) {
    for (size_t i = 0; i < rq->user_role_count; i++)
        if (rules_role_eligible(rq->rules, variant, rq->user_roles[i]))
            return true;
    return false;
}

static enum outcome check_user(struct rq *rq) {
    if (!rq->user_status)
        return rq_refuse(rq, CONDITION_user_unknown,
                         "the User is not registered");
    if (rq->user_role_count == 0)
        return rq_refuse(rq, CONDITION_user_unknown, "the User has no role");
    if (strcmp(rq->user_status, "active") != 0)
        return rq_refuse(rq, CONDITION_user_suspended, rq->user_status);
    return DONE;
}

/* Does the request fit its role, its URL, its Command Variant and its own
 * body? In this order. */
static enum outcome check_variant(struct rq *rq) {
    const struct duis_request *duis = &rq->duis;
    const char *variant = duis->service_reference_variant;
    if (duis->body == DUIS_OTHER && !rules_known_variant(rq->rules, variant))
        return rq_refuse(rq, CONDITION_service_not_served, variant);
    if (!rules_known_variant(rq->rules, variant))
        return rq_refuse(
            rq, CONDITION_variant_not_allowed,
            "the header names a Service Request that the body is not");
    if (!has_eligible_role(rq, variant))
        return rq_refuse(rq, CONDITION_role_not_eligible, variant);
    if (!rules_variant(rq->rules, variant, 0, rq->service))
        return rq_refuse(rq, CONDITION_wrong_service, rq->service);
    const struct rules_variant *row =
        rules_variant(rq->rules, variant, (int32_t)duis->command_variant, NULL);
    if (!row)
        return rq_refuse(rq, CONDITION_variant_not_allowed,
                         "not a Command Variant of this Service Request");
    if (strcmp(row->service_reference, duis->service_reference) != 0 ||
        strcmp(row->body, duis_body_name(duis->body)) != 0)
        return rq_refuse(rq, CONDITION_variant_not_allowed,
                         "header and body disagree");
    if (strcmp(row->service, rq->service) != 0)
        return rq_refuse(rq, CONDITION_wrong_service, rq->service);
    if (duis->has_execution_date_time && !row->future_dated)
        return rq_refuse(rq, CONDITION_variant_not_allowed,
                         "this Command Variant is on demand only");
    if (row->needs_acb_target && duis->target != rq->management->config->acb_id)
        return rq_refuse(rq, CONDITION_wrong_target,
                         "the RequestID's target is not the ACB");
    rq->variant = row;
    return DONE;
}

/* May this User ask for this, at this URL? */
enum outcome request_authorise(struct rq *rq) {
    enum outcome outcome = check_user(rq);
    return outcome == DONE ? check_variant(rq) : outcome;
}
