#include "request/dry_run.h"

#include "base/json.h"
#include "base/log.h"
#include "db/regions.h"
#include "duis/signature.h"
#include "request/compose.h"
#include "request/pipeline.h"
#include "request/step.h"

_Static_assert((int)DRY_RUN_LISTS == (int)REFUSALS, "one for each list");

/* What is not valid, or not in its version of DUIS, has no signature that would
 * be looked at; what is no update is tried for the reason of an E1, and no
 * further. */
static bool dry_run_ends(const struct rq *rq, enum outcome outcome,
                         struct dry_run *result) {
    if (rq->condition == CONDITION_not_valid ||
        rq->condition == CONDITION_not_well_formed) {
        result->refusal = rq->detail;
        result->line = rq->fault.line;
        result->column = rq->fault.column;
    } else if (outcome == DONE && !rq_is_update(rq)) {
        result->refusal =
            duis_is_signed(&rq->duis.document)
                ? "the signature is good; more can be tried of an 11.1 or 11.4"
                  " only"
                : "without a signature only an 11.1 or 11.4 can be tried";
    }
    return result->refusal != NULL;
}

static enum dry_run_signature signature_of(const struct rq *rq) {
    if (!duis_is_signed(&rq->duis.document))
        return DRY_RUN_ABSENT;
    return rq->condition == CONDITION_not_authentic ? DRY_RUN_NOT_GOOD
                                                    : DRY_RUN_GOOD;
}

/* In excess of a threshold it is held, whatever its image and devices are. */
static void dry_run_hold(struct rq *rq) {
    const struct breach *breach = &rq->breach;
    if (!breach->threshold)
        return;
    rq_conclude(rq,
                strcmp(breach->threshold, "full") == 0
                    ? CONDITION_quarantine_full
                    : CONDITION_quarantined,
                arena_printf(rq->arena,
                             "%jd devices in %d s exceed the level of %d of %s",
                             (intmax_t)breach->volume, breach->period_seconds,
                             breach->quarantine,
                             strcmp(breach->threshold, "dcc") == 0
                                 ? "all Users together"
                                 : "this User"));
}

static const char *text_keep(struct arena *arena, const char *text) {
    return text ? arena_text(arena, span_text(text)) : NULL;
}

/* The texts of the rules are copied, for they may go before the result. */
static void dry_run_report(const struct rq *rq, struct dry_run *result) {
    result->condition = condition_name(rq->condition);
    const struct rules_answer *answer = rules_answer(
        rq->rules, rq->condition, rq->duis.service_reference_variant);
    result->response_code =
        answer->response_code ? text_keep(rq->arena, rq_code(rq, rq->condition))
                              : NULL;
    result->meaning = text_keep(rq->arena, answer->meaning);
    result->detail = rq->detail;
    result->signature = signature_of(rq);
    result->image_unsigned = rq->image_unsigned;
    result->listed = rq->judged;
    result->accepted = rq->accepted;
    result->guard = rq->guard;
    rq_lists(rq, result->refused);
}

/* In which waves the accepted devices would go. */
static enum outcome dry_run_plan(const struct rq *rq, struct dry_run *result) {
    static const struct db_statement plan = {
        "default_plan", "select default_plan_json($1, $2, $3, $4, $5)::text"};
    if (!result->accepted)
        return DONE;
    struct db_params params = DB_PARAMS(rq->arena);
    db_eui64(&params, rq->duis.originator);
    db_text(&params, rq_variant(rq));
    db_bytea(&params, span_of(rq->image_hash, sizeof rq->image_hash));
    db_int4(&params, (int32_t)result->accepted);
    db_instant(&params, rq->received);
    struct db_rows *rows;
    enum outcome outcome =
        db_insist(rq->db, &plan, &params, rq->arena, &rows, true);
    if (outcome == DONE && !db_is_null(rows, 0, 0))
        result->plan = db_get_text(rows, 0, 0);
    return outcome;
}

/* Those of all lists, whose order does not matter. */
static void refused_add(struct db_params *params, const struct rq *rq,
                        const struct dry_run *result) {
    size_t count = 0;
    eui64 *ids = arena_zero(rq->arena, result->listed + 1, sizeof *ids);
    for (int i = 0; i < DRY_RUN_LISTS; i++)
        for (size_t d = 0; d < result->refused[i].count; d++)
            if (count < result->listed)
                ids[count++] = result->refused[i].ids[d];
    db_eui64s(params, ids, count);
}

