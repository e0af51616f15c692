#include "people/identify.h"

#include "base/hex.h"
#include "desk/account.h"
#include "people/database.h"
#include "people/param.h"

#include <openssl/sha.h>

static const char PROXY_CSRF[] = "proxy";

bool person_refuse(struct call *call, const char *detail) {
    http_problem(call->response, 401, "%s", detail);
    http_add_header(call->response, "WWW-Authenticate", "Bearer");
    return false;
}

/* ---- the row of a person ---- */

/* Columns of find_session(), find_token() and find_account(); the last is of
 * find_session() alone. */
enum { NAME, ROLE, SUPPLIER, EXPIRES };

static struct person *person_of_row(struct arena *arena,
                                    const struct db_rows *rows,
                                    enum person_via via) {
    struct person *person = arena_zero(arena, 1, sizeof *person);
    person->name = db_get_text(rows, 0, NAME);
    person->role_name = db_get_text(rows, 0, ROLE);
    person->role = account_role_named(person->role_name);
    if (!db_is_null(rows, 0, SUPPLIER)) {
        eui64 *supplier = arena_alloc(arena, sizeof *supplier);
        *supplier = db_get_eui64(rows, 0, SUPPLIER);
        person->supplier = supplier;
    }
    if (via == VIA_SESSION)
        person->expires = db_get_instant(rows, 0, EXPIRES);
    person->via = via;
    return person;
}

/* Runs a look-up for a person. */
static bool person_find(struct call *call, const struct db_statement *statement,
                        const struct db_params *params, enum person_via via) {
    struct db_rows *rows;
    if (!database_change(call, statement, params, &rows))
        return false;
    if (db_row_count(rows) == 0)
        return person_refuse(call, "You are not signed in, or no more.");
    call->person = person_of_row(call->arena, rows, via);
    return true;
}

/* ---- a token ---- */

static bool identify_by_token(struct call *call, const char *authorization) {
    static const struct db_statement statement = {
        "find_token", "select * from find_token($1)"};
    if (strncasecmp(authorization, "Bearer ", 7) != 0)
        return person_refuse(call, "Authorization must be Bearer and a token.");
    uint8_t hash[TOKEN_HASH_LEN];
    token_hash(authorization + 7, hash);
    struct db_params params = DB_PARAMS(call->arena);
    db_bytea(&params, span_of(hash, sizeof hash));
    if (!person_find(call, &statement, &params, VIA_TOKEN))
        return false;
    memcpy(call->person->secret, hash, sizeof hash);
    return true;
}

/* ---- a trusted proxy ---- */

static bool identify_by_proxy(struct call *call) {
    static const struct db_statement statement = {
        "find_account", "select * from find_account($1)"};
    const char *name =
        http_header(call->request, call->config->people_proxy_header);
    json_t *utf8 = name ? json_string(name) : NULL;
    json_decref(utf8);
    if (!utf8)
        return person_refuse(call, "The proxy did not say who you are.");
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, name);
    if (!person_find(call, &statement, &params, VIA_PROXY))
        return false;
    call->person->csrf_token = PROXY_CSRF;
    return true;
}

/* ---- a session ---- */

/* Bound to the session, and of no use for guessing its token. */
static const char *csrf_token(struct arena *arena, const char *token) {
    uint8_t digest[SHA256_DIGEST_LENGTH];
    const char *text = arena_printf(arena, "csrf %s", token);
    SHA256((const uint8_t *)text, strlen(text), digest);
    return hex_format(span_of(digest, sizeof digest),
                      arena_alloc(arena, 2 * sizeof digest + 1));
}

bool person_of_session(struct call *call, const char *token) {
    static const struct db_statement statement = {
        "find_session", "select * from find_session($1, make_interval(secs => "
                        "$2::bigint), $3)"};
    uint8_t hash[TOKEN_HASH_LEN];
    token_hash(token, hash);
    struct db_params params = DB_PARAMS(call->arena);
    db_bytea(&params, span_of(hash, sizeof hash));
    db_int8(&params, call->config->people_session_idle / SECOND);
    db_instant(&params, call->now);
    if (!person_find(call, &statement, &params, VIA_SESSION))
        return false;
    call->person->csrf_token = csrf_token(call->arena, token);
    memcpy(call->person->secret, hash, sizeof hash);
    return true;
}

static bool identify_by_session(struct call *call) {
    const char *token = http_cookie(call->request, SESSION_COOKIE);
    return token && *token ? person_of_session(call, token)
                           : person_refuse(call, "You are not signed in.");
}

/* ---- which of them ---- */

bool person_identify(struct call *call) {
    const char *authorization = http_header(call->request, "Authorization");
    if (authorization)
        return identify_by_token(call, authorization);
    return *call->config->people_proxy_header ? identify_by_proxy(call)
                                              : identify_by_session(call);
}

/* ---- while a stream goes on ---- */

static void secret_add(struct db_params *params, const struct person *person,
                       enum person_via via) {
    if (person->via == via)
        db_bytea(params, span_of(person->secret, sizeof person->secret));
    else
        db_null(params);
}

bool person_may_go_on(const struct people_worker *worker,
                      const struct person *person) {
    static const struct db_statement statement = {
        "may_go_on", "select may_go_on($1, $2, $3, $4, $5,"
                     " make_interval(secs => $6::bigint), $7)"};
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    db_text(&params, person->name);
    db_text(&params, person->role_name);
    param_viewer(&params, person);
    secret_add(&params, person, VIA_SESSION);
    secret_add(&params, person, VIA_TOKEN);
    db_int8(&params, worker->config->people_session_idle / SECOND);
    db_instant(&params, clock_now());
    struct db_rows *rows;
    enum outcome outcome =
        db_run(worker->primary, &statement, &params, arena, &rows);
    bool may = outcome == RETRY || (outcome == DONE && db_get_bool(rows, 0, 0));
    arena_free(arena);
    return may;
}
