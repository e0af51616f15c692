#include "base/base64.h"

#include <openssl/evp.h>

/* What an octet of the text stands for. */
enum { BAD = 0xff, SPACE = 0xfe, PAD = 0xfd, DIGITS = 64 };

/* Octets of text that are read at once where white space is: at the end of a
 * line, and where there are hardly any. */
enum { LINE = 32, LINE_END = 16, PART = 1024 };

static uint8_t meaning_of(unsigned c) {
    if (c >= 'A' && c <= 'Z')
        return (uint8_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint8_t)(c - 'a' + 26);
    if (c >= '0' && c <= '9')
        return (uint8_t)(c - '0' + 52);
    switch (c) {
    case '+':
        return 62;
    case '/':
        return 63;
    case '=':
        return PAD;
    case ' ':
    case '\t':
    case '\r':
    case '\n':
        return SPACE;
    default:
        return BAD;
    }
}

static void fill_meanings(uint8_t meanings[static 256]) {
    for (unsigned c = 0; c < 256; c++)
        meanings[c] = meaning_of(c);
}

/* Four digits at a time while there is nothing else; most of a long text. */
static size_t parse_quads(struct span text, const uint8_t *meanings,
                          uint8_t *out) {
    size_t at = 0;
    for (; at + 4 <= text.len; at += 4) {
        uint32_t a = meanings[text.data[at]], b = meanings[text.data[at + 1]],
                 c = meanings[text.data[at + 2]],
                 d = meanings[text.data[at + 3]];
        if ((a | b | c | d) >= DIGITS)
            break;
        uint32_t bits = a << 18 | b << 12 | c << 6 | d;
        *out++ = (uint8_t)(bits >> 16);
        *out++ = (uint8_t)(bits >> 8);
        *out++ = (uint8_t)bits;
    }
    return at;
}

struct rest {
    uint32_t bits; /* the digits since the last full group of four */
    size_t digits, pads;
    uint8_t *out;
};

static bool take_meaning(struct rest *rest, uint8_t meaning) {
    if (meaning == PAD)
        return ++rest->pads <= 2;
    if (meaning == BAD || rest->pads)
        return false;
    rest->bits = rest->bits << 6 | meaning;
    if (++rest->digits % 4 == 0) {
        *rest->out++ = (uint8_t)(rest->bits >> 16);
        *rest->out++ = (uint8_t)(rest->bits >> 8);
        *rest->out++ = (uint8_t)rest->bits;
        rest->bits = 0;
    }
    return true;
}

/* One or two octets remain in two or three digits; the bits that belong to no
 * octet must be zero. */
static bool finish_rest(struct rest *rest) {
    size_t left = rest->digits % 4;
    if (left == 0)
        return rest->pads == 0;
    if (left + rest->pads != 4 || left == 1)
        return false;
    unsigned unused = left == 2 ? 4 : 2;
    uint32_t bits = rest->bits >> unused;
    if (left == 3)
        *rest->out++ = (uint8_t)(bits >> 8);
    *rest->out++ = (uint8_t)bits;
    return (rest->bits & ((1u << unused) - 1)) == 0;
}

static bool is_group_begun(const struct rest *rest) {
    return rest->digits % 4 != 0 || rest->pads != 0;
}

/* The whole groups that the text begins with. */
static size_t take_groups(struct rest *rest, struct span text,
                          const uint8_t *meanings) {
    if (is_group_begun(rest))
        return 0;
    size_t len = parse_quads(text, meanings, rest->out);
    rest->out += len / 4 * 3;
    return len;
}

/* Text with white space in it: that is left out without a branch, for where it
 * stands is the sender's choice. */
static bool take_part(struct rest *rest, struct span text,
                      const uint8_t *meanings) {
    uint8_t letters[PART] = {0};
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        letters[len] = text.data[i];
        len += meanings[text.data[i]] != SPACE;
    }
    for (size_t at = 0; at < len;) {
        at += take_groups(rest, span_of(letters + at, len - at), meanings);
        if (at < len && !take_meaning(rest, meanings[letters[at++]]))
            return false;
    }
    return true;
}

ptrdiff_t base64_parse(struct span text, uint8_t *out) {
    uint8_t meanings[256];
    fill_meanings(meanings);
    struct rest rest = {.out = out};
    while (text.len) {
        size_t len = take_groups(&rest, text, meanings);
        text = span_from(text, len);
        size_t part = len < LINE ? PART : LINE_END;
        part = part < text.len ? part : text.len;
        if (!take_part(&rest, span_of(text.data, part), meanings))
            return -1;
        text = span_from(text, part);
        for (; text.len && rest.digits % 4; text = span_from(text, 1))
            if (!take_part(&rest, span_of(text.data, 1), meanings))
                return -1;
    }
    return finish_rest(&rest) ? rest.out - out : -1;
}

void base64_add(struct buffer *buffer, struct span octets) {
    if (octets.len == 0)
        return;
    /* EVP_EncodeBlock() counts in int: encode in parts of whole triples */
    const size_t part = 3u << 20;
    for (size_t at = 0; at < octets.len; at += part) {
        size_t len = octets.len - at < part ? octets.len - at : part;
        uint8_t *room = buffer_room(buffer, len / 3 * 4 + 5);
        buffer->len +=
            (size_t)EVP_EncodeBlock(room, octets.data + at, (int)len);
    }
}
