#include "support/openapi.h"

#include "base/clock.h"
#include "base/embedded.h"
#include "support/check.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

static void unref(void *json) {
    json_decref(json);
}

json_t *openapi_read(struct arena *arena, const char *name) {
    struct span text = embedded_file(arena_printf(arena, "schemas/%s", name));
    json_t *openapi = json_loadb((const char *)text.data, text.len,
                                 JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(openapi);
    return arena_adopt(arena, openapi, unref);
}

/* ---- what stands where ---- */

const json_t *openapi_resolve(const json_t *openapi, const json_t *place) {
    const char *ref = json_string_value(json_object_get(place, "$ref"));
    if (!ref)
        return place;
    const json_t *at = openapi;
    char part[128];
    for (ref += 2; *ref; ref += *ref == '/') {
        size_t len = strcspn(ref, "/");
        snprintf(part, sizeof part, "%.*s", (int)len, ref);
        at = json_object_get(at, part);
        ref += len;
    }
    if (!at)
        fail_msg("a $ref of the OpenAPI file leads nowhere");
    return at;
}

/* Is `path` (with a query) of the template? */
static bool path_fits(const char *template, const char *path) {
    while (*template) {
        if (*template == '{') {
            template = strchr(template, '}') + 1;
            path += strcspn(path, "/?");
        } else if (*template ++ != *path++)
            return false;
    }
    return !*path || *path == '?';
}

const json_t *openapi_operation(const json_t *openapi, const char *method,
                                const char *path, const char **path_found) {
    const char *template, *name;
    json_t *methods, *operation;
    json_object_foreach(json_object_get(openapi, "paths"), template, methods) {
        if (!path_fits(template, path))
            continue;
        if (path_found)
            *path_found = template;
        json_object_foreach(methods, name, operation) {
            if (strcasecmp(name, method) == 0)
                return operation;
        }
    }
    return NULL;
}

const json_t *openapi_response(const json_t *openapi, const json_t *operation,
                               unsigned status) {
    char codes[2][12];
    snprintf(codes[0], sizeof codes[0], "%u", status);
    snprintf(codes[1], sizeof codes[1], "%uXX", status / 100);
    const json_t *responses = json_object_get(operation, "responses");
    const json_t *found = json_object_get(responses, codes[0]);
    if (!found)
        found = json_object_get(responses, codes[1]);
    if (!found)
        found = json_object_get(responses, "default");
    return openapi_resolve(openapi, found);
}

/* ---- what a value is ---- */

static bool is_named(const char *type, const json_t *value) {
    static const char *const names[] = {
        [JSON_OBJECT] = "object", [JSON_ARRAY] = "array",
        [JSON_STRING] = "string", [JSON_INTEGER] = "integer",
        [JSON_REAL] = "number",   [JSON_TRUE] = "boolean",
        [JSON_FALSE] = "boolean", [JSON_NULL] = "null"};
    return strcmp(type, names[json_typeof(value)]) == 0 ||
           (json_is_number(value) && strcmp(type, "number") == 0);
}

static bool has_type(const json_t *type, const json_t *value) {
    if (json_is_string(type))
        return is_named(json_string_value(type), value);
    size_t i;
    json_t *one;
    json_array_foreach(type, i, one) {
        if (is_named(json_string_value(one), value))
            return true;
    }
    return json_array_size(type) == 0;
}

static bool is_listed(const json_t *list, const json_t *value) {
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one) {
        if (json_equal(one, value))
            return true;
    }
    return json_array_size(list) == 0;
}

static bool fits_pattern(const char *pattern, const char *text) {
    regex_t regex;
    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        fail_msg("pattern %s", pattern);
    bool fits = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return fits;
}

static bool fits_length(const json_t *schema, size_t length,
                        const char *least_name, const char *most_name) {
    const json_t *least = json_object_get(schema, least_name);
    const json_t *most = json_object_get(schema, most_name);
    return (!least || length >= (size_t)json_integer_value(least)) &&
           (!most || length <= (size_t)json_integer_value(most));
}

/* Texts of ASCII, where lengths matter. */
static bool fits_text(const json_t *schema, const json_t *value) {
    const char *pattern = json_string_value(json_object_get(schema, "pattern"));
    const char *format = json_string_value(json_object_get(schema, "format"));
    const char *text = json_string_value(value);
    instant at;
    if (!text)
        return true;
    return (!pattern || fits_pattern(pattern, text)) &&
           fits_length(schema, strlen(text), "minLength", "maxLength") &&
           (!format || strcmp(format, "date-time") != 0 ||
            instant_parse_leap(span_text(text), &at));
}

static bool fits_number(const json_t *schema, const json_t *value) {
    const json_t *least = json_object_get(schema, "minimum");
    return !least || !json_is_number(value) ||
           json_number_value(value) >= json_number_value(least);
}

static const char *object_fault(struct arena *arena, const json_t *openapi,
                                const json_t *schema, const json_t *value) {
    const json_t *properties = json_object_get(schema, "properties");
    size_t i;
    json_t *name, *member;
    const char *key;
    json_array_foreach(json_object_get(schema, "required"), i, name) {
        if (!json_object_get(value, json_string_value(name)))
            return arena_printf(arena, "%s is missing",
                                json_string_value(name));
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, member) {
        const json_t *known = json_object_get(properties, key);
        if (!known &&
            json_is_false(json_object_get(schema, "additionalProperties")))
            return arena_printf(arena, "%s is not in the schema", key);
        const char *fault =
            known ? openapi_fault(arena, openapi, known, member) : NULL;
        if (fault)
            return arena_printf(arena, "%s: %s", key, fault);
    }
    return NULL;
}

static const char *array_fault(struct arena *arena, const json_t *openapi,
                               const json_t *schema, const json_t *value) {
    const json_t *items = json_object_get(schema, "items");
    size_t i;
    json_t *one;
    if (!fits_length(schema, json_array_size(value), "minItems", "maxItems"))
        return "not so many";
    json_array_foreach(value, i, one) {
        const char *fault = openapi_fault(arena, openapi, items, one);
        if (fault)
            return arena_printf(arena, "[%zu]: %s", i, fault);
    }
    return NULL;
}

static const char *one_of_fault(struct arena *arena, const json_t *openapi,
                                const json_t *choices, const json_t *value) {
    const char *fault = NULL;
    size_t i;
    json_t *one;
    json_array_foreach(choices, i, one) {
        const char *why = openapi_fault(arena, openapi, one, value);
        if (!why)
            return NULL;
        fault = fault ? fault : why;
    }
    return fault;
}

const char *openapi_fault(struct arena *arena, const json_t *openapi,
                          const json_t *schema, const json_t *value) {
    schema = openapi_resolve(openapi, schema);
    const json_t *choices = json_object_get(schema, "oneOf");
    if (choices)
        return one_of_fault(arena, openapi, choices, value);
    if (!has_type(json_object_get(schema, "type"), value) ||
        !is_listed(json_object_get(schema, "enum"), value) ||
        !fits_text(schema, value) || !fits_number(schema, value))
        return arena_printf(
            arena, "%s is not of the schema",
            (char *)arena_adopt(arena, json_dumps(value, JSON_ENCODE_ANY),
                                free));
    if (json_is_object(value))
        return object_fault(arena, openapi, schema, value);
    return json_is_array(value) ? array_fault(arena, openapi, schema, value)
                                : NULL;
}
