/* Alarms: those that stand and stood, their rules, and setting one. */
#include "base/lists.h"
#include "desk/alarm.h"

#include "people/answer.h"
#include "people/handlers.h"
#include "people/input.h"
#include "people/listing.h"
#include "people/param.h"

/* ---- alarms ---- */

struct alarm_filter {
    const char *rule, *state; /* NULL: any */
};

static void alarm_filter_add(struct db_params *params, const void *context) {
    const struct alarm_filter *f = context;
    db_text(params, f->rule);
    db_text(params, f->state);
}

void people_list_alarms(struct call *call) {
    static const struct view_field fields[] = {
        VIEW_CSV("id", COUNT),       VIEW_CSV("rule", TEXT),
        VIEW_CSV("title", TEXT),     VIEW_CSV("about", TEXT),
        VIEW_CSV("deviceId", EUI64), VIEW_CSV("csp", TEXT),
        VIEW_CSV("requestId", TEXT), VIEW_CSV("user", EUI64),
        VIEW_CSV("userName", TEXT),  VIEW_CSV("since", INSTANT),
        VIEW_CSV("until", INSTANT),  VIEW_CSV("count", COUNT),
        VIEW_CSV("why", TEXT),       VIEW_CSV("advice", TEXT)};
    static const struct db_statement rows = {
        "list_alarms",
        "select * from list_alarms($1, $2, $3::text::bigint, $4::integer)"};
    static const struct db_statement page = {
        "alarm_page", "select alarm_page($1, $2, $3, $4)::text"};
    static const struct listing listing = {.fields = fields,
                                           .field_count =
                                               sizeof fields / sizeof *fields,
                                           .rows = &rows,
                                           .page = &page,
                                           .add_filter = alarm_filter_add,
                                           .file_name = "alarms.csv",
                                           .missing = ""};
    struct alarm_filter *filter = arena_zero(call->arena, 1, sizeof *filter);
    if (query_text(call, "rule", 32, &filter->rule) &&
        query_choice(call, "state", alarm_states, &filter->state))
        listing_answer(call, &listing, filter);
}

/* ---- their rules ---- */

void people_list_alarm_rules(struct call *call) {
    static const struct db_statement statement = {
        "alarm_rule_page", "select alarm_rule_page()::text"};
    struct db_params params = DB_PARAMS(call->arena);
    answer_screen(call, &statement, &params, "");
}

void people_set_alarm_rule(struct call *call) {
    static const struct body_member members[] = {
        {"on", JSON_TRUE, false, 0, 0},
        {"threshold", JSON_INTEGER, true, 0, 0},
        {"reason", JSON_STRING, false, 1, DESK_REASON_MOST}};
    struct desk desk = answer_desk(call);
    const json_t *body =
        body_read(call, members, sizeof members / sizeof *members);
    if (!body)
        return;
    const json_t *given = json_object_get(body, "threshold");
    json_int_t threshold = json_integer_value(given);
    if (json_is_integer(given) &&
        (threshold < 1 || threshold > ALARM_THRESHOLD_MOST)) {
        http_problem(call->response, 400, "threshold: from 1 to 1000000.");
        return;
    }
    struct alarm_setting setting = {
        .rule = http_path_parameter(call->request, "rule"),
        .on = json_is_true(json_object_get(body, "on")),
        .threshold = (int32_t)threshold,
        .reason = body_text(body, "reason")};
    if (answer_desk_done(call, &desk, alarm_rule_set(&desk, &setting)))
        answer_json(
            call, 200,
            json_pack("{s:s, s:b}", "rule", setting.rule, "on", setting.on));
}
