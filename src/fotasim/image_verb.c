/* OTA Upgrade Images of the sample catalogue. */
#include "fotasim/catalogue.h"
#include "fotasim/keys.h"
#include "fotasim/ota_image.h"
#include "fotasim/verbs.h"

#include "cpl/ota.h"

#include <inttypes.h>
#include <stdio.h>

static int list_images(void) {
    for (size_t i = 0; i < sim_firmware_count; i++) {
        const struct sim_firmware *f = &sim_firmwares[i];
        const struct sim_model *model = &sim_models[f->model];
        const char *service = sim_update_service(model->type);
        if (f->family && service)
            printf("%s-%08" PRIX32 " %s %s %s\n", f->family, f->version,
                   service, model->name, cpl_statuses[f->status]);
    }
    return 0;
}

/* 11.1 images end with their supplier's signature of the Manufacturer Image;
 * without a key one is made up, for whoever only needs the shape. */
static bool image_sign(struct arena *arena, const char *key_path,
                       struct span image,
                       uint8_t signature[static OTA_SIGNATURE_LEN]) {
    EVP_PKEY *key = key_path ? key_read(arena, key_path) : key_new(arena);
    return key && key_sign(key, image, signature);
}

static void image_build(const struct sim_firmware *firmware, struct span image,
                        struct span signature, struct buffer *out) {
    const struct sim_model *model = &sim_models[firmware->model];
    ota_build(
        &(struct ota_recipe){
            .manufacturer_code = model->manufacturer_id,
            .image_type = model->model_id,
            .file_version = firmware->version,
            .has_hardware_versions = true,
            .min_hardware_version = 0,
            .max_hardware_version = 0xFFFF,
            .header_string = firmware->family,
            .manufacturer_image = image,
            .signature = signature,
        },
        out);
}

static bool write_image(struct arena *arena,
                        const struct sim_firmware *firmware, size_t octets,
                        const char *key_path, const char *output) {
    struct buffer manufacturer = {0}, ota = {0};
    sim_manufacturer_image(firmware, sim_manufacturer_octets(firmware, octets),
                           &manufacturer);
    uint8_t octets_of_signature[OTA_SIGNATURE_LEN];
    struct span image = buffer_span(&manufacturer), signature = {0};
    bool good = true;
    if (sim_models[firmware->model].type != TYPE_PPMID) {
        good = image_sign(arena, key_path, image, octets_of_signature);
        signature = span_of(octets_of_signature, OTA_SIGNATURE_LEN);
    }
    if (good) {
        image_build(firmware, image, signature, &ota);
        good = write_whole(output, buffer_span(&ota));
    }
    buffer_free(&manufacturer);
    buffer_free(&ota);
    return good;
}

int verb_image(int argc, char **argv) {
    enum { LEAST = 127 }; /* header, one octet, trailer */
    uint64_t octets = SIM_IMAGE_OCTETS;
    const char *key_path = NULL, *output = "/dev/stdout";
    const struct option_row options[] = {
        {"octets", OPTION_COUNT, &octets},
        {"key", OPTION_TEXT, &key_path},
        {"output", OPTION_TEXT, &output},
    };
    char **operands;
    if (!read_options(argc, argv, options, sizeof options / sizeof *options,
                      &operands))
        return 2;
    if (!operands[0])
        return list_images();
    const struct sim_firmware *firmware = sim_firmware_find(operands[0]);
    if (!firmware)
        return refuse("%s: no such image", operands[0]);
    if (octets < LEAST)
        return refuse("%" PRIu64 " octets are too few", octets);
    struct arena *arena = arena_new();
    bool good = write_image(arena, firmware, octets, key_path, output);
    arena_free(arena);
    return good ? 0 : 1;
}
