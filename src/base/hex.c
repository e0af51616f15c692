#include "base/hex.h"

const char HEX_UPPER[17] = "0123456789ABCDEF";

int hex_digit(int c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

int hex_parse(struct span text, uint8_t *out, size_t most) {
    size_t octets = 0;
    for (size_t i = 0; i < text.len;) {
        if (octets && text.data[i] == ':')
            i++;
        if (i + 2 > text.len || octets == most)
            return -1;
        int high = hex_digit(text.data[i]), low = hex_digit(text.data[i + 1]);
        if (high < 0 || low < 0)
            return -1;
        out[octets++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    return (int)octets;
}

static char *octets_format(struct span octets, const char *digits, char *text) {
    char *out = text;
    for (size_t i = 0; i < octets.len; i++) {
        *out++ = digits[octets.data[i] >> 4];
        *out++ = digits[octets.data[i] & 15];
    }
    *out = '\0';
    return text;
}

char *hex_format(struct span octets, char *text) {
    return octets_format(octets, HEX_UPPER, text);
}

char *hex_format_lower(struct span octets, char *text) {
    return octets_format(octets, "0123456789abcdef", text);
}
