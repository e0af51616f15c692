#include "fotasim/ota_image.h"

static void add_uint16(struct buffer *out, uint16_t value) {
    const uint8_t octets[] = {(uint8_t)value, (uint8_t)(value >> 8)};
    buffer_add(out, span_of(octets, sizeof octets));
}

static void add_uint32(struct buffer *out, uint32_t value) {
    add_uint16(out, (uint16_t)value);
    add_uint16(out, (uint16_t)(value >> 16));
}

static void add_header_string(struct buffer *out, const char *text) {
    uint8_t octets[32] = {0};
    struct span given = span_text(text ? text : "");
    memcpy(octets, given.data, given.len < 32 ? given.len : 32);
    buffer_add(out, span_of(octets, sizeof octets));
}

static void add_optional(const struct ota_recipe *recipe, struct buffer *out) {
    static const uint8_t credential_version = 2;
    if (recipe->has_credential_version)
        buffer_add(out, span_of(&credential_version, 1));
    if (recipe->has_destination)
        buffer_add(out, span_text("\x01\x02\x03\x04\x05\x06\x07\x08"));
    if (!recipe->has_hardware_versions)
        return;
    add_uint16(out, recipe->min_hardware_version);
    add_uint16(out, recipe->max_hardware_version);
}

void ota_build(const struct ota_recipe *recipe, struct buffer *out) {
    unsigned field_control = (recipe->has_credential_version ? 1u : 0u) |
                             (recipe->has_destination ? 2u : 0u) |
                             (recipe->has_hardware_versions ? 4u : 0u);
    size_t header = 56u + (recipe->has_credential_version ? 1u : 0u) +
                    (recipe->has_destination ? 8u : 0u) +
                    (recipe->has_hardware_versions ? 4u : 0u);
    size_t trailer = recipe->signature.len ? 2 + recipe->signature.len : 0;
    size_t total = header + recipe->manufacturer_image.len + trailer;
    add_uint32(out, 0x0BEEF11E);
    add_uint16(out, 0x0100);
    add_uint16(out, (uint16_t)header);
    add_uint16(out, (uint16_t)field_control);
    add_uint16(out, recipe->manufacturer_code);
    add_uint16(out, recipe->image_type);
    add_uint32(out, recipe->file_version);
    add_uint16(out, 2);
    add_header_string(out, recipe->header_string);
    add_uint32(out, (uint32_t)total);
    add_optional(recipe, out);
    buffer_add(out, recipe->manufacturer_image);
    if (!trailer)
        return;
    const uint8_t before[] = {recipe->force_replace, 0x40};
    buffer_add(out, span_of(before, sizeof before));
    buffer_add(out, recipe->signature);
}
