/* RSAT_004, the CSPs, what needs a person, undelivered messages. */
#include "base/expiry.h"
#include "base/lists.h"
#include "desk/activations.h"
#include "desk/undelivered.h"
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

/* ---- what needs a person now ---- */

enum { MOST_CERTIFICATES = 16 };

struct certificates {
    const char *uses[MOST_CERTIFICATES];
    instant ends[MOST_CERTIFICATES];
    size_t count;
    struct arena *arena;
};

static void certificate_take(void *context, const char *use,
                             instant not_after) {
    struct certificates *all = context;
    if (all->count == MOST_CERTIFICATES)
        return;
    all->uses[all->count] = arena_text(all->arena, span_text(use));
    all->ends[all->count++] = not_after;
}

void people_show_needs(struct call *call) {
    static const struct db_statement statement = {
        "needs_now", "select needs_now($1, $2, $3, $4, $5,"
                     " make_interval(secs => $6::bigint))::text"};
    struct certificates own = {.arena = call->arena};
    expiry_each(certificate_take, &own);
    struct db_params params = DB_PARAMS(call->arena);
    param_viewer(&params, call->person);
    db_bool(&params, call->person->role == ACCOUNT_ADMINISTRATOR);
    db_texts(&params, own.uses, own.count);
    db_instants(&params, own.ends, own.count);
    db_instant(&params, call->now);
    db_int8(&params, call->config->tracking_timeout / SECOND);
    answer_screen(call, &statement, &params, "");
}

/* ---- messages that Users have not confirmed ---- */

struct undelivered {
    const struct query_narrowing *narrowing;
    eui64 acb_id;
};

static void undelivered_add(struct db_params *params, const void *context) {
    const struct undelivered *u = context;
    param_narrowing(params, u->narrowing);
    db_eui64(params, u->acb_id);
}

void people_list_undelivered(struct call *call) {
    static const struct view_field fields[] = {
        VIEW_CSV("alertId", COUNT),  VIEW_CSV("responseId", TEXT),
        VIEW_CSV("userId", TEXT),    VIEW_CSV("userName", TEXT),
        VIEW_CSV("code", TEXT),      VIEW_CSV("state", TEXT),
        VIEW_CSV("requestId", TEXT), VIEW_CSV("deviceId", TEXT),
        VIEW_CSV("devices", COUNT),  VIEW_CSV("created", TEXT),
        VIEW_CSV("tries", COUNT),    VIEW_CSV("nextTry", TEXT),
        VIEW_CSV("lastError", TEXT)};
    static const struct db_statement page = {
        "undelivered_page",
        "select undelivered_page($1, $2, $3::text::alert_state, $5, $6,"
        " $4)::text"};
    static const struct listing listing = {.fields = fields,
                                           .field_count =
                                               sizeof fields / sizeof *fields,
                                           .page = &page,
                                           .add_filter = undelivered_add,
                                           .file_name = "undelivered.csv",
                                           .missing = ""};
    struct undelivered *u = arena_zero(call->arena, 1, sizeof *u);
    u->acb_id = call->config->acb_id;
    u->narrowing = query_narrowing(call, alert_states);
    if (u->narrowing)
        listing_answer(call, &listing, u);
}

/* Of all Users, or of one. */
void people_retry_undelivered(struct call *call) {
    static const struct body_member members[] = {
        {"userId", JSON_STRING, true, 1, 64}};
    const json_t *body = body_read(call, members, 1);
    struct desk desk = answer_desk(call);
    int64_t messages;
    eui64 user;
    if (!body)
        return;
    const char *text = body_text(body, "userId");
    if (text && !eui64_parse(span_text(text), &user)) {
        http_problem(call->response, 400, "userId must be an EUI-64.");
        return;
    }
    if (answer_desk_done(
            call, &desk,
            undelivered_retry(&desk, text ? &user : NULL, &messages)))
        answer_json(call, 200,
                    json_pack("{s:I}", "messages", (json_int_t)messages));
}
