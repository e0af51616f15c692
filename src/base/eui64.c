#include "base/eui64.h"

#include "base/hex.h"

bool eui64_parse(struct span text, eui64 *id) {
    if (text.len != EUI64_TEXT_LEN)
        return false;
    eui64 value = 0;
    for (size_t i = 0; i < EUI64_TEXT_LEN; i++) {
        if (i % 3 == 2) {
            if (text.data[i] != '-')
                return false;
            continue;
        }
        int digit = hex_digit(text.data[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (unsigned)digit;
    }
    *id = value;
    return true;
}

char *eui64_format(eui64 id, char text[static EUI64_TEXT_SIZE]) {
    char *out = text;
    for (int shift = 56; shift >= 0; shift -= 8) {
        unsigned octet = (unsigned)(id >> shift) & 0xff;
        *out++ = HEX_UPPER[octet >> 4];
        *out++ = HEX_UPPER[octet & 15];
        *out++ = '-';
    }
    out[-1] = '\0';
    return text;
}

eui64 eui64_load(const uint8_t octets[static EUI64_OCTETS]) {
    eui64 id = 0;
    for (size_t i = 0; i < EUI64_OCTETS; i++)
        id = id << 8 | octets[i];
    return id;
}

void eui64_store(eui64 id, uint8_t octets[static EUI64_OCTETS]) {
    for (size_t i = EUI64_OCTETS; i-- > 0; id >>= 8)
        octets[i] = (uint8_t)id;
}
