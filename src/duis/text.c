#include "duis/text.h"

#include <stdio.h>
#include <strings.h>

enum {
    MOST_MARKUP = 1024,
    MOST_MARKUP_OCTETS = 64 * 1024, /* of each piece */
    MOST_EQUALS = 256,
    MOST_REASON = 300,
};

void duis_fault_at(struct duis_fault *fault, struct span text, size_t offset,
                   const char *reason) {
    *fault = (struct duis_fault){.line = 1, .column = 1, .reason = reason};
    if (offset > text.len)
        offset = text.len;
    for (size_t i = 0; i < offset; i++)
        fault->line += text.data[i] == '\n';
    const uint8_t *end = memrchr(text.data, '\n', offset);
    size_t start = end ? (size_t)(end - text.data) + 1 : 0;
    fault->column += (unsigned)(offset - start);
}

void duis_fault_in(struct duis_fault *fault, struct span text,
                   const xmlNode *node, const char *reason) {
    if (node && node->type == XML_ATTRIBUTE_NODE)
        node = node->parent;
    if (node && node->type == XML_ELEMENT_NODE)
        duis_fault_at(fault, text, (uintptr_t)node->_private, reason);
    else
        *fault = (struct duis_fault){.reason = reason};
}

const char *duis_reason(struct arena *arena, const char *message) {
    char *reason = arena_alloc(arena, MOST_REASON + 1), *out = reason;
    for (const char *in = message; *in && out < reason + MOST_REASON; in++) {
        const char *close = *in == '{' ? strchr(in, '}') : NULL;
        if (close)
            in = close;
        else
            *out++ = (unsigned char)*in < ' ' ? ' ' : *in;
    }
    /* no half character at the end, no space, no full stop */
    if (out == reason + MOST_REASON)
        while (out > reason && (out[-1] & 0x80))
            out--;
    while (out > reason && (out[-1] == ' ' || out[-1] == '.'))
        out--;
    *out = '\0';
    return reason;
}

static bool starts_with(struct span body, const char *octets, size_t len) {
    return body.len >= len && memcmp(body.data, octets, len) == 0;
}

struct utf16 {
    const uint8_t *at, *end;
    bool little;
};

static uint32_t utf16_unit(struct utf16 *in) {
    uint32_t first = in->at[0], second = in->at[1];
    in->at += 2;
    return in->little ? second << 8 | first : first << 8 | second;
}

/* The next character; 0, which no document may hold, for a broken pair. */
static uint32_t utf16_character(struct utf16 *in) {
    uint32_t c = utf16_unit(in);
    if (c < 0xd800 || c > 0xdfff)
        return c;
    if (c > 0xdbff || in->at == in->end)
        return 0;
    uint32_t low = utf16_unit(in);
    if (low < 0xdc00 || low > 0xdfff)
        return 0;
    return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

static uint8_t *put_utf8(uint8_t *out, uint32_t c) {
    if (c < 0x80) {
        *out++ = (uint8_t)c;
        return out;
    }
    unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    *out++ = (uint8_t)(lead[more] | c >> (6 * more));
    while (more-- > 0)
        *out++ = (uint8_t)(0x80 | (c >> (6 * more) & 0x3f));
    return out;
}

/* A unit of two octets becomes at most three. */
static struct span utf8_from_utf16(struct arena *arena, struct span body,
                                   bool little) {
    struct utf16 in = {body.data, body.data + body.len, little};
    uint8_t *utf8 = arena_alloc(arena, body.len / 2 * 3 + 1), *out = utf8;
    while (in.at < in.end)
        out = put_utf8(out, utf16_character(&in));
    return span_of(utf8, (size_t)(out - utf8));
}

/* The value of encoding="..." in the XML declaration; empty when there is
 * none. libxml2 checks the declaration itself and is told to ignore this. */
static struct span declared_encoding(struct span text) {
    const struct span none = span_of(text.data, 0);
    const char *end = starts_with(text, "<?xml", 5)
                          ? memmem(text.data, text.len, "?>", 2)
                          : NULL;
    if (!end)
        return none;
    const char *start = (const char *)text.data;
    const char *at = memmem(start, (size_t)(end - start), "encoding", 8);
    if (!at)
        return none;
    at += 8;
    while (at < end && *at != '"' && *at != '\'')
        at++;
    const char *close =
        at < end ? memchr(at + 1, *at, (size_t)(end - at - 1)) : NULL;
    return close ? span_of(at + 1, (size_t)(close - at - 1)) : none;
}

static bool is_named(struct span encoding, const char *name) {
    return encoding.len == strlen(name) &&
           strncasecmp((const char *)encoding.data, name, encoding.len) == 0;
}

static bool encoding_agrees(struct span text, bool utf16) {
    struct span encoding = declared_encoding(text);
    if (encoding.len == 0)
        return true;
    if (!utf16) /* ASCII is UTF-8 */
        return is_named(encoding, "UTF-8") || is_named(encoding, "ASCII") ||
               is_named(encoding, "US-ASCII");
    return is_named(encoding, "UTF-16") || is_named(encoding, "UTF-16LE") ||
           is_named(encoding, "UTF-16BE");
}

static size_t count_to(struct span part, int c, size_t most) {
    size_t count = 0;
    const uint8_t *at = part.data, *end = part.data + part.len;
    while (count <= most && (at = memchr(at, c, (size_t)(end - at)))) {
        count++;
        at++;
    }
    return count;
}

/* The octets of a tag, by the quotes in it; more than `most`: it is longer. */
static size_t tag_len(struct span rest, size_t most) {
    uint8_t quote = 0;
    size_t at = 1;
    for (; at < rest.len && at <= most; at++) {
        uint8_t c = rest.data[at];
        if (quote ? c == quote : c == '"' || c == '\'')
            quote = quote ? 0 : c;
        else if (!quote && c == '>')
            return at + 1;
    }
    return at;
}

/* The same of any piece of markup; where it has no end, the rest's length. */
static size_t markup_len(struct span rest, size_t most) {
    const char *end = starts_with(rest, "<!--", 4) ? "-->"
                      : starts_with(rest, "<?", 2) ? "?>"
                                                   : NULL;
    if (!end)
        return tag_len(rest, most);
    size_t within = rest.len <= most ? rest.len : most + 1;
    const uint8_t *at = memmem(rest.data, within, end, strlen(end));
    return at ? (size_t)(at - rest.data) + strlen(end) : within;
}

/* Why a piece of markup, which `rest` starts with, is too much; or NULL. Each
 * attribute has its '='. */
static const char *markup_excess(struct span rest, size_t *len) {
    if (starts_with(rest, "<![CDATA[", 9))
        return "a CDATA section is not accepted";
    *len = markup_len(rest, MOST_MARKUP_OCTETS);
    bool is_tag = rest.len > 1 && rest.data[1] != '!' && rest.data[1] != '?';
    if (is_tag &&
        count_to(span_of(rest.data, *len), '=', MOST_EQUALS) > MOST_EQUALS)
        return "a tag has more than 256 attributes";
    if (*len > MOST_MARKUP_OCTETS)
        return "a tag, comment or processing instruction is longer than 65536 "
               "octets";
    return NULL;
}

static const char *too_much_markup(struct span text, size_t *where) {
    const uint8_t *at = text.data, *end = text.data + text.len;
    for (size_t count = 0; (at = memchr(at, '<', (size_t)(end - at)));) {
        *where = (size_t)(at - text.data);
        if (++count > MOST_MARKUP)
            return "there are more than 1024 tags and comments";
        size_t len;
        const char *excess =
            markup_excess(span_of(at, (size_t)(end - at)), &len);
        if (excess)
            return excess;
        at += len;
    }
    return NULL;
}

/* Without a branch, for where line ends stand is the sender's choice. */
static uint8_t *put_in_lines(uint8_t *out, struct span text, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint8_t c = text.data[i],
                next = i + 1 < text.len ? text.data[i + 1] : 0;
        *out = c == '\r' ? '\n' : c;
        out += !((c == '\r') & (next == '\n'));
    }
    return out;
}

