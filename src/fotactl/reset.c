/* fotactl reset: the Service Desk ends a device's firmware update (requirement
 * C5). */
#include "fotactl/person.h"
#include "fotactl/verbs.h"

static enum outcome reset(struct call *call, eui64 device,
                          struct db_rows **rows) {
    static const struct db_statement statement = {
        "reset_device", "select outcome, request_id from reset_device($1, $2,"
                        " $3, $4, make_interval(secs => $5::bigint))"};
    struct db_params params = DB_PARAMS(call->arena);
    db_eui64(&params, device);
    db_text(&params, operator_name(call->arena));
    db_text(&params, call->options.reason);
    db_instant(&params, clock_now());
    db_int8(&params, call->config.tracking_timeout / SECOND);
    return call_run(call, &statement, &params, rows);
}

enum outcome verb_reset(struct call *call) {
    eui64 device;
    if (!call_read_eui64(call, call->argument, &device))
        return REFUSED;
    if (!call->options.reason || !*call->options.reason)
        return call_misuse(call, "say why: --reason TEXT");
    struct db_rows *rows;
    enum outcome outcome = reset(call, device, &rows);
    if (outcome != DONE)
        return outcome;
    const char *result = db_get_text(rows, 0, 0);
    if (strcmp(result, "not_tracked") == 0)
        return call_refuse(call,
                           "%s was never tracked: no firmware update of it is "
                           "on record",
                           call->argument);
    if (strcmp(result, "not_in_progress") == 0)
        return call_refuse(call,
                           "no firmware update of %s is in progress; see "
                           "fotactl status",
                           call->argument);
    const char *request = db_get_text(rows, 0, 1);
    char id[EUI64_TEXT_SIZE];
    if (call->options.json)
        call_print_json(call, json_pack("{s:s, s:s, s:s}", "deviceId",
                                        eui64_format(device, id), "requestId",
                                        request, "status", "RESET_BY_DCC"));
    else
        buffer_printf(call->out, "%s is reset; it was in request %s.\n",
                      eui64_format(device, id), request);
    return DONE;
}
