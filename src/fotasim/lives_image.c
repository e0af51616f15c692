#include "fotasim/lives_image.h"

#include "fotasim/catalogue.h"
#include "fotasim/keys.h"
#include "fotasim/ota_image.h"
#include "gbcs/payload.h"

#include <openssl/sha.h>
#include <stdlib.h>

/* Its number in sim_firmwares[], that of the first with the same image. */
static size_t image_number(const struct life_device *device, uint8_t version) {
    const struct sim_firmware *of = NULL;
    for (size_t i = 0; i < sim_firmware_count; i++)
        if (sim_firmwares[i].model == device->model &&
            sim_firmwares[i].version == device->versions[version])
            of = &sim_firmwares[i];
    for (size_t i = 0; of && of->family && i < sim_firmware_count; i++)
        if (sim_firmwares[i].family &&
            strcmp(sim_firmwares[i].family, of->family) == 0 &&
            sim_firmwares[i].version == of->version)
            return i;
    lives_die("version %08X has no image", device->versions[version]);
}

static void image_build(struct lives_run *run,
                        const struct sim_firmware *firmware,
                        struct lives_image *image) {
    const struct sim_model *model = &sim_models[firmware->model];
    size_t octets =
        sim_manufacturer_octets(firmware, (size_t)run->options->octets);
    struct buffer manufacturer = {0}, ota = {0};
    uint8_t signature[64];
    sim_manufacturer_image(firmware, octets, &manufacturer);
    SHA256(manufacturer.data, manufacturer.len, image->hash);
    bool is_signed = model->type != TYPE_PPMID;
    if (is_signed &&
        !key_sign(key_new(run->arena), buffer_span(&manufacturer), signature))
        lives_die("an image cannot be signed");
    ota_build(
        &(struct ota_recipe){
            .manufacturer_code = model->manufacturer_id,
            .image_type = model->model_id,
            .file_version = firmware->version,
            .has_hardware_versions = true,
            .max_hardware_version = 0xFFFF,
            .header_string = firmware->family,
            .manufacturer_image = buffer_span(&manufacturer),
            .signature = is_signed ? span_of(signature, sizeof signature)
                                   : (struct span){0},
        },
        &ota);
    buffer_free(&manufacturer);
    image->octets = arena_copy(run->arena, buffer_span(&ota));
    buffer_free(&ota);
}

static const struct lives_image *image_of(struct lives_run *run,
                                          const struct life_device *device,
                                          uint8_t version) {
    size_t number = image_number(device, version);
    if (!run->images)
        run->images =
            arena_zero(run->arena, sim_firmware_count, sizeof *run->images);
    struct lives_image *image = &run->images[number];
    if (!image->octets.len)
        image_build(run, &sim_firmwares[number], image);
    return image;
}

struct span lives_image(struct lives_run *run, const struct life_device *device,
                        uint8_t version) {
    return image_of(run, device, version)->octets;
}

const uint8_t *lives_image_hash(struct lives_run *run,
                                const struct life_device *device,
                                uint8_t version) {
    return image_of(run, device, version)->hash;
}

const char *lives_service(const struct life_device *device) {
    return sim_update_service(device->type);
}
