/* Anomaly detection: held requests and the Service Desk's decisions on them,
 * volumes against thresholds. */
#include "people/call.h"

#include <errno.h>
#include <stdlib.h>

/* ---- held requests ---- */

void people_quarantine(struct call *call) {
    static const struct db_statement statement = {
        "hold_page",
        "select hold_page($1, $2::text::hold_state, $3, $4)::text"};
    struct narrowing narrowing;
    if (!people_query_narrowing(call, hold_states, &narrowing))
        return;
    struct db_params params = DB_PARAMS(call->arena);
    people_add_narrowing(&params, &narrowing);
    people_screen(call, &statement, &params, "");
}

static bool read_hold(struct call *call, int64_t *hold) {
    const char *text = http_path_parameter(call->request, "holdId");
    char *end;
    errno = 0;
    *hold = strtoll(text, &end, 10);
    if (!errno && end != text && !*end && *hold > 0)
        return true;
    http_problem(call->response, 400, "A held request is named by its number.");
    return false;
}

static bool decide(struct call *call, int64_t hold, bool release,
                   const char *reason, struct db_rows **rows) {
    static const struct db_statement statement = {
        "decide_hold",
        "select outcome, request_id from decide_hold($1, $2, $3, $4, $5)"};
    struct db_params params = DB_PARAMS(call->arena);
    db_int8(&params, hold);
    db_bool(&params, release);
    db_text(&params, call->person->name);
    db_text(&params, reason);
    db_instant(&params, call->now);
    return people_change(call, &statement, &params, rows);
}

static void release_or_reject(struct call *call, bool release) {
    static const struct member members[] = {
        {"reason", JSON_STRING, false, 1, 500}};
    int64_t hold;
    if (!read_hold(call, &hold))
        return;
    const json_t *body = people_body(call, members, 1);
    struct db_rows *rows;
    if (!body ||
        !decide(call, hold, release,
                json_string_value(json_object_get(body, "reason")), &rows))
        return;
    const char *outcome = db_get_text(rows, 0, 0);
    char time[INSTANT_TEXT_SIZE];
    if (strcmp(outcome, "unknown") == 0)
        http_problem(call->response, 404, "No request was held as that.");
    else if (strcmp(outcome, "decided") == 0)
        http_problem(call->response, 409,
                     "It has been decided on this request already.");
    else
        people_json(call, 200,
                    json_pack("{s:s, s:s, s:s, s:s}", "id",
                              http_path_parameter(call->request, "holdId"),
                              "requestId", db_get_text(rows, 0, 1), "state",
                              outcome, "at", instant_format(call->now, time)));
}

void people_release(struct call *call) {
    release_or_reject(call, true);
}

void people_reject(struct call *call) {
    release_or_reject(call, false);
}

/* ---- volumes against thresholds ---- */

struct volumes {
    bool is_supplier, has_user;
    eui64 supplier, user;
    const char *variant;
    instant from, to;
};

/* What came at this moment is in it. */
static bool read_volumes(struct call *call, struct volumes *v) {
    *v = (struct volumes){.is_supplier = call->person->is_supplier,
                          .supplier = call->person->supplier};
    return people_query_period(call, call->now + 1, &v->from, &v->to) &&
           people_query_eui64(call, "user", &v->has_user, &v->user) &&
           people_query_choice(call, "variant", service_variants, &v->variant);
}

static void add_volumes(struct db_params *params, const void *context) {
    const struct volumes *v = context;
    people_add_eui64(params, v->is_supplier, v->supplier);
    people_add_eui64(params, v->has_user, v->user);
    db_text(params, v->variant);
    db_instant(params, v->from);
    db_instant(params, v->to);
}

void people_volumes(struct call *call) {
    static const struct list_column columns[] = {
        {NULL, LIST_TEXT},
        {"day", LIST_TEXT},
        {"userId", LIST_EUI64},
        {"userName", LIST_TEXT},
        {"serviceReferenceVariant", LIST_TEXT},
        {"requests", LIST_NUMBER},
        {"devices", LIST_NUMBER},
        {"heldRequests", LIST_NUMBER},
        {"heldDevices", LIST_NUMBER},
        {"periodSeconds", LIST_NUMBER},
        {"warning", LIST_NUMBER},
        {"quarantine", LIST_NUMBER}};
    static const struct listing listing = {
        .columns = columns,
        .column_count = sizeof columns / sizeof *columns,
        .key = 0,
        .rows = {"list_volumes",
                 "select * from list_volumes($1, $2, $3, $4, $5, $6, $7)"},
        .page = {"volume_page",
                 "select volume_page($1, $2, $3, $4, $5, $6, $7, $8)::text"},
        .page_takes_now = true,
        .add_filter = add_volumes,
        .file_name = "volumes.csv",
        .missing = ""};
    struct volumes *volumes = arena_zero(call->arena, 1, sizeof *volumes);
    bool csv;
    if (people_query_csv(call, &csv) && read_volumes(call, volumes))
        people_listing(call, &listing, csv, volumes);
}
