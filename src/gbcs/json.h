/* A message for people: every field by its name. */
#ifndef FOTAD_GBCS_JSON_H
#define FOTAD_GBCS_JSON_H

#include "gbcs/payload.h"

#include <jansson.h>

/* `payload` is what was read from the message; NULL when that failed. Counters
 * are numbers, decimal text from 2^63 on. The caller ends the object with
 * json_decref(). */
json_t *gbcs_to_json(const struct gbcs_message *message,
                     const struct gbcs_payload *payload);

#endif
