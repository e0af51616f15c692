#include "desk/account.h"
#include "mail/mail.h"

/* The outcomes that the functions of the database name. */
static const struct desk_outcome account_refusals[] = {
    {"unknown", DESK_UNKNOWN, "there is no account %s"},
    {"exists", DESK_CONFLICT, "there is an account %s already"},
    {"supplier_mismatch", DESK_CONFLICT,
     "the EUI-64 of a supplier goes with the role supplier, and only with it"},
    {"last_administrator", DESK_CONFLICT,
     "account %s is the last administrator that may act; name another first"},
    {"changed", DESK_CONFLICT,
     "account %s has got another password meanwhile; nothing was changed"},
    {"not_an_address", DESK_UNFIT,
     "that is no e-mail address in ASCII; nothing was changed"},
    {"no_address", DESK_UNFIT,
     "account %s has no e-mail address yet: give one as well"},
    {"not_staff", DESK_UNFIT,
     "account %s is a supplier's: alarms are told to the DCC's people"},
    {"not_a_reader", DESK_UNFIT,
     "account %s is an administrator and sees no requests: there is nothing "
     "to tell it"},
    {NULL, 0, NULL},
};

/* ---- what is given ---- */

unsigned account_role_named(const char *name) {
    static const struct {
        const char *name;
        unsigned role;
    } roles[] = {{"supplier", ACCOUNT_SUPPLIER},
                 {"service_desk", ACCOUNT_SERVICE_DESK},
                 {"auditor", ACCOUNT_AUDITOR},
                 {"administrator", ACCOUNT_ADMINISTRATOR}};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (strcmp(roles[i].name, name) == 0)
            return roles[i].role;
    return 0;
}

/* As table account checks it. */
static enum outcome check_name(struct desk *desk, const char *name) {
    static const char letters[] = "._@-"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t len = strlen(name);
    if (len && len <= ACCOUNT_NAME_MOST && strspn(name, letters) == len &&
        strspn(name, "._@-") == 0)
        return DONE;
    return desk_refuse(desk, DESK_MALFORMED,
                       "'%s' is no name: letters, digits and ._@-, at most %d, "
                       "the first one a letter or digit",
                       name, ACCOUNT_NAME_MOST);
}

static enum outcome read_supplier(struct desk *desk, const char *text,
                                  eui64 *id) {
    if (eui64_parse(span_text(text), id))
        return DONE;
    return desk_refuse(desk, DESK_MALFORMED,
                       "'%s' is not an EUI-64 such as 00-DB-12-34-56-78-90-A0",
                       text);
}

/* Two parameters: role and supplier. */
static enum outcome add_role(struct desk *desk, struct db_params *params,
                             const struct account_order *order) {
    eui64 supplier = 0;
    if (!order->role || !account_role_named(order->role))
        return desk_refuse(desk, DESK_MALFORMED,
                           "say which role: supplier, service_desk, auditor or "
                           "administrator");
    if (order->supplier &&
        read_supplier(desk, order->supplier, &supplier) != DONE)
        return REFUSED;
    db_text(params, order->role);
    db_eui64_if(params, order->supplier, supplier);
    return DONE;
}

enum outcome account_check_password(struct desk *desk, const char *password) {
    size_t len = strlen(password);
    if (len >= PASSWORD_LEAST && len <= PASSWORD_MOST)
        return DONE;
    return desk_refuse(desk, DESK_UNFIT, "a password has %d to %d octets",
                       PASSWORD_LEAST, PASSWORD_MOST);
}

/* ---- what is done ---- */

/* Two more parameters, which all of the functions end with: who, and when. */
static enum outcome account_run(struct desk *desk,
                                const struct db_statement *statement,
                                struct db_params *params, const char *name) {
    db_text(params, desk->person);
    db_instant(params, desk->now);
    return desk_run(desk, statement, params, account_refusals, name, NULL);
}

enum outcome account_add(struct desk *desk, const struct account_order *order) {
    static const struct db_statement statement = {
        "add_account",
        "select add_account($1, $2::text::account_role, $3, $4, $5, $6)"};
    struct db_params params = DB_PARAMS(desk->arena);
    db_text(&params, order->name);
    if (check_name(desk, order->name) != DONE ||
        add_role(desk, &params, order) != DONE ||
        (order->password &&
         account_check_password(desk, order->password) != DONE))
        return REFUSED;
    db_text(&params, order->password
                         ? password_hash(desk->arena, order->password)
                         : NULL);
    return account_run(desk, &statement, &params, order->name);
}

