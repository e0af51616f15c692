#include "fotasim/estate.h"

#include "fotasim/random.h"

const eui64 sim_suppliers[SIM_SUPPLIERS] = {
    0x90B3D51F30010000, 0x90B3D51F30020000, 0x90B3D51F30030000,
    0x90B3D51F30040000};
const eui64 sim_network_operator = 0x90B3D51F30050000;
const eui64 sim_suspended_supplier = 0x90B3D51F30060000;
const eui64 sim_acb = 0x90B3D51F30000002;

const char *const sim_judgement_names[SIM_JUDGEMENTS] = {
    "accepted", "invalid", "not_commissioned", "not_applicable",
    "gbcs_version"};

/* One of several, by shares. */
struct choice {
    unsigned share;
    const char *text;
};

static const struct choice REGIONS[] = {
    {3400, "North"},     {2900, "Central"}, {2500, "South"}, {300, "4G North"},
    {300, "4G Central"}, {200, "4G South"}, {380, "SMETS1"}, {20, "Unknown"},
};
static const struct choice GBCS_VERSIONS[] = {
    {70, "4.1"}, {20, "4.0"}, {8, "3.2"}, {2, "2.0"}};
static const struct choice STATUSES[] = {
    {960, "Commissioned"}, {10, "InstalledNotCommissioned"},
    {8, "Suspended"},      {6, "Pending"},
    {6, "Whitelisted"},    {4, "Decommissioned"},
    {3, "Withdrawn"},      {2, "Recovery"},
    {1, "Recovered"},
};
static const unsigned SUPPLIER_SHARES[SIM_SUPPLIERS] = {40, 30, 20, 10};

#define CHOOSE(random, choices)                                                \
    choose_text(random, choices, sizeof(choices) / sizeof *(choices))

static const char *choose_text(struct sim_random *random,
                               const struct choice *choices, size_t count) {
    unsigned all = 0;
    for (size_t i = 0; i < count; i++)
        all += choices[i].share;
    unsigned at = random_below(random, all);
    size_t i = 0;
    while (at >= choices[i].share)
        at -= choices[i++].share;
    return choices[i].text;
}

static eui64 choose_supplier(struct sim_random *random) {
    unsigned at = random_below(random, 100);
    size_t i = 0;
    while (at >= SUPPLIER_SHARES[i])
        at -= SUPPLIER_SHARES[i++];
    return sim_suppliers[i];
}

static size_t choose_model(struct sim_random *random, enum device_type type) {
    unsigned at = random_below(random, 100);
    for (size_t i = 0; i < sim_model_count; i++) {
        if (sim_models[i].type != type)
            continue;
        if (at < sim_models[i].share)
            return i;
        at -= sim_models[i].share;
    }
    return 0;
}

static uint32_t choose_firmware(struct sim_random *random, size_t model) {
    unsigned at = random_below(random, 100);
    for (size_t i = 0; i < sim_firmware_count; i++) {
        if (sim_firmwares[i].model != model)
            continue;
        if (at < sim_firmwares[i].running)
            return sim_firmwares[i].version;
        at -= sim_firmwares[i].running;
    }
    return 0;
}

/* Serial numbers are five octets. Neighbours in a home are no neighbours in an
 * index: an odd factor permutes the numbers. */
#define SERIALS UINT64_C(0xFFFFFFFFFF)
#define FACTOR UINT64_C(0x9E3779B97F)
#define UNDO_FACTOR UINT64_C(0x4C19BC067F) /* times FACTOR is 1 */

static eui64 device_id(size_t model, uint64_t home, unsigned place) {
    uint64_t number = (home + 1) * 16 + place;
    uint64_t serial = number * FACTOR & SERIALS;
    return (uint64_t)sim_models[model].oui << 40 | serial;
}

struct making {
    struct sim_random random;
    uint64_t number;
    struct sim_home *home;
};

static struct sim_device *add_device(struct making *m, size_t model) {
    struct sim_device *device = &m->home->devices[m->home->device_count];
    *device = (struct sim_device){
        .id = device_id(model, m->number, (unsigned)m->home->device_count),
        .model = model,
        .firmware = choose_firmware(&m->random, model),
        .status = CHOOSE(&m->random, STATUSES)};
    m->home->device_count++;
    return device;
}

static bool chance_happens(struct making *m, unsigned per_mille) {
    return random_below(&m->random, 1000) < per_mille;
}

/* North has one maker of hubs, Central and South another; the 4G ones are a
 * third model. Each hub holds a Gas Proxy Function. */
