/* fotactl report rsat-004: Firmware Activations Service Request Report. */
#include "desk/view.h"
#include "fotactl/verbs.h"

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

static bool read_period(struct verb_run *run, instant *from, instant *to) {
    if (!run_read_instant(run, "--from", run->options.from, from) ||
        !run_read_instant(run, "--to", run->options.to, to))
        return false;
    if (!*to)
        *to = clock_now();
    if (!*from)
        *from = *to - USUAL_DAYS * DAY;
    return true;
}

static void print(struct verb_run *run, const struct db_rows *items,
                  const struct db_rows *sums) {
    if (run->options.json) {
        run_print_json(run, json_pack("{s:o, s:o}", "summary",
                                      view_array(counts, COUNTS, sums), "items",
                                      view_array(fields, FIELDS, items)));
        return;
    }
    if (db_row_count(items) == 0) {
        buffer_text(run->out, "Nothing was activated in that time.\n");
        return;
    }
    view_table(run->out, counts, COUNTS, sums);
    buffer_text(run->out, "\n");
    view_table(run->out, fields, FIELDS, items);
}

enum outcome verb_report_rsat_004(struct verb_run *run) {
    static const struct db_statement list = {
        "list_activations",
        "select request_id, sender, sender_name, device_id, device_type,"
        " requested, execution_time, state, ended, executed"
        " from list_activations(null, null, $1, $2, null, null)"};
    static const struct db_statement count = {
        "activation_counts",
        "select * from activation_counts(null, null, $1, $2)"};
    instant from, to;
    if (!read_period(run, &from, &to))
        return REFUSED;
    struct db_params params = DB_PARAMS(run->arena);
    db_instant(&params, from);
    db_instant(&params, to);
    struct db_rows *items, *sums;
    enum outcome outcome = db_run(run->db, &count, &params, run->arena, &sums);
    if (outcome == DONE)
        outcome = db_run(run->db, &list, &params, run->arena, &items);
    if (outcome == DONE)
        print(run, items, sums);
    return run_database(run, outcome);
}
