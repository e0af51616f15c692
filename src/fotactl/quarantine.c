/* fotactl quarantine: requests held by anomaly detection (A7). */
#include "desk/view.h"
#include "fotactl/person.h"
#include "fotactl/verbs.h"

#include <errno.h>
#include <stdlib.h>

/* In the order of list_holds(). */
static const struct view_field fields[] = {
    {"id", "Id", "ID", VIEW_COUNT},
    {"requestId", "Request", "REQUEST", VIEW_TEXT},
    {"sender", "Sender", NULL, VIEW_EUI64},
    {"senderName", "Sender's name", "SENDER", VIEW_TEXT},
    {"serviceReferenceVariant", "Service", "SERVICE", VIEW_TEXT},
    {"threshold", "Threshold", "THRESHOLD", VIEW_TEXT},
    {"devices", "Devices", "DEVICES", VIEW_COUNT},
    {"volume", "Volume", "VOLUME", VIEW_COUNT},
    {"quarantine", "Level", "LEVEL", VIEW_COUNT},
    {"periodSeconds", "Seconds", "SECONDS", VIEW_COUNT},
    {"held", "Held", "HELD", VIEW_INSTANT},
    {"state", "State", "STATE", VIEW_TEXT},
    {"decided", "Decided", NULL, VIEW_INSTANT},
    {"person", "Person", NULL, VIEW_TEXT},
    {"reason", "Reason", NULL, VIEW_TEXT},
    {"ended", "Ended", NULL, VIEW_INSTANT},
    {"responseCode", "Response", NULL, VIEW_TEXT},
};

enum { FIELDS = sizeof fields / sizeof *fields };

/* ---- list ---- */

static bool add_state(struct verb_run *run, struct db_params *params) {
    static const char *const states[] = {"held", "released", "rejected"};
    const char *state = run->options.state;
    db_text(params, state);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (!state || strcmp(state, states[i]) == 0)
            return true;
    run_misuse(run, "'%s' is no state; there are held, released and rejected",
               state);
    return false;
}

enum outcome verb_quarantine_list(struct verb_run *run) {
    static const struct db_statement list = {
        "list_holds",
        "select * from list_holds(null, $1, $2::text::hold_state, null, $3)"};
    struct db_params params = DB_PARAMS(run->arena);
    int64_t limit;
    if (!run_add_user(run, &params) || !add_state(run, &params) ||
        !run_read_limit(run, run->options.limit, &limit))
        return REFUSED;
    db_int8(&params, limit);
    return run_list(run, &list, &params, fields, FIELDS,
                    "No such request is or was held.");
}

/* ---- release and reject ---- */

static bool read_id(struct verb_run *run, int64_t *id) {
    char *end;
    errno = 0;
    *id = strtoll(run->argument, &end, 10);
    if (!errno && end != run->argument && !*end && *id > 0)
        return true;
    run_misuse(run,
               "'%s' is not the number of a held request; see fotactl "
               "quarantine list",
               run->argument);
    return false;
}

static enum outcome decide(struct verb_run *run, int64_t id, bool release,
                           struct db_rows **rows) {
    static const struct db_statement statement = {
        "decide_hold",
        "select outcome, request_id from decide_hold($1, $2, $3, $4, $5)"};
    struct db_params params = DB_PARAMS(run->arena);
    db_int8(&params, id);
    db_bool(&params, release);
    db_text(&params, operator_name(run->arena));
    db_text(&params, run->options.reason);
    db_instant(&params, clock_now());
    return run_transact(run, &(struct verb_statement){&statement, &params}, 1,
                        rows);
}

static enum outcome say(struct verb_run *run, const char *result,
                        const char *request) {
    if (strcmp(result, "unknown") == 0)
        return run_refuse(run,
                          "no request was ever held as %s; see fotactl "
                          "quarantine list",
                          run->argument);
    if (strcmp(result, "decided") == 0)
        return run_refuse(run,
                          "it was decided on %s before; see fotactl "
                          "quarantine list",
                          run->argument);
    if (run->options.json)
        run_print_json(run, json_pack("{s:s, s:s, s:s}", "id", run->argument,
                                      "requestId", request, "state", result));
    else
        buffer_printf(run->out, "Request %s is %s.\n", request, result);
    return DONE;
}

static enum outcome release_or_reject(struct verb_run *run, bool release) {
    int64_t id;
    if (!read_id(run, &id))
        return REFUSED;
    if (!run->options.reason || !*run->options.reason)
        return run_misuse(run, "say why: --reason TEXT");
    struct db_rows *rows;
    enum outcome outcome = decide(run, id, release, &rows);
    if (outcome != DONE)
        return outcome;
    return say(run, db_get_text(rows, 0, 0), db_get_text(rows, 0, 1));
}

enum outcome verb_quarantine_release(struct verb_run *run) {
    return release_or_reject(run, true);
}

enum outcome verb_quarantine_reject(struct verb_run *run) {
    return release_or_reject(run, false);
}
