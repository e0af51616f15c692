/* Who calls: a session's cookie, a script's token, or a trusted proxy's word.
 */
#include "base/hex.h"
#include "people/call.h"

#include <openssl/sha.h>
#include <stdio.h>

static const char COOKIE[] = "fotad_session";
static const char PROXY_CSRF[] = "proxy";

static void add_interval(struct db_params *params, instant span) {
    db_int8(params, span / SECOND);
}

/* ---- identify ---- */

/* Columns of find_session(), find_token() and find_account(). */
enum { NAME, ROLE, SUPPLIER, EXPIRES };

static bool set_person(struct call *call, const struct db_rows *rows,
                       enum people_via via) {
    if (db_row_count(rows) == 0)
        return false;
    struct person *person = arena_zero(call->arena, 1, sizeof *person);
    person->name = db_get_text(rows, 0, NAME);
    person->role_name = db_get_text(rows, 0, ROLE);
    person->role = people_role_named(person->role_name);
    person->is_supplier = !db_is_null(rows, 0, SUPPLIER);
    if (person->is_supplier)
        person->supplier = db_get_eui64(rows, 0, SUPPLIER);
    person->via = via;
    call->person = person;
    return true;
}

static bool refuse(struct call *call, const char *detail) {
    http_problem(call->response, 401, "%s", detail);
    http_add_header(call->response, "WWW-Authenticate", "Bearer");
    return false;
}

/* Runs a look-up for a person. */
static bool find(struct call *call, const struct db_statement *statement,
                 const struct db_params *params, enum people_via via,
                 struct db_rows **rows) {
    if (!people_change(call, statement, params, rows))
        return false;
    return set_person(call, *rows, via) ||
           refuse(call, "You are not signed in, or no more.");
}

static bool by_token(struct call *call, const char *authorization) {
    static const struct db_statement statement = {
        "find_token", "select * from find_token($1)"};
    if (strncasecmp(authorization, "Bearer ", 7) != 0)
        return refuse(call, "Authorization must be Bearer and a token.");
    uint8_t hash[TOKEN_HASH_LEN];
    token_hash(authorization + 7, hash);
    struct db_params params = DB_PARAMS(call->arena);
    db_bytea(&params, span_of(hash, sizeof hash));
    struct db_rows *rows;
    return find(call, &statement, &params, VIA_TOKEN, &rows);
}

static bool by_proxy(struct call *call) {
    static const struct db_statement statement = {
        "find_account", "select * from find_account($1)"};
    const char *name =
        http_header(call->request, call->config->people_proxy_header);
    json_t *utf8 = name ? json_string(name) : NULL;
    json_decref(utf8);
    if (!utf8)
        return refuse(call, "The proxy did not say who you are.");
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, name);
    struct db_rows *rows;
    if (!find(call, &statement, &params, VIA_PROXY, &rows))
        return false;
    call->person->csrf_token = PROXY_CSRF;
    return true;
}

/* Bound to the session, and of no use for guessing its token. */
static const char *csrf_token(struct arena *arena, const char *session) {
    uint8_t digest[SHA256_DIGEST_LENGTH];
    const char *text = arena_printf(arena, "csrf %s", session);
    SHA256((const uint8_t *)text, strlen(text), digest);
    return hex_format(span_of(digest, sizeof digest),
                      arena_alloc(arena, 2 * sizeof digest + 1));
}

static bool by_session(struct call *call) {
    static const struct db_statement statement = {
        "find_session", "select * from find_session($1, make_interval(secs => "
                        "$2::bigint), $3)"};
    const char *token = http_cookie(call->request, COOKIE);
    if (!token || !*token)
        return refuse(call, "You are not signed in.");
    uint8_t hash[TOKEN_HASH_LEN];
    token_hash(token, hash);
    struct db_params params = DB_PARAMS(call->arena);
    db_bytea(&params, span_of(hash, sizeof hash));
    add_interval(&params, call->config->people_session_idle);
    db_instant(&params, call->now);
    struct db_rows *rows;
    if (!find(call, &statement, &params, VIA_SESSION, &rows))
        return false;
    call->person->expires = db_get_instant(rows, 0, EXPIRES);
    call->person->csrf_token = csrf_token(call->arena, token);
    memcpy(call->person->session, hash, sizeof hash);
    return true;
}

bool people_identify(struct call *call) {
    const char *authorization = http_header(call->request, "Authorization");
    if (authorization)
        return by_token(call, authorization);
    return *call->config->people_proxy_header ? by_proxy(call)
                                              : by_session(call);
}

/* ---- me ---- */

static json_t *text_or_null(const char *text) {
    return text ? json_string(text) : json_null();
}

static json_t *operations(const struct person *person) {
    json_t *names = json_array();
    for (const struct people_route *r = people_routes; r->method; r++)
        if (!r->roles || r->roles & person->role)
            json_array_append_new(names, json_string(r->operation));
    return names;
}

static bool supplier_name(struct call *call, const char **name) {
    static const struct db_statement statement = {"user_name",
                                                  "select user_name($1)"};
    *name = NULL;
    if (!call->person->is_supplier)
        return true;
    struct db_params params = DB_PARAMS(call->arena);
    db_eui64(&params, call->person->supplier);
    struct db_rows *rows;
    if (!people_change(call, &statement, &params, &rows))
        return false;
    if (!db_is_null(rows, 0, 0))
        *name = db_get_text(rows, 0, 0);
    return true;
}

