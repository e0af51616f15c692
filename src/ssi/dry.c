/* Dry runs (requirement G7). */
#include "base/buffer.h"
#include "request/dry_run.h"
#include "request/pipeline.h"
#include "ssi/call.h"

#include <stdlib.h>

static json_t *ids(const struct duis_devices *devices) {
    json_t *list = json_array();
    char id[EUI64_TEXT_SIZE];
    for (size_t i = 0; i < devices->count; i++)
        json_array_append_new(list,
                              json_string(eui64_format(devices->ids[i], id)));
    return list;
}

static json_t *text_or_null(const char *text) {
    return text && *text ? json_string(text) : json_null();
}

static json_t *lists(const struct dry_run *run) {
    static const char *const names[DRY_RUN_LISTS] = {
        "invalidDeviceIdList", "notCommissionedDeviceIdList",
        "notApplicableFirmwareDeviceIdList", "otherRequestInProgressList",
        "invalidGbcsVersionList"};
    json_t *all = json_object();
    for (int i = 0; i < DRY_RUN_LISTS; i++)
        json_object_set_new(all, names[i], ids(&run->refused[i]));
    return all;
}

static void answer(struct call *call, const struct dry_run *run) {
    static const char *const signatures[] = {"absent", "good", "not good"};
    ssi_json(call, 200,
             json_pack("{s:s, s:o, s:s, s:o, s:s, s:I, s:I, s:o}", "outcome",
                       run->condition, "responseCode",
                       text_or_null(run->response_code), "meaning",
                       run->meaning, "detail", text_or_null(run->detail),
                       "signature", signatures[run->signature], "listed",
                       (json_int_t)run->listed, "accepted",
                       (json_int_t)run->accepted, "refused", lists(run)));
}

static bool audit(struct call *call, const struct dry_run *run) {
    return ssi_audit(call, "dry run",
                     arena_printf(call->arena, "%s, listed %zu, accepted %zu",
                                  run->condition, run->listed, run->accepted));
}

static void try_it(struct call *call, const struct rules *rules) {
    const struct person *person = call->person;
    struct db *db = call->worker->primary;
    struct dry_run run;
    enum outcome outcome = request_dry_run(
        call->config, rules, db, call->arena, call->request->body,
        person->is_supplier ? &person->supplier : NULL, &run);
    if (outcome == REFUSED)
        http_problem(call->response, 403,
                     "The RequestID is not one of your own.");
    else if (!ssi_done(call, outcome, db))
        return;
    else if (run.refusal)
        http_problem_at(call->response, 400, run.line, run.column, "%s",
                        run.refusal);
    else if (audit(call, &run))
        answer(call, &run);
}

void ssi_dry_run(struct call *call) {
    struct rules *rules = request_hold_rules();
    try_it(call, rules);
    rules_release(rules);
}
