/* What became of updates by model and version; good neighbours. */
#include "desk/outcomes.h"
#include "base/hex.h"
#include "base/lists.h"
#include "people/answer.h"
#include "people/handlers.h"
#include "people/input.h"
#include "people/listing.h"

static void outcomes_add(struct db_params *params, const void *filter) {
    outcome_filter_add(params, filter);
}

static void neighbours_add(struct db_params *params, const void *filter) {
    neighbour_filter_add(params, filter);
}

/* A supplier's own; of others all, or one that they name. */
static bool user_read(struct call *call, struct outcome_filter *filter) {
    eui64 *user = arena_zero(call->arena, 1, sizeof *user);
    bool given;
    if (!query_eui64(call, "user", &given, user))
        return false;
    filter->user = call->person->supplier ? call->person->supplier
                   : given                ? user
                                          : NULL;
    return true;
}

static bool version_read(struct call *call, struct outcome_filter *filter) {
    const char *text;
    if (!query_text(call, "version", 8, &text))
        return false;
    filter->has_version = text != NULL;
    if (!text || (strlen(text) == 8 &&
                  hex_parse(span_text(text), filter->version, 4) == 4))
        return true;
    http_problem(call->response, 400,
                 "version must be a firmware version, 8 hexadecimal digits.");
    return false;
}

static struct outcome_filter *filter_read(struct call *call) {
    struct outcome_filter *filter = arena_zero(call->arena, 1, sizeof *filter);
    bool good = query_period(call, call->now, &filter->from, &filter->to) &&
                user_read(call, filter);
    return good ? filter : NULL;
}

/* The whole as CSV, or what the screen shows. */
static void report_answer(struct call *call, const struct listing *listing,
                          const void *filter) {
    bool csv;
    if (!query_csv(call, &csv))
        return;
    if (csv) {
        listing_answer(call, listing, filter);
        return;
    }
    struct db_params params = DB_PARAMS(call->arena);
    listing->add_filter(&params, filter);
    answer_screen(call, listing->page, &params, "");
}

void people_report_outcomes(struct call *call) {
    static const struct db_statement page = {
        "outcome_report", "select outcome_report($1, $2::text::device_type, $3,"
                          " $4::text, $5, $6)::text"};
    static const struct listing listing = {.fields = outcome_fields,
                                           .field_count = OUTCOME_FIELDS,
                                           .rows = &outcome_rows,
                                           .page = &page,
                                           .add_filter = outcomes_add,
                                           .file_name = "outcomes.csv",
                                           .missing = ""};
    struct outcome_filter *filter = filter_read(call);
    if (!filter || !version_read(call, filter) ||
        !query_choice(call, "deviceType", device_types, &filter->device_type) ||
        !query_choice(call, "period", report_periods, &filter->period))
        return;
    if (!filter->period)
        filter->period = report_periods[0];
    report_answer(call, &listing, filter);
}

void people_report_neighbours(struct call *call) {
    static const struct db_statement page = {
        "neighbour_report", "select neighbour_report($1, $2, $3)::text"};
    static const struct listing listing = {.fields = neighbour_fields,
                                           .field_count = NEIGHBOUR_FIELDS,
                                           .rows = &neighbour_rows,
                                           .page = &page,
                                           .add_filter = neighbours_add,
                                           .file_name = "neighbours.csv",
                                           .missing = ""};
    struct outcome_filter *filter = filter_read(call);
    if (filter)
        report_answer(call, &listing, filter);
}

void people_report_results(struct call *call) {
    static const struct db_statement page = {
        "activation_result_report",
        "select activation_result_report($1, $2, $3)::text"};
    static const struct listing listing = {.fields = result_fields,
                                           .field_count = RESULT_FIELDS,
                                           .rows = &result_rows,
                                           .page = &page,
                                           .add_filter = neighbours_add,
                                           .file_name = "rsat-004-results.csv",
                                           .missing = ""};
    struct outcome_filter *filter = filter_read(call);
    if (filter)
        report_answer(call, &listing, filter);
}
