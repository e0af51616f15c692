/* What verification found, in words and as JSON. */
#include "base/json.h"
#include "trail/verified.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "-";
}

static intmax_t number_of(json_t *object, const char *name) {
    return json_integer_value(json_object_get(object, name));
}

static void print_faults(const struct trail_verified *v, struct buffer *out) {
    size_t i;
    json_t *fault;
    if (v->anchors)
        buffer_add(out, buffer_span(&v->anchors->faults));
    json_array_foreach(v->faults, i, fault) {
        buffer_printf(out, "seal %jd, entries %jd to %jd: %s\n",
                      number_of(fault, "seal"), number_of(fault, "firstEntry"),
                      number_of(fault, "lastEntry"), text_of(fault, "fault"));
    }
}

static void print_drops(const struct trail_verified *v, struct buffer *out) {
    size_t i;
    json_t *drop;
    json_array_foreach(v->drops, i, drop) {
        buffer_printf(out, "seal %jd: entries ", number_of(drop, "seal"));
        if (json_is_integer(json_object_get(drop, "droppedUpTo")))
            buffer_printf(out, "up to %jd", number_of(drop, "droppedUpTo"));
        else
            buffer_printf(out, "from before %s",
                          text_of(drop, "droppedBefore"));
        buffer_printf(out, " were dropped; retention %s, by %s\n",
                      text_of(drop, "retention"), text_of(drop, "droppedBy"));
    }
}

static void print_anchored(const struct trail_verified *v, struct buffer *out) {
    char at[INSTANT_TEXT_SIZE];
    if (v->anchored)
        buffer_printf(out,
                      "%jd seals are as they were anchored, the last at %s; "
                      "%jd seals after it have no anchor\n",
                      (intmax_t)v->anchored, instant_format(v->anchored_at, at),
                      (intmax_t)v->unanchored);
    if (v->anchors->torn)
        buffer_printf(out, "%zu lines of anchors are torn\n", v->anchors->torn);
}

void trail_verify_print(const struct trail_verify *verify, struct buffer *out) {
    const struct trail_verified *v = trail_verified_of(verify);
    char hash[2 * TRAIL_HASH + 1];
    print_faults(v, out);
    print_drops(v, out);
    buffer_printf(out,
                  "%jd seals over %jd entries; %jd seals have entries past "
                  "retention; %jd entries are not sealed yet\n",
                  (intmax_t)v->seals, (intmax_t)v->entries, (intmax_t)v->gone,
                  (intmax_t)v->open);
    if (v->anchors)
        print_anchored(v, out);
    if (v->seals)
        buffer_printf(out,
                      "last hash %s (the journal has it: seal=%jd of sat.sealed"
                      " or sat.dropped)\n",
                      trail_hash_text(v->hash, hash), (intmax_t)v->last_seal);
}

/* The lines of text as an array. */
static json_t *lines_json(const struct trail_verified *v) {
    json_t *lines = json_array();
    struct buffer text = {0};
    if (v->anchors)
        buffer_add(&text, buffer_span(&v->anchors->faults));
    char *rest = (char *)text.data;
    for (char *line; rest && (line = strsep(&rest, "\n"));)
        if (*line)
            json_add(lines, json_text(line));
    buffer_free(&text);
    return lines;
}

void trail_verify_print_json(const struct trail_verify *verify,
                             struct buffer *out) {
    const struct trail_verified *v = trail_verified_of(verify);
    char hash[2 * TRAIL_HASH + 1];
    json_t *json = json_pack(
        "{s:I, s:I, s:I, s:I, s:s?, s:O, s:O}", "seals", (json_int_t)v->seals,
        "entries", (json_int_t)v->entries, "sealsPastRetention",
        (json_int_t)v->gone, "entriesNotYetSealed", (json_int_t)v->open,
        "lastHash", v->seals ? trail_hash_text(v->hash, hash) : NULL, "drops",
        v->drops, "faults", v->faults);
    if (v->anchors) {
        json_put(json, "sealsAnchored", json_integer(v->anchored));
        json_put(json, "sealsNotYetAnchored", json_integer(v->unanchored));
        json_put(json, "lastAnchored",
                 trail_time_json(v->anchored ? v->anchored_at : TRAIL_NEVER));
        json_put(json, "anchorFaults", lines_json(v));
    }
    char *text = json_dumps(json, JSON_INDENT(2));
    buffer_printf(out, "%s\n", text);
    free(text);
    json_decref(json);
}
