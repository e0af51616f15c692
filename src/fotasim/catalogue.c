#include "fotasim/catalogue.h"

#include "fotasim/random.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    HUB_A,
    HUB_B,
    HUB_4G,
    HUB_A_GPF,
    HUB_B_GPF,
    HUB_4G_GPF,
    ESME_A,
    ESME_A2,
    ESME_B,
    ESME_C,
    GSME_A,
    GSME_B,
    PPMID_A,
    PPMID_B,
    PPMID_C,
    HCALCS_A,
    HCALCS_B,
    IHD_A,
    CAD_A,
};

/* The hubs' shares do not count: the region decides (estate.c). */
const struct sim_model sim_models[] = {
    [HUB_A] = {"hub-a", TYPE_CHF, 0x10A1, 0x0001, 1, 0, 0x00DBA1, 0},
    [HUB_B] = {"hub-b", TYPE_CHF, 0x10A2, 0x0001, 2, 0, 0x00DBA2, 0},
    [HUB_4G] = {"hub-4g", TYPE_CHF, 0x10A2, 0x0004, 1, 0, 0x00DBA4, 0},
    [HUB_A_GPF] = {"hub-a-gpf", TYPE_GPF, 0x10A1, 0x0002, 1, 0, 0x00DBA1, 0},
    [HUB_B_GPF] = {"hub-b-gpf", TYPE_GPF, 0x10A2, 0x0002, 2, 0, 0x00DBA2, 0},
    [HUB_4G_GPF] = {"hub-4g-gpf", TYPE_GPF, 0x10A2, 0x0005, 1, 0, 0x00DBA4, 0},
    [ESME_A] = {"esme-a", TYPE_ESME, 0x1101, 0x0010, 1, 0, 0x00DBE1, 45},
    [ESME_A2] = {"esme-a2", TYPE_ESME, 0x1101, 0x0010, 2, 1, 0x00DBE1, 15},
    [ESME_B] = {"esme-b", TYPE_ESME, 0x1102, 0x0020, 1, 0, 0x00DBE2, 30},
    [ESME_C] = {"esme-c", TYPE_ESME, 0x1103, 0x0031, 3, 0, 0x00DBE3, 10},
    [GSME_A] = {"gsme-a", TYPE_GSME, 0x1201, 0x0007, 1, 0, 0x00DBC1, 70},
    [GSME_B] = {"gsme-b", TYPE_GSME, 0x1202, 0x0003, 1, 2, 0x00DBC2, 30},
    [PPMID_A] = {"ppmid-a", TYPE_PPMID, 0x1301, 0x0084, 1, 0, 0x00DBD1, 60},
    [PPMID_B] = {"ppmid-b", TYPE_PPMID, 0x1301, 0x0085, 1, 0, 0x00DBD1, 25},
    [PPMID_C] = {"ppmid-c", TYPE_PPMID, 0x1302, 0x0009, 2, 0, 0x00DBD2, 15},
    [HCALCS_A] = {"hcalcs-a", TYPE_HCALCS, 0x1401, 0x0001, 1, 0, 0x00DBF1, 80},
    [HCALCS_B] = {"hcalcs-b", TYPE_HCALCS, 0x1402, 0x0001, 1, 0, 0x00DBF2, 20},
    [IHD_A] = {"ihd-a", TYPE_IHD, 0x1501, 0x0002, 1, 0, 0x00DBB1, 100},
    [CAD_A] = {"cad-a", TYPE_CAD, 0x1601, 0x0001, 1, 0, 0x00DBB6, 100},
};
const size_t sim_model_count = sizeof sim_models / sizeof *sim_models;

/* The newest Active firmware of each model runs nowhere yet: it is what the
 * sample campaigns bring. */
