/* fotactl reset: the Service Desk ends a device's firmware update (C5). */
#include "fotactl/person.h"
#include "fotactl/verbs.h"

static enum outcome reset(struct verb_run *run, eui64 device,
                          struct db_rows **rows) {
    static const struct db_statement statement = {
        "reset_device", "select outcome, request_id from reset_device($1, $2,"
                        " $3, $4, make_interval(secs => $5::bigint))"};
    struct db_params params = DB_PARAMS(run->arena);
    db_eui64(&params, device);
    db_text(&params, operator_name(run->arena));
    db_text(&params, run->options.reason);
    db_instant(&params, clock_now());
    db_int8(&params, run->config.tracking_timeout / SECOND);
    return run_query(run, &statement, &params, rows);
}

enum outcome verb_reset(struct verb_run *run) {
    eui64 device;
    if (!run_read_eui64(run, run->argument, &device))
        return REFUSED;
    if (!run->options.reason || !*run->options.reason)
        return run_misuse(run, "say why: --reason TEXT");
    struct db_rows *rows;
    enum outcome outcome = reset(run, device, &rows);
    if (outcome != DONE)
        return outcome;
    const char *result = db_get_text(rows, 0, 0);
    if (strcmp(result, "not_tracked") == 0)
        return run_refuse(run,
                          "%s was never tracked: no firmware update of it is "
                          "on record",
                          run->argument);
    if (strcmp(result, "not_in_progress") == 0)
        return run_refuse(run,
                          "no firmware update of %s is in progress; see "
                          "fotactl status",
                          run->argument);
    const char *request = db_get_text(rows, 0, 1);
    char id[EUI64_TEXT_SIZE];
    if (run->options.json)
        run_print_json(run, json_pack("{s:s, s:s, s:s}", "deviceId",
                                      eui64_format(device, id), "requestId",
                                      request, "status", "RESET_BY_DCC"));
    else
        buffer_printf(run->out, "%s is reset; it was in request %s.\n",
                      eui64_format(device, id), request);
    return DONE;
}
