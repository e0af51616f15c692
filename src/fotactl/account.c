/* fotactl account: the people and scripts that may use the screens (requirement
 * G4). */
#include "base/secret.h"
#include "fotactl/person.h"
#include "fotactl/verbs.h"
#include "fotactl/view.h"
#include "mail/mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

/* What the functions of sql/people.sql answer, for people. */
static enum outcome take(struct call *call,
                         const struct db_statement *statement,
                         const struct db_params *params) {
    static const struct {
        const char *outcome, *problem;
    } problems[] = {
        {"unknown", "there is no account %s"},
        {"exists", "there is an account %s already"},
        {"supplier_mismatch",
         "%s: --supplier EUI goes with the role supplier, and only with it"},
        {"last_administrator",
         "%s is the last administrator that may act; name another first"},
        {"not_an_address",
         "%s: what --mail says is no e-mail address in ASCII; nothing was "
         "changed"},
        {"no_address", "%s has no address yet: give --mail ADDRESS as well"},
        {"not_a_reader",
         "%s is an administrator and sees no requests: there is nothing to "
         "tell it"},
    };
    struct db_rows *rows;
    enum outcome outcome = call_run(call, statement, params, &rows);
    if (outcome != DONE)
        return outcome;
    const char *answer = db_get_text(rows, 0, 0);
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        if (strcmp(problems[i].outcome, answer) == 0) {
            const char *at = strstr(problems[i].problem, "%s");
            return call_refuse(call, "%.*s%s%s",
                               (int)(at - problems[i].problem),
                               problems[i].problem, call->argument, at + 2);
        }
    return DONE;
}

static void say(struct call *call, const char *what) {
    if (call->options.json)
        call_print_json(call, json_pack("{s:s}", "name", call->argument));
    else
        buffer_printf(call->out, "%s %s.\n", call->argument, what);
}

/* ---- add and role ---- */

static bool name_is_good(struct call *call) {
    static const char letters[] = "._@-"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789";
    const char *name = call->argument;
    size_t len = strlen(name);
    if (len && len <= 64 && strspn(name, letters) == len &&
        strspn(name, "._@-") == 0)
        return true;
    call_misuse(call,
                "'%s' is no name: letters, digits and ._@-, at most 64, the "
                "first one a letter or digit",
                name);
    return false;
}

/* Two parameters: role and supplier. False is misuse. */
static bool add_role(struct call *call, struct db_params *params,
                     const char *role) {
    static const char *const roles[] = {"supplier", "service_desk", "auditor",
                                        "administrator"};
    bool known = false;
    for (size_t i = 0; role && i < sizeof roles / sizeof *roles; i++)
        known |= strcmp(role, roles[i]) == 0;
    if (!known) {
        call_misuse(call, "say which role: --role supplier, service_desk, "
                          "auditor or administrator");
        return false;
    }
    db_text(params, role);
    eui64 supplier;
    if (!call->options.supplier)
        db_null(params);
    else if (call_read_eui64(call, call->options.supplier, &supplier))
        db_eui64(params, supplier);
    else
        return false;
    return true;
}

enum outcome verb_account_add(struct call *call) {
    static const struct db_statement statement = {
        "add_account",
        "select add_account($1, $2::text::account_role, $3, null, $4, $5)"};
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, call->argument);
    if (!name_is_good(call) || !add_role(call, &params, call->options.role))
        return REFUSED;
    db_text(&params, operator_name(call->arena));
    db_instant(&params, clock_now());
    enum outcome outcome = take(call, &statement, &params);
    if (outcome == DONE)
        say(call, "is added; fotactl account password or token lets it in");
    return outcome;
}

/* --role none: it may do nothing any more. */
static enum outcome end_account(struct call *call) {
    static const struct db_statement statement = {
        "end_account", "select coalesce((select change_account(name, role,"
                       " supplier_id, false, $2, $3) from account"
                       " where name = $1), 'unknown')"};
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, call->argument);
    db_text(&params, operator_name(call->arena));
    db_instant(&params, clock_now());
    enum outcome outcome = take(call, &statement, &params);
    if (outcome == DONE)
        say(call, "may do nothing any more");
    return outcome;
}

enum outcome verb_account_role(struct call *call) {
    static const struct db_statement statement = {
        "change_account",
        "select change_account($1, $2::text::account_role, $3, true, $4, $5)"};
    if (call->options.role && strcmp(call->options.role, "none") == 0)
        return end_account(call);
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, call->argument);
    if (!add_role(call, &params, call->options.role))
        return REFUSED;
    db_text(&params, operator_name(call->arena));
    db_instant(&params, clock_now());
    enum outcome outcome = take(call, &statement, &params);
    if (outcome == DONE)
        say(call, "has the role; its sessions have ended");
    return outcome;
}

/* ---- password ---- */

/* A line of stdin, without its end; NULL at the end. Not shown when it is
 * typed. */
static const char *read_secret(struct call *call, const char *prompt) {
    char line[PASSWORD_MOST + 2];
    struct termios old;
    bool typed = tcgetattr(STDIN_FILENO, &old) == 0;
    if (typed) {
        struct termios quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
        fputs(prompt, stderr);
    }
    const char *read = fgets(line, sizeof line, stdin);
    if (typed) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
        fputs("\n", stderr);
    }
    if (!read)
        return NULL;
    line[strcspn(line, "\n")] = '\0';
    return arena_text(call->arena, span_text(line));
}

