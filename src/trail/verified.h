/* What verification finds; for this room only. */
#ifndef FOTAD_TRAIL_VERIFIED_H
#define FOTAD_TRAIL_VERIFIED_H

#include "trail/verify.h"

#include <jansson.h>

struct trail_verified {
    struct arena *arena;
    const struct anchors *anchors;
    int64_t seals, entries, gone, open;
    int64_t anchored, unanchored; /* seals; those behind the last anchored */
    instant anchored_at;          /* when its line was written */
    int64_t last_entry, last_seal;
    uint8_t hash[TRAIL_HASH]; /* of the last seal */
    json_t *faults;
    json_t *drops; /* the last by each retention and fotad */
};

const struct trail_verified *trail_verified_of(const struct trail_verify *v);

/* A seal as JSON, with what is wrong with it; `kept`: none of it was dropped.
 */
json_t *trail_seal_json(const struct trail_seal *seal, bool kept,
                        const char *fault, struct arena *arena);

/* Null for TRAIL_NEVER. */
json_t *trail_time_json(instant when);
/* Returns `text`. */
const char *trail_hash_text(const uint8_t hash[TRAIL_HASH],
                            char text[2 * TRAIL_HASH + 1]);

/* Keeps what a seal says was dropped. */
void trail_drop_take(struct trail_verified *verified, json_t *as_json);

#endif
