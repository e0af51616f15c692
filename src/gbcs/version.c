#include "gbcs/version.h"

#include "base/hex.h"
#include "gbcs/octets.h"

static bool parse_octets(struct span text, uint32_t *version) {
    uint8_t octets[GBCS_VERSION_LEN];
    if (hex_parse(text, octets, sizeof octets) != GBCS_VERSION_LEN)
        return false;
    struct octets in = octets_of(span_of(octets, sizeof octets));
    *version = (uint32_t)octets_number(&in, sizeof octets);
    return true;
}

bool gbcs_version_parse(struct span text, uint32_t *version) {
    if (text.len > 2 * GBCS_VERSION_LEN)
        return parse_octets(text, version);
    uint32_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_digit(text.data[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (unsigned)digit;
    }
    *version = value;
    return text.len > 0;
}

char *gbcs_version_format(uint32_t version,
                          char text[static GBCS_VERSION_TEXT_SIZE]) {
    uint8_t octets[GBCS_VERSION_LEN];
    octets_store(version, octets, sizeof octets);
    return hex_format(span_of(octets, sizeof octets), text);
}
