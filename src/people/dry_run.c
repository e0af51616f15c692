/* Dry runs (requirement G7). */
#include "request/dry_run.h"
#include "people/answer.h"
#include "people/database.h"
#include "people/handlers.h"
#include "request/rules.h"

static bool dry_run_audit(struct call *call, const struct dry_run *run) {
    return database_audit(
        call, "dry run",
        arena_printf(call->arena, "%s, listed %zu, accepted %zu",
                     run->condition, run->listed, run->accepted));
}

static void dry_run_try(struct call *call, const struct rules *rules) {
    struct db *db = call->worker->primary;
    struct dry_run run;
    enum outcome outcome =
        request_dry_run(call->config, rules, db, call->arena,
                        call->request->body, call->person->supplier, &run);
    if (outcome == REFUSED)
        http_problem(call->response, 403,
                     "The RequestID is not one of your own.");
    else if (!database_done(call, outcome, db))
        return;
    else if (run.refusal)
        http_problem_at(call->response, 400, run.line, run.column, "%s",
                        run.refusal);
    else if (dry_run_audit(call, &run))
        answer_json(call, 200, dry_run_json(&run));
}

void people_dry_run(struct call *call) {
    struct rules *rules = rules_current();
    dry_run_try(call, rules);
    rules_release(rules);
}
