/*
 * schemas/csp-gateway-openapi.json for tests: read so that nothing which it
 * does not describe passes, and a list of the answers that were seen.
 */
#ifndef FOTAD_TESTS_CSP_GATEWAY_CONTRACT_H
#define FOTAD_TESTS_CSP_GATEWAY_CONTRACT_H

#include "support/check.h"
#include "support/openapi.h"

#include <string.h>

/* With nothing in an object that is not described. */
static inline void make_strict(json_t *at) {
    size_t i;
    const char *name;
    json_t *value;
    if (json_object_get(at, "properties"))
        json_object_set_new(at, "additionalProperties", json_false());
    json_array_foreach(at, i, value) make_strict(value);
    json_object_foreach(at, name, value) make_strict(value);
}

static inline void unref(void *json) {
    json_decref(json);
}

static inline json_t *contract_read(struct arena *arena) {
    json_t *contract = openapi_read(arena, "csp-gateway-openapi.json");
    make_strict(
        json_object_get(json_object_get(contract, "components"), "schemas"));
    return contract;
}

static inline const json_t *schema_of(const json_t *content, const char *type) {
    return json_object_get(json_object_get(content, type), "schema");
}

static inline void expect_described(struct arena *arena, const json_t *contract,
                                    const json_t *schema, const json_t *value) {
    const char *fault =
        value ? openapi_fault(arena, contract, schema, value) : "it is no JSON";
    if (fault)
        fail_msg("%s\nin %s", fault, json_dumps(value, JSON_ENCODE_ANY));
}

/* ---- what was seen of it: "takeReport 200" ---- */

static struct {
    const char *rows[256];
    size_t count;
} seen;

static inline void see(struct arena *arena, const json_t *operation,
                       const char *status) {
    assert_true(seen.count < 256);
    seen.rows[seen.count++] = arena_printf(
        arena, "%s %s",
        json_string_value(json_object_get(operation, "operationId")), status);
}

static inline bool was_seen(const char *row) {
    for (size_t i = 0; i < seen.count; i++)
        if (strcmp(seen.rows[i], row) == 0)
            return true;
    return false;
}

/* Each response of the operations with that tag was seen. */
static inline void expect_all_seen(struct arena *arena, const json_t *contract,
                                   const char *tag) {
    const char *path, *method, *status;
    json_t *methods, *operation, *response;
    unsigned missing = 0;
    json_object_foreach(json_object_get(contract, "paths"), path, methods) {
        json_object_foreach(methods, method, operation) {
            const json_t *tags = json_object_get(operation, "tags");
            if (!tags ||
                strcmp(json_string_value(json_array_get(tags, 0)), tag) != 0)
                continue;
            json_object_foreach(json_object_get(operation, "responses"), status,
                                response) {
                const char *row =
                    arena_printf(arena, "%s %s",
                                 json_string_value(
                                     json_object_get(operation, "operationId")),
                                 status);
                if (!was_seen(row))
                    print_error("never seen: %s\n", row), missing++;
            }
        }
    }
    seen.count = 0;
    assert_int_equal(missing, 0);
}

#endif
