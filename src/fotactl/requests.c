/* fotactl requests and request: Service Requests and what became of them. */
#include "base/request_id.h"
#include "desk/view.h"
#include "fotactl/verbs.h"

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

static bool read_state(struct verb_run *run, const char *state) {
    static const char *const states[] = {"unanswered", "quarantined", "refused",
                                         "in-progress", "finished"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (!state || strcmp(state, states[i]) == 0)
            return true;
    run_misuse(run,
               "'%s' is no state; there are refused, quarantined, "
               "in-progress, finished and unanswered",
               state);
    return false;
}

static void print_requests(struct verb_run *run, const struct db_rows *rows,
                           int64_t limit) {
    run_print_rows(run, fields, FIELDS, rows, "There are no such requests.");
    if (!run->options.json && (int64_t)db_row_count(rows) == limit)
        buffer_printf(run->out,
                      "The newest %jd; --limit N shows more of them.\n",
                      (intmax_t)limit);
}

enum outcome verb_requests(struct verb_run *run) {
    static const struct db_statement statement = {
        "list_requests",
        "select q.* from service_request r, request_report(r, $1) q"
        " where ($2::macaddr8 is null or r.originator = $2)"
        " and ($3::text is null or q.state = $3)"
        " order by r.request_no desc limit $4"};
    const struct verb_options *options = &run->options;
    struct db_params params = DB_PARAMS(run->arena);
    int64_t limit;
    db_instant(&params, clock_now());
    if (!run_add_user(run, &params) || !read_state(run, options->state) ||
        !run_read_limit(run, options->limit, &limit))
        return REFUSED;
    db_text(&params, options->state);
    db_int8(&params, limit);
    struct db_rows *rows;
    enum outcome outcome = run_query(run, &statement, &params, &rows);
    if (outcome == DONE)
        print_requests(run, rows, limit);
    return outcome;
}

/* ---- request ---- */

static enum outcome find(struct verb_run *run, const struct request_id *id,
                         struct db_rows **request, struct db_rows **statuses) {
    static const struct db_statement show = {
        "show_request", "select q.* from service_request r,"
                        " request_report(r, $2) q where r.request_no = $1"};
    static const struct db_statement locate = {
        "find_request", "select find_request($1, $2, $3)"};
    static const struct db_statement count = {
        "count_statuses", "select status, count(*) from tracking"
                          " where request_no = $1 group by 1 order by 1"};
    struct db_params names = DB_PARAMS(run->arena);
    db_eui64(&names, id->originator);
    db_eui64(&names, id->target);
    db_uint8(&names, id->counter);
    struct db_rows *found;
    enum outcome outcome = db_run(run->db, &locate, &names, run->arena, &found);
    if (outcome != DONE)
        return outcome;
    if (db_is_null(found, 0, 0)) {
        run_refuse(run, "there is no request %s on record", run->argument);
        return REFUSED;
    }
    struct db_params number = DB_PARAMS(run->arena);
    db_int8(&number, db_get_int(found, 0, 0));
    outcome = db_run(run->db, &count, &number, run->arena, statuses);
    db_instant(&number, clock_now());
    if (outcome == DONE)
        outcome = db_run(run->db, &show, &number, run->arena, request);
    return outcome;
}

static json_t *statuses_json(const struct db_rows *statuses) {
    json_t *object = json_object();
    for (size_t i = 0; i < db_row_count(statuses); i++)
        json_object_set_new(object, db_get_text(statuses, i, 0),
                            json_integer(db_get_int(statuses, i, 1)));
    return object;
}

enum outcome verb_request(struct verb_run *run) {
    struct request_id id;
    if (!request_id_parse(run->argument, &id))
        return run_misuse(run,
                          "'%s' is not a RequestID: EUI-64 of the sender, "
                          "EUI-64 of the target and counter with ':' between",
                          run->argument);
    struct db_rows *request, *statuses;
    enum outcome outcome = find(run, &id, &request, &statuses);
    if (outcome != DONE)
        return run_database(run, outcome);
    if (run->options.json) {
        json_t *object = view_object(fields, FIELDS, request, 0);
        json_object_set_new(object, "statuses", statuses_json(statuses));
        run_print_json(run, object);
        return DONE;
    }
    view_list(run->out, fields, FIELDS, request, 0);
    buffer_text(run->out, "\n");
    if (db_row_count(statuses))
        view_table(run->out, status_fields, STATUS_FIELDS, statuses);
    else
        buffer_text(run->out, "No device of it was tracked.\n");
    return DONE;
}
