/*
 * The sample estate: homes, each with a Communications Hub and what is joined
 * to it. A home follows from the seed and its number alone, so that any part
 * of an estate of any size is found again without storing it.
 */
#ifndef FOTAD_FOTASIM_ESTATE_H
#define FOTAD_FOTASIM_ESTATE_H

#include "base/eui64.h"
#include "fotasim/catalogue.h"

enum { SIM_SUPPLIERS = 4, SIM_MOST_DEVICES = 12 };

/* The User IDs of the suppliers, as in the certificates of `fotasim pki`. */
extern const eui64 sim_suppliers[SIM_SUPPLIERS];
/* A User that may only read, and one that is suspended. */
extern const eui64 sim_network_operator, sim_suspended_supplier;
extern const eui64 sim_acb;

struct sim_device {
    eui64 id;
    size_t model; /* index into sim_models */
    uint32_t firmware;
    const char *status; /* DUIS DeviceStatus */
    eui64 supplier;     /* ESME: import, GSME: gas; else 0 */
    eui64 export_supplier, network_operator, registered_agent; /* ESME, or 0 */
};

struct sim_home {
    const char *region; /* DUIS CSPRegion */
    const char *gbcs_version;
    bool smets1;
    size_t device_count;
    struct sim_device devices[SIM_MOST_DEVICES]; /* [0] is the CHF */
};

void sim_home(uint64_t seed, uint64_t number, struct sim_home *home);

/* The home with that device, and its place there; false when no home of the
 * seed has one. */
bool sim_home_of(uint64_t seed, eui64 device, struct sim_home *home,
                 size_t *place);

/* What becomes of a device of a request when nothing else is in progress
 * (requirements B3), judged from the estate and not by fotad. */
enum sim_judgement {
    SIM_ACCEPTED,
    SIM_INVALID,
    SIM_NOT_COMMISSIONED,
    SIM_NOT_APPLICABLE,
    SIM_GBCS_VERSION,
    SIM_JUDGEMENTS
};
extern const char *const sim_judgement_names[SIM_JUDGEMENTS];

enum sim_judgement sim_judge(const struct sim_home *home,
                             const struct sim_device *device,
                             const struct sim_firmware *image, eui64 sender);

#endif
