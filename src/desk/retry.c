#include "desk/retry.h"

#include "request/devices.h"

const struct view_field retry_fields[RETRY_FIELDS] = {
    {"deviceId", "Device", "DEVICE", VIEW_EUI64},
    {"deviceType", "Type", "TYPE", VIEW_TEXT},
    {"status", "Status", "STATUS", VIEW_TEXT},
    {"reasonCode", "Reason", "REASON", VIEW_TEXT},
    {"lastAttempt", "Last attempt", NULL, VIEW_INSTANT},
    {"mayBeSent", "May be sent", "MAY BE SENT", VIEW_BOOL},
    {"why", "Why not", "WHY NOT", VIEW_TEXT},
    {"mayFrom", "May from", "FROM", VIEW_INSTANT},
};

#define OF_REQUEST                                                             \
    "(r, $2, $3::text[]::device_type[], $4, $5, $6::csp_region[], $7::text[]," \
    " $8"

const struct db_statement retry_rows = {
    "list_retry", "select q.* from service_request r, list_retry" OF_REQUEST
                  ", $9::text::macaddr8, $10) q where r.request_no = $1"};
const struct db_statement retry_page = {
    "retry_page", "select retry_page" OF_REQUEST ", $9, $10)::text"
                  " from service_request r where r.request_no = $1"};

void retry_filter_add(struct db_params *params,
                      const struct retry_filter *filter) {
    db_int8(params, filter->request_no);
    db_text(params, filter->reason);
    devices_add_rules(params, filter->config);
    db_instant(params, filter->now);
}

enum outcome retry_request(struct desk *desk, const struct retry_filter *filter,
                           const char **xml, int64_t *devices) {
    static const struct db_statement statement = {
        "retry_request",
        "select q.problem, q.xml, q.devices from service_request r,"
        " retry_request" OF_REQUEST ") q where r.request_no = $1"};
    struct db_params params = DB_PARAMS(desk->arena);
    retry_filter_add(&params, filter);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(desk->db, &statement, &params, desk->arena, &rows);
    if (outcome != DONE)
        return outcome;
    if (!db_is_null(rows, 0, 0))
        return desk_refuse(desk, DESK_CONFLICT, "%s", db_get_text(rows, 0, 0));
    *xml = db_get_text(rows, 0, 1);
    *devices = db_get_int(rows, 0, 2);
    return DONE;
}
