#include "csp_gateway/json.h"

#include "base/base64.h"
#include "base/hex.h"
#include "base/json.h"
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

static const char *fault_text(const json_error_t *error, struct arena *arena) {
    return arena_printf(arena, "line %d, column %d: %s", error->line,
                        error->column, json_fault(error));
}

/* JSON it is, but says what no text or number of ours can hold: what that is;
 * or NULL. */
static const char *fault_of_a_value(const json_error_t *error) {
    switch (json_error_code(error)) {
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "has the character \\u0000";
    case json_error_numeric_overflow:
        return "has a number that is too large";
    default:
        return strncmp(error->text, "invalid Unicode '", 17) == 0
                   ? "has half of a surrogate pair"
                   : NULL;
    }
}

/* ---- entry by entry ---- */

/* The octets of the entry that begins at `at`, up to the comma or bracket that
 * ends it. */
static size_t entry_length(struct span text, size_t at) {
    size_t begin = at;
    int depth = 0;
    for (bool in_string = false; at < text.len; at++) {
        uint8_t c = text.data[at];
        if (c == '"')
            in_string = !in_string;
        else if (c == '\\' && in_string)
            at++;
        if (in_string)
            continue;
        if (!depth && (c == ',' || c == ']'))
            break;
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    }
    return (at < text.len ? at : text.len) - begin;
}

/* What cannot be held stands as null; `faults` gets why. False when the text
 * is no JSON. */
static bool entry_read(struct span text, json_t *array, const char **fault) {
    json_error_t error;
    json_t *entry =
        json_read(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    *fault = entry ? NULL : fault_of_a_value(&error);
    if (!entry && !*fault)
        return false;
    json_add(array, entry ? entry : json_null());
    return true;
}

static size_t space_end(struct span text, size_t at) {
    while (at < text.len && text.data[at] && strchr(" \t\r\n", text.data[at]))
        at++;
    return at;
}

/* NULL when it is no array of JSON, or has too many entries. */
static json_t *entries_read(struct span text, struct arena *arena,
                            const char **faults) {
    json_t *array = arena_adopt(arena, json_array(), json_free);
    size_t at = space_end(text, 0);
    if (at == text.len || text.data[at] != '[')
        return NULL;
    do {
        size_t index = json_array_size(array), len = entry_length(text, ++at);
        if (index == MOST_ENTRIES ||
            !entry_read(span_of(text.data + at, len), array, &faults[index]))
            return NULL;
        at += len;
    } while (at < text.len && text.data[at] == ',');
    bool ends = at < text.len && space_end(text, at + 1) == text.len;
    return ends ? array : NULL;
}

/* ---- the whole ---- */

json_t *csp_json_parse(struct span text, struct arena *arena,
                       const char ***faults, const char **reason) {
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
    json_t *json = json_read(text, JSON_REJECT_DUPLICATES, &error);
    if (json)
        return arena_adopt(arena, json, json_free);
    if (faults && fault_of_a_value(&error)) {
        *faults = arena_zero(arena, MOST_ENTRIES, sizeof **faults);
        json = entries_read(text, arena, *faults);
    }
    if (!json)
        *reason = fault_text(&error, arena);
    return json;
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
    return json_is_string(value) && instant_parse_leap(text_of(value), to);
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
