#include "desk/device.h"

static const char MISSING[] =
    "%s was never tracked: no firmware update of it is on record; one that the "
    "DSP refused is seen in its request";

const struct db_statement device_question = {
    "device_screen", "select device_screen($1, $2, $3, $4,"
                     " make_interval(secs => $5::bigint))::text"};

void device_question_add(struct db_params *params, eui64 device,
                         const struct device_viewer *viewer, instant now,
                         instant timeout) {
    db_eui64(params, device);
    db_eui64_at(params, viewer->supplier);
    db_bool(params, viewer->may_reset);
    db_instant(params, now);
    db_int8(params, timeout / SECOND);
}

const char *device_missing(struct arena *arena, eui64 device) {
    char id[EUI64_TEXT_SIZE];
    return arena_printf(arena, "%s%s", eui64_format(device, id),
                        MISSING + strlen("%s"));
}

enum outcome device_reset(struct desk *desk, eui64 device, const char *reason,
                          const char **request_id) {
    static const struct db_statement statement = {
        "reset_device", "select outcome, request_id from reset_device($1, $2,"
                        " $3, $4, make_interval(secs => $5::bigint))"};
    static const struct desk_outcome refusals[] = {
        {"not_tracked", DESK_UNKNOWN, MISSING},
        {"not_in_progress", DESK_CONFLICT,
         "no firmware update of %s is in progress"},
        {NULL, 0, NULL},
    };
    if (desk_check_reason(desk, reason) != DONE ||
        desk_check_clock(desk) != DONE)
        return REFUSED;
    struct db_params params = DB_PARAMS(desk->arena);
    db_eui64(&params, device);
    db_text(&params, desk->person);
    db_text(&params, reason);
    db_instant(&params, desk->now);
    db_int8(&params, desk->config->tracking_timeout / SECOND);
    char id[EUI64_TEXT_SIZE];
    struct db_rows *rows;
    enum outcome outcome = desk_run(desk, &statement, &params, refusals,
                                    eui64_format(device, id), &rows);
    if (outcome == DONE)
        *request_id = db_get_text(rows, 0, 1);
    return outcome;
}
