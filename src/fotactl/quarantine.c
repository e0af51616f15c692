/* fotactl quarantine release and reject: requests held by anomaly detection
 * (requirement A7). */
#include "desk/quarantine.h"
#include "fotactl/verbs.h"

static enum outcome release_or_reject(struct verb_run *run, bool release) {
    struct desk desk = run_desk(run);
    struct quarantine_decision decision;
    enum outcome outcome = quarantine_decide(&desk, run->argument, release,
                                             run->options.reason, &decision);
    if (outcome != DONE)
        return run_desk_end(run, &desk, outcome, "see fotactl quarantine list");
    if (run->options.json)
        run_print_json(run, json_pack("{s:s, s:s, s:s}", "id", run->argument,
                                      "requestId", decision.request_id, "state",
                                      decision.state));
    else
        buffer_printf(run->out, "Request %s is %s.\n", decision.request_id,
                      decision.state);
    return DONE;
}

enum outcome verb_quarantine_release(struct verb_run *run) {
    return release_or_reject(run, true);
}

enum outcome verb_quarantine_reject(struct verb_run *run) {
    return release_or_reject(run, false);
}
