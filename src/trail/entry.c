/* Texts of entries, octet for octet as PostgreSQL's jsonb has them. */
#include "base/hex.h"
#include "trail/trail.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRY_NO, ENTRY_AT, ENTRY_RECORD = 10, ENTRY_MOST };

/* ---- writing ---- */

static void text_escape(struct buffer *out, uint8_t c) {
    static const char from[] = "\b\f\n\r\t\"\\", to[] = "bfnrt\"\\";
    const char *at = strchr(from, c);
    if (at)
        buffer_printf(out, "\\%c", to[at - from]);
    else
        buffer_printf(out, "\\u%04x", c);
}

static void text_quote(struct buffer *out, struct span text) {
    if (!text.data) {
        buffer_text(out, ", null");
        return;
    }
    buffer_text(out, ", \"");
    while (text.len) {
        size_t len = 0;
        while (len < text.len && text.data[len] >= 0x20 &&
               text.data[len] != '"' && text.data[len] != '\\')
            len++;
        buffer_add(out, span_of(text.data, len));
        if (len < text.len)
            text_escape(out, text.data[len++]);
        text = span_from(text, len);
    }
    buffer_text(out, "\"");
}

/* As timestamptz in UTC is in JSON: "2026-11-29T17:00:00.25+00:00". */
static void time_quote(struct buffer *out, instant when) {
    char text[INSTANT_TEXT_SIZE], fraction[8] = "";
    instant part = (when % SECOND + SECOND) % SECOND;
    instant_format(when - part, text);
    if (part) {
        snprintf(fraction, sizeof fraction, ".%06d", (int)part);
        for (size_t len = 7; fraction[len - 1] == '0'; len--)
            fraction[len - 1] = 0;
    }
    buffer_printf(out, ", \"%.19s%s+00:00\"", text, fraction);
}

static void id_quote(struct buffer *out, bool has, eui64 id) {
    static const char digits[] = "0123456789abcdef";
    char text[EUI64_TEXT_SIZE];
    if (!has) {
        buffer_text(out, ", null");
        return;
    }
    for (size_t i = 0; i < EUI64_OCTETS; i++) {
        uint8_t octet = (uint8_t)(id >> (8 * (EUI64_OCTETS - 1 - i)));
        text[3 * i] = digits[octet >> 4];
        text[3 * i + 1] = digits[octet & 15];
        text[3 * i + 2] = i + 1 < EUI64_OCTETS ? ':' : 0;
    }
    buffer_text(out, ", \"");
    buffer_text(out, text);
    buffer_text(out, "\"");
}

static void hex_quote(struct buffer *out, struct span octets) {
    char two[3];
    buffer_text(out, ", \"");
    for (size_t i = 0; i < octets.len; i++)
        buffer_text(out, hex_format_lower(span_of(octets.data + i, 1), two));
    buffer_text(out, "\"");
}

void trail_entry_write(const struct trail_fields *f, struct buffer *text) {
    text->len = 0;
    buffer_printf(text, "[%" PRId64, f->number);
    time_quote(text, f->at);
    text_quote(text, f->kind);
    if (f->has_request)
        buffer_printf(text, ", %" PRId64, f->request);
    else
        buffer_text(text, ", null");
    id_quote(text, f->has_device, f->device);
    id_quote(text, f->has_party, f->party);
    text_quote(text, f->csp);
    text_quote(text, f->person);
    text_quote(text, f->code);
    text_quote(text, f->detail);
    if (f->record.len)
        hex_quote(text, f->record);
    buffer_text(text, "]");
}

/* ---- reading ---- */

/* The end of the string that begins in front of `i`; text.len: it has none. */
static size_t string_end(struct span text, size_t i) {
    while (i < text.len && text.data[i] != '"')
        i += text.data[i] == '\\' ? 2 : 1;
    return i;
}

int trail_elements(struct span text, struct span *elements, int most) {
    int count = 0;
    if (text.len < 3 || text.data[0] != '[' || text.data[text.len - 1] != ']')
        return -1;
    size_t begin = 1, end = text.len - 1;
    for (size_t i = 1; i <= end; i++) {
        if (i < end && text.data[i] == '"')
            i = string_end(text, i + 1);
        else if (i == end || text.data[i] == ',') {
            if (count == most)
                return -1;
            elements[count++] = span_of(text.data + begin, i - begin);
            begin = i + 2; /* ", " */
        }
    }
    return begin == end + 2 ? count : -1;
}

bool trail_is_null(struct span element) {
    return span_equal(element, span_text("null"));
}

static bool record_read(struct span element, struct trail_entry *entry) {
    entry->has_record = true;
    return element.len == 2 + 2 * TRAIL_HASH &&
           hex_parse(span_of(element.data + 1, element.len - 2), entry->record,
                     TRAIL_HASH) == TRAIL_HASH;
}

bool trail_entry_read(struct span text, struct trail_entry *entry) {
    struct span elements[ENTRY_MOST];
    int count = trail_elements(text, elements, ENTRY_MOST);
    *entry = (struct trail_entry){.text = text};
    if (count < ENTRY_RECORD || elements[ENTRY_AT].len < 2)
        return false;
    char *end;
    entry->number = strtoll((const char *)elements[ENTRY_NO].data, &end, 10);
    struct span at =
        span_of(elements[ENTRY_AT].data + 1, elements[ENTRY_AT].len - 2);
    return *end == ',' && instant_parse(at, &entry->at) &&
           (count == ENTRY_RECORD ||
            record_read(elements[ENTRY_RECORD], entry));
}
