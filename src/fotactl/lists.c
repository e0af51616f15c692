/* fotactl requests, account list, quarantine list, thresholds list and history,
 * undelivered list: a statement, its parameters, and what is shown of its
 * rows. */
#include "fotactl/lists.h"

#include "base/lists.h"

#define FIELDS(table) (table), sizeof(table) / sizeof *(table)

/* ---- what is shown ---- */

const struct view_field request_fields[REQUEST_FIELDS] = {
    {"requestId", "Request", "REQUEST", VIEW_TEXT},
    {"serviceReferenceVariant", "Service", "SERVICE", VIEW_TEXT},
    {"sender", "Sender", NULL, VIEW_EUI64},
    {"received", "Received", "RECEIVED", VIEW_INSTANT},
    {"responseCode", "Response", "RESPONSE", VIEW_TEXT},
    {"state", "State", "STATE", VIEW_TEXT},
    {"devices.listed", "Devices listed", "LISTED", VIEW_COUNT},
    {"devices.accepted", "Accepted", "ACCEPTED", VIEW_COUNT},
    {"devices.refused.invalid", "Invalid", NULL, VIEW_COUNT},
    {"devices.refused.notCommissioned", "Not Commissioned", NULL, VIEW_COUNT},
    {"devices.refused.notApplicable", "Not applicable", NULL, VIEW_COUNT},
    {"devices.refused.invalidGbcsVersion", "Invalid GBCS version", NULL,
     VIEW_COUNT},
    {"devices.refused.otherRequestInProgress", "Other request in progress",
     NULL, VIEW_COUNT},
    {"firmwareVersion", "Firmware version", "VERSION", VIEW_TEXT},
    {"imageHash", "Manufacturer Image hash", NULL, VIEW_TEXT},
};

/* In the order of list_accounts(), then notices_of(). */
static const struct view_field account_fields[] = {
    {"name", "Name", "NAME", VIEW_TEXT},
    {"role", "Role", "ROLE", VIEW_TEXT},
    {"supplierId", "Supplier", "SUPPLIER", VIEW_EUI64},
    {"active", "Active", "ACTIVE", VIEW_BOOL},
    {"hasPassword", "Password", "PASSWORD", VIEW_BOOL},
    {"tokens", "Tokens", "TOKENS", VIEW_COUNT},
    {"created", "Created", NULL, VIEW_INSTANT},
    {"lastSignIn", "Last sign-in", "LAST SIGN-IN", VIEW_INSTANT},
    {"lockedUntil", "Locked until", "LOCKED UNTIL", VIEW_INSTANT},
    {"mail", "E-mail", "E-MAIL", VIEW_TEXT},
    {"wishes", "Told of", "TOLD OF", VIEW_TEXT},
};

