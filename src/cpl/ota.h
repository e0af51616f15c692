/*
 * The OTA Upgrade Image that a User sends with Service Reference Variants 11.1
 * and 11.4: a Zigbee OTA Header, then the Upgrade Image directly (no Zigbee
 * sub-element tag and length). All integers are little-endian.
 *
 *   11.1  OTA Header | Manufacturer Image | force replace | 40 | signature
 *   11.4  OTA Header | Manufacturer Image
 *
 * The content alone does not say which of the two it is. Source: the Reference
 * Test Data Set's templates; GBCS 11.2.2 to 11.2.4.
 */
#ifndef FOTAD_CPL_OTA_H
#define FOTAD_CPL_OTA_H

#include "base/span.h"

enum {
    OTA_FIXED_HEADER_LEN = 56, /* octets before the optional fields */
    OTA_HEADER_STRING_LEN = 32,
    OTA_SIGNATURE_LEN = 64,
    OTA_TRAILER_LEN = 66, /* force replace, 40, signature */
    OTA_HASH_LEN = 32,
};

/* The bits of the Field Control: which optional fields follow, in this
 * order. */
enum ota_field {
    OTA_CREDENTIAL_VERSION = 1, /* 1 octet */
    OTA_DESTINATION = 2,        /* 8 octets */
    OTA_HARDWARE_VERSIONS = 4,  /* 2 + 2 octets */
};

/* What the image says. The spans point into the octets that were parsed. */
struct ota_image {
    uint16_t manufacturer_code;
    uint16_t image_type; /* the model */
    uint32_t file_version;
    uint16_t zigbee_stack_version;
    bool has_hardware_versions; /* else the next two are 0 */
    uint16_t min_hardware_version, max_hardware_version;
    struct span header_string;      /* OTA_HEADER_STRING_LEN, not terminated */
    struct span manufacturer_image; /* at least one octet */
    uint8_t force_replace;          /* 0 without a trailer */
    struct span signature; /* raw r and s over the Manufacturer Image; empty
                            * without a trailer */
};

/* Reads an OTA Upgrade Image; `signature_trailer` is true for 11.1, false for
 * 11.4. On false `*reason` is a constant text that names the fault and `image`
 * is undefined; on true it is NULL. */
bool ota_parse(struct span upgrade_image, bool signature_trailer,
               struct ota_image *image, const char **reason);

/* The Manufacturer Image Hash of the CPL, of DUIS FirmwareHash and of CS06:
 * SHA-256 over the Manufacturer Image, OTA Header and trailer excluded. */
void ota_manufacturer_image_hash(const struct ota_image *image,
                                 uint8_t hash[static OTA_HASH_LEN]);

/* SHA-256 over the whole OTA Upgrade Image: its name at the CSPs. */
void ota_upgrade_image_hash(struct span upgrade_image,
                            uint8_t hash[static OTA_HASH_LEN]);

#endif
