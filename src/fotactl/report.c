/* fotactl report rsat-004: Firmware Activations Service Request Report. */
#include "desk/activations.h"
#include "fotactl/verbs.h"

/* In the order of activation_counts(). */
static const struct view_field count_fields[] = {
    {"period", "Period", "PERIOD", VIEW_TEXT},
    {"deviceType", "Device type", "TYPE", VIEW_TEXT},
    {"requested", "Requested", "REQUESTED", VIEW_COUNT},
    {"answered", "Answered", "ANSWERED", VIEW_COUNT},
    {"failed", "Failed", "FAILED", VIEW_COUNT},
    {"cancelled", "Cancelled", "CANCELLED", VIEW_COUNT},
    {"underWay", "Under way", "UNDER WAY", VIEW_COUNT},
    {"futureDated", "Future dated", "FUTURE DATED", VIEW_COUNT},
    {"succeeded", "Succeeded", "SUCCEEDED", VIEW_COUNT},
};
enum { COUNT_FIELDS = sizeof count_fields / sizeof *count_fields };

static bool read_period(struct verb_run *run, struct activation_filter *f) {
    if (!run_read_instant(run, "--from", run->options.from, &f->from) ||
        !run_read_instant(run, "--to", run->options.to, &f->to))
        return false;
    if (!f->to)
        f->to = clock_now();
    if (!f->from)
        f->from = f->to - DESK_USUAL_DAYS * DAY;
    return true;
}

static void print_report(struct verb_run *run, const struct db_rows *items,
                         const struct db_rows *sums) {
    if (run->options.json) {
        run_print_json(
            run,
            json_pack("{s:o, s:o}", "summary",
                      view_array(count_fields, COUNT_FIELDS, sums), "items",
                      view_array(activation_fields, ACTIVATION_FIELDS, items)));
        return;
    }
    if (db_row_count(items) == 0) {
        buffer_text(run->out, "Nothing was activated in that time.\n");
        return;
    }
    view_table(run->out, count_fields, COUNT_FIELDS, sums);
    buffer_text(run->out, "\n");
    view_table(run->out, activation_fields, ACTIVATION_FIELDS, items);
}

enum outcome verb_report_rsat_004(struct verb_run *run) {
    static const struct db_statement count = {
        "activation_counts", "select * from activation_counts($1,"
                             " $2::text::device_type, $3, $4)"};
    struct activation_filter filter = {0};
    if (!read_period(run, &filter))
        return REFUSED;
    struct db_params params = DB_PARAMS(run->arena);
    activation_filter_add(&params, &filter);
    struct db_rows *items, *sums;
    enum outcome outcome = run_query(run, &count, &params, &sums);
    db_null(&params);
    db_null(&params);
    if (outcome == DONE)
        outcome = run_query(run, &activation_rows, &params, &items);
    if (outcome == DONE)
        print_report(run, items, sums);
    return outcome;
}
