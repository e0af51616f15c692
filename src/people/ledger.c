/* The ledger of a User, and of the CSPs; messages told again. */
#include "desk/ledger.h"
#include "people/answer.h"
#include "people/handlers.h"
#include "people/input.h"
#include "people/listing.h"
#include "people/param.h"

/* A supplier sees its own, and need not say so. */
static bool ledger_user(struct call *call, eui64 *user) {
    bool given;
    const eui64 *own = call->person->supplier;
    if (!query_eui64(call, "user", &given, user))
        return false;
    if (!given && own)
        *user = *own;
    else if (!given)
        http_problem(call->response, 400, "user says whose ledger.");
    else if (own && *own != *user)
        http_problem(call->response, 404, "There is no such User.");
    return (given || own) && (!own || *own == *user);
}

void people_show_ledger(struct call *call) {
    static const struct db_statement page = {
        "ledger_page", "select ledger_page($1, $2, $3, $4, $5, $6)::text"};
    static const struct listing listing = {.fields = ledger_fields,
                                           .field_count = LEDGER_FIELDS,
                                           .rows = &ledger_rows,
                                           .page = &page,
                                           .add_filter = ledger_filter_add,
                                           .file_name = "ledger.csv",
                                           .missing = ""};
    struct ledger_filter *filter = arena_zero(call->arena, 1, sizeof *filter);
    filter->acb = call->config->acb_id;
    filter->has_from = true;
    /* a message of this moment is in it */
    if (ledger_user(call, &filter->user) &&
        query_period(call, call->now + 1, &filter->from, &filter->to))
        listing_answer(call, &listing, filter);
}

void people_show_csp_ledger(struct call *call) {
    static const struct db_statement statement = {
        "ledger_csp_page",
        "select ledger_csp_page($1, $2, make_interval(secs => $3::bigint),"
        " $4)::text"};
    instant from, to;
    if (!query_period(call, call->now + 1, &from, &to))
        return;
    struct db_params params = DB_PARAMS(call->arena);
    db_instant(&params, from);
    db_instant(&params, to);
    db_int8(&params, call->config->tracking_timeout / SECOND);
    db_instant(&params, call->now);
    answer_screen(call, &statement, &params, "");
}

void people_replay_messages(struct call *call) {
    static const struct body_member members[] = {
        {"userId", JSON_STRING, false, 1, 64},
        {"number", JSON_INTEGER, false, 0, 0},
        {"reason", JSON_STRING, false, 1, DESK_REASON_MOST}};
    const json_t *body = body_read(call, members, 3);
    struct desk desk = answer_desk(call);
    int64_t messages, first_kept;
    eui64 user;
    if (!body)
        return;
    if (!eui64_parse(span_text(body_text(body, "userId")), &user)) {
        http_problem(call->response, 400, "userId must be an EUI-64.");
        return;
    }
    if (answer_desk_done(
            call, &desk,
            ledger_replay(&desk, user,
                          json_integer_value(json_object_get(body, "number")),
                          body_text(body, "reason"), &messages, &first_kept)))
        answer_json(call, 200,
                    json_pack("{s:I, s:I}", "messages", (json_int_t)messages,
                              "firstKept", (json_int_t)first_kept));
}
