/* Any octets as an OTA Upgrade Image: every span that comes back lies within
 * them. */
#include "cpl/ota.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_lie_within(struct span inner, struct span outer) {
    if (inner.len && (inner.data < outer.data ||
                      inner.data + inner.len > outer.data + outer.len))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct span octets = span_of(data, size);
    for (int trailer = 0; trailer < 2; trailer++) {
        struct ota_image image;
        const char *reason;
        if (!ota_parse(octets, trailer, &image, &reason))
            continue;
        must_lie_within(image.manufacturer_image, octets);
        must_lie_within(image.signature, octets);
        must_lie_within(image.header_string, octets);
        uint8_t hash[OTA_HASH_LEN];
        ota_manufacturer_image_hash(&image, hash);
    }
    return 0;
}
