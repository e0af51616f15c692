/* Orders about updates that are under way: given, decided on, listed. */
#include "desk/steering.h"

#include "base/lists.h"
#include "people/answer.h"
#include "people/handlers.h"
#include "people/input.h"
#include "people/listing.h"
#include "people/param.h"

void people_list_steering(struct call *call) {
    static const struct view_field fields[] = {
        VIEW_CSV("id", COUNT),        VIEW_CSV("verb", TEXT),
        VIEW_CSV("state", TEXT),      VIEW_CSV("cause", TEXT),
        VIEW_CSV("scope", TEXT),      VIEW_CSV("requestId", TEXT),
        VIEW_CSV("user", TEXT),       VIEW_CSV("imageHash", TEXT),
        VIEW_CSV("model", TEXT),      VIEW_CSV("csp", TEXT),
        VIEW_CSV("deviceType", TEXT), VIEW_CSV("named", COUNT),
        VIEW_CSV("bySender", BOOL),   VIEW_CSV("person", TEXT),
        VIEW_CSV("reason", TEXT),     VIEW_CSV("made", TEXT),
        VIEW_CSV("until", TEXT),      VIEW_CSV("decided", TEXT),
        VIEW_CSV("decidedBy", TEXT),  VIEW_CSV("decision", TEXT),
        VIEW_CSV("ended", TEXT),      VIEW_CSV("endedBy", TEXT),
        VIEW_CSV("devices", COUNT),   VIEW_CSV("underWay", COUNT)};
    static const struct db_statement page = {
        "steering_page",
        "select steering_page($1, $2, $3::text::steering_state, $4, $5)::text"};
    static const struct listing listing = {.fields = fields,
                                           .field_count =
                                               sizeof fields / sizeof *fields,
                                           .page = &page,
                                           .add_filter = param_narrowing,
                                           .file_name = "orders.csv",
                                           .missing = ""};
    const struct query_narrowing *narrowing =
        query_narrowing(call, steering_states);
    if (narrowing)
        listing_answer(call, &listing, narrowing);
}

/* ---- giving ---- */

static bool devices_read(struct call *call, const json_t *list,
                         struct steering_order *order) {
    size_t count = json_array_size(list);
    if (count > STEERING_MOST_DEVICES) {
        http_problem(call->response, 400, "At most %d devices.",
                     STEERING_MOST_DEVICES);
        return false;
    }
    eui64 *ids = arena_alloc(call->arena, (count + 1) * sizeof *ids);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text && eui64_parse(span_text(text), &ids[i]))
            continue;
        http_problem(call->response, 400,
                     "deviceIds, place %zu: not a Device ID, an EUI-64 such as "
                     "00-DB-12-34-56-78-90-A0.",
                     i + 1);
        return false;
    }
    order->devices = ids;
    order->device_count = count;
    return true;
}

static bool until_read(struct call *call, const char *text, instant *until) {
    *until = 0;
    if (!text || input_instant(text, until))
        return true;
    http_problem(call->response, 400,
                 "until must be a time such as 2026-11-21T09:15:00Z.");
    return false;
}

static bool user_read(struct call *call, const char *text,
                      struct steering_order *order) {
    eui64 *user = arena_alloc(call->arena, sizeof *user);
    if (!text)
        return true;
    order->user = user;
    if (eui64_parse(span_text(text), user))
        return true;
    http_problem(call->response, 400, "user must be an EUI-64.");
    return false;
}

static bool order_read(struct call *call, struct steering_order *order) {
    static const struct body_member members[] = {
        {"verb", JSON_STRING, false, 1, 16},
        {"requestId", JSON_STRING, true, 1, 128},
        {"imageHash", JSON_STRING, true, 1, 128},
        {"model", JSON_STRING, true, 1, 32},
        {"csp", JSON_STRING, true, 1, 64},
        {"deviceType", JSON_STRING, true, 1, 16},
        {"user", JSON_STRING, true, 1, 64},
        {"deviceIds", JSON_ARRAY, true, 0, 0},
        {"reason", JSON_STRING, false, 1, DESK_REASON_MOST},
        {"until", JSON_STRING, true, 1, 64},
    };
    const json_t *body =
        body_read(call, members, sizeof members / sizeof *members);
    if (!body)
        return false;
    *order = (struct steering_order){
        .verb = list_find(steering_verbs, body_text(body, "verb")),
        .request = body_text(body, "requestId"),
        .image = body_text(body, "imageHash"),
        .model = body_text(body, "model"),
        .csp = body_text(body, "csp"),
        .device_type = body_text(body, "deviceType"),
        .reason = body_text(body, "reason")};
    if (order->verb)
        return until_read(call, body_text(body, "until"), &order->until) &&
               user_read(call, body_text(body, "user"), order) &&
               devices_read(call, json_object_get(body, "deviceIds"), order);
    http_problem(call->response, 400, "verb must be one of %s.",
                 list_text(call->arena, steering_verbs));
    return false;
}

/* 202: another person is to decide. */
static void end_answer(struct call *call, const struct steering_end *end,
                       const char *state) {
    char time[INSTANT_TEXT_SIZE];
    answer_json(
        call, end->asked ? 202 : 200,
        json_pack("{s:s, s:s, s:I, s:I, s:s}", "id",
                  arena_printf(call->arena, "%jd", (intmax_t)end->number),
                  "state", state, "devices", (json_int_t)end->devices,
                  "underWay", (json_int_t)end->under_way, "at",
                  instant_format(call->now, time)));
}

/* A supplier steers its own requests; a reset is the Service Desk's. */
void people_steer(struct call *call) {
    struct desk desk = answer_desk(call);
    struct steering_order order;
    struct steering_end end;
    if (!order_read(call, &order))
        return;
    if (call->person->supplier && strcmp(order.verb, "reset") == 0) {
        http_problem(call->response, 403,
                     "Only the Service Desk resets devices.");
        return;
    }
    if (!answer_desk_done(
            call, &desk,
            steering_give(&desk, call->person->supplier, &order, &end)))
        return;
    bool holds = strcmp(order.verb, "hold") == 0;
    end_answer(call, &end, end.asked ? "asked" : holds ? "active" : "done");
}

/* ---- the second person ---- */

static void order_decide(struct call *call, bool approve) {
    struct desk desk = answer_desk(call);
    const char *number = http_path_parameter(call->request, "orderId");
    const char *reason;
    struct steering_end end;
    if (body_reason(call, &reason) &&
        answer_desk_done(call, &desk,
                         steering_decide(&desk, call->person->supplier, number,
                                         approve, reason, &end)))
        end_answer(call, &end, approve ? "done" : "refused");
}

void people_approve_order(struct call *call) {
    order_decide(call, true);
}

void people_refuse_order(struct call *call) {
    order_decide(call, false);
}

/* ---- the plan of a request ---- */

void people_set_plan(struct call *call) {
    static const struct body_member members[] = {
        {"plan", JSON_STRING, false, 0, 500},
        {"reason", JSON_STRING, false, 1, DESK_REASON_MOST}};
    struct desk desk = answer_desk(call);
    struct request_id name;
    const json_t *body;
    if (!path_request_id(call, &name) || !(body = body_read(call, members, 2)))
        return;
    char id[REQUEST_ID_TEXT_SIZE];
    if (answer_desk_done(call, &desk,
                         plan_set_request(&desk, call->person->supplier,
                                          request_id_format(&name, id),
                                          body_text(body, "plan"),
                                          body_text(body, "reason"))))
        answer_json(call, 200,
                    json_pack("{s:s, s:s}", "requestId", id, "plan",
                              body_text(body, "plan")));
}
