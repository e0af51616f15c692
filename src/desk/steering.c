#include "desk/steering.h"

#include "base/hex.h"
#include "base/lists.h"
#include "base/request_id.h"

#include <stdlib.h>

static const struct desk_outcome refusals[] = {
    {"nothing", DESK_CONFLICT, "nothing of it is in progress"},
    {"held", DESK_CONFLICT, "it is held already, by just such an order"},
    {"not_held", DESK_CONFLICT,
     "there is no such hold in force, or it is not yours to release"},
    {"not_active", DESK_CONFLICT,
     "its image is not Active on the Central Products List: import the list "
     "with it, or stop what is held"},
    {"suspended", DESK_CONFLICT,
     "its User is suspended: import it as active, or stop what is held"},
    {"stopped", DESK_CONFLICT, "it was stopped before"},
    {"too_many", DESK_CONFLICT,
     "more than 50,000 devices would be reset: name fewer"},
    {"unknown", DESK_UNKNOWN, "there is no order %s"},
    {"decided", DESK_CONFLICT, "it was decided on order %s before"},
    {"same_person", DESK_CONFLICT,
     "who gave order %s may not decide on it: another person has to"},
    {NULL, 0, NULL},
};

/* ---- what it concerns ---- */

/* An order as the database takes it. */
struct scope {
    int64_t request_no; /* 0: none */
    uint8_t image[32], model[5];
    int image_len, model_len; /* 0: nothing is said; model: 4 or 5 */
};

static enum outcome request_find(struct desk *desk, const eui64 *supplier,
                                 const char *text, int64_t *request_no) {
    struct request_id id;
    if (!request_id_parse(text, &id))
        return desk_refuse(desk, DESK_MALFORMED,
                           "'%s' is not a RequestID: EUI-64 of the sender, "
                           "EUI-64 of the target and counter with ':' between",
                           text);
    struct db_params params = DB_PARAMS(desk->arena);
    desk_request_id_add(&params, &id);
    struct db_rows *rows;
    enum outcome outcome = db_insist(desk->db, &desk_request_no, &params,
                                     desk->arena, &rows, true);
    if (outcome != DONE)
        return outcome;
    *request_no = db_get_int(rows, 0, 0);
    if (!*request_no || (supplier && *supplier != id.originator))
        return desk_refuse(desk, DESK_UNKNOWN, "there is no request %s", text);
    return DONE;
}

static enum outcome model_read(struct desk *desk, const char *text,
                               struct scope *scope) {
    if (!text)
        return DONE;
    scope->model_len =
        hex_parse(span_text(text), scope->model, sizeof scope->model);
    if (scope->model_len == 4 || scope->model_len == 5)
        return DONE;
    return desk_refuse(desk, DESK_MALFORMED,
                       "'%s' is not a model: manufacturer and model, 4 "
                       "hexadecimal digits each, and perhaps hardware "
                       "version, 2, with ':' between",
                       text);
}

static enum outcome scope_read(struct desk *desk,
                               const struct steering_order *order,
                               struct scope *scope) {
    if (order->image)
        scope->image_len = hex_parse(span_text(order->image), scope->image,
                                     sizeof scope->image);
    if (order->image && scope->image_len != (int)sizeof scope->image)
        return desk_refuse(desk, DESK_MALFORMED,
                           "'%s' is not the SHA-256 of a Manufacturer Image, "
                           "64 hexadecimal digits",
                           order->image);
    if (order->device_type && !list_find(device_types, order->device_type))
        return desk_refuse(desk, DESK_MALFORMED, "'%s' is no device type",
                           order->device_type);
    if (!order->request && !order->image && !order->model && !order->csp &&
        !order->device_count && !order->user)
        return desk_refuse(desk, DESK_MALFORMED,
                           "say of what: a request, image, model, CSP, User or "
                           "devices");
    if (order->device_count > STEERING_MOST_DEVICES)
        return desk_refuse(desk, DESK_MALFORMED, "at most %d devices",
                           STEERING_MOST_DEVICES);
    return model_read(desk, order->model, scope);
}

