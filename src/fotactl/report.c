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

/* Sums and rows that agree. */
struct report {
    struct verb_run *run;
    struct activation_filter filter;
    struct db_rows *sums, *items;
};

static enum outcome report_read(struct db *db, void *context) {
    static const struct db_statement count = {
        "activation_counts", "select * from activation_counts($1,"
                             " $2::text::device_type, $3, $4)"};
    struct report *report = context;
    struct arena *arena = report->run->arena;
    struct db_params params = DB_PARAMS(arena);
    activation_filter_add(&params, &report->filter);
    enum outcome outcome = db_run(db, &count, &params, arena, &report->sums);
    if (outcome != DONE)
        return outcome;
    db_null(&params);
    db_null(&params);
    return db_run(db, &activation_rows, &params, arena, &report->items);
}

static void print_report(const struct report *report) {
    struct verb_run *run = report->run;
    if (run->options.json) {
        run_print_json(
            run, json_pack("{s:o, s:o}", "summary",
                           view_array(count_fields, COUNT_FIELDS, report->sums),
                           "items",
                           view_array(activation_fields, ACTIVATION_FIELDS,
                                      report->items)));
        return;
    }
    if (db_row_count(report->items) == 0) {
        buffer_text(run->out, "Nothing was activated in that time.\n");
        return;
    }
    view_table(run->out, count_fields, COUNT_FIELDS, report->sums);
    buffer_text(run->out, "\n");
    view_table(run->out, activation_fields, ACTIVATION_FIELDS, report->items);
}

enum outcome verb_report_rsat_004(struct verb_run *run) {
    struct report report = {.run = run};
    if (!read_period(run, &report.filter))
        return REFUSED;
    enum outcome outcome = run_look(run, report_read, &report);
    if (outcome == DONE)
        print_report(&report);
    return outcome;
}
