/* What is kept of what verification finds. */
#include "base/hex.h"
#include "base/json.h"
#include "trail/verified.h"

#include <stdlib.h>

static json_t *number_json(int64_t number) {
    return number < 0 ? json_null() : json_integer(number);
}

json_t *trail_time_json(instant when) {
    char text[INSTANT_TEXT_SIZE];
    return when == TRAIL_NEVER ? json_null()
                               : json_text(instant_format(when, text));
}

const char *trail_hash_text(const uint8_t hash[TRAIL_HASH],
                            char text[2 * TRAIL_HASH + 1]) {
    return hex_format_lower(span_of(hash, TRAIL_HASH), text);
}

json_t *trail_seal_json(const struct trail_seal *s, bool kept,
                        const char *fault, struct arena *arena) {
    char hash[2 * TRAIL_HASH + 1];
    int64_t hundredths = s->retention / 864; /* of a day, cut off */
    const char *retention =
        s->retention < 0
            ? NULL
            : arena_printf(arena, "%.10g days", (double)hundredths / 100);
    const char *dropper = trail_seal_dropper(s, arena);
    json_t *json = json_object();
    json_put(json, "seal", json_integer(s->seal));
    json_put(json, "firstEntry", json_integer(s->first));
    json_put(json, "lastEntry", json_integer(s->last));
    json_put(json, "entries",
             json_integer(s->first <= s->last ? s->entries : 0));
    json_put(json, "hash", json_text(trail_hash_text(s->hash, hash)));
    json_put(json, "kept", json_boolean(kept));
    json_put(json, "fault", json_text(fault));
    json_put(json, "droppedUpTo", number_json(s->dropped_up_to));
    json_put(json, "droppedBefore", trail_time_json(s->dropped_before));
    json_put(json, "retention", json_text(retention));
    json_put(json, "droppedBy", json_text(*dropper ? dropper : NULL));
    return json;
}

static bool is_same_dropper(json_t *a, json_t *b) {
    return json_equal(json_object_get(a, "retention"),
                      json_object_get(b, "retention")) &&
           json_equal(json_object_get(a, "droppedBy"),
                      json_object_get(b, "droppedBy"));
}

void trail_drop_take(struct trail_verified *v, json_t *as_json) {
    size_t count = json_array_size(v->drops);
    if (count && is_same_dropper(json_array_get(v->drops, count - 1), as_json))
        json_array_remove(v->drops, count - 1);
    json_add(v->drops, json_incref(as_json));
}
