/*
 * JSON that holds all that was put into it. jansson refuses a text that is no
 * UTF-8, and then a member falls out without a word.
 */
#ifndef FOTAD_BASE_JSON_H
#define FOTAD_BASE_JSON_H

#include "base/span.h"

#include <jansson.h>

/* The text as a string, each octet that is no UTF-8 as U+FFFD; never NULL. A
 * text that is NULL is null. */
json_t *json_text(const char *text);
json_t *json_span(struct span text);

/* Put `what`, which is theirs then and not NULL, into an object (under `name`,
 * in UTF-8) or at the end of an array. End the program when there is no memory.
 */
void json_put(json_t *object, const char *name, json_t *what);
void json_add(json_t *array, json_t *what);

/* json_loadb() of a span: an empty one, too, which has no octets to point to,
 * is a text that ends too early. The caller's; NULL: see *error, if given. */
json_t *json_read(struct span text, size_t flags, json_error_t *error);

/* Why a text is not read, for people. */
const char *json_fault(const json_error_t *error);

#endif
