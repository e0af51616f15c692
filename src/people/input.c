#include "people/input.h"

#include "base/json.h"
#include "base/lists.h"
#include "base/safe_text.h"
#include "desk/desk.h"

static bool input_refuse(struct call *call, const char *detail) {
    http_problem(call->response, 400, "%s", detail);
    return false;
}

static bool query_refuse(struct call *call, const char *name,
                         const char *expected) {
    http_problem(call->response, 400, "%s must be %s.", name, expected);
    return false;
}

/* ---- path ---- */

bool path_device_id(struct call *call, eui64 *id) {
    const char *text = http_path_parameter(call->request, "deviceId");
    return eui64_parse(span_text(text), id) ||
           input_refuse(call, "A Device ID is an EUI-64 such as "
                              "00-DB-12-34-56-78-90-A0.");
}

bool path_request_id(struct call *call, struct request_id *id) {
    return request_id_parse(http_path_parameter(call->request, "requestId"),
                            id) ||
           input_refuse(call,
                        "A RequestID is the EUI-64 of the sender, the EUI-64 "
                        "of the target and a counter, with ':' between them.");
}

bool path_account_name(struct call *call, const char **name) {
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789._@-";
    *name = http_path_parameter(call->request, "name");
    if (strspn(*name, allowed) == strlen(*name))
        return true;
    http_problem(call->response, 404, "There is no such account.");
    return false;
}

/* ---- query ---- */

bool query_eui64(struct call *call, const char *name, bool *given, eui64 *id) {
    const char *text = http_query(call->request, name);
    *given = text != NULL;
    return !text || eui64_parse(span_text(text), id) ||
           query_refuse(call, name,
                        "an EUI-64 such as 00-DB-12-34-56-78-90-A0");
}

/* Of a year whose days and zones can all be written. */
bool input_instant(const char *text, instant *when) {
    return *text >= '1' && *text <= '8' && instant_parse(span_text(text), when);
}

static bool read_date(struct arena *arena, const char *text, bool ends,
                      instant *when) {
    if (strlen(text) != 10 ||
        !input_instant(arena_printf(arena, "%sT00:00:00Z", text), when))
        return false;
    *when += ends ? DAY : 0;
    return true;
}

bool query_time(struct call *call, const char *name, bool ends, bool *given,
                instant *when) {
    const char *text = http_query(call->request, name);
    *given = text != NULL;
    return !text || read_date(call->arena, text, ends, when) ||
           input_instant(text, when) ||
           query_refuse(call, name, "2026-11-21 or 2026-11-21T09:15:00Z");
}

bool query_number(struct call *call, const char *name, int64_t least,
                  int64_t most, bool *given, int64_t *value) {
    const char *text = http_query(call->request, name);
    *given = text != NULL;
    if (!text)
        return true;
    return (strcmp(text, "0") == 0 ? !(*value = 0)
                                   : desk_read_number(text, value)) &&
                   *value >= least && *value <= most
               ? true
               : query_refuse(call, name, "a number within its range");
}

bool query_limit(struct call *call, int32_t *limit) {
    enum { USUAL = 50, MOST = 1000 };
    bool given;
    int64_t value = USUAL;
    if (!query_number(call, "limit", 1, MOST, &given, &value))
        return false;
    *limit = (int32_t)value;
    return true;
}

bool query_period(struct call *call, instant end, instant *from, instant *to) {
    bool has_from, has_to;
    if (!query_time(call, "from", false, &has_from, from) ||
        !query_time(call, "to", true, &has_to, to))
        return false;
    if (!has_to)
        *to = end;
    if (!has_from)
        *from = *to - DESK_USUAL_DAYS * DAY;
    return *from <= *to || input_refuse(call, "from is after to.");
}

bool query_choice(struct call *call, const char *name,
                  const char *const *choices, const char **value) {
    *value = http_query(call->request, name);
    return !*value || list_find(choices, *value) ||
           query_refuse(call, name, "one of the values of the OpenAPI file");
}

/* PostgreSQL takes nothing but UTF-8; nothing that people look for has control
 * characters. */
static bool is_plain(const char *text) {
    json_t *value = json_string(text);
    json_decref(value);
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return false;
    return value != NULL;
}

bool query_text(struct call *call, const char *name, size_t most,
                const char **value) {
    *value = http_query(call->request, name);
    return !*value ||
           (**value && is_plain(*value) && text_characters(*value) <= most) ||
           query_refuse(call, name, "a text in UTF-8 of one line, not so long");
}

bool query_csv(struct call *call, bool *csv) {
    static const char *const formats[] = {"json", "csv", NULL};
    const char *format, *accept = http_header(call->request, "Accept");
    if (!query_choice(call, "format", formats, &format))
        return false;
    *csv = format ? strcmp(format, "csv") == 0
                  : accept && strncmp(accept, "text/csv", 8) == 0;
    return true;
}

const struct query_narrowing *query_narrowing(struct call *call,
                                              const char *const *states) {
    struct query_narrowing *n = arena_zero(call->arena, 1, sizeof *n);
    n->person = call->person;
    return query_choice(call, "state", states, &n->state) &&
                   query_eui64(call, "user", &n->has_user, &n->user)
               ? n
               : NULL;
}

/* ---- body ---- */

static void json_unref(void *value) {
    json_decref(value);
}

static bool is_of_type(const json_t *value, const struct body_member *member) {
    if (member->type == JSON_TRUE)
        return json_is_boolean(value);
    if (json_typeof(value) != member->type)
        return false;
    if (member->type != JSON_STRING)
        return true;
    const char *text = json_string_value(value);
    size_t len = text_characters(text);
    return len >= member->least && len <= member->most &&
           strlen(text) == json_string_length(value);
}

static bool member_is_good(const json_t *body,
                           const struct body_member *member) {
    const json_t *value = json_object_get(body, member->name);
    if (!value || json_is_null(value))
        return member->optional;
    return is_of_type(value, member);
}

static bool is_known(const char *name, const struct body_member *members,
                     size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(members[i].name, name) == 0)
            return true;
    return false;
}

const json_t *body_read(struct call *call, const struct body_member *members,
                        size_t count) {
    struct span text = call->request->body;
    json_error_t error = {.text = ""};
    json_t *body = json_read(text, JSON_REJECT_DUPLICATES, &error);
    arena_adopt(call->arena, body, json_unref);
    if (!json_is_object(body)) {
        if (body)
            input_refuse(call, "The body is not a JSON object.");
        else
            http_problem(call->response, 400,
                         "The body is not a JSON object: line %d, column %d: "
                         "%s.",
                         error.line, error.column, json_fault(&error));
        return NULL;
    }
    const char *name;
    json_t *value;
    json_object_foreach(body, name, value) {
        if (is_known(name, members, count))
            continue;
        http_problem(call->response, 400, "There is no member \"%s\".", name);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        if (!member_is_good(body, &members[i])) {
            http_problem(call->response, 400,
                         "\"%s\" is missing, of the wrong type or length.",
                         members[i].name);
            return NULL;
        }
    return body;
}

const char *body_text(const json_t *body, const char *name) {
    return json_string_value(json_object_get(body, name));
}

bool body_reason(struct call *call, const char **reason) {
    static const struct body_member members[] = {
        {"reason", JSON_STRING, false, 1, DESK_REASON_MOST}};
    const json_t *body = body_read(call, members, 1);
    *reason = body ? body_text(body, "reason") : NULL;
    return body != NULL;
}
