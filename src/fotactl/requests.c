/* fotactl requests and request: Service Requests and what became of them. */
#include "base/lists.h"
#include "base/request_id.h"
#include "fotactl/verbs.h"
#include "fotactl/view.h"

/* In the order of request_report(). */
static const struct view_field fields[] = {
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

static const struct view_field status_fields[] = {
    {"status", "Status", "STATUS", VIEW_TEXT},
    {"count", "Devices", "DEVICES", VIEW_COUNT},
};

enum {
    FIELDS = sizeof fields / sizeof *fields,
    STATUS_FIELDS = sizeof status_fields / sizeof *status_fields,
};

/* ---- requests ---- */

static bool read_state(struct call *call, const char *state) {
    if (!state || list_find(request_states, state))
        return true;
    call_misuse(call, "'%s' is no state; there are %s", state,
                list_text(call->arena, request_states));
    return false;
}

static void print_requests(struct call *call, const struct db_rows *rows,
                           int64_t limit) {
    call_print_rows(call, fields, FIELDS, rows, "There are no such requests.");
    if (!call->options.json && (int64_t)db_row_count(rows) == limit)
        buffer_printf(call->out,
                      "The newest %jd; --limit N shows more of them.\n",
                      (intmax_t)limit);
}

enum outcome verb_requests(struct call *call) {
    static const struct db_statement statement = {
        "list_requests",
        "select q.* from service_request r, request_report(r, $1) q"
        " where ($2::macaddr8 is null or r.originator = $2)"
        " and ($3::text is null or q.state = $3)"
        " order by r.request_no desc limit $4"};
    const struct call_options *options = &call->options;
    struct db_params params = DB_PARAMS(call->arena);
    int64_t limit;
    db_instant(&params, clock_now());
    if (!call_add_user(call, &params) || !read_state(call, options->state) ||
        !call_read_limit(call, options->limit, &limit))
        return REFUSED;
    db_text(&params, options->state);
    db_int8(&params, limit);
    struct db_rows *rows;
    enum outcome outcome = call_run(call, &statement, &params, &rows);
    if (outcome == DONE)
        print_requests(call, rows, limit);
    return outcome;
}

/* ---- request ---- */

static enum outcome find(struct call *call, const struct request_id *id,
                         struct db_rows **request, struct db_rows **statuses) {
    static const struct db_statement show = {
        "show_request", "select q.* from service_request r,"
                        " request_report(r, $2) q where r.request_no = $1"};
    static const struct db_statement locate = {
        "find_request", "select find_request($1, $2, $3)"};
    static const struct db_statement count = {
        "count_statuses", "select status, count(*) from tracking"
                          " where request_no = $1 group by 1 order by 1"};
    struct db_params names = DB_PARAMS(call->arena);
    db_eui64(&names, id->originator);
    db_eui64(&names, id->target);
    db_uint8(&names, id->counter);
    struct db_rows *found;
    enum outcome outcome =
        db_run(call->db, &locate, &names, call->arena, &found);
    if (outcome != DONE)
        return outcome;
    if (db_is_null(found, 0, 0)) {
        call_refuse(call, "there is no request %s on record", call->argument);
        return REFUSED;
    }
    struct db_params number = DB_PARAMS(call->arena);
    db_int8(&number, db_get_int(found, 0, 0));
    outcome = db_run(call->db, &count, &number, call->arena, statuses);
    db_instant(&number, clock_now());
    if (outcome == DONE)
        outcome = db_run(call->db, &show, &number, call->arena, request);
    return outcome;
}

static json_t *statuses_json(const struct db_rows *statuses) {
    json_t *object = json_object();
    for (size_t i = 0; i < db_row_count(statuses); i++)
        json_object_set_new(object, db_get_text(statuses, i, 0),
                            json_integer(db_get_int(statuses, i, 1)));
    return object;
}

enum outcome verb_request(struct call *call) {
    struct request_id id;
    if (!request_id_parse(call->argument, &id))
        return call_misuse(call,
                           "'%s' is not a RequestID: EUI-64 of the sender, "
                           "EUI-64 of the target and counter with ':' between",
                           call->argument);
    struct db_rows *request, *statuses;
    enum outcome outcome = find(call, &id, &request, &statuses);
    if (outcome != DONE)
        return call_database(call, outcome);
    if (call->options.json) {
        json_t *object = view_object(fields, FIELDS, request, 0);
        json_object_set_new(object, "statuses", statuses_json(statuses));
        call_print_json(call, object);
        return DONE;
    }
    view_list(call->out, fields, FIELDS, request, 0);
    buffer_text(call->out, "\n");
    if (db_row_count(statuses))
        view_table(call->out, status_fields, STATUS_FIELDS, statuses);
    else
        buffer_text(call->out, "No device of it was tracked.\n");
    return DONE;
}