const struct sim_firmware sim_firmwares[] = {
    {HUB_A, 0x05010000, SIM_ACTIVE, 100, NULL},
    {HUB_B, 0x00020100, SIM_ACTIVE, 100, NULL},
    {HUB_4G, 0x01000000, SIM_ACTIVE, 100, NULL},
    {HUB_A_GPF, 0x05010000, SIM_ACTIVE, 100, NULL},
    {HUB_B_GPF, 0x00020100, SIM_ACTIVE, 100, NULL},
    {HUB_4G_GPF, 0x01000000, SIM_ACTIVE, 100, NULL},
    {ESME_A, 0x01000000, SIM_EXPIRED, 5, "esme-a"},
    {ESME_A, 0x01010000, SIM_ACTIVE, 95, "esme-a"},
    {ESME_A, 0x01020000, SIM_ACTIVE, 0, "esme-a"},
    {ESME_A, 0x01030000, SIM_WITHDRAWN, 0, "esme-a"},
    {ESME_A2, 0x01010000, SIM_ACTIVE, 100, "esme-a"},
    {ESME_A2, 0x01020000, SIM_ACTIVE, 0, "esme-a"},
    {ESME_B, 0x00000017, SIM_ACTIVE, 100, "esme-b"},
    {ESME_B, 0x00000018, SIM_ACTIVE, 0, "esme-b"},
    {ESME_C, 0x30303031, SIM_WITHDRAWN, 20, "esme-c"},
    {ESME_C, 0x30303032, SIM_ACTIVE, 80, "esme-c"},
    {ESME_C, 0x30303033, SIM_CANCELLED, 0, "esme-c"},
    {GSME_A, 0x00010002, SIM_ACTIVE, 100, "gsme-a"},
    {GSME_A, 0x00010003, SIM_ACTIVE, 0, "gsme-a"},
    {GSME_B, 0x02000000, SIM_EXPIRED, 100, NULL},
    {GSME_B, 0x02010000, SIM_ACTIVE, 0, "gsme-b"},
    {PPMID_A, 0x0A000001, SIM_ACTIVE, 70, "ppmid-a"},
    {PPMID_A, 0x0A000002, SIM_ACTIVE, 30, "ppmid-a"},
    {PPMID_A, 0x0A000003, SIM_ACTIVE, 0, "ppmid-a"},
    {PPMID_A, 0x0A000004, SIM_EXPIRED, 0, "ppmid-a"},
    {PPMID_B, 0x0A000002, SIM_ACTIVE, 100, "ppmid-a"},
    {PPMID_B, 0x0A000003, SIM_ACTIVE, 0, "ppmid-a"},
    {PPMID_C, 0x00000100, SIM_ACTIVE, 100, "ppmid-c"},
    {PPMID_C, 0x00000200, SIM_ACTIVE, 0, "ppmid-c"},
    {HCALCS_A, 0x00000001, SIM_ACTIVE, 100, "hcalcs-a"},
    {HCALCS_A, 0x00000002, SIM_ACTIVE, 0, "hcalcs-a"},
    {HCALCS_B, 0x00000010, SIM_ACTIVE, 100, NULL},
    {IHD_A, 0x00000005, SIM_ACTIVE, 100, NULL},
    {CAD_A, 0x00000001, SIM_ACTIVE, 100, NULL},
};
const size_t sim_firmware_count = sizeof sim_firmwares / sizeof *sim_firmwares;

const struct sim_firmware *sim_firmware_find(const char *image) {
    for (size_t i = 0; i < sim_firmware_count; i++) {
        const struct sim_firmware *f = &sim_firmwares[i];
        char name[64];
        snprintf(name, sizeof name, "%s-%08" PRIX32, f->family ? f->family : "",
                 f->version);
        if (f->family && strcasecmp(name, image) == 0)
            return f;
    }
    return NULL;
}

bool sim_image_fits(const struct sim_firmware *image, size_t model) {
    for (size_t i = 0; i < sim_firmware_count; i++) {
        const struct sim_firmware *f = &sim_firmwares[i];
        if (f->model == model && f->version == image->version &&
            f->status == SIM_ACTIVE && f->family &&
            strcmp(f->family, image->family) == 0)
            return true;
    }
    return false;
}

const char *sim_update_service(enum device_type type) {
    switch (type) {
    case TYPE_ESME:
    case TYPE_GSME:
    case TYPE_HCALCS:
        return "11.1";
    case TYPE_PPMID:
        return "11.4";
    default:
        return NULL;
    }
}

static uint64_t seed_of(const struct sim_firmware *firmware) {
    struct sim_random random = {firmware->version};
    for (const char *c = firmware->family; *c; c++)
        random.state = random_next(&random) ^ (uint64_t)(unsigned char)*c;
    return random.state;
}

void sim_manufacturer_image(const struct sim_firmware *firmware, size_t octets,
                            struct buffer *out) {
    struct sim_random random = {seed_of(firmware)};
    uint8_t *at = buffer_room(out, octets);
    for (size_t i = 0; i < octets; i++)
        at[i] = (uint8_t)(random_next(&random) >> 56);
    out->len += octets;
}

size_t sim_manufacturer_octets(const struct sim_firmware *firmware,
                               size_t octets) {
    enum { HEADER = 60, TRAILER = 66 };
    bool trailer = sim_models[firmware->model].type != TYPE_PPMID;
    return octets - HEADER - (trailer ? TRAILER : 0);
}