static enum outcome csp_check(struct desk *desk, const char *name) {
    const char *names = "";
    for (size_t i = 0; i < desk->config->csp_count; i++) {
        if (strcmp(desk->config->csps[i].name, name) == 0)
            return DONE;
        names = arena_printf(desk->arena, "%s%s%s", names, *names ? ", " : "",
                             desk->config->csps[i].name);
    }
    return desk_refuse(desk, DESK_UNFIT, "there is no CSP '%s'; there are %s",
                       name, *names ? names : "none");
}

static enum outcome order_check(struct desk *desk,
                                const struct steering_order *order) {
    if (desk_check_reason(desk, order->reason) != DONE ||
        desk_check_clock(desk) != DONE)
        return REFUSED;
    if (order->until && strcmp(order->verb, "hold") != 0)
        return desk_refuse(desk, DESK_MALFORMED,
                           "only a hold is until some time");
    if (order->until && order->until <= desk->now)
        return desk_refuse(desk, DESK_UNFIT,
                           "the time until which it is held is past");
    return order->csp ? csp_check(desk, order->csp) : DONE;
}

/* ---- giving ---- */

static void scope_add(struct db_params *params, const eui64 *supplier,
                      const struct steering_order *order,
                      const struct scope *scope) {
    const eui64 *user = supplier ? supplier : order->user;
    db_int8_if(params, scope->request_no, scope->request_no);
    db_eui64_at(params, user);
    if (scope->image_len)
        db_bytea(params, span_of(scope->image, sizeof scope->image));
    else
        db_null(params);
    db_text(params, order->csp);
    db_text(params, order->device_type);
    db_int4_if(params, scope->model_len,
               256 * scope->model[0] + scope->model[1]);
    db_int4_if(params, scope->model_len,
               256 * scope->model[2] + scope->model[3]);
    db_int4_if(params, scope->model_len == 5, scope->model[4]);
    if (order->device_count)
        db_eui64s(params, order->devices, order->device_count);
    else
        db_null(params);
    db_bool(params, supplier != NULL);
}

/* The CSPs that give jobs back. */
static void csps_add_recall(struct db_params *params,
                            const struct config *config) {
    const char *names[CONFIG_MOST_CSPS];
    size_t count = 0;
    for (size_t i = 0; i < config->csp_count; i++)
        if (config->csps[i].recall)
            names[count++] = config->csps[i].name;
    db_texts(params, names, count);
}

/* Is another person to decide on it? */
static bool order_is_asked(const struct config *config, const char *verb) {
    const char *verbs = config->steering_second_person;
    return strcmp(verbs, "all") == 0 || strcmp(verbs, verb) == 0;
}

static enum outcome steering_run(struct desk *desk,
                                 const struct db_statement *statement,
                                 const struct db_params *params,
                                 const char *about, struct steering_end *end) {
    struct db_rows *rows;
    enum outcome outcome =
        desk_run(desk, statement, params, refusals, about, &rows);
    if (outcome == DONE)
        *end = (struct steering_end){
            .asked = strcmp(db_get_text(rows, 0, 0), "asked") == 0,
            .number = db_get_int(rows, 0, 1),
            .devices = db_get_int(rows, 0, 2),
            .under_way = db_get_int(rows, 0, 3)};
    return outcome;
}

enum outcome steering_give(struct desk *desk, const eui64 *supplier,
                           const struct steering_order *order,
                           struct steering_end *end) {
    static const struct db_statement give = {
        "steer",
        "select outcome, order_no, devices, under_way from steer($1, $2, $3,"
        " $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
        " make_interval(secs => $18::bigint))"};
    struct scope scope = {0};
    enum outcome outcome = order_check(desk, order);
    if (outcome == DONE)
        outcome = scope_read(desk, order, &scope);
    if (outcome == DONE && order->request)
        outcome =
            request_find(desk, supplier, order->request, &scope.request_no);
    if (outcome != DONE)
        return outcome;
    struct db_params params = DB_PARAMS(desk->arena);
    db_text(&params, order->verb);
    scope_add(&params, supplier, order, &scope);
    db_text(&params, desk->person);
    db_text(&params, order->reason);
    db_instant_if(&params, order->until, order->until);
    db_bool(&params, order_is_asked(desk->config, order->verb));
    csps_add_recall(&params, desk->config);
    db_instant(&params, desk->now);
    db_int8(&params, desk->config->tracking_timeout / SECOND);
    return steering_run(desk, &give, &params, "", end);
}

/* ---- deciding ---- */

