/* RSAT_004, the CSPs, undelivered messages. */
#include "base/lists.h"
#include "desk/activations.h"
#include "people/answer.h"
#include "people/handlers.h"
#include "people/input.h"
#include "people/listing.h"
#include "people/param.h"

/* ---- RSAT_004 Firmware Activations Service Request Report ---- */

static void add_activation_filter(struct db_params *params,
                                  const void *filter) {
    activation_filter_add(params, filter);
}

void people_report_rsat_004(struct call *call) {
    static const struct db_statement page = {
        "activation_report",
        "select activation_report($1, $2::text::device_type, $3, $4,"
        " $5, $6)::text"};
    static const struct listing listing = {.fields = activation_fields,
                                           .field_count = ACTIVATION_FIELDS,
                                           .rows = &activation_rows,
                                           .page = &page,
                                           .add_filter = add_activation_filter,
                                           .file_name = "rsat-004.csv",
                                           .missing = ""};
    struct activation_filter *filter =
        arena_zero(call->arena, 1, sizeof *filter);
    filter->supplier = call->person->supplier;
    if (query_period(call, call->now, &filter->from, &filter->to) &&
        query_choice(call, "deviceType", device_types, &filter->device_type))
        listing_answer(call, &listing, filter);
}

/* ---- CSPs ---- */

void people_list_csps(struct call *call) {
    static const struct db_statement statement = {
        "csp_list", "select csp_list($1, $2, $3)::text"};
    static const struct db_column columns[] = {
        DB_COLUMN(TEXT, struct config_csp, name),
        DB_COLUMN(TEXT, struct config_csp, regions),
    };
    const struct config *config = call->config;
    struct db_params params = DB_PARAMS(call->arena);
    db_arrays(&params, DB_COLUMNS(columns), config->csps, config->csp_count,
              sizeof *config->csps);
    db_instant(&params, call->now);
    answer_screen(call, &statement, &params, "");
}

/* ---- messages that Users have not confirmed ---- */

void people_list_undelivered(struct call *call) {
    static const struct db_statement statement = {
        "undelivered_page",
        "select undelivered_page($1, $2, $3::text::alert_state, $4, $5,"
        " $6)::text"};
    struct query_narrowing narrowing;
    if (!query_narrowing(call, alert_states, &narrowing))
        return;
    struct db_params params = DB_PARAMS(call->arena);
    param_viewer(&params, call->person);
    param_narrowing(&params, &narrowing);
    db_eui64(&params, call->config->acb_id);
    answer_screen(call, &statement, &params, "");
}
