/*
 * What the sample estate is made of: Device Models, their firmware and its
 * standing on the Central Products List, as tables. Manufacturers, models and
 * images are invented.
 */
#ifndef FOTAD_FOTASIM_CATALOGUE_H
#define FOTAD_FOTASIM_CATALOGUE_H

#include "base/buffer.h"
#include "base/lists.h"

struct sim_model {
    const char *name;
    enum device_type type;
    uint16_t manufacturer_id, model_id;
    uint8_t hardware_version, hardware_revision;
    uint32_t oui;   /* the first three octets of its Device IDs */
    unsigned share; /* of its type, in per cent */
};

extern const struct sim_model sim_models[];
extern const size_t sim_model_count;

/* The number of each in cpl_statuses[]. */
enum sim_cpl_status { SIM_ACTIVE, SIM_CANCELLED, SIM_EXPIRED, SIM_WITHDRAWN };

/* One firmware of one model: an entry of the Central Products List. */
struct sim_firmware {
    size_t model; /* index into sim_models */
    uint32_t version;
    enum sim_cpl_status status;
    unsigned running; /* share of the model's devices that run it, per cent */
    /* The image, shared by all entries that name the same family and version;
     * NULL: the entry has no Manufacturer Image Hash. */
    const char *family;
};

extern const struct sim_firmware sim_firmwares[];
extern const size_t sim_firmware_count;

/* The firmware whose image has that name, "FAMILY-VERSION" with the version in
 * hexadecimal; NULL when there is none. The first entry of several. */
const struct sim_firmware *sim_firmware_find(const char *image);

/* Whether devices of that model may be updated with that image: an Active
 * entry has it. */
bool sim_image_fits(const struct sim_firmware *image, size_t model);

/* "11.1", "11.4", or NULL for what no service updates. */
const char *sim_update_service(enum device_type type);

/* The Manufacturer Image: `octets` octets that only depend on family and
 * version. Appends to `out`. */
void sim_manufacturer_image(const struct sim_firmware *firmware, size_t octets,
                            struct buffer *out);

/* Octets of the Manufacturer Image in an OTA Upgrade Image of `octets`. */
size_t sim_manufacturer_octets(const struct sim_firmware *firmware,
                               size_t octets);

/* The default size of its OTA Upgrade Image. */
enum { SIM_IMAGE_OCTETS = 65536 };

#endif