/* Parameters: name, role and supplier; where they are null, the account keeps
 * what it has. */
static enum outcome change_account(struct desk *desk, struct db_params *params,
                                   bool active, const char *name) {
    static const struct db_statement statement = {
        "change_account",
        "select coalesce((select change_account(name,"
        " coalesce($2::text::account_role, role),"
        " case when $2 is null then supplier_id else $3 end, $4, $5, $6)"
        " from account where name = $1), 'unknown')"};
    db_bool(params, active);
    return account_run(desk, &statement, params, name);
}

enum outcome account_change(struct desk *desk,
                            const struct account_order *order) {
    struct db_params params = DB_PARAMS(desk->arena);
    db_text(&params, order->name);
    if (add_role(desk, &params, order) != DONE)
        return REFUSED;
    return change_account(desk, &params, order->active, order->name);
}

enum outcome account_end(struct desk *desk, const char *name) {
    struct db_params params = DB_PARAMS(desk->arena);
    db_text(&params, name);
    db_null(&params);
    db_null(&params);
    return change_account(desk, &params, false, name);
}

/* NULL for `before`: whatever it has; for `keep`: no session. */
enum outcome account_change_password(struct desk *desk, const char *name,
                                     const char *before, const char *password,
                                     const uint8_t *keep) {
    static const struct db_statement statement = {
        "set_password", "select set_password($1, $2, $3, $4, $5, $6)"};
    if (account_check_password(desk, password) != DONE)
        return REFUSED;
    struct db_params params = DB_PARAMS(desk->arena);
    db_text(&params, name);
    db_text(&params, before);
    db_text(&params, password_hash(desk->arena, password));
    if (keep)
        db_bytea(&params, span_of(keep, TOKEN_HASH_LEN));
    else
        db_null(&params);
    return account_run(desk, &statement, &params, name);
}

enum outcome account_set_password(struct desk *desk, const char *name,
                                  const char *password) {
    return account_change_password(desk, name, NULL, password, NULL);
}

/* NULL: the token it has ends. */
static enum outcome token_set(struct desk *desk, const char *name,
                              const char *token) {
    static const struct db_statement statement = {
        "set_token", "select set_token($1, $2, $3, $4)"};
    uint8_t hash[TOKEN_HASH_LEN];
    struct db_params params = DB_PARAMS(desk->arena);
    db_text(&params, name);
    if (token) {
        token_hash(token, hash);
        db_bytea(&params, span_of(hash, sizeof hash));
    } else
        db_null(&params);
    return account_run(desk, &statement, &params, name);
}

enum outcome account_issue_token(struct desk *desk, const char *name,
                                 const char **token) {
    *token = token_new(desk->arena);
    return token_set(desk, name, *token);
}

enum outcome account_revoke_token(struct desk *desk, const char *name) {
    return token_set(desk, name, NULL);
}

/* ---- e-mail ---- */

static enum outcome check_wishes(struct desk *desk, const char *const *wishes,
                                 size_t count) {
    bool good = count <= MAIL_KINDS;
    for (size_t i = 0; good && i < count; i++)
        good = wishes[i] && mail_is_kind(wishes[i]);
    return good ? DONE
                : desk_refuse(desk, DESK_MALFORMED,
                              "what may be told is request_finished, "
                              "failure_share, quarantine, csp_silent, "
                              "steering and alarm");
}

enum outcome account_set_notices(struct desk *desk, const char *name,
                                 const char *mail, const char *const *wishes,
                                 size_t count) {
    static const struct db_statement statement = {
        "set_notices", "select set_notices($1, $2, $3,"
                       " make_interval(secs => $4::bigint), $5, $6)"};
    if (wishes && check_wishes(desk, wishes, count) != DONE)
        return REFUSED;
    struct db_params params = DB_PARAMS(desk->arena);
    db_text(&params, name);
    db_text(&params, mail);
    if (wishes)
        db_texts(&params, wishes, count);
    else
        db_null(&params);
    db_int8(&params, desk->config->tracking_timeout / SECOND);
    return account_run(desk, &statement, &params, name);
}
