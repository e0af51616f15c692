/* fotactl status and reset: one device's firmware update, why it waits, and its
 * end by the Service Desk (requirement C5). */
#include "desk/device.h"
#include "base/json.h"
#include "base/safe_text.h"
#include "fotactl/restored.h"
#include "fotactl/verbs.h"

static enum outcome device_reset_one(struct verb_run *run) {
    struct desk desk = run_desk(run);
    eui64 device;
    const char *request;
    char id[EUI64_TEXT_SIZE];
    if (!run_read_eui64(run, run->argument, &device))
        return REFUSED;
    enum outcome outcome =
        device_reset(&desk, device, run->options.reason, &request);
    if (outcome != DONE)
        return run_desk_end(run, &desk, outcome,
                            desk.fault == DESK_CONFLICT ? "see fotactl status"
                                                        : NULL);
    if (run->options.json)
        run_print_json(run, json_pack("{s:s, s:s, s:s}", "deviceId",
                                      eui64_format(device, id), "requestId",
                                      request, "status", "RESET_BY_DCC"));
    else
        buffer_printf(run->out, "%s is reset; it was in request %s.\n",
                      eui64_format(device, id), request);
    return DONE;
}

enum outcome verb_reset(struct verb_run *run) {
    return run->argument ? device_reset_one(run) : verb_steer(run);
}

/* ---- status ---- */

/* What people are shown of the answer, by its place there: a line each, those
 * of the second table only where there is something. */
struct status_line {
    const char *title, *path;
};
static const struct status_line status_lines[] = {
    {"Device", "deviceId"},
    {"Device type", "deviceType"},
    {"Status", "status"},
    {"In progress", "inProgress"},
    {"Request", "requestId"},
    {"Firmware version", "firmwareVersion"},
    {"Reason", "reasonCode"},
    {"Last updated", "lastUpdated"},
    {"Heard late", "late"},
    {"Known from", "known.by"},
    {"By its clock", "known.eventTime"},
    {"Taken", "known.at"},
    {"Release due", "releaseDue"},
    {"Communications Hub", "commsHubId"},
    {"CSP", "csp"},
    {"Sender", "sender"},
    {NULL, NULL},
};
static const struct status_line waits_lines[] = {
    {"Stuck since", "stuck.lateSince"},
    {"Why", "stuck.why"},
    {"By itself", "stuck.comes"},
    {"That is at", "stuck.comesAt"},
    {"To do", "stuck.advice"},
    {"Not reported", "known.unreported"},
    {"Of no update", "unknown"},
    {"Waits for", "waits.for"},
    {"Job", "waits.job.jobId"},
    {"Job is", "waits.job.state"},
    {"Job tried", "waits.job.tries"},
    {"Job's next try", "waits.job.nextTry"},
    {"Job leased until", "waits.job.leasedUntil"},
    {"Job's last error", "waits.job.lastError"},
    {"CSP's last error", "waits.cspError"},
    {"Command", "waits.command.requestId"},
    {"Command is", "waits.command.state"},
    {"Command tried", "waits.command.tries"},
    {"Command's next try", "waits.command.nextTry"},
    {"Command leased to", "waits.command.leasedUntil"},
    {"Response due", "waits.command.responseDue"},
    {"Command's error", "waits.command.lastError"},
    {"Unsent messages", "waits.messages.count"},
    {"Oldest of them", "waits.messages.oldest"},
    {"Their next try", "waits.messages.nextTry"},
    {"Their last error", "waits.messages.lastError"},
    {NULL, NULL},
};

/* NULL when it is not there, null or a list of nothing. */
static const json_t *value_at(const json_t *object, const char *path) {
    for (const char *dot; object && (dot = strchr(path, '.')); path = dot + 1)
        object = json_object_getn(object, path, (size_t)(dot - path));
    object = json_object_get(object, path);
    bool empty = json_is_array(object) && !json_array_size(object);
    return empty || json_is_null(object) ? NULL : object;
}

static void print_text(struct buffer *out, const json_t *text) {
    const char *value = json_string_value(text);
    safe_add(out, span_text(value ? value : "-"), false);
}

