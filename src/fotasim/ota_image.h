/* Builds OTA Upgrade Images, sound ones and strange ones. */
#ifndef FOTAD_FOTASIM_OTA_IMAGE_H
#define FOTAD_FOTASIM_OTA_IMAGE_H

#include "base/buffer.h"

struct ota_recipe {
    uint16_t manufacturer_code, image_type;
    uint32_t file_version;
    bool has_hardware_versions;
    uint16_t min_hardware_version, max_hardware_version;
    bool has_credential_version, has_destination;
    const char *header_string; /* at most 32 characters; padded with NUL */
    struct span manufacturer_image;
    /* 64 octets: appends the trailer of an 11.1 image; empty: none (11.4) */
    struct span signature;
    uint8_t force_replace; /* the trailer's first octet */
};

/* Appends the OTA Upgrade Image to `out`. */
void ota_build(const struct ota_recipe *recipe, struct buffer *out);

#endif
