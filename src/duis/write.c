#include "duis/write.h"

#include "base/base64.h"
#include "base/hex.h"

static const char *escape_of(char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '\r':
        return "&#xD;";
    default:
        return NULL;
    }
}

void write_escaped(struct buffer *out, const char *text) {
    for (;;) {
        size_t plain = strcspn(text, "&<>\r");
        buffer_add(out, span_of(text, plain));
        text += plain;
        if (!*text)
            return;
        buffer_text(out, escape_of(*text++));
    }
}

static void write_tag(struct buffer *out, const char *before,
                      const char *name) {
    buffer_text(out, before);
    buffer_text(out, name);
    buffer_text(out, ">");
}

void write_start(struct buffer *out, const char *name) {
    write_tag(out, "<sr:", name);
}

void write_end(struct buffer *out, const char *name) {
    write_tag(out, "</sr:", name);
}

void write_text(struct buffer *out, const char *name, const char *text) {
    write_start(out, name);
    write_escaped(out, text);
    write_end(out, name);
}

void write_eui64(struct buffer *out, const char *name, eui64 id) {
    char text[EUI64_TEXT_SIZE];
    write_text(out, name, eui64_format(id, text));
}

void write_number(struct buffer *out, const char *name, uint64_t number) {
    write_start(out, name);
    buffer_printf(out, "%llu", (unsigned long long)number);
    write_end(out, name);
}

static void write_hex(struct buffer *out, const char *name, uint32_t value,
                      unsigned digits) {
    char text[9];
    for (unsigned i = 0; i < digits; i++)
        text[i] = HEX_UPPER[value >> (4 * (digits - 1 - i)) & 15];
    text[digits] = '\0';
    write_text(out, name, text);
}

void write_alert_code(struct buffer *out, const char *name, uint16_t code) {
    write_hex(out, name, code, 4);
}

void write_version(struct buffer *out, const char *name, uint32_t version) {
    write_hex(out, name, version, 8);
}

void write_time(struct buffer *out, const char *name, instant when) {
    char text[INSTANT_TEXT_SIZE];
    write_text(out, name, instant_format(when, text));
}

void write_base64(struct buffer *out, const char *name, struct span octets) {
    write_start(out, name);
    base64_add(out, octets);
    write_end(out, name);
}

void write_devices(struct buffer *out, const char *name,
                   struct duis_devices devices) {
    enum { STEP = EUI64_TEXT_LEN + 1 };
    if (devices.count == 0)
        return;
    write_start(out, name);
    /* each writes a NUL, where the comma before the next one goes */
    char *text = (char *)buffer_room(out, devices.count * STEP);
    for (size_t i = 0; i < devices.count; i++) {
        eui64_format(devices.ids[i], text + i * STEP);
        text[i * STEP + EUI64_TEXT_LEN] = ',';
    }
    out->len += devices.count * STEP - 1;
    write_end(out, name);
}
