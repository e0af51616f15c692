#include "base/json.h"

#include "base/memory.h"
#include "base/safe_text.h"

static json_t *text_mend(struct span text) {
    static const char unknown[] = "\xef\xbf\xbd";
    struct buffer out = {0};
    for (size_t len; text.len;
         text = span_of(text.data + len, text.len - len)) {
        uint32_t code;
        len = utf8_next(text, &code);
        if (len)
            buffer_add(&out, span_of(text.data, len));
        else
            buffer_add(&out, span_text(unknown));
        len = len ? len : 1;
    }
    json_t *value = json_stringn((const char *)out.data, out.len);
    buffer_free(&out);
    return value;
}

json_t *json_span(struct span text) {
    if (!text.len)
        text = span_text("");
    json_t *value = json_stringn((const char *)text.data, text.len);
    if (!value)
        value = text_mend(text);
    if (!value)
        memory_exhausted(0);
    return value;
}

json_t *json_text(const char *text) {
    return text ? json_span(span_text(text)) : json_null();
}

void json_put(json_t *object, const char *name, json_t *what) {
    if (json_object_set_new(object, name, what) != 0)
        memory_exhausted(0);
}

void json_add(json_t *array, json_t *what) {
    if (json_array_append_new(array, what) != 0)
        memory_exhausted(0);
}

json_t *json_read(struct span text, size_t flags, json_error_t *error) {
    const char *octets = text.len ? (const char *)text.data : "";
    return json_loadb(octets, text.len, flags, error);
}

const char *json_fault(const json_error_t *error) {
    switch (json_error_code(error)) {
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "the character \\u0000 is not accepted";
    case json_error_duplicate_key:
        return "a member stands there twice";
    default:
        return error->text;
    }
}
