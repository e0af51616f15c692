/* The images of a run, each made once. */
#ifndef FOTAD_FOTASIM_LIVES_IMAGE_H
#define FOTAD_FOTASIM_LIVES_IMAGE_H

#include "fotasim/lives_run.h"

/* Of a device's version, by its index: the OTA Upgrade Image, which is the same
 * octets for all devices with that image, and the SHA-256 of its Manufacturer
 * Image (GBCS_HASH_LEN octets). They live as long as the run. */
struct span lives_image(struct lives_run *run, const struct life_device *device,
                        uint8_t version);
const uint8_t *lives_image_hash(struct lives_run *run,
                                const struct life_device *device,
                                uint8_t version);

/* "11.1", "11.4" */
const char *lives_service(const struct life_device *device);

#endif
