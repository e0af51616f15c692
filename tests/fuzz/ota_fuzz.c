/* OTA Upgrade Images: bit 0 of octet 0 says whether there is a trailer, the
 * rest is the image. */
#include "cpl/ota.h"
#include "fuzz/fuzz.h"

static void check_image(const struct ota_image *image, struct span input,
                        bool trailer) {
    struct span firmware = image->manufacturer_image;
    CHECK(within(firmware, input) && within(image->signature, input));
    CHECK(firmware.len > 0);
    CHECK(image->header_string.len == OTA_HEADER_STRING_LEN);
    CHECK(image->signature.len == (trailer ? OTA_SIGNATURE_LEN : 0));
    size_t header = (size_t)(firmware.data - input.data);
    CHECK(header >= OTA_FIXED_HEADER_LEN && header <= 69);
    CHECK(header + firmware.len + (trailer ? OTA_TRAILER_LEN : 0) == input.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size)
        return 0;
    bool trailer = data[0] & 1;
    struct span input = span_of(data + 1, size - 1);
    struct ota_image image;
    const char *reason;
    bool parsed = ota_parse(input, trailer, &image, &reason);
    CHECK(parsed == !reason);
    if (!parsed)
        return 0;
    check_image(&image, input, trailer);
    uint8_t hash[OTA_HASH_LEN];
    ota_manufacturer_image_hash(&image, hash);
    return 0;
}
