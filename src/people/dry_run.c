/* Dry runs (requirement G7). */
#include "request/dry_run.h"
#include "people/call.h"
#include "request/rules.h"

static bool audit(struct call *call, const struct dry_run *run) {
    return people_audit(
        call, "dry run",
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
    else if (!people_done(call, outcome, db))
        return;
    else if (run.refusal)
        http_problem_at(call->response, 400, run.line, run.column, "%s",
                        run.refusal);
    else if (audit(call, &run))
        people_json(call, 200, dry_run_json(&run));
}

void people_dry_run(struct call *call) {
    struct rules *rules = rules_current();
    try_it(call, rules);
    rules_release(rules);
}
