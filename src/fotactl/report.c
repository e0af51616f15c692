/* fotactl report rsat-004: Firmware Activations Service Request Report; and
 * report outcomes and neighbours. */
#include "base/lists.h"
#include "desk/activations.h"
#include "desk/outcomes.h"
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

static bool read_period(struct verb_run *run, instant *from, instant *to) {
    if (!run_read_instant(run, "--from", run->options.from, from) ||
        !run_read_instant(run, "--to", run->options.to, to))
        return false;
    if (!*to)
        *to = clock_now();
    if (!*from)
        *from = *to - DESK_USUAL_DAYS * DAY;
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
    if (!read_period(run, &report.filter.from, &report.filter.to))
        return REFUSED;
    enum outcome outcome = run_look(run, report_read, &report);
    if (outcome == DONE)
        print_report(&report);
    return outcome;
}

/* ---- what became of updates; neighbours ---- */

static bool outcome_filter_read(struct verb_run *run,
                                struct outcome_filter *filter) {
    eui64 *user = arena_zero(run->arena, 1, sizeof *user);
    const char *by = run->options.by;
    if (!read_period(run, &filter->from, &filter->to))
        return false;
    if (run->options.user && !run_read_eui64(run, run->options.user, user))
        return false;
    filter->user = run->options.user ? user : NULL;
    filter->period = by ? list_find(report_periods, by) : NULL;
    if (by && !filter->period)
        (void)run_misuse(run, "--by: one of %s",
                         list_text(run->arena, report_periods));
    return !by || filter->period;
}

static enum outcome rows_print(struct verb_run *run,
                               const struct db_statement *statement,
                               struct db_params *params,
                               const struct view_field *fields, size_t count) {
    struct db_rows *rows;
    db_null(params); /* from the first */
    db_null(params); /* all */
    enum outcome outcome = run_query(run, statement, params, &rows);
    if (outcome != DONE)
        return outcome;
    run_print_rows(run, fields, count, rows,
                   "Nothing was counted in that time.");
    return DONE;
}

enum outcome verb_report_outcomes(struct verb_run *run) {
    struct outcome_filter filter = {0};
    struct db_params params = DB_PARAMS(run->arena);
    if (!outcome_filter_read(run, &filter))
        return REFUSED;
    outcome_filter_add(&params, &filter);
    return rows_print(run, &outcome_rows, &params, outcome_fields,
                      OUTCOME_FIELDS);
}

enum outcome verb_report_neighbours(struct verb_run *run) {
    struct outcome_filter filter = {0};
    struct db_params params = DB_PARAMS(run->arena);
    if (!outcome_filter_read(run, &filter))
        return REFUSED;
    neighbour_filter_add(&params, &filter);
    return rows_print(run, &neighbour_rows, &params, neighbour_fields,
                      NEIGHBOUR_FIELDS);
}

enum outcome verb_report_results(struct verb_run *run) {
    struct outcome_filter filter = {0};
    struct db_params params = DB_PARAMS(run->arena);
    if (!outcome_filter_read(run, &filter))
        return REFUSED;
    neighbour_filter_add(&params, &filter);
    return rows_print(run, &result_rows, &params, result_fields, RESULT_FIELDS);
}