/* In the order of list_holds(). */
static const struct view_field hold_fields[] = {
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

/* In the order of list_steering(). */
static const struct view_field steering_fields[] = {
    {"id", "Id", "ID", VIEW_COUNT},
    {"verb", "Order", "ORDER", VIEW_TEXT},
    {"state", "State", "STATE", VIEW_TEXT},
    {"cause", "Cause", NULL, VIEW_TEXT},
    {"scope", "Of", "OF", VIEW_TEXT},
    {"requestId", "Request", NULL, VIEW_TEXT},
    {"user", "User", NULL, VIEW_EUI64},
    {"imageHash", "Manufacturer Image hash", NULL, VIEW_TEXT},
    {"model", "Model", NULL, VIEW_TEXT},
    {"csp", "CSP", NULL, VIEW_TEXT},
    {"deviceType", "Device type", NULL, VIEW_TEXT},
    {"named", "Devices named", NULL, VIEW_COUNT},
    {"bySender", "By the sender", NULL, VIEW_BOOL},
    {"person", "Person", "PERSON", VIEW_TEXT},
    {"reason", "Reason", "REASON", VIEW_TEXT},
    {"made", "Made", "MADE", VIEW_INSTANT},
    {"until", "Until", "UNTIL", VIEW_INSTANT},
    {"decided", "Decided", NULL, VIEW_INSTANT},
    {"decidedBy", "Decided by", NULL, VIEW_TEXT},
    {"decision", "Decision", NULL, VIEW_TEXT},
    {"ended", "Ended", NULL, VIEW_INSTANT},
    {"endedBy", "Ended by", NULL, VIEW_TEXT},
    {"devices", "Devices", "DEVICES", VIEW_COUNT},
    {"underWay", "With a CSP", "WITH A CSP", VIEW_COUNT},
};

static const struct view_field plan_fields[] = {
    {"id", "Id", "ID", VIEW_COUNT},
    {"user", "User", "USER", VIEW_EUI64},
    {"serviceReferenceVariant", "Service", "SERVICE", VIEW_TEXT},
    {"model", "Model", "MODEL", VIEW_TEXT},
    {"plan", "Plan", "PLAN", VIEW_TEXT},
    {"person", "By", "BY", VIEW_TEXT},
    {"made", "Set", "SET", VIEW_INSTANT},
};

/* In the order of list_thresholds(). */
static const struct view_field threshold_fields[] = {
    {"userId", "User", "USER", VIEW_EUI64},
    {"userName", "Name", "NAME", VIEW_TEXT},
    {"serviceReferenceVariant", "Service", "SERVICE", VIEW_TEXT},
    {"periodSeconds", "Seconds", "SECONDS", VIEW_COUNT},
    {"warning", "Warning", "WARNING", VIEW_COUNT},
    {"quarantine", "Quarantine", "QUARANTINE", VIEW_COUNT},
    {"volume", "Volume", "VOLUME", VIEW_COUNT},
    {"state", "State", "STATE", VIEW_TEXT},
    {"lastWarned", "Last warned", NULL, VIEW_INSTANT},
    {"setAt", "Set", "SET", VIEW_INSTANT},
    {"setBy", "By", "BY", VIEW_TEXT},
};

/* In the order of threshold_history(). */
static const struct view_field threshold_change_fields[] = {
    {"at", "At", "AT", VIEW_INSTANT},
    {"person", "Person", "PERSON", VIEW_TEXT},
    {"change", "Change", "CHANGE", VIEW_TEXT},
    {"userId", "User", "USER", VIEW_EUI64},
    {"serviceReferenceVariant", "Service", "SERVICE", VIEW_TEXT},
    {"periodSeconds", "Seconds", "SECONDS", VIEW_COUNT},
    {"warning", "Warning", "WARNING", VIEW_COUNT},
    {"quarantine", "Quarantine", "QUARANTINE", VIEW_COUNT},
};

/* In the order of undelivered(). */
static const struct view_field message_fields[] = {
    {"responseId", "ResponseID", "RESPONSEID", VIEW_TEXT},
    {"user", "User", NULL, VIEW_EUI64},
    {"code", "Code", "CODE", VIEW_TEXT},
    {"requestId", "Request", NULL, VIEW_TEXT},
    {"deviceId", "Device", "DEVICE", VIEW_EUI64},
    {"devices", "Devices", "DEVICES", VIEW_COUNT},
    {"created", "Created", "CREATED", VIEW_INSTANT},
    {"state", "State", "STATE", VIEW_TEXT},
    {"tries", "Tries", "TRIES", VIEW_COUNT},
    {"nextTry", "Next try", NULL, VIEW_INSTANT},
    {"lastError", "Last error", "LAST ERROR", VIEW_TEXT},
};

/* ---- the table ---- */

enum list_param {
    LIST_NO_MORE,
    LIST_USER,           /* --user, or null */
    LIST_STATE,          /* --state, one of `states`, or null */
    LIST_LIMIT,          /* --limit, or 100 */
    LIST_NOW,            /* fotad's clock */
    LIST_ACB_ID,         /* [identity] acb_id */
    LIST_LOCK_OUT_FOR,   /* [people] lock_out_for in seconds */
    LIST_LOCK_OUT_AFTER, /* [people] lock_out_after */
};

static const struct list_verb {
    const char *words; /* of verbs.def */
    const char *none;  /* said when there are no rows */
    const struct view_field *fields;
    size_t field_count;
    const char *const *states;
    bool says_when_cut; /* says so when there may be more than --limit */
    enum list_param params[5];
    struct db_statement statement;
} list_verbs[] = {
    {"requests",
     "There are no such requests.",
     FIELDS(request_fields),
     request_states,
     true,
     {LIST_NOW, LIST_USER, LIST_STATE, LIST_LIMIT},
     {"list_requests",
      "select q.* from service_request r, request_report(r, $1) q"
      " where ($2::macaddr8 is null or r.originator = $2)"
      " and ($3::text is null or q.state = $3)"
      " order by r.request_no desc limit $4"}},
    {"account list",
     "There are no accounts.",
     FIELDS(account_fields),
     NULL,
     false,
     {LIST_LOCK_OUT_FOR, LIST_LOCK_OUT_AFTER, LIST_NOW},
     {"list_accounts",
      "select l.*, n.mail, nullif(array_to_string(n.wishes, ','), '')"
      " from list_accounts(null, make_interval(secs => $1::bigint), $2, $3)"
      " l cross join notices_of(l.name) n"}},
    {"quarantine list",
     "No such request is or was held.",
     FIELDS(hold_fields),
     hold_states,
     false,
     {LIST_USER, LIST_STATE, LIST_LIMIT},
     {"list_holds",
      "select * from list_holds(null, $1, $2::text::hold_state, null, $3)"}},
    {"steering list",
     "There is no such order.",
     FIELDS(steering_fields),
     steering_states,
     true,
     {LIST_USER, LIST_STATE, LIST_LIMIT},
     {"list_steering", "select * from list_steering(null, $1,"
                       " $2::text::steering_state, null, null, $3)"}},
    {"plan list",
     "Every request goes out at once.",
     FIELDS(plan_fields),
     NULL,
     false,
     {LIST_NO_MORE},
     {"list_plans",
      "select plan_no, user_id, service_reference_variant,"
      " model_text(manufacturer_id, model_id, null), said, person, made"
      " from plan order by plan_no"}},
    {"thresholds list",
     "There is none.",
     FIELDS(threshold_fields),
     NULL,
     false,
     {LIST_USER, LIST_NOW},
     {"list_thresholds", "select * from list_thresholds(null, $1, null, $2)"}},
    {"thresholds history",
     "There is none.",
     FIELDS(threshold_change_fields),
     NULL,
     false,
     {LIST_USER, LIST_LIMIT},
     {"threshold_history", "select * from threshold_history($1, $2)"}},
    {"undelivered list",
     "Every message that was tried is delivered.",
     FIELDS(message_fields),
     NULL,
     false,
     {LIST_ACB_ID, LIST_USER, LIST_LIMIT},
     {"undelivered", "select * from undelivered($1, $2, $3)"}},
};

/* ---- parameters ---- */

static bool refuse_state(struct verb_run *run, const char *const *states) {
    (void)run_misuse(run, "'%s' is no state; there are %s", run->options.state,
                     list_text(run->arena, states));
    return false;
}

static bool add_state(struct verb_run *run, const char *const *states,
                      struct db_params *params) {
    const char *state = run->options.state;
    db_text(params, state);
    return !state || list_find(states, state) || refuse_state(run, states);
}

static bool add_limit(struct verb_run *run, struct db_params *params) {
    int64_t limit;
    bool good = run_read_limit(run, &limit);
    db_int8(params, limit);
    return good;
}

/* False is misuse. */
static bool add_param(struct verb_run *run, const struct list_verb *list,
                      enum list_param param, struct db_params *params) {
    const struct config *config = &run->config;
    switch (param) {
    case LIST_NO_MORE:
        break;
    case LIST_USER:
        return run_add_user(run, params);
    case LIST_STATE:
        return add_state(run, list->states, params);
    case LIST_LIMIT:
        return add_limit(run, params);
    case LIST_NOW:
        db_instant(params, clock_now());
        break;
    case LIST_ACB_ID:
        db_eui64(params, config->acb_id);
        break;
    case LIST_LOCK_OUT_FOR:
        db_int8(params, config->people_lock_out_for / SECOND);
        break;
    case LIST_LOCK_OUT_AFTER:
        db_int4(params, (int32_t)config->people_lock_out_after);
        break;
    }
    return true;
}

/* ---- the verb ---- */

static const struct list_verb *list_of(const struct verb_run *run) {
    const struct list_verb *list = list_verbs;
    while (strcmp(list->words, run->words) != 0)
        list++;
    return list;
}

static void say_when_cut(struct verb_run *run, size_t rows) {
    int64_t limit;
    if (!run->options.json && run_read_limit(run, &limit) &&
        (int64_t)rows == limit)
        buffer_printf(run->out,
                      "The newest %jd; --limit N shows more of them.\n",
                      (intmax_t)limit);
}

enum outcome verb_list(struct verb_run *run) {
    const struct list_verb *list = list_of(run);
    struct db_params params = DB_PARAMS(run->arena);
    for (const enum list_param *p = list->params; *p != LIST_NO_MORE; p++)
        if (!add_param(run, list, *p, &params))
            return REFUSED;
    struct db_rows *rows;
    enum outcome outcome = run_query(run, &list->statement, &params, &rows);
    if (outcome != DONE)
        return outcome;
    if (run->options.json)
        run_print_json(run, view_array(list->fields, list->field_count, rows));
    else if (db_row_count(rows))
        view_table(run->out, list->fields, list->field_count, rows);
    else
        buffer_printf(run->out, "%s\n", list->none);
    if (list->says_when_cut)
        say_when_cut(run, db_row_count(rows));
    return DONE;
}