/* Line ends as a reader of XML takes them (XML 1.0, 2.11): libxml2 does so
 * character by character, at five times the cost. */
static struct span text_in_lines(struct arena *arena, struct span text) {
    enum { LINE = 32, LINE_END = 16, PART = 1024 }; /* as base/base64.c */
    if (!memchr(text.data, '\r', text.len))
        return text;
    uint8_t *lines = arena_alloc(arena, text.len), *out = lines;
    while (text.len) {
        const uint8_t *end = memchr(text.data, '\r', text.len);
        size_t run = end ? (size_t)(end - text.data) : text.len;
        memcpy(out, text.data, run);
        out += run;
        text = span_from(text, run);
        size_t part = run < LINE ? PART : LINE_END;
        part = part < text.len ? part : text.len;
        out = put_in_lines(out, text, part);
        text = span_from(text, part);
    }
    return span_of(lines, (size_t)(out - lines));
}

static bool text_refuse(struct duis_fault *fault, const char *reason) {
    *fault = (struct duis_fault){.reason = reason};
    return false;
}

bool duis_text(struct arena *arena, struct span body, struct span *text,
               struct duis_fault *fault) {
    bool little = starts_with(body, "\xff\xfe", 2);
    bool utf16 = little || starts_with(body, "\xfe\xff", 2);
    if (utf16 && body.len % 2 != 0)
        return text_refuse(fault, "UTF-16 with half a character at the end");
    size_t mark = utf16 ? 2 : starts_with(body, "\xef\xbb\xbf", 3) ? 3 : 0;
    struct span rest = span_of(body.data + mark, body.len - mark);
    *text = utf16 ? utf8_from_utf16(arena, rest, little) : rest;
    if (text->len == 0)
        return text_refuse(fault, "the document is empty");
    /* libxml2 would pass over it: no other reader has to (XML 1.0, 2.8) */
    if (starts_with(*text, "\xef\xbb\xbf", 3))
        return text_refuse(fault, "there is a second byte order mark");
    const uint8_t *nul = memchr(text->data, 0, text->len);
    if (nul) {
        duis_fault_at(fault, *text, (size_t)(nul - text->data),
                      "the document holds a NUL: it is not XML in UTF-8, or "
                      "in UTF-16 with a byte order mark");
        return false;
    }
    /* libxml2 would take EBCDIC by its first octets, whatever it is told */
    if (!strchr("< \t\r\n", *text->data))
        return text_refuse(fault, "the document is not XML in UTF-8, ASCII, or "
                                  "UTF-16 with a byte order mark");
    if (!encoding_agrees(*text, utf16))
        return text_refuse(
            fault, "the encoding declared is not the document's, or none of "
                   "UTF-8, ASCII, and UTF-16 with a byte order mark");
    *text = text_in_lines(arena, *text);
    size_t where = 0;
    const char *excess = too_much_markup(*text, &where);
    if (excess)
        duis_fault_at(fault, *text, where, excess);
    return !excess;
}
