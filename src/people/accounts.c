/* The administrator's: accounts, their passwords and tokens. */
#include "people/call.h"

/* The outcomes that the functions of sql/people.sql name. */
static const struct {
    const char *outcome;
    unsigned status;
    const char *detail;
} refusals[] = {
    {"unknown", 404, "There is no such account."},
    {"exists", 409, "There is an account of that name."},
    {"supplier_mismatch", 409,
     "The role supplier, and no other, goes with a supplierId."},
    {"last_administrator", 409,
     "It is the last administrator that may act; name another first."},
};

/* Runs a change. False: it is answered already. */
static bool change(struct call *call, const struct db_statement *statement,
                   const struct db_params *params) {
    struct db_rows *rows;
    if (!people_change(call, statement, params, &rows))
        return false;
    const char *outcome = db_get_text(rows, 0, 0);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strcmp(refusals[i].outcome, outcome) == 0) {
            http_problem(call->response, refusals[i].status, "%s",
                         refusals[i].detail);
            return false;
        }
    return true;
}

/* ---- what is shown ---- */

static bool find(struct call *call, const char *name, struct db_rows **rows) {
    static const struct db_statement statement = {
        "account_screens", "select x::text from account_screens($1, "
                           "make_interval(secs => $2::bigint),"
                           " $3, $4) x"};
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, name);
    db_int8(&params, call->config->people_lock_out_for / SECOND);
    db_int4(&params, (int32_t)call->config->people_lock_out_after);
    db_instant(&params, call->now);
    return people_change(call, &statement, &params, rows);
}

void people_accounts(struct call *call) {
    struct db_rows *rows;
    if (!find(call, NULL, &rows))
        return;
    struct buffer out = {0};
    buffer_text(&out, "{\"items\":[");
    for (size_t i = 0; i < db_row_count(rows); i++)
        buffer_printf(&out, "%s%s", i ? "," : "", db_get_text(rows, i, 0));
    buffer_text(&out, "]}");
    call->response->content_type = "application/json";
    http_take_body(call->response, &out);
}

static void show(struct call *call, unsigned status, const char *name) {
    struct db_rows *rows;
    if (!find(call, name, &rows) || db_row_count(rows) == 0)
        return;
    call->response->status = status;
    call->response->content_type = "application/json";
    call->response->body = db_get_span(rows, 0, 0);
}

/* ---- what is done ---- */

static const char *text_of(const json_t *body, const char *name) {
    return json_string_value(json_object_get(body, name));
}

/* Two parameters: role and supplier. False: answered. */
static bool add_role(struct call *call, struct db_params *params,
                     const json_t *body) {
    const char *role = text_of(body, "role");
    const char *supplier = text_of(body, "supplierId");
    eui64 id = 0;
    if (!people_role_named(role)) {
        http_problem(call->response, 400, "There is no role \"%s\".", role);
        return false;
    }
    if (supplier && !eui64_parse(span_text(supplier), &id)) {
        http_problem(call->response, 400, "supplierId is no EUI-64.");
        return false;
    }
    db_text(params, role);
    people_add_eui64(params, supplier != NULL, id);
    return true;
}

/* As table account checks it. */
static bool is_account_name(const char *name) {
    static const char letters[] = "._@-"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789";
    return strspn(name, letters) == strlen(name) && strspn(name, "._@-") == 0;
}

void people_add_account(struct call *call) {
    static const struct db_statement statement = {
        "add_account",
        "select add_account($1, $2::text::account_role, $3, $4, $5, $6)"};
    static const struct member members[] = {
        {"name", JSON_STRING, false, 1, 64},
        {"role", JSON_STRING, false, 1, 32},
        {"supplierId", JSON_STRING, true, 0, EUI64_TEXT_LEN},
        {"password", JSON_STRING, true, PASSWORD_LEAST, PASSWORD_MOST}};
    const json_t *body = people_body(call, members, 4);
    if (!body)
        return;
    const char *name = text_of(body, "name");
    const char *password = text_of(body, "password");
    if (!is_account_name(name)) {
        http_problem(call->response, 400,
                     "A name is made of letters, digits and ._@- and begins "
                     "with a letter or digit.");
        return;
    }
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, name);
    if (!add_role(call, &params, body))
        return;
    db_text(&params, password ? password_hash(call->arena, password) : NULL);
    db_text(&params, call->person->name);
    db_instant(&params, call->now);
    if (change(call, &statement, &params))
        show(call, 201, name);
}

void people_change_account(struct call *call) {
    static const struct db_statement statement = {
        "change_account",
        "select change_account($1, $2::text::account_role, $3, $4, $5, $6)"};
    static const struct member members[] = {
        {"role", JSON_STRING, false, 1, 32},
        {"supplierId", JSON_STRING, true, 0, EUI64_TEXT_LEN},
        {"active", JSON_TRUE, false, 0, 0}};
    const char *name;
    if (!people_account_name(call, &name))
        return;
    const json_t *body = people_body(call, members, 3);
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, name);
    if (!body || !add_role(call, &params, body))
        return;
    db_bool(&params, json_is_true(json_object_get(body, "active")));
    db_text(&params, call->person->name);
    db_instant(&params, call->now);
    if (change(call, &statement, &params))
        show(call, 200, name);
}

void people_set_password(struct call *call) {
    static const struct db_statement statement = {
        "set_password", "select set_password($1, $2, null, $3, $4)"};
    static const struct member members[] = {
        {"password", JSON_STRING, false, PASSWORD_LEAST, PASSWORD_MOST}};
    const char *name;
    if (!people_account_name(call, &name))
        return;
    const json_t *body = people_body(call, members, 1);
    if (!body)
        return;
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, name);
    db_text(&params, password_hash(call->arena, text_of(body, "password")));
    db_text(&params, call->person->name);
    db_instant(&params, call->now);
    if (change(call, &statement, &params))
        call->response->status = 204;
}

/* ---- tokens ---- */

/* NULL: the token it has ends. */
static bool set_token(struct call *call, const char *name, const char *token) {
    static const struct db_statement statement = {
        "set_token", "select set_token($1, $2, $3, $4)"};
    uint8_t hash[TOKEN_HASH_LEN];
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, name);
    if (token) {
        token_hash(token, hash);
        db_bytea(&params, span_of(hash, sizeof hash));
    } else
        db_null(&params);
    db_text(&params, call->person->name);
    db_instant(&params, call->now);
    return change(call, &statement, &params);
}

void people_issue_token(struct call *call) {
    const char *name, *token = token_new(call->arena);
    if (people_account_name(call, &name) && set_token(call, name, token))
        people_json(call, 201,
                    json_pack("{s:s, s:s}", "name", name, "token", token));
}

void people_revoke_token(struct call *call) {
    const char *name;
    if (people_account_name(call, &name) && set_token(call, name, NULL))
        call->response->status = 204;
}
