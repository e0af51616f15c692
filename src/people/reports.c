/* RSAT_004, the CSPs, undelivered messages. */
#include "people/call.h"

/* ---- RSAT_004 Firmware Activations Service Request Report ---- */

struct period {
    bool is_supplier;
    eui64 supplier;
    const char *device_type;
    instant from, to;
};

static bool read_period(struct call *call, struct period *p) {
    *p = (struct period){.is_supplier = call->person->is_supplier,
                         .supplier = call->person->supplier};
    return people_query_period(call, call->now, &p->from, &p->to) &&
           people_query_choice(call, "deviceType", device_types,
                               &p->device_type);
}

static void add_period(struct db_params *params, const void *context) {
    const struct period *p = context;
    people_add_eui64(params, p->is_supplier, p->supplier);
    db_text(params, p->device_type);
    db_instant(params, p->from);
    db_instant(params, p->to);
}

void people_rsat_004(struct call *call) {
    static const struct list_column columns[] = {
        {NULL, LIST_NUMBER},         {"requestId", LIST_TEXT},
        {"sender", LIST_EUI64},      {"senderName", LIST_TEXT},
        {"deviceId", LIST_EUI64},    {"deviceType", LIST_TEXT},
        {"requested", LIST_INSTANT}, {"executionTime", LIST_INSTANT},
        {"state", LIST_TEXT},        {"ended", LIST_INSTANT},
        {"executed", LIST_INSTANT}};
    static const struct listing listing = {
        .columns = columns,
        .column_count = sizeof columns / sizeof *columns,
        .key = 0,
        .rows = {"list_activations",
                 "select * from list_activations($1, $2::text::device_type,"
                 " $3, $4, $5::text::bigint, $6)"},
        .page = {"activation_report",
                 "select activation_report($1, $2::text::device_type, $3, $4,"
                 " $5, $6)::text"},
        .add_filter = add_period,
        .file_name = "rsat-004.csv",
        .missing = ""};
    struct period *period = arena_zero(call->arena, 1, sizeof *period);
    bool csv;
    if (people_query_csv(call, &csv) && read_period(call, period))
        people_listing(call, &listing, csv, period);
}

/* ---- CSPs ---- */

void people_csps(struct call *call) {
    static const struct db_statement statement = {
        "csp_list", "select csp_list($1, $2, $3)::text"};
    const struct config *config = call->config;
    const char *names[CONFIG_MOST_CSPS], *regions[CONFIG_MOST_CSPS];
    for (size_t i = 0; i < config->csp_count; i++) {
        names[i] = config->csps[i].name;
        regions[i] = config->csps[i].regions;
    }
    struct db_params params = DB_PARAMS(call->arena);
    db_texts(&params, names, config->csp_count);
    db_texts(&params, regions, config->csp_count);
    db_instant(&params, call->now);
    people_screen(call, &statement, &params, "");
}

/* ---- messages that Users have not confirmed ---- */

void people_undelivered(struct call *call) {
    static const struct db_statement statement = {
        "undelivered_page",
        "select undelivered_page($1, $2, $3::text::alert_state, $4, $5)::text"};
    struct narrowing narrowing;
    if (!people_query_narrowing(call, alert_states, &narrowing))
        return;
    struct db_params params = DB_PARAMS(call->arena);
    people_add_viewer(&params, call->person);
    people_add_narrowing(&params, &narrowing);
    people_screen(call, &statement, &params, "");
}
