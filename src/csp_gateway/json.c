#include "csp_gateway/json.h"

#include "base/base64.h"
#include "base/hex.h"
#include "base/lists.h"

/* ---- the text ---- */

enum {
    MOST_DEPTH = 8,
    /* an entry has up to 9 members; some more may come with later versions */
    MOST_VALUES = 32 * MOST_ENTRIES,
};

/* What the brackets and commas outside of strings say. */
struct extent {
    size_t values;
    int depth, deepest;
};

static void extent_count(struct extent *extent, uint8_t c) {
    if (c == '{' || c == '[')
        extent->depth++;
    if (c == '}' || c == ']')
        extent->depth--;
    if (extent->depth > extent->deepest)
        extent->deepest = extent->depth;
    extent->values += c == '{' || c == '[' || c == ',';
}

static struct extent extent_of(struct span text) {
    struct extent extent = {0};
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '"')
            in_string = !in_string;
        else if (c == '\\' && in_string)
            i++;
        else if (!in_string)
            extent_count(&extent, c);
    }
    return extent;
}

static void json_free(void *json) {
    json_decref(json);
}

json_t *csp_json_parse(struct span text, struct arena *arena,
                       const char **reason) {
    struct extent extent = extent_of(text);
    if (extent.deepest > MOST_DEPTH) {
        *reason = "nested too deeply";
        return NULL;
    }
    if (extent.values > MOST_VALUES) {
        *reason = "more values than any message has";
        return NULL;
    }
    json_error_t error;
    json_t *json = json_loadb((const char *)text.data, text.len,
                              JSON_REJECT_DUPLICATES, &error);
    if (!json)
        *reason = arena_printf(arena, "line %d, column %d: %s", error.line,
                               error.column, error.text);
    return arena_adopt(arena, json, json_free);
}

/* ---- its members ---- */

static const char *member_read(const json_t *object,
                               const struct csp_member *member,
                               struct arena *arena, void *to) {
    const json_t *value = json_object_get(object, member->name);
    if (!value || json_is_null(value))
        return member->optional
                   ? NULL
                   : arena_printf(arena, "%s: missing", member->name);
    if (member->read(value, arena, (char *)to + member->offset))
        return NULL;
    return arena_printf(arena, "%s: not %s", member->name, member->expected);
}

const char *csp_members_read(const json_t *object,
                             const struct csp_member *members, size_t count,
                             struct arena *arena, void *to) {
    if (!json_is_object(object))
        return "not a JSON object";
    for (size_t i = 0; i < count; i++) {
        const char *reason = member_read(object, &members[i], arena, to);
        if (reason)
            return reason;
    }
    return NULL;
}

/* ---- what a value may be ---- */

static struct span text_of(const json_t *value) {
    return span_of(json_string_value(value), json_string_length(value));
}

static bool is_plain(struct span text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] == 0x7F)
            return false;
    return true;
}

bool read_code(const json_t *value, struct arena *arena, void *to) {
    (void)arena;
    if (!json_is_string(value) || json_string_length(value) > 128 ||
        !is_plain(text_of(value)))
        return false;
    *(const char **)to = json_string_value(value);
    return true;
}

bool read_id(const json_t *value, struct arena *arena, void *to) {
    return read_code(value, arena, to) && json_string_length(value) > 0;
}

/* 8-4-4-4-12 hexadecimal digits (RFC 4122). */
bool read_uuid(const json_t *value, struct arena *arena, void *to) {
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    const char *text = json_string_value(value);
    if (!text || json_string_length(value) != sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == 'x' ? hex_digit(text[i]) < 0 : text[i] != '-')
            return false;
    return read_id(value, arena, to);
}

bool read_eui64(const json_t *value, struct arena *arena, void *to) {
    (void)arena;
    return json_is_string(value) && eui64_parse(text_of(value), to);
}

static bool read_one_of(const json_t *value, const char *const *names,
                        void *to) {
    const char *text = json_string_value(value);
    const char *name = text ? list_find(names, text) : NULL;
    if (name)
        *(const char **)to = name;
    return name != NULL;
}

bool read_device_type(const json_t *value, struct arena *arena, void *to) {
    (void)arena;
    return read_one_of(value, device_types, to);
}

bool read_status(const json_t *value, struct arena *arena, void *to) {
    (void)arena;
    return read_one_of(value, delivery_statuses, to);
}

bool read_version(const json_t *value, struct arena *arena, void *to) {
    uint8_t octets[4];
    struct span text = text_of(value);
    if (!json_is_string(value) || text.len != 8 ||
        hex_parse(text, octets, sizeof octets) != sizeof octets)
        return false;
    *(const char **)to =
        hex_format(span_of(octets, sizeof octets), arena_alloc(arena, 9));
    return true;
}

bool read_timestamp(const json_t *value, struct arena *arena, void *to) {
    (void)arena;
    return json_is_string(value) && instant_parse(text_of(value), to);
}

bool read_base64(const json_t *value, struct arena *arena, void *to) {
    if (!json_is_string(value))
        return false;
    struct span text = text_of(value);
    uint8_t *octets = arena_alloc(arena, base64_most_octets(text.len));
    ptrdiff_t len = base64_parse(text, octets);
    *(struct span *)to = span_of(octets, len > 0 ? (size_t)len : 0);
    return len > 0;
}