/* Texts beside each other; of what was heard, a line each. */
static void print_list(struct buffer *out, const json_t *list) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (json_is_string(item)) {
            buffer_text(out, i ? ", " : "");
            print_text(out, item);
        } else {
            buffer_text(out, i ? "\n                    " : "");
            print_text(out, json_object_get(item, "at"));
            buffer_text(out, " ");
            print_text(out, json_object_get(item, "detail"));
        }
    }
    buffer_text(out, "\n");
}

static void print_line(struct buffer *out, const char *title,
                       const json_t *value) {
    enum { WIDTH = 18 };
    buffer_printf(out, "%-*s  ", WIDTH, title);
    if (json_is_integer(value))
        buffer_printf(out, "%jd\n", (intmax_t)json_integer_value(value));
    else if (json_is_boolean(value))
        buffer_printf(out, "%s\n", json_is_true(value) ? "yes" : "no");
    else if (json_is_array(value))
        print_list(out, value);
    else {
        print_text(out, value);
        buffer_text(out, "\n");
    }
}

static void print_status(struct buffer *out, const json_t *status) {
    for (const struct status_line *line = status_lines; line->title; line++)
        print_line(out, line->title, value_at(status, line->path));
    for (const struct status_line *line = waits_lines; line->title; line++) {
        const json_t *value = value_at(status, line->path);
        if (value)
            print_line(out, line->title, value);
    }
}

/* How many devices are stuck, by CSP and stage. */
static enum outcome stuck_count(struct verb_run *run) {
    static const struct db_statement statement = {
        "stuck_counts",
        "select csp, device_type, stage, devices, since from"
        " stuck_counts(null, make_interval(secs => $1::bigint), $2)"};
    static const struct view_field fields[] = {
        {"csp", "CSP", "CSP", VIEW_TEXT},
        {"deviceType", "Type", "TYPE", VIEW_TEXT},
        {"stage", "Stage", "STAGE", VIEW_TEXT},
        {"devices", "Stuck devices", "STUCK DEVICES", VIEW_COUNT},
        {"since", "Oldest since", "OLDEST SINCE", VIEW_INSTANT},
    };
    enum { FIELDS = sizeof fields / sizeof *fields };
    struct db_params params = DB_PARAMS(run->arena);
    db_int8(&params, run->config.tracking_timeout / SECOND);
    db_instant(&params, clock_now());
    struct db_rows *rows;
    enum outcome outcome = run_query(run, &statement, &params, &rows);
    if (outcome != DONE)
        return outcome;
    if (run->options.json)
        run_print_json(
            run, json_pack("{s:o}", "stuck", view_array(fields, FIELDS, rows)));
    else if (db_row_count(rows))
        view_table(run->out, fields, FIELDS, rows);
    else
        buffer_printf(run->out, "No device is stuck.\n");
    return DONE;
}

enum outcome verb_status(struct verb_run *run) {
    eui64 device;
    if (!run->argument)
        return stuck_count(run);
    if (!run_read_eui64(run, run->argument, &device))
        return REFUSED;
    struct db_params params = DB_PARAMS(run->arena);
    device_question_add(&params, device, &(struct device_viewer){0},
                        clock_now(), run->config.tracking_timeout);
    struct db_rows *rows;
    enum outcome outcome = run_query(run, &device_question, &params, &rows);
    if (outcome != DONE)
        return outcome;
    const char *fault;
    if ((outcome = restored_words(run, &fault)) != DONE)
        return outcome;
    if (db_is_null(rows, 0, 0))
        return run_refuse(run, "%s%s%s", device_missing(run->arena, device),
                          *fault ? "; " : "", fault);
    json_t *status = json_loads(db_get_text(rows, 0, 0), 0, NULL);
    if (run->options.json) {
        if (*fault)
            json_put(status, "databaseFault", json_text(fault));
        run_print_json(run, status);
        return DONE;
    }
    print_status(run->out, status);
    if (*fault)
        buffer_printf(run->out, "%s\n", fault);
    json_decref(status);
    return DONE;
}