void people_me(struct call *call) {
    static const char *const via[] = {"session", "token", "proxy"};
    const struct person *person = call->person;
    char id[EUI64_TEXT_SIZE], time[INSTANT_TEXT_SIZE];
    const char *supplier;
    if (!supplier_name(call, &supplier))
        return;
    bool session = person->via == VIA_SESSION;
    people_json(
        call, 200,
        json_pack("{s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:o}", "name",
                  person->name, "role", person->role_name, "supplierId",
                  text_or_null(person->is_supplier
                                   ? eui64_format(person->supplier, id)
                                   : NULL),
                  "supplierName", text_or_null(supplier), "via",
                  via[person->via], "csrfToken",
                  text_or_null(person->csrf_token), "expires",
                  text_or_null(session ? instant_format(person->expires, time)
                                       : NULL),
                  "operations", operations(person)));
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
                     COOKIE, token, (intmax_t)(life / SECOND),
                     is_secure(call) ? "; Secure" : ""));
}

/* Counts an attempt. *hash NULL: there is none to compare with. False: locked
 * out, or no database. */
static bool begin(struct call *call, const char *name, const char **hash) {
    static const struct db_statement statement = {
        "begin_sign_in", "select retry_after, password from begin_sign_in($1,"
                         " $2, make_interval(secs => $3::bigint), $4)"};
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, name);
    db_int4(&params, (int32_t)call->config->people_lock_out_after);
    add_interval(&params, call->config->people_lock_out_for);
    db_instant(&params, call->now);
    struct db_rows *rows;
    if (!people_change(call, &statement, &params, &rows))
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

static void failed(struct call *call, const char *name) {
    static const struct db_statement statement = {
        "sign_in_failed", "select sign_in_failed($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, name);
    db_int4(&params, (int32_t)call->config->people_lock_out_after);
    db_text(&params, call->request->peer);
    db_instant(&params, call->now);
    if (people_change(call, &statement, &params, NULL))
        refuse(call, "Name and password do not fit.");
}

/* Is it the password of that account? Answered if not. */
static bool check_password(struct call *call, const char *name,
                           const char *password) {
    const char *hash;
    if (!begin(call, name, &hash))
        return false;
    if (password_fits(password, hash))
        return true;
    failed(call, name);
    return false;
}

/* Whatever session the browser had before ends: nobody can have planted it. */
static bool open_session(struct call *call, const char *name,
                         const char *token) {
    static const struct db_statement statement = {
        "sign_in", "select sign_in($1, $2, $3, $4, $5, $6)"};
    const char *old = http_cookie(call->request, COOKIE);
    uint8_t hash[TOKEN_HASH_LEN], old_hash[TOKEN_HASH_LEN];
    token_hash(token, hash);
    token_hash(old ? old : "", old_hash);
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, name);
    db_bytea(&params, span_of(hash, sizeof hash));
    db_bytea(&params, span_of(old_hash, sizeof old_hash));
    db_text(&params, call->request->peer);
    db_instant(&params, call->now);
    db_instant(&params, call->now + call->config->people_session_most);
    return people_change(call, &statement, &params, NULL);
}

static bool set_signed_in(struct call *call, const char *name,
                          const char *token) {
    static const struct db_statement statement = {
        "find_account", "select * from find_account($1)"};
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, name);
    struct db_rows *rows;
    if (!find(call, &statement, &params, VIA_SESSION, &rows))
        return false;
    const struct config *config = call->config;
    call->person->expires =
        call->now + (config->people_session_idle < config->people_session_most
                         ? config->people_session_idle
                         : config->people_session_most);
    call->person->csrf_token = csrf_token(call->arena, token);
    return true;
}

void people_sign_in(struct call *call) {
    static const struct member members[] = {
        {"name", JSON_STRING, false, 1, 64},
        {"password", JSON_STRING, false, 1, PASSWORD_MOST}};
    if (*call->config->people_proxy_header) {
        http_problem(call->response, 403, "Sign in at the proxy.");
        return;
    }
    const json_t *body = people_body(call, members, 2);
    if (!body)
        return;
    const char *name = json_string_value(json_object_get(body, "name"));
    const char *password = json_string_value(json_object_get(body, "password"));
    const char *token = token_new(call->arena);
    if (!check_password(call, name, password) ||
        !open_session(call, name, token) || !set_signed_in(call, name, token))
        return;
    set_cookie(call, token, call->config->people_session_most);
    people_me(call);
}

void people_sign_out(struct call *call) {
    static const struct db_statement statement = {"sign_out",
                                                  "select sign_out($1, $2)"};
    call->response->status = 204;
    if (call->person->via != VIA_SESSION)
        return;
    struct db_params params = DB_PARAMS(call->arena);
    db_bytea(&params, span_of(call->person->session, TOKEN_HASH_LEN));
    db_instant(&params, call->now);
    if (people_change(call, &statement, &params, NULL))
        set_cookie(call, "", 0);
}

void people_change_password(struct call *call) {
    static const struct db_statement statement = {
        "set_own_password", "select set_password($1, $2, $3, $1, $4)"};
    static const struct member members[] = {
        {"current", JSON_STRING, false, 1, PASSWORD_MOST},
        {"password", JSON_STRING, false, PASSWORD_LEAST, PASSWORD_MOST}};
    const struct person *person = call->person;
    const json_t *body = people_body(call, members, 2);
    if (!body ||
        !check_password(call, person->name,
                        json_string_value(json_object_get(body, "current"))))
        return;
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, person->name);
    db_text(&params,
            password_hash(call->arena, json_string_value(
                                           json_object_get(body, "password"))));
    db_bytea(&params, span_of(person->session, TOKEN_HASH_LEN));
    db_instant(&params, call->now);
    if (people_change(call, &statement, &params, NULL))
        call->response->status = 204;
}