static void add_hub(struct making *m) {
    static const struct {
        const char *begin;
        size_t hub, gpf;
    } hubs[] = {{"4G", 2, 5}, {"North", 0, 3}, {"", 1, 4}};
    size_t i = 0;
    while (strncmp(m->home->region, hubs[i].begin, strlen(hubs[i].begin)) != 0)
        i++;
    add_device(m, hubs[i].hub)->status =
        chance_happens(m, 2) ? "Suspended" : "Commissioned";
    add_device(m, hubs[i].gpf);
}

static void add_esme(struct making *m, eui64 supplier) {
    struct sim_device *esme =
        add_device(m, choose_model(&m->random, TYPE_ESME));
    esme->supplier = supplier;
    esme->network_operator = sim_network_operator;
    if (chance_happens(m, 60))
        esme->export_supplier = choose_supplier(&m->random);
    if (chance_happens(m, 20))
        esme->registered_agent = sim_suppliers[SIM_SUPPLIERS - 1];
}

static void add_some(struct making *m, enum device_type type,
                     unsigned per_mille) {
    if (chance_happens(m, per_mille))
        add_device(m, choose_model(&m->random, type));
}

void sim_home(uint64_t seed, uint64_t number, struct sim_home *home) {
    struct making m = {
        {seed * UINT64_C(0xD1342543DE82EF95) + number}, number, home};
    home->device_count = 0;
    home->region = CHOOSE(&m.random, REGIONS);
    home->gbcs_version = CHOOSE(&m.random, GBCS_VERSIONS);
    home->smets1 = strcmp(home->region, "SMETS1") == 0;
    add_hub(&m);
    eui64 import = choose_supplier(&m.random);
    add_esme(&m, import);
    if (chance_happens(&m, 30))
        add_esme(&m, import);
    if (chance_happens(&m, 800))
        add_device(&m, choose_model(&m.random, TYPE_GSME))->supplier =
            chance_happens(&m, 300) ? choose_supplier(&m.random) : import;
    add_some(&m, TYPE_PPMID, 850);
    add_some(&m, TYPE_PPMID, 50);
    add_some(&m, TYPE_HCALCS, 80);
    add_some(&m, TYPE_IHD, 150);
    add_some(&m, TYPE_CAD, 40);
}

bool sim_home_of(uint64_t seed, eui64 device, struct sim_home *home,
                 size_t *place) {
    uint64_t number = (device & SERIALS) * UNDO_FACTOR & SERIALS;
    if (number < 16)
        return false;
    sim_home(seed, number / 16 - 1, home);
    *place = number % 16;
    return *place < home->device_count && home->devices[*place].id == device;
}

/* Whose meter makes the sender a Responsible Supplier of this device
 * (requirement B4). */
static bool is_responsible(const struct sim_home *home,
                           const struct sim_device *device, eui64 sender) {
    enum device_type type = sim_models[device->model].type;
    if (type == TYPE_ESME || type == TYPE_GSME)
        return device->supplier == sender;
    for (size_t i = 0; i < home->device_count; i++) {
        enum device_type meter = sim_models[home->devices[i].model].type;
        bool counts =
            meter == TYPE_ESME || (meter == TYPE_GSME && type == TYPE_PPMID);
        if (counts && home->devices[i].supplier == sender)
            return true;
    }
    return false;
}

static bool is_served(const struct sim_home *home) {
    return !home->smets1 && strcmp(home->region, "Unknown") != 0;
}

static bool image_is_for(const struct sim_firmware *image,
                         enum device_type type) {
    const char *service = sim_update_service(type);
    const char *wanted = sim_update_service(sim_models[image->model].type);
    return service && wanted && strcmp(service, wanted) == 0;
}

enum sim_judgement sim_judge(const struct sim_home *home,
                             const struct sim_device *device,
                             const struct sim_firmware *image, eui64 sender) {
    enum device_type type = sim_models[device->model].type;
    if (!image_is_for(image, type) || !is_served(home) ||
        !is_responsible(home, device, sender))
        return SIM_INVALID;
    if (strcmp(device->status, "Commissioned") != 0)
        return SIM_NOT_COMMISSIONED;
    if (!sim_image_fits(image, device->model))
        return SIM_NOT_APPLICABLE;
    bool needs_4 = type == TYPE_PPMID || type == TYPE_HCALCS;
    return needs_4 && home->gbcs_version[0] < '4' ? SIM_GBCS_VERSION
                                                  : SIM_ACCEPTED;
}
