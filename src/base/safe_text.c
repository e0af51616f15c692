#include "base/safe_text.h"

size_t utf8_next(struct span text, uint32_t *code) {
    static const struct {
        uint8_t mask, lead;
        size_t len;
        uint32_t least;
    } forms[] = {
        {0x80, 0x00, 1, 0},
        {0xe0, 0xc0, 2, 0x80},
        {0xf0, 0xe0, 3, 0x800},
        {0xf8, 0xf0, 4, 0x10000},
    };
    size_t form = 0;
    while (form < 4 && text.len &&
           (text.data[0] & forms[form].mask) != forms[form].lead)
        form++;
    if (form == 4 || text.len < forms[form].len)
        return 0;
    *code = text.data[0] & (uint8_t)~forms[form].mask;
    for (size_t i = 1; i < forms[form].len; i++) {
        if ((text.data[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (text.data[i] & 0x3f);
    }
    bool surrogate = *code >= 0xd800 && *code <= 0xdfff;
    return *code < forms[form].least || *code > 0x10ffff || surrogate
               ? 0
               : forms[form].len;
}

size_t text_characters(const char *text) {
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

/* C0, DEL and C1; what turns the direction of reading; ends of lines and
 * paragraphs; the mark that nobody sees. */
static bool code_is_unsafe(uint32_t code) {
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x61c, 0x61c},
                  {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x206f},
                  {0xfeff, 0xfeff}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

size_t safe_next(struct span text, char shown[static SAFE_SIZE]) {
    uint32_t code;
    size_t len = utf8_next(text, &code);
    if (!len) {
        snprintf(shown, SAFE_SIZE, "\\x%02x", *text.data);
        return 1;
    }
    if (code_is_unsafe(code)) {
        snprintf(shown, SAFE_SIZE, "\\u%04x", code);
    } else {
        memcpy(shown, text.data, len);
        shown[len] = '\0';
    }
    return len;
}

/* Octets at the front that are shown as they are; most texts are nothing
 * else. */
static size_t plain_len(struct span text, bool lines) {
    size_t len = 0;
    while (len < text.len &&
           ((text.data[len] >= ' ' && text.data[len] <= '~') ||
            (lines && text.data[len] == '\n')))
        len++;
    return len;
}

void safe_add(struct buffer *out, struct span text, bool lines) {
    while (text.len) {
        size_t len = plain_len(text, lines);
        if (len) {
            buffer_add(out, span_of(text.data, len));
        } else {
            char shown[SAFE_SIZE];
            len = safe_next(text, shown);
            buffer_text(out, shown);
        }
        text = span_of(text.data + len, text.len - len);
    }
}
