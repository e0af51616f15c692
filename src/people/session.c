/* Signing in and out, and what a person may do. */
#include "base/json.h"
#include "desk/account.h"
#include "people/answer.h"
#include "people/database.h"
#include "people/guess.h"
#include "people/handlers.h"
#include "people/identify.h"
#include "people/input.h"
#include "people/param.h"

/* ---- me ---- */

static json_t *text_or_null(const char *text) {
    return text ? json_text(text) : json_null();
}

static json_t *operation_names(const struct person *person) {
    json_t *names = json_array();
    for (const struct people_route *r = people_routes; r->method; r++)
        if (!r->roles || r->roles & person->role)
            json_add(names, json_text(r->operation));
    return names;
}

static bool find_supplier_name(struct call *call, const char **name) {
    static const struct db_statement statement = {"user_name",
                                                  "select user_name($1)"};
    *name = NULL;
    if (!call->person->supplier)
        return true;
    struct db_params params = DB_PARAMS(call->arena);
    param_viewer(&params, call->person);
    struct db_rows *rows;
    if (!database_change(call, &statement, &params, &rows))
        return false;
    if (!db_is_null(rows, 0, 0))
        *name = db_get_text(rows, 0, 0);
    return true;
}

void people_who_am_i(struct call *call) {
    static const char *const via[] = {"session", "token", "proxy"};
    const struct person *person = call->person;
    char id[EUI64_TEXT_SIZE], time[INSTANT_TEXT_SIZE];
    const char *supplier;
    if (!find_supplier_name(call, &supplier))
        return;
    bool session = person->via == VIA_SESSION;
    answer_json(
        call, 200,
        json_pack(
            "{s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:o}", "name", person->name,
            "role", person->role_name, "supplierId",
            text_or_null(person->supplier ? eui64_format(*person->supplier, id)
                                          : NULL),
            "supplierName", text_or_null(supplier), "via", via[person->via],
            "csrfToken", text_or_null(person->csrf_token), "expires",
            text_or_null(session ? instant_format(person->expires, time)
                                 : NULL),
            "operations", operation_names(person)));
}

/* ---- sign-in ---- */

/* Behind a proxy it alone knows whether the browser speaks TLS to it. */
static bool is_secure(const struct call *call) {
    const char *proto = http_header(call->request, "X-Forwarded-Proto");
    return *call->config->people_certificate ||
           (strcmp(call->request->peer, "unix") == 0 && proto &&
            strcasecmp(proto, "https") == 0);
}

static void set_cookie(struct call *call, const char *token, instant life) {
    http_add_header(
        call->response, "Set-Cookie",
        arena_printf(call->arena,
                     "%s=%s; Path=/; Max-Age=%jd; HttpOnly; SameSite=Strict%s",
                     SESSION_COOKIE, token, (intmax_t)(life / SECOND),
                     is_secure(call) ? "; Secure" : ""));
}

/* Counts an attempt. *hash NULL: there is none to compare with. False: locked
 * out, or no database. */
static bool sign_in_begin(struct call *call, const char *name,
                          const char **hash) {
    static const struct db_statement statement = {
        "begin_sign_in", "select retry_after, password from begin_sign_in($1,"
                         " $2, $3, make_interval(secs => $4::bigint), $5)"};
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, name);
    db_text(&params, guess_source(call));
    db_int4(&params, (int32_t)call->config->people_lock_out_after);
    db_int8(&params, call->config->people_lock_out_for / SECOND);
    db_instant(&params, call->now);
    struct db_rows *rows;
    if (!database_change(call, &statement, &params, &rows))
        return false;
    int64_t seconds = db_get_int(rows, 0, 0);
    *hash = db_is_null(rows, 0, 1) ? NULL : db_get_text(rows, 0, 1);
    if (!seconds)
        return true;
    http_problem(call->response, 429,
                 "Too many failed attempts to sign in; try again later.");
    http_add_header(call->response, "Retry-After",
                    arena_printf(call->arena, "%jd", (intmax_t)seconds));
    return false;
}

