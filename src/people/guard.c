/* The guard: how its rules stand, and setting them. */
#include "desk/guard.h"

#include "people/answer.h"
#include "people/handlers.h"
#include "people/input.h"
#include "people/param.h"

void people_show_guard(struct call *call) {
    static const struct db_statement statement = {
        "guard_page", "select guard_page($1)::text"};
    struct db_params params = DB_PARAMS(call->arena);
    param_viewer(&params, call->person);
    answer_screen(call, &statement, &params, "");
}

static bool setting_read(struct call *call, struct guard_setting *setting,
                         eui64 *user) {
    static const struct body_member members[] = {
        {"mode", JSON_STRING, false, 1, 16},
        {"user", JSON_STRING, true, 1, 64},
        {"level", JSON_INTEGER, true, 0, 0},
        {"list", JSON_STRING, true, 1, 32},
        {"reason", JSON_STRING, false, 1, DESK_REASON_MOST}};
    const json_t *body =
        body_read(call, members, sizeof members / sizeof *members);
    if (!body)
        return false;
    const char *name = body_text(body, "user");
    const json_t *given = json_object_get(body, "level");
    json_int_t level = json_integer_value(given);
    if (name && !eui64_parse(span_text(name), user))
        http_problem(call->response, 400, "user must be an EUI-64.");
    else if (json_is_integer(given) && (level < 1 || level > 1000000))
        http_problem(call->response, 400, "level: from 1 to 1000000.");
    else {
        *setting = (struct guard_setting){
            .rule = http_path_parameter(call->request, "rule"),
            .user = name ? user : NULL,
            .mode = body_text(body, "mode"),
            .level = (int32_t)level,
            .list = body_text(body, "list"),
            .reason = body_text(body, "reason")};
        return true;
    }
    return false;
}

void people_set_guard(struct call *call) {
    struct desk desk = answer_desk(call);
    struct guard_setting setting;
    eui64 user;
    if (setting_read(call, &setting, &user) &&
        answer_desk_done(call, &desk, guard_set(&desk, &setting)))
        answer_json(call, 200,
                    json_pack("{s:s, s:s}", "rule", setting.rule, "mode",
                              setting.mode));
}
