/* Seals, from their texts. */
#include "base/hex.h"
#include "base/json.h"
#include "trail/trail.h"

#include <jansson.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

/* ---- elements ---- */

static struct span element_bare(struct span element) {
    return element.len < 2 ? span_of("", 0)
                           : span_of(element.data + 1, element.len - 2);
}

static bool seal_number(const struct trail_seal *seal, int i, int64_t *number) {
    struct span element = seal->elements[i];
    *number = -1;
    if (trail_is_null(element))
        return true;
    char *end;
    *number = strtoll((const char *)element.data, &end, 10);
    return (const uint8_t *)end == element.data + element.len;
}

static bool seal_time(const struct trail_seal *seal, int i, instant *when) {
    *when = TRAIL_NEVER;
    return trail_is_null(seal->elements[i]) ||
           instant_parse(element_bare(seal->elements[i]), when);
}

static bool seal_octets(const struct trail_seal *seal, int i,
                        uint8_t octets[TRAIL_HASH]) {
    return hex_parse(element_bare(seal->elements[i]), octets, TRAIL_HASH) ==
           TRAIL_HASH;
}

/* An interval as ISO 8601 has it, "P3DT4H", in seconds as PostgreSQL counts
 * them: a month of 30 days, a year of 365.25. */
static bool seal_interval(struct span element, int64_t *seconds) {
    static const char date[] = "YMWD", time[] = "HMS";
    static const double date_seconds[] = {31557600, 2592000, 604800, 86400},
                        time_seconds[] = {3600, 60, 1};
    *seconds = -1;
    if (trail_is_null(element))
        return true;
    char text[64];
    struct span bare = element_bare(element);
    if (bare.len < 2 || bare.len >= sizeof text || bare.data[0] != 'P')
        return false;
    memcpy(text, bare.data, bare.len);
    text[bare.len] = 0;
    bool in_time = false;
    double sum = 0;
    for (char *at = text + 1; *at; at++) {
        if (*at == 'T') {
            in_time = true;
            continue;
        }
        double number = strtod(at, &at);
        const char *unit = *at ? strchr(in_time ? time : date, *at) : NULL;
        if (!unit)
            return false;
        sum += number * (in_time ? time_seconds[unit - time]
                                 : date_seconds[unit - date]);
    }
    *seconds = (int64_t)sum;
    return true;
}

bool trail_seal_read(struct span text, struct trail_seal *seal) {
    *seal = (struct trail_seal){.text = text};
    if (trail_elements(text, seal->elements, SEAL_ELEMENTS) != SEAL_ELEMENTS)
        return false;
    seal->has_earlier = !trail_is_null(seal->elements[SEAL_EARLIER]);
    return seal_number(seal, SEAL_FORM, &seal->form) &&
           seal_number(seal, SEAL_NO, &seal->seal) &&
           seal_number(seal, SEAL_FIRST, &seal->first) &&
           seal_number(seal, SEAL_LAST, &seal->last) &&
           seal_number(seal, SEAL_ENTRIES, &seal->entries) &&
           seal_number(seal, SEAL_RUNNING, &seal->running) &&
           seal_number(seal, SEAL_DROPPED_UP_TO, &seal->dropped_up_to) &&
           seal_time(seal, SEAL_EARLIEST, &seal->earliest) &&
           seal_time(seal, SEAL_LATEST, &seal->latest) &&
           seal_time(seal, SEAL_SEALED, &seal->sealed) &&
           seal_time(seal, SEAL_DROPPED_BEFORE, &seal->dropped_before) &&
           seal_interval(seal->elements[SEAL_RETENTION], &seal->retention) &&
           (!seal->has_earlier ||
            seal_octets(seal, SEAL_EARLIER, seal->earlier)) &&
           seal_octets(seal, SEAL_DIGEST, seal->digest) &&
           seal_octets(seal, SEAL_HASH, seal->hash);
}

bool trail_seal_drops(const struct trail_seal *seal) {
    return seal->dropped_up_to >= 0 || seal->dropped_before != TRAIL_NEVER;
}

const char *trail_seal_dropper(const struct trail_seal *seal,
                               struct arena *arena) {
    json_t *text =
        json_read(seal->elements[SEAL_DROPPED_BY], JSON_DECODE_ANY, NULL);
    const char *dropper = json_string_value(text);
    dropper = arena_text(arena, span_text(dropper ? dropper : ""));
    json_decref(text);
    return dropper;
}

/* ---- its hash ---- */

/* Form 1 left out its times; form 2 ends before `running`. */
static void seal_text(const struct trail_seal *seal, struct buffer *text) {
    const struct span *e = seal->elements;
    if (seal->form == 1) {
        for (int i = SEAL_NO; i <= SEAL_ENTRIES; i++) {
            buffer_text(text, i > SEAL_NO ? " " : "");
            buffer_add(text, e[i]);
        }
        return;
    }
    struct span last = e[seal->form == 2 ? SEAL_EARLIER : SEAL_DROPPED_UP_TO];
    const uint8_t *end = last.data + last.len;
    buffer_add(text, span_of(seal->text.data, (size_t)(end - seal->text.data)));
    buffer_text(text, "]");
}

void trail_seal_hash(const struct trail_seal *seal, const uint8_t *previous,
                     uint8_t hash[TRAIL_HASH]) {
    struct buffer all = {0};
    if (previous)
        buffer_add(&all, span_of(previous, TRAIL_HASH));
    seal_text(seal, &all);
    buffer_add(&all, span_of(seal->digest, TRAIL_HASH));
    SHA256(all.data, all.len, hash);
    buffer_free(&all);
}
