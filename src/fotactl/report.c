/* fotactl report rsat-004: Firmware Activations Service Request Report. */
#include "fotactl/verbs.h"
#include "fotactl/view.h"

/* In the order of list_activations(), without its first column. */
static const struct view_field fields[] = {
    {"requestId", "Request", "REQUEST", VIEW_TEXT},
    {"sender", "Sender", NULL, VIEW_EUI64},
    {"senderName", "Sender's name", "SENDER", VIEW_TEXT},
    {"deviceId", "Device", "DEVICE", VIEW_EUI64},
    {"deviceType", "Device type", "TYPE", VIEW_TEXT},
    {"requested", "Requested", "REQUESTED", VIEW_INSTANT},
    {"executionTime", "Execution time", "EXECUTION", VIEW_INSTANT},
    {"state", "State", "STATE", VIEW_TEXT},
    {"ended", "Ended", "ENDED", VIEW_INSTANT},
    {"executed", "Executed", "EXECUTED", VIEW_INSTANT},
};

/* In the order of activation_counts(). */
static const struct view_field counts[] = {
    {"period", "Period", "PERIOD", VIEW_TEXT},
    {"deviceType", "Device type", "TYPE", VIEW_TEXT},
    {"requested", "Requested", "REQUESTED", VIEW_COUNT},
    {"answered", "Answered", "ANSWERED", VIEW_COUNT},
    {"failed", "Failed", "FAILED", VIEW_COUNT},
    {"cancelled", "Cancelled", "CANCELLED", VIEW_COUNT},
    {"underWay", "Under way", "UNDER WAY", VIEW_COUNT},
    {"futureDated", "Future dated", "FUTURE DATED", VIEW_COUNT},
};

enum {
    FIELDS = sizeof fields / sizeof *fields,
    COUNTS = sizeof counts / sizeof *counts,
    USUAL_DAYS = 30,
};

static bool read_period(struct call *call, instant *from, instant *to) {
    if (!call_read_instant(call, "--from", call->options.from, from) ||
        !call_read_instant(call, "--to", call->options.to, to))
        return false;
    if (!*to)
        *to = clock_now();
    if (!*from)
        *from = *to - USUAL_DAYS * DAY;
    return true;
}

static void print(struct call *call, const struct db_rows *items,
                  const struct db_rows *sums) {
    if (call->options.json) {
        call_print_json(call,
                        json_pack("{s:o, s:o}", "summary",
                                  view_array(counts, COUNTS, sums), "items",
                                  view_array(fields, FIELDS, items)));
        return;
    }
    if (db_row_count(items) == 0) {
        buffer_text(call->out, "Nothing was activated in that time.\n");
        return;
    }
    view_table(call->out, counts, COUNTS, sums);
    buffer_text(call->out, "\n");
    view_table(call->out, fields, FIELDS, items);
}

enum outcome verb_report_rsat_004(struct call *call) {
    static const struct db_statement list = {
        "list_activations",
        "select request_id, sender, sender_name, device_id, device_type,"
        " requested, execution_time, state, ended, executed"
        " from list_activations(null, null, $1, $2, null, null)"};
    static const struct db_statement count = {
        "activation_counts",
        "select * from activation_counts(null, null, $1, $2)"};
    instant from, to;
    if (!read_period(call, &from, &to))
        return REFUSED;
    struct db_params params = DB_PARAMS(call->arena);
    db_instant(&params, from);
    db_instant(&params, to);
    struct db_rows *items, *sums;
    enum outcome outcome =
        db_run(call->db, &count, &params, call->arena, &sums);
    if (outcome == DONE)
        outcome = db_run(call->db, &list, &params, call->arena, &items);
    if (outcome == DONE)
        print(call, items, sums);
    return call_database(call, outcome);
}