enum outcome steering_decide(struct desk *desk, const eui64 *supplier,
                             const char *number, bool approve,
                             const char *reason, struct steering_end *end) {
    static const struct db_statement decide = {
        "decide_order",
        "select outcome, $1, devices, under_way from decide_order($1, $2, $3,"
        " $4, $5, $6, $7, make_interval(secs => $8::bigint))"};
    int64_t order;
    if (!desk_read_number(number, &order))
        return desk_refuse(desk, DESK_MALFORMED,
                           "'%s' is not the number of an order", number);
    if (desk_check_reason(desk, reason) != DONE ||
        desk_check_clock(desk) != DONE)
        return REFUSED;
    struct db_params params = DB_PARAMS(desk->arena);
    db_int8(&params, order);
    db_eui64_at(&params, supplier);
    db_bool(&params, approve);
    db_text(&params, desk->person);
    db_text(&params, reason);
    csps_add_recall(&params, desk->config);
    db_instant(&params, desk->now);
    db_int8(&params, desk->config->tracking_timeout / SECOND);
    return steering_run(desk, &decide, &params, number, end);
}

/* ---- plans ---- */

/* "plan: PART" is refused with what there is. */
static enum outcome plan_run(struct desk *desk,
                             const struct db_statement *statement,
                             const struct db_params *params) {
    static const struct desk_outcome outcomes[] = {
        {"ended", DESK_CONFLICT, "nothing of it waits any more"},
        {"not_set", DESK_CONFLICT, "there is no such plan"},
        {NULL, 0, NULL},
    };
    struct db_rows *rows;
    enum outcome outcome =
        desk_run(desk, statement, params, outcomes, "", &rows);
    static const char prefix[] = "plan: ";
    const char *said = outcome == DONE ? db_get_text(rows, 0, 0) : "";
    if (strncmp(said, prefix, strlen(prefix)) != 0)
        return outcome;
    return desk_refuse(
        desk, DESK_MALFORMED,
        "the plan has '%s'; it may have, with commas: first N or N%%, next N "
        "or N%%, growth N%%, wait 2h, outcomes N%%, failures N%% of N, start "
        "2026-12-01T22:00Z, window mon-fri 22:00-06:00",
        said + strlen(prefix));
}

enum outcome plan_set_request(struct desk *desk, const eui64 *supplier,
                              const char *request, const char *plan,
                              const char *reason) {
    static const struct db_statement set = {
        "set_request_plan",
        "select outcome from set_request_plan($1, $2, $3, $4, $5)"};
    int64_t number = 0;
    enum outcome outcome = desk_check_reason(desk, reason);
    if (outcome == DONE)
        outcome = desk_check_clock(desk);
    if (outcome == DONE)
        outcome = request_find(desk, supplier, request, &number);
    if (outcome != DONE)
        return outcome;
    struct db_params params = DB_PARAMS(desk->arena);
    db_int8(&params, number);
    db_text(&params, plan);
    db_text(&params, desk->person);
    db_text(&params, reason);
    db_instant(&params, desk->now);
    return plan_run(desk, &set, &params);
}

enum outcome plan_set_default(struct desk *desk, const eui64 *user,
                              const char *variant, const char *model,
                              const char *plan, const char *reason) {
    static const struct db_statement set = {
        "set_plan",
        "select outcome from set_plan($1, $2, $3, $4, $5, $6, $7, $8)"};
    struct scope scope = {0};
    enum outcome outcome = desk_check_reason(desk, reason);
    if (outcome == DONE)
        outcome = model_read(desk, model, &scope);
    if (outcome != DONE)
        return outcome;
    if (variant && !list_find(service_variants, variant))
        return desk_refuse(desk, DESK_MALFORMED,
                           "'%s' is no Service Reference Variant; there are %s",
                           variant, list_text(desk->arena, service_variants));
    struct db_params params = DB_PARAMS(desk->arena);
    db_eui64_at(&params, user);
    db_text(&params, variant);
    db_int4_if(&params, scope.model_len, 256 * scope.model[0] + scope.model[1]);
    db_int4_if(&params, scope.model_len, 256 * scope.model[2] + scope.model[3]);
    db_text(&params, plan);
    db_text(&params, desk->person);
    db_text(&params, reason);
    db_instant(&params, desk->now);
    return plan_run(desk, &set, &params);
}
