/* One device: its status, and the Service Desk's reset (§4.11). */
#include "people/call.h"

static const char MISSING[] =
    "No firmware update of such a device is on record.";

void people_device_status(struct call *call) {
    static const struct db_statement statement = {
        "device_screen", "select device_screen($1, $2, $3, $4)::text"};
    eui64 device;
    if (!people_device_id(call, &device))
        return;
    struct db_params params = DB_PARAMS(call->arena);
    db_eui64(&params, device);
    people_add_viewer(&params, call->person);
    db_bool(&params, call->person->role == PEOPLE_SERVICE_DESK);
    db_instant(&params, call->now);
    people_screen(call, &statement, &params, MISSING);
}

static bool reset(struct call *call, eui64 device, const char *reason,
                  struct db_rows **rows) {
    static const struct db_statement statement = {
        "reset_device", "select outcome, request_id from reset_device($1, $2,"
                        " $3, $4, make_interval(secs => $5::bigint))"};
    struct db_params params = DB_PARAMS(call->arena);
    db_eui64(&params, device);
    db_text(&params, call->person->name);
    db_text(&params, reason);
    db_instant(&params, call->now);
    db_int8(&params, call->config->tracking_timeout / SECOND);
    return people_change(call, &statement, &params, rows);
}

void people_reset(struct call *call) {
    static const struct member members[] = {
        {"reason", JSON_STRING, false, 1, 500}};
    eui64 device;
    if (!people_device_id(call, &device))
        return;
    const json_t *body = people_body(call, members, 1);
    struct db_rows *rows;
    if (!body ||
        !reset(call, device, json_string_value(json_object_get(body, "reason")),
               &rows))
        return;
    const char *outcome = db_get_text(rows, 0, 0);
    char id[EUI64_TEXT_SIZE], time[INSTANT_TEXT_SIZE];
    if (strcmp(outcome, "not_tracked") == 0)
        http_problem(call->response, 404, "%s", MISSING);
    else if (strcmp(outcome, "not_in_progress") == 0)
        http_problem(call->response, 409,
                     "No firmware update of this device is in progress.");
    else
        people_json(call, 200,
                    json_pack("{s:s, s:s, s:s, s:s}", "deviceId",
                              eui64_format(device, id), "requestId",
                              db_get_text(rows, 0, 1), "status", "RESET_BY_DCC",
                              "at", instant_format(call->now, time)));
}
