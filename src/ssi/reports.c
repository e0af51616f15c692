/* RSAT_004, the CSPs, undelivered messages. */
#include "ssi/call.h"

/* ---- RSAT_004 Firmware Activations Service Request Report ---- */

struct period {
    bool is_supplier;
    eui64 supplier;
    const char *device_type;
    instant from, to;
};

static bool read_period(struct call *call, struct period *p) {
    enum { USUAL_DAYS = 30 };
    bool has_from, has_to;
    *p = (struct period){.is_supplier = call->person->is_supplier,
                         .supplier = call->person->supplier};
    if (!ssi_query_time(call, "from", false, &has_from, &p->from) ||
        !ssi_query_time(call, "to", true, &has_to, &p->to) ||
        !ssi_query_choice(call, "deviceType", ssi_device_types,
                          &p->device_type))
        return false;
    if (!has_to)
        p->to = call->now;
    if (!has_from)
        p->from = p->to - USUAL_DAYS * DAY;
    if (p->from <= p->to)
        return true;
    http_problem(call->response, 400, "from is after to.");
    return false;
}

static void add_period(struct db_params *params, const void *context) {
    const struct period *p = context;
    ssi_add_eui64(params, p->is_supplier, p->supplier);
    db_text(params, p->device_type);
    db_instant(params, p->from);
    db_instant(params, p->to);
}

static void report_csv(struct call *call, const struct period *period) {
    static const struct db_statement statement = {
        "list_activations",
        "select * from list_activations($1, $2::text::device_type, $3, $4,"
        " $5::text::bigint, $6)"};
    static const struct csv_column columns[] = {
        {NULL, CSV_NUMBER},         {"requestId", CSV_TEXT},
        {"sender", CSV_EUI64},      {"senderName", CSV_TEXT},
        {"deviceId", CSV_EUI64},    {"deviceType", CSV_TEXT},
        {"requested", CSV_INSTANT}, {"executionTime", CSV_INSTANT},
        {"state", CSV_TEXT},        {"ended", CSV_INSTANT},
        {"executed", CSV_INSTANT}};
    ssi_csv(
        call,
        &(struct csv_source){.columns = columns,
                             .column_count = sizeof columns / sizeof *columns,
                             .key = 0,
                             .statement = &statement,
                             .add_params = add_period,
                             .context = period},
        "rsat-004.csv");
}

static void report_page(struct call *call, const struct period *period) {
    static const struct db_statement statement = {
        "activation_report",
        "select activation_report($1, $2::text::device_type, $3, $4, $5,"
        " $6)::text"};
    bool has_after;
    int64_t after;
    int32_t limit;
    if (!ssi_query_number(call, "after", 0, INT64_MAX, &has_after, &after) ||
        !ssi_query_limit(call, &limit))
        return;
    struct db_params params = DB_PARAMS(call->arena);
    add_period(&params, period);
    ssi_add_number(&params, has_after, after);
    db_int4(&params, limit);
    ssi_screen(call, &statement, &params, "");
}

void ssi_rsat_004(struct call *call) {
    struct period *period = arena_zero(call->arena, 1, sizeof *period);
    bool csv;
    if (!ssi_query_csv(call, &csv) || !read_period(call, period))
        return;
    if (csv)
        report_csv(call, period);
    else
        report_page(call, period);
}

/* ---- CSPs ---- */

void ssi_csps(struct call *call) {
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
    ssi_screen(call, &statement, &params, "");
}

/* ---- messages that Users have not confirmed ---- */

void ssi_undelivered(struct call *call) {
    static const struct db_statement statement = {
        "undelivered_page",
        "select undelivered_page($1, $2, $3::text::alert_state, $4, $5)::text"};
    static const char *const states[] = {"waiting", "given_up", NULL};
    bool has_user, has_after;
    eui64 user;
    int64_t after;
    int32_t limit;
    const char *state;
    if (!ssi_query_choice(call, "state", states, &state) ||
        !ssi_query_eui64(call, "user", &has_user, &user) ||
        !ssi_query_number(call, "after", 0, INT64_MAX, &has_after, &after) ||
        !ssi_query_limit(call, &limit))
        return;
    struct db_params params = DB_PARAMS(call->arena);
    ssi_add_viewer(&params, call->person);
    ssi_add_eui64(&params, has_user, user);
    db_text(&params, state);
    ssi_add_number(&params, has_after, after);
    db_int4(&params, limit);
    ssi_screen(call, &statement, &params, "");
}
