/* The administrator's: accounts, their passwords and tokens. */
#include "desk/account.h"
#include "people/answer.h"
#include "people/database.h"
#include "people/guess.h"
#include "people/handlers.h"
#include "people/input.h"

/* ---- what is shown ---- */

/* All accounts, or the one of that name. False: answered. */
static bool accounts_read(struct call *call, const char *name,
                          struct db_rows **rows) {
    static const struct db_statement statement = {
        "account_screens", "select x::text from account_screens($1, "
                           "make_interval(secs => $2::bigint),"
                           " $3, $4) x"};
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, name);
    db_int8(&params, call->config->people_lock_out_for / SECOND);
    db_int4(&params, (int32_t)call->config->people_lock_out_after);
    db_instant(&params, call->now);
    return database_change(call, &statement, &params, rows);
}

void people_list_accounts(struct call *call) {
    struct db_rows *rows;
    if (!accounts_read(call, NULL, &rows))
        return;
    struct buffer out = {0};
    buffer_text(&out, "{\"items\":[");
    for (size_t i = 0; i < db_row_count(rows); i++)
        buffer_printf(&out, "%s%s", i ? "," : "", db_get_text(rows, i, 0));
    buffer_text(&out, "]}");
    call->response->content_type = "application/json";
    http_take_body(call->response, &out);
}

/* ---- what is done ---- */

/* Answers with the account, if it was done. */
static void answer_account(struct call *call, const struct desk *desk,
                           enum outcome outcome, unsigned status,
                           const char *name) {
    struct db_rows *rows;
    if (answer_desk_done(call, desk, outcome) &&
        accounts_read(call, name, &rows) && db_row_count(rows))
        answer_json_text(call, status, db_get_span(rows, 0, 0));
}

/* Answers without more, if it was done. */
static void answer_empty(struct call *call, const struct desk *desk,
                         enum outcome outcome) {
    if (answer_desk_done(call, desk, outcome))
        call->response->status = 204;
}

void people_add_account(struct call *call) {
    static const struct body_member members[] = {
        {"name", JSON_STRING, false, 1, ACCOUNT_NAME_MOST},
        {"role", JSON_STRING, false, 1, 32},
        {"supplierId", JSON_STRING, true, 0, EUI64_TEXT_LEN},
        {"password", JSON_STRING, true, PASSWORD_LEAST, PASSWORD_MOST}};
    struct desk desk = answer_desk(call);
    const json_t *body = body_read(call, members, 4);
    if (!body)
        return;
    struct account_order order = {.name = body_text(body, "name"),
                                  .role = body_text(body, "role"),
                                  .supplier = body_text(body, "supplierId"),
                                  .password = body_text(body, "password")};
    if (!guess_turn_take(call))
        return;
    enum outcome outcome = account_add(&desk, &order);
    guess_turn_give();
    answer_account(call, &desk, outcome, 201, order.name);
}

void people_change_account(struct call *call) {
    static const struct body_member members[] = {
        {"role", JSON_STRING, false, 1, 32},
        {"supplierId", JSON_STRING, true, 0, EUI64_TEXT_LEN},
        {"active", JSON_TRUE, false, 0, 0}};
    struct desk desk = answer_desk(call);
    struct account_order order = {0};
    if (!path_account_name(call, &order.name))
        return;
    const json_t *body = body_read(call, members, 3);
    if (!body)
        return;
    order.role = body_text(body, "role");
    order.supplier = body_text(body, "supplierId");
    order.active = json_is_true(json_object_get(body, "active"));
    answer_account(call, &desk, account_change(&desk, &order), 200, order.name);
}

void people_set_password(struct call *call) {
    static const struct body_member members[] = {
        {"password", JSON_STRING, false, PASSWORD_LEAST, PASSWORD_MOST}};
    struct desk desk = answer_desk(call);
    const char *name;
    if (!path_account_name(call, &name))
        return;
    const json_t *body = body_read(call, members, 1);
    if (!body || !guess_turn_take(call))
        return;
    enum outcome outcome =
        account_set_password(&desk, name, body_text(body, "password"));
    guess_turn_give();
    answer_empty(call, &desk, outcome);
}

/* ---- tokens ---- */

void people_issue_token(struct call *call) {
    struct desk desk = answer_desk(call);
    const char *name, *token;
    if (path_account_name(call, &name) &&
        answer_desk_done(call, &desk, account_issue_token(&desk, name, &token)))
        answer_json(call, 201,
                    json_pack("{s:s, s:s}", "name", name, "token", token));
}

void people_revoke_token(struct call *call) {
    struct desk desk = answer_desk(call);
    const char *name;
    if (path_account_name(call, &name))
        answer_empty(call, &desk, account_revoke_token(&desk, name));
}