/* When the accepted devices would be done. */
static enum outcome dry_run_forecast(const struct rq *rq,
                                     struct dry_run *result) {
    static const struct db_statement forecast = {
        "dry_run_forecast",
        "select dry_run_forecast($1, $2, $3, $4, $5, $6::csp_region[],"
        " $7::text[], $8)::text"};
    if (!result->accepted)
        return DONE;
    struct db_params params = DB_PARAMS(rq->arena);
    db_eui64s(&params, rq->device_ids, rq->device_count);
    refused_add(&params, rq, result);
    db_eui64(&params, rq->duis.originator);
    db_text(&params, rq_variant(rq));
    db_bytea(&params, span_of(rq->image_hash, sizeof rq->image_hash));
    db_regions(&params, rq->management->config);
    db_instant(&params, rq->received);
    struct db_rows *rows;
    enum outcome outcome =
        db_insist(rq->db, &forecast, &params, rq->arena, &rows, true);
    if (outcome == DONE && !db_is_null(rows, 0, 0))
        result->forecast = db_get_text(rows, 0, 0);
    return outcome;
}

enum outcome request_dry_run(const struct config *config,
                             const struct rules *rules, struct db *db,
                             struct arena *arena, struct span body,
                             const eui64 *only, struct dry_run *result) {
    struct request_management management = {.config = config};
    struct rq rq = {.management = &management,
                    .rules = rules,
                    .db = db,
                    .arena = arena,
                    .body = body,
                    .service = "serviceD",
                    .received = clock_now(),
                    .way = WAY_DRY_RUN,
                    .condition = CONDITION_accepted,
                    .detail = ""};
    *result = (struct dry_run){0};
    enum outcome outcome = request_parse(&rq);
    log_set_request(NULL);
    if (outcome == DONE && only && *only != rq.duis.originator)
        return REFUSED;
    if (outcome == DONE)
        outcome = pipeline_run(EXAMINE, RQ_ALONE(&rq));
    if (outcome == RETRY || outcome == FAILED)
        return outcome;
    if (dry_run_ends(&rq, outcome, result))
        return DONE;
    dry_run_hold(&rq);
    dry_run_report(&rq, result);
    outcome = dry_run_plan(&rq, result);
    return outcome == DONE ? dry_run_forecast(&rq, result) : outcome;
}

/* ---- as JSON ---- */

const char *const dry_run_signatures[] = {"absent", "good", "not good"};

static json_t *devices_json(const struct duis_devices *devices) {
    json_t *list = json_array();
    char id[EUI64_TEXT_SIZE];
    for (size_t i = 0; i < devices->count; i++)
        json_add(list, json_text(eui64_format(devices->ids[i], id)));
    return list;
}

static json_t *lists_json(const struct dry_run *run) {
    static const char *const names[DRY_RUN_LISTS] = {
        "invalidDeviceIdList", "notCommissionedDeviceIdList",
        "notApplicableFirmwareDeviceIdList", "otherRequestInProgressList",
        "invalidGbcsVersionList"};
    json_t *all = json_object();
    for (int i = 0; i < DRY_RUN_LISTS; i++)
        json_put(all, names[i], devices_json(&run->refused[i]));
    return all;
}

static json_t *text_or_null(const char *text) {
    return text && *text ? json_text(text) : json_null();
}

/* "byCsp", "byModel", "hubs", "byHub" and "guard"; of what was not judged they
 * are empty. */
static void guard_put(json_t *answer, const char *text) {
    json_t *guard = text ? json_loads(text, 0, NULL) : NULL;
    json_put(answer, "hubs",
             json_integer(json_integer_value(json_object_get(guard, "hubs"))));
    static const char *const lists[] = {"byCsp", "byModel", "byHub", "guard"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        json_t *list = json_object_get(guard, lists[i]);
        json_put(answer, lists[i], list ? json_incref(list) : json_array());
    }
    json_decref(guard);
}

json_t *dry_run_json(const struct dry_run *run) {
    json_t *answer = json_pack(
        "{s:s, s:o, s:s, s:o, s:s, s:o, s:I, s:I, s:o, s:o, s:o}", "outcome",
        run->condition, "responseCode", text_or_null(run->response_code),
        "meaning", run->meaning, "detail", text_or_null(run->detail),
        "signature", dry_run_signatures[run->signature], "imageSignature",
        text_or_null(run->image_unsigned), "listed", (json_int_t)run->listed,
        "accepted", (json_int_t)run->accepted, "refused", lists_json(run),
        "plan", run->plan ? json_loads(run->plan, 0, NULL) : json_null(),
        "forecast",
        run->forecast ? json_loads(run->forecast, 0, NULL) : json_null());
    guard_put(answer, run->guard);
    return answer;
}
