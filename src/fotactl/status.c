/* fotactl status: what is known of a device's firmware update. */
#include "desk/view.h"
#include "fotactl/verbs.h"

/* In the order of device_status(). */
static const struct view_field fields[] = {
    {"deviceId", "Device", NULL, VIEW_EUI64},
    {"deviceType", "Device type", NULL, VIEW_TEXT},
    {"status", "Status", NULL, VIEW_TEXT},
    {"inProgress", "In progress", NULL, VIEW_BOOL},
    {"requestId", "Request", NULL, VIEW_TEXT},
    {"firmwareVersion", "Firmware version", NULL, VIEW_TEXT},
    {"reasonCode", "Reason", NULL, VIEW_TEXT},
    {"lastUpdated", "Last updated", NULL, VIEW_INSTANT},
    {"releaseDue", "Release due", NULL, VIEW_INSTANT},
    {"commsHubId", "Communications Hub", NULL, VIEW_EUI64},
    {"csp", "CSP", NULL, VIEW_TEXT},
    {"sender", "Sender", NULL, VIEW_EUI64},
};
enum { FIELDS = sizeof fields / sizeof *fields };

enum outcome verb_status(struct verb_run *run) {
    static const struct db_statement statement = {
        "device_status",
        "select * from device_status($1::macaddr8, $2::timestamptz)"};
    eui64 device;
    if (!run_read_eui64(run, run->argument, &device))
        return REFUSED;
    struct db_params params = DB_PARAMS(run->arena);
    db_eui64(&params, device);
    db_instant(&params, clock_now());
    struct db_rows *rows;
    enum outcome outcome = run_query(run, &statement, &params, &rows);
    if (outcome != DONE)
        return outcome;
    if (db_row_count(rows) == 0)
        return run_refuse(run,
                          "%s was never tracked: no firmware update of it is "
                          "on record",
                          run->argument);
    if (run->options.json)
        run_print_json(run, view_object(fields, FIELDS, rows, 0));
    else
        view_list(run->out, fields, FIELDS, rows, 0);
    return DONE;
}
