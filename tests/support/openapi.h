/* An OpenAPI file against what was said: as much of JSON Schema as the files
 * of schemas/ use. */
#ifndef FOTAD_TESTS_OPENAPI_H
#define FOTAD_TESTS_OPENAPI_H

#include "base/arena.h"

#include <jansson.h>

/* The file of that name in schemas/, in the arena. */
json_t *openapi_read(struct arena *arena, const char *name);

/* The operation for a path (a query does not matter), or NULL; *path_found
 * gets its path in the file. `path_found` may be NULL. */
const json_t *openapi_operation(const json_t *openapi, const char *method,
                                const char *path, const char **path_found);

/* The response of an operation for a status: its own, that of its hundred
 * ("4XX"), or "default"; NULL when there is none. */
const json_t *openapi_response(const json_t *openapi, const json_t *operation,
                               unsigned status);

/* What a $ref in the place of a schema, a response or a header stands for. */
const json_t *openapi_resolve(const json_t *openapi, const json_t *at);

/* Why `value` is not of the schema, NULL when it is. */
const char *openapi_fault(struct arena *arena, const json_t *openapi,
                          const json_t *schema, const json_t *value);

#endif
