#include "fotasim/lives_estate.h"

#include "base/memory.h"
#include "fotasim/estate.h"

#include <stdlib.h>

/* Of every so many homes the hub is kept for devices that move; of every so
 * many devices one may be of a home with certificates for everything. */
enum { KEEP_HUB_OF = 16, AGREEING_OF = 8, FEWEST_AGREEING = 20 };

uint8_t lives_supplier(eui64 user) {
    for (unsigned i = 0; i < SIM_SUPPLIERS; i++)
        if (sim_suppliers[i] == user)
            return (uint8_t)i;
    return LIFE_NONE;
}

static uint8_t region_csp(const struct sim_home *home) {
    return !(strcmp(home->region, "North") == 0 ||
             strcmp(home->region, "4G North") == 0);
}

static const struct sim_device *home_find(const struct sim_home *home,
                                          enum device_type type) {
    for (size_t i = 0; i < home->device_count; i++)
        if (sim_models[home->devices[i].model].type == type)
            return &home->devices[i];
    return NULL;
}

/* What it runs, and then what it may be updated to. */
static void versions_fill(const struct sim_device *from,
                          struct life_device *device) {
    device->versions[0] = from->firmware;
    device->version_count = 1;
    for (size_t i = 0; i < sim_firmware_count; i++) {
        const struct sim_firmware *f = &sim_firmwares[i];
        if (f->model == from->model && f->status == SIM_ACTIVE && f->family &&
            f->version != from->firmware &&
            device->version_count < LIFE_MOST_VERSIONS)
            device->versions[device->version_count++] = f->version;
    }
}

static const struct sim_firmware *firmware_find(size_t model,
                                                uint32_t version) {
    for (size_t i = 0; i < sim_firmware_count; i++)
        if (sim_firmwares[i].model == model &&
            sim_firmwares[i].version == version)
            return &sim_firmwares[i];
    return NULL;
}

/* Whether the home's device of that type can be a life, and its facts. */
static bool device_take(const struct sim_home *home, enum device_type type,
                        struct life_device *device) {
    const struct sim_device *from = home_find(home, type);
    const struct sim_device *esme = home_find(home, TYPE_ESME);
    const struct sim_device *gsme = home_find(home, TYPE_GSME);
    if (!from || !esme)
        return false;
    eui64 sender = type == TYPE_GSME ? from->supplier : esme->supplier;
    *device = (struct life_device){.id = from->id,
                                   .hub = home->devices[0].id,
                                   .gsme = gsme ? gsme->id : 0,
                                   .type = type,
                                   .csp = region_csp(home),
                                   .sender = lives_supplier(sender),
                                   .model = from->model};
    versions_fill(from, device);
    return device->sender < LIVES_SENDERS && device->version_count > 1 &&
           sim_judge(home, from,
                     firmware_find(from->model, device->versions[1]),
                     sender) == SIM_ACCEPTED;
}

/* Meters are of homes whose devices all have their certificates; some of those
 * have a PPMID that lives. */
static bool home_take(const struct sim_home *home, uint64_t number, bool agrees,
                      struct life_device *device) {
    static const enum device_type meters[] = {TYPE_ESME, TYPE_HCALCS, TYPE_GSME,
                                              TYPE_ESME, TYPE_HCALCS};
    enum { METERS = sizeof meters / sizeof *meters };
    bool meter = agrees && number % 8 != 0;
    for (size_t i = number % METERS; meter && i < METERS; i++)
        if (device_take(home, meters[i], device))
            return true;
    return device_take(home, TYPE_PPMID, device);
}

/* A hub that others move to; of each supplier the last one. */
struct hub_kept {
    eui64 id;
    uint8_t csp;
};

static bool home_is_served(const struct sim_home *home) {
    return !home->smets1 && strcmp(home->region, "Unknown") != 0 &&
           home->gbcs_version[0] >= '4' &&
           strcmp(home->devices[0].status, "Commissioned") == 0;
}

static void hub_keep(struct lives_estate *estate, const struct sim_home *home,
                     struct hub_kept kept[static LIVES_SENDERS]) {
    const struct sim_device *esme = home_find(home, TYPE_ESME);
    uint8_t sender = esme ? lives_supplier(esme->supplier) : LIFE_NONE;
    if (sender >= LIVES_SENDERS || !home_is_served(home))
        return;
    estate->hubs[estate->hub_count++] = home->devices[0].id;
    kept[sender] = (struct hub_kept){home->devices[0].id, region_csp(home)};
}

static void device_keep(struct lives_estate *estate,
                        const struct life_device *device,
                        const struct hub_kept kept[static LIVES_SENDERS],
                        bool agrees) {
    struct life_device *to = &estate->devices[estate->count++];
    *to = *device;
    to->other_hub = kept[device->sender].id;
    to->other_csp = kept[device->sender].csp;
    to->agrees = agrees;
}

void lives_estate_choose(struct lives_estate *estate, size_t count) {
    *estate = (struct lives_estate){
        .devices = memory_alloc(count * sizeof *estate->devices),
        .hubs = memory_alloc((count + 100) * sizeof *estate->hubs),
        .agreeing = count / AGREEING_OF + FEWEST_AGREEING};
    struct hub_kept kept[LIVES_SENDERS] = {{0}};
    struct sim_home home;
    for (uint64_t n = 0; estate->count < count; n++) {
        struct life_device device;
        bool agrees = n < estate->agreeing;
        sim_home(LIVES_ESTATE_SEED, n, &home);
        estate->homes = n + 1;
        if (n % KEEP_HUB_OF == 0 || !kept[0].id || !kept[1].id)
            hub_keep(estate, &home, kept);
        else if (home_take(&home, n / 2, agrees, &device))
            device_keep(estate, &device, kept, agrees);
    }
}

void lives_estate_free(struct lives_estate *estate) {
    free(estate->devices);
    free(estate->hubs);
}
