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

char *hex_format(struct span octets, char *text) {
    char *out = text;
    for (size_t i = 0; i < octets.len; i++) {
        *out++ = HEX_UPPER[octets.data[i] >> 4];
        *out++ = HEX_UPPER[octets.data[i] & 15];
    }
    *out = '\0';
    return text;
}
