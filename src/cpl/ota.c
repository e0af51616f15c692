#include "cpl/ota.h"

#include "base/log.h"

#include <openssl/evp.h>
#include <stdlib.h>

static const uint32_t FILE_IDENTIFIER = 0x0BEEF11E;
static const uint16_t HEADER_VERSION = 0x0100;

/* Where the fixed fields are. */
enum offset {
    AT_FILE_IDENTIFIER = 0,
    AT_HEADER_VERSION = 4,
    AT_HEADER_LENGTH = 6,
    AT_FIELD_CONTROL = 8,
    AT_MANUFACTURER_CODE = 10,
    AT_IMAGE_TYPE = 12,
    AT_FILE_VERSION = 14,
    AT_ZIGBEE_STACK_VERSION = 18,
    AT_HEADER_STRING = 20,
    AT_TOTAL_IMAGE_SIZE = 52,
};

static const struct {
    enum ota_field field;
    size_t size;
} optional_fields[] = {
    {OTA_CREDENTIAL_VERSION, 1},
    {OTA_DESTINATION, 8},
    {OTA_HARDWARE_VERSIONS, 4},
};
enum {
    OPTIONAL_FIELDS = sizeof optional_fields / sizeof *optional_fields,
    KNOWN_FIELDS =
        OTA_CREDENTIAL_VERSION | OTA_DESTINATION | OTA_HARDWARE_VERSIONS,
};

static uint16_t load_uint16(const uint8_t *at) {
    return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t load_uint32(const uint8_t *at) {
    return load_uint16(at) | (uint32_t)load_uint16(at + 2) << 16;
}

/* Octets of the optional fields that come before `stop`. */
static size_t size_before(uint16_t field_control, unsigned stop) {
    size_t size = 0;
    for (size_t i = 0; i < OPTIONAL_FIELDS; i++)
        if (field_control & optional_fields[i].field &&
            optional_fields[i].field < stop)
            size += optional_fields[i].size;
    return size;
}

static size_t header_length(uint16_t field_control) {
    return OTA_FIXED_HEADER_LEN + size_before(field_control, KNOWN_FIELDS + 1);
}

/* NULL when the OTA Header can be trusted. */
static const char *header_fault(struct span octets) {
    if (octets.len < OTA_FIXED_HEADER_LEN)
        return "the image is shorter than an OTA Header (56 octets)";
    if (load_uint32(octets.data + AT_FILE_IDENTIFIER) != FILE_IDENTIFIER)
        return "the file identifier of the OTA Header is not 0BEEF11E";
    if (load_uint16(octets.data + AT_HEADER_VERSION) != HEADER_VERSION)
        return "the header version of the OTA Header is not 0100";
    uint16_t field_control = load_uint16(octets.data + AT_FIELD_CONTROL);
    if (field_control & ~KNOWN_FIELDS)
        return "the field control of the OTA Header has reserved bits set";
    if (load_uint16(octets.data + AT_HEADER_LENGTH) !=
        header_length(field_control))
        return "the header length of the OTA Header does not fit its field "
               "control";
    if (load_uint32(octets.data + AT_TOTAL_IMAGE_SIZE) != octets.len)
        return "the total image size of the OTA Header is not the length of "
               "the image";
    if (octets.len < header_length(field_control))
        return "the image ends within the optional fields of the OTA Header";
    if (octets.len == header_length(field_control))
        return "nothing follows the OTA Header";
    return NULL;
}

static void read_header(const uint8_t *at, struct ota_image *image) {
    *image = (struct ota_image){
        .manufacturer_code = load_uint16(at + AT_MANUFACTURER_CODE),
        .image_type = load_uint16(at + AT_IMAGE_TYPE),
        .file_version = load_uint32(at + AT_FILE_VERSION),
        .zigbee_stack_version = load_uint16(at + AT_ZIGBEE_STACK_VERSION),
        .header_string = span_of(at + AT_HEADER_STRING, OTA_HEADER_STRING_LEN),
    };
    uint16_t field_control = load_uint16(at + AT_FIELD_CONTROL);
    if (!(field_control & OTA_HARDWARE_VERSIONS))
        return;
    const uint8_t *versions = at + OTA_FIXED_HEADER_LEN +
                              size_before(field_control, OTA_HARDWARE_VERSIONS);
    image->has_hardware_versions = true;
    image->min_hardware_version = load_uint16(versions);
    image->max_hardware_version = load_uint16(versions + 2);
}

/* Cuts the trailer off the Manufacturer Image; NULL when that worked. */
static const char *cut_trailer(struct ota_image *image) {
    struct span *octets = &image->manufacturer_image;
    if (octets->len < OTA_TRAILER_LEN)
        return "the Upgrade Image is shorter than its signature trailer (66 "
               "octets)";
    if (octets->len == OTA_TRAILER_LEN)
        return "the Manufacturer Image is empty";
    octets->len -= OTA_TRAILER_LEN;
    const uint8_t *trailer = octets->data + octets->len;
    if (trailer[1] != OTA_SIGNATURE_LEN)
        return "the signature trailer does not say 64 octets (40)";
    image->force_replace = trailer[0];
    image->signature = span_of(trailer + 2, OTA_SIGNATURE_LEN);
    return NULL;
}

bool ota_parse(struct span upgrade_image, bool signature_trailer,
               struct ota_image *image, const char **reason) {
    *reason = header_fault(upgrade_image);
    if (*reason)
        return false;
    read_header(upgrade_image.data, image);
    size_t header = load_uint16(upgrade_image.data + AT_HEADER_LENGTH);
    image->manufacturer_image =
        span_of(upgrade_image.data + header, upgrade_image.len - header);
    if (signature_trailer)
        *reason = cut_trailer(image);
    return !*reason;
}

static void hash_sha256(struct span octets, uint8_t hash[static OTA_HASH_LEN]) {
    if (EVP_Digest(octets.data, octets.len, hash, NULL, EVP_sha256(), NULL))
        return;
    log_error("openssl.failed", "OpenSSL has no SHA-256: check its set-up");
    abort();
}

void ota_manufacturer_image_hash(const struct ota_image *image,
                                 uint8_t hash[static OTA_HASH_LEN]) {
    hash_sha256(image->manufacturer_image, hash);
}

void ota_upgrade_image_hash(struct span upgrade_image,
                            uint8_t hash[static OTA_HASH_LEN]) {
    hash_sha256(upgrade_image, hash);
}