static void sign_in_failed(struct call *call, const char *name) {
    static const struct db_statement statement = {
        "sign_in_failed", "select sign_in_failed_from($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, name);
    db_text(&params, guess_source(call));
    db_int4(&params, (int32_t)call->config->people_lock_out_after);
    db_instant(&params, call->now);
    if (database_change(call, &statement, &params, NULL))
        person_refuse(call, "Name and password do not fit.");
}

/* Is it the password of that account? Its hash; NULL, and answered, if not.
 * With the turn: what is not looked at does not count. */
static const char *password_check(struct call *call, const char *name,
                                  const char *password) {
    const char *hash;
    if (!sign_in_begin(call, name, &hash))
        return NULL;
    if (password_fits(password, hash))
        return hash;
    sign_in_failed(call, name);
    guess_turn_rest();
    return NULL;
}

/* Whatever session the browser had before ends: nobody can have planted it. The
 * account may have got another password than that with `password_hash` since.
 */
static bool open_session(struct call *call, const char *name,
                         const char *password_hash, const char *token) {
    static const struct db_statement statement = {
        "sign_in", "select sign_in_from($1, $2, $3, $4, $5, $6, $7)"};
    const char *old = http_cookie(call->request, SESSION_COOKIE);
    uint8_t hash[TOKEN_HASH_LEN], old_hash[TOKEN_HASH_LEN];
    token_hash(token, hash);
    token_hash(old ? old : "", old_hash);
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, name);
    db_text(&params, guess_source(call));
    db_text(&params, password_hash);
    db_bytea(&params, span_of(hash, sizeof hash));
    db_bytea(&params, span_of(old_hash, sizeof old_hash));
    db_instant(&params, call->now);
    db_instant(&params, call->now + call->config->people_session_most);
    struct db_rows *rows;
    if (!database_change(call, &statement, &params, &rows))
        return false;
    if (!db_get_bool(rows, 0, 0))
        person_refuse(call, "Name and password do not fit.");
    return db_get_bool(rows, 0, 0);
}

void people_sign_in(struct call *call) {
    static const struct body_member members[] = {
        {"name", JSON_STRING, false, 1, ACCOUNT_NAME_MOST},
        {"password", JSON_STRING, false, 1, PASSWORD_MOST}};
    if (*call->config->people_proxy_header) {
        http_problem(call->response, 403, "Sign in at the proxy.");
        return;
    }
    const json_t *body = body_read(call, members, 2);
    if (!body)
        return;
    const char *name = body_text(body, "name");
    const char *password = body_text(body, "password");
    const char *token = token_new(call->arena);
    if (!guess_turn_take(call))
        return;
    const char *hash = password_check(call, name, password);
    guess_turn_give();
    if (!hash || !open_session(call, name, hash, token) ||
        !person_of_session(call, token))
        return;
    set_cookie(call, token, call->config->people_session_most);
    people_who_am_i(call);
}

void people_sign_out(struct call *call) {
    static const struct db_statement statement = {"sign_out",
                                                  "select sign_out($1, $2)"};
    call->response->status = 204;
    if (call->person->via != VIA_SESSION)
        return;
    struct db_params params = DB_PARAMS(call->arena);
    db_bytea(&params, span_of(call->person->secret, TOKEN_HASH_LEN));
    db_instant(&params, call->now);
    if (database_change(call, &statement, &params, NULL))
        set_cookie(call, "", 0);
}

static void own_password_set(struct call *call, const char *hash,
                             const char *password) {
    const struct person *person = call->person;
    struct desk desk = answer_desk(call);
    if (answer_desk_done(call, &desk,
                         account_change_password(&desk, person->name, hash,
                                                 password, person->secret)))
        call->response->status = 204;
}

void people_change_password(struct call *call) {
    static const struct body_member members[] = {
        {"current", JSON_STRING, false, 1, PASSWORD_MOST},
        {"password", JSON_STRING, false, PASSWORD_LEAST, PASSWORD_MOST}};
    const json_t *body = body_read(call, members, 2);
    if (!body || !guess_turn_take(call))
        return;
    const char *hash =
        password_check(call, call->person->name, body_text(body, "current"));
    if (hash)
        own_password_set(call, hash, body_text(body, "password"));
    guess_turn_give();
}
