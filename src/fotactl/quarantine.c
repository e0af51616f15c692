/* fotactl quarantine: requests held by anomaly detection (requirement A7). */
#include "base/lists.h"
#include "fotactl/person.h"
#include "fotactl/verbs.h"
#include "fotactl/view.h"

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

static bool add_state(struct call *call, struct db_params *params) {
    const char *state = call->options.state;
    db_text(params, state);
    if (!state || list_find(hold_states, state))
        return true;
    call_misuse(call, "'%s' is no state; there are %s", state,
                list_text(call->arena, hold_states));
    return false;
}

enum outcome verb_quarantine_list(struct call *call) {
    static const struct db_statement list = {
        "list_holds",
        "select * from list_holds(null, $1, $2::text::hold_state, null, $3)"};
    struct db_params params = DB_PARAMS(call->arena);
    int64_t limit;
    if (!call_add_user(call, &params) || !add_state(call, &params) ||
        !call_read_limit(call, call->options.limit, &limit))
        return REFUSED;
    db_int8(&params, limit);
    return call_list(call, &list, &params, fields, FIELDS,
                     "No such request is or was held.");
}

/* ---- release and reject ---- */

static bool read_id(struct call *call, int64_t *id) {
    char *end;
    errno = 0;
    *id = strtoll(call->argument, &end, 10);
    if (!errno && end != call->argument && !*end && *id > 0)
        return true;
    call_misuse(call,
                "'%s' is not the number of a held request; see fotactl "
                "quarantine list",
                call->argument);
    return false;
}

static enum outcome decide(struct call *call, int64_t id, bool release,
                           struct db_rows **rows) {
    static const struct db_statement statement = {
        "decide_hold",
        "select outcome, request_id from decide_hold($1, $2, $3, $4, $5)"};
    struct db_params params = DB_PARAMS(call->arena);
    db_int8(&params, id);
    db_bool(&params, release);
    db_text(&params, operator_name(call->arena));
    db_text(&params, call->options.reason);
    db_instant(&params, clock_now());
    return call_change(call, &(struct call_statement){&statement, &params}, 1,
                       rows);
}

static enum outcome say(struct call *call, const char *result,
                        const char *request) {
    if (strcmp(result, "unknown") == 0)
        return call_refuse(call,
                           "no request was ever held as %s; see fotactl "
                           "quarantine list",
                           call->argument);
    if (strcmp(result, "decided") == 0)
        return call_refuse(call,
                           "it was decided on %s before; see fotactl "
                           "quarantine list",
                           call->argument);
    if (call->options.json)
        call_print_json(call, json_pack("{s:s, s:s, s:s}", "id", call->argument,
                                        "requestId", request, "state", result));
    else
        buffer_printf(call->out, "Request %s is %s.\n", request, result);
    return DONE;
}

static enum outcome release_or_reject(struct call *call, bool release) {
    int64_t id;
    if (!read_id(call, &id))
        return REFUSED;
    if (!call->options.reason || !*call->options.reason)
        return call_misuse(call, "say why: --reason TEXT");
    struct db_rows *rows;
    enum outcome outcome = decide(call, id, release, &rows);
    if (outcome != DONE)
        return outcome;
    return say(call, db_get_text(rows, 0, 0), db_get_text(rows, 0, 1));
}

enum outcome verb_quarantine_release(struct call *call) {
    return release_or_reject(call, true);
}

enum outcome verb_quarantine_reject(struct call *call) {
    return release_or_reject(call, false);
}
