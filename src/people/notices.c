/* What the person is told by e-mail. */
#include "mail/mail.h"
#include "people/call.h"

static void show(struct call *call) {
    static const struct db_statement statement = {
        "notices_screen",
        "select json_build_object('mail', mail, 'wishes', wishes,"
        " 'sends', $2::boolean)::text from notices_of($1)"};
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, call->person->name);
    db_bool(&params, *call->config->mail_server != '\0');
    struct db_rows *rows;
    if (!people_change(call, &statement, &params, &rows))
        return;
    call->response->content_type = "application/json";
    call->response->body = db_get_span(rows, 0, 0);
}

void people_notices(struct call *call) {
    show(call);
}

/* Two parameters: address and wishes. False: answered. */
static bool add_wishes(struct call *call, struct db_params *params,
                       const json_t *body) {
    const char *mail = json_string_value(json_object_get(body, "mail"));
    const json_t *list = json_object_get(body, "wishes");
    const char *wishes[MAIL_KINDS];
    size_t count = json_array_size(list);
    bool good = count <= MAIL_KINDS;
    for (size_t i = 0; good && i < count; i++) {
        wishes[i] = json_string_value(json_array_get(list, i));
        good = wishes[i] && mail_is_kind(wishes[i]);
    }
    db_text(params, mail ? mail : "");
    if (good)
        db_texts(params, wishes, count);
    else
        http_problem(call->response, 400,
                     "wishes are request_finished, failure_share and "
                     "quarantine.");
    return good;
}

/* Runs set_notices(). False: answered. */
static bool change(struct call *call, struct db_params *params) {
    static const struct db_statement statement = {
        "set_own_notices", "select set_notices($1, $2, $3,"
                           " make_interval(secs => $4::bigint), $1, $5)"};
    static const struct {
        const char *outcome, *detail;
    } refusals[] = {
        {"not_an_address", "That is no e-mail address."},
        {"no_address", "Without an address there is nothing to be told."},
    };
    struct db_rows *rows;
    if (!people_change(call, &statement, params, &rows))
        return false;
    const char *outcome = db_get_text(rows, 0, 0);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strcmp(refusals[i].outcome, outcome) == 0) {
            http_problem(call->response, 400, "%s", refusals[i].detail);
            return false;
        }
    return true;
}

void people_change_notices(struct call *call) {
    static const struct member members[] = {
        {"mail", JSON_STRING, true, 0, 254},
        {"wishes", JSON_ARRAY, false, 0, 0}};
    const json_t *body = people_body(call, members, 2);
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, call->person->name);
    if (!body || !add_wishes(call, &params, body))
        return;
    db_int8(&params, call->config->tracking_timeout / SECOND);
    db_instant(&params, call->now);
    if (change(call, &params))
        show(call);
}