static const char *read_password(struct call *call) {
    const char *password = read_secret(call, "New password: ");
    size_t len = password ? strlen(password) : 0;
    if (len < PASSWORD_LEAST || len > PASSWORD_MOST) {
        call_refuse(call,
                    "a password has %d to %d octets; it is read from stdin, "
                    "one line",
                    PASSWORD_LEAST, PASSWORD_MOST);
        return NULL;
    }
    if (isatty(STDIN_FILENO)) {
        const char *again = read_secret(call, "The same again: ");
        if (!again || !secret_equal(password, again)) {
            call_refuse(call, "the two are not the same; nothing was changed");
            return NULL;
        }
    }
    return password;
}

enum outcome verb_account_password(struct call *call) {
    static const struct db_statement statement = {
        "set_password", "select set_password($1, $2, null, $3, $4)"};
    const char *password = read_password(call);
    if (!password)
        return REFUSED;
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, call->argument);
    db_text(&params, password_hash(call->arena, password));
    db_text(&params, operator_name(call->arena));
    db_instant(&params, clock_now());
    enum outcome outcome = take(call, &statement, &params);
    if (outcome == DONE)
        say(call, "has a new password; its sessions have ended");
    return outcome;
}

/* ---- token ---- */

enum outcome verb_account_token(struct call *call) {
    static const struct db_statement statement = {
        "set_token", "select set_token($1, $2, $3, $4)"};
    const char *token = token_new(call->arena);
    uint8_t hash[TOKEN_HASH_LEN];
    token_hash(token, hash);
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, call->argument);
    db_bytea(&params, span_of(hash, sizeof hash));
    db_text(&params, operator_name(call->arena));
    db_instant(&params, clock_now());
    enum outcome outcome = take(call, &statement, &params);
    if (outcome != DONE)
        return outcome;
    if (call->options.json)
        call_print_json(call, json_pack("{s:s, s:s}", "name", call->argument,
                                        "token", token));
    else
        buffer_printf(call->out, "%s\n", token);
    return DONE;
}

/* ---- e-mail ---- */

/* One parameter: the wishes of --wish; null when it is not given. False is
 * misuse. */
static bool add_wishes(struct call *call, struct db_params *params) {
    const char *list = call->options.wish;
    const char **wishes = arena_zero(call->arena, MAIL_KINDS, sizeof *wishes);
    size_t count = 0;
    if (!list) {
        db_null(params);
        return true;
    }
    char *rest = arena_text(call->arena, span_text(list));
    for (char *one; strcmp(list, "none") != 0 && (one = strsep(&rest, ","));) {
        if (count == MAIL_KINDS || !mail_is_kind(one)) {
            call_misuse(call, "say what to tell: --wish request_finished, "
                              "failure_share and quarantine, with ',' between "
                              "them, or none");
            return false;
        }
        wishes[count++] = one;
    }
    db_texts(params, wishes, count);
    return true;
}

enum outcome verb_account_mail(struct call *call) {
    static const struct db_statement statement = {
        "set_notices", "select set_notices($1, $2, $3,"
                       " make_interval(secs => $4::bigint), $5, $6)"};
    const char *mail = call->options.mail;
    struct db_params params = DB_PARAMS(call->arena);
    if (!mail && !call->options.wish)
        return call_misuse(call, "say --mail ADDRESS, --wish LIST or both");
    db_text(&params, call->argument);
    db_text(&params, mail && strcmp(mail, "none") == 0 ? "" : mail);
    if (!add_wishes(call, &params))
        return REFUSED;
    db_int8(&params, call->config.tracking_timeout / SECOND);
    db_text(&params, operator_name(call->arena));
    db_instant(&params, clock_now());
    enum outcome outcome = take(call, &statement, &params);
    if (outcome == DONE)
        say(call, *call->config.mail_server
                      ? "is told by e-mail what it wishes"
                      : "has it; [mail] server is empty, so none is sent yet");
    return outcome;
}

/* ---- list ---- */

/* In the order of list_accounts(), then notices_of(). */
static const struct view_field fields[] = {
    {"name", "Name", "NAME", VIEW_TEXT},
    {"role", "Role", "ROLE", VIEW_TEXT},
    {"supplierId", "Supplier", "SUPPLIER", VIEW_EUI64},
    {"active", "Active", "ACTIVE", VIEW_BOOL},
    {"hasPassword", "Password", "PASSWORD", VIEW_BOOL},
    {"tokens", "Tokens", "TOKENS", VIEW_COUNT},
    {"created", "Created", NULL, VIEW_INSTANT},
    {"lastSignIn", "Last sign-in", "LAST SIGN-IN", VIEW_INSTANT},
    {"lockedUntil", "Locked until", "LOCKED UNTIL", VIEW_INSTANT},
    {"mail", "E-mail", "E-MAIL", VIEW_TEXT},
    {"wishes", "Told of", "TOLD OF", VIEW_TEXT},
};
enum { FIELDS = sizeof fields / sizeof *fields };

enum outcome verb_account_list(struct call *call) {
    static const struct db_statement statement = {
        "list_accounts",
        "select l.*, n.mail, nullif(array_to_string(n.wishes, ','), '')"
        " from list_accounts(null, make_interval(secs => $1::bigint), $2, $3)"
        " l cross join notices_of(l.name) n"};
    struct db_params params = DB_PARAMS(call->arena);
    db_int8(&params, call->config.people_lock_out_for / SECOND);
    db_int4(&params, (int32_t)call->config.people_lock_out_after);
    db_instant(&params, clock_now());
    return call_list(call, &statement, &params, fields, FIELDS,
                     "There are no accounts.");
}
