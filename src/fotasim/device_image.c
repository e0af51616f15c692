/* What an emulated device does with an image that it has got from its hub, and
 * a PPMID with one that it has got from a person. */
#include "fotasim/device_sim.h"
#include "fotasim/estate.h"

#include "gbcs/build.h"

/* ---- a PPMID ---- */

/* In an update in two images the first is stored only, and the second needs it
 * (Appendix B). False: it cannot be activated. */
static bool ppmid_take_part(const struct sim_faults *faults, uint32_t version,
                            struct sim_memory *memory) {
    for (unsigned i = 0; i < faults->turn_count; i++) {
        const struct sim_turn *turn = &faults->turns[i];
        if (turn->kind == SIM_PARTS && turn->version == version) {
            memory->stored = version;
            return true;
        }
        if (turn->kind == SIM_PARTS && turn->second == version &&
            memory->stored != turn->version)
            return false;
    }
    memory->running = version;
    memory->stored = 0;
    return true;
}

/* It activates what it has at once. */
static bool ppmid_activate(const struct sim_sending *s, uint32_t version,
                           struct sim_memory *memory) {
    if (sim_faulty(s->faults, memory->id, SIM_ACTIVATION_FAILED))
        return false;
    return sim_faulty(s->faults, memory->id, SIM_VERSION_UNCHANGED) ||
           ppmid_take_part(s->faults, version, memory);
}

static void ppmid_alert(const struct sim_sending *s,
                        const struct sim_memory *memory, bool activated,
                        instant delay) {
    if (sim_faulty(s->faults, memory->id, SIM_DEVICE_SILENT))
        return;
    struct gbcs_header header =
        sim_alert_header(memory->id, sim_acb, GBCS_CODE_CS09);
    struct gbcs_payload payload = {
        .kind = GBCS_PPMID_ALERT,
        .alert_code = GBCS_8F8B_PPMID_ACTIVATION,
        .result = activated ? GBCS_PPMID_ACTIVATION_SUCCESS
                            : GBCS_PPMID_ACTIVATION_FAILURE,
        .has_time = true,
        .time = s->now + delay,
        .firmware_version = sim_version_told(s, memory)};
    sim_send(s, "8F8B", &header, &payload, delay);
}

static void ppmid_gets_image(const struct sim_sending *s,
                             const struct sim_transfer *t, instant delay) {
    struct sim_memory memory = sim_recall(s->han, t->device);
    bool activated = ppmid_activate(s, t->version, &memory);
    memory.through = s->hub;
    sim_keep(s->han, &memory);
    ppmid_alert(s, &memory, activated, delay);
}

/* ---- a PPMID that is updated locally ---- */

/* Through the hub that it was moved to, or was reached by, or has in the sample
 * estate; 0: it has none. */
static eui64 ppmid_hub(const struct sim_sending *s,
                       const struct sim_memory *memory) {
    struct sim_home home;
    size_t place;
    eui64 hub = memory->through;
    if (!hub && sim_home_of(s->han->seed, memory->id, &home, &place))
        hub = home.devices[0].id;
    return sim_joined(s->faults, memory->id, hub);
}

static void ppmid_update_locally(const struct sim_sending *s,
                                 const struct sim_turn *turn) {
    struct sim_memory memory = sim_recall(s->han, turn->device);
    instant when;
    if (turn->time > s->now || turn->time <= memory.local ||
        !sim_is_on(s->faults, turn->device, s->now, &when))
        return;
    if (when < turn->time)
        when = turn->time;
    memory.local = turn->time;
    memory.running = turn->version;
    memory.stored = 0;
    sim_keep(s->han, &memory);
    struct sim_sending own = *s;
    own.hub = ppmid_hub(s, &memory);
    /* a time of long ago, before anybody was there to look, means now */
    if (s->han->ticked && when > s->han->ticked)
        own.now = when;
    if (own.hub)
        ppmid_alert(&own, &memory, true, 0);
}

void sim_local_updates(const struct sim_sending *s) {
    for (unsigned i = 0; i < s->faults->turn_count; i++)
        if (s->faults->turns[i].kind == SIM_LOCAL)
            ppmid_update_locally(s, &s->faults->turns[i]);
}

/* ---- meters and HCALCS ---- */

/* A meter has verified the image and keeps it until it is told to activate. */
static void meter_alert(const struct sim_sending *s,
                        const struct sim_transfer *t, bool failed,
                        instant delay) {
    bool gas = strcmp(t->device_type, "GSME") == 0;
    if (!t->supplier || (!gas && strcmp(t->device_type, "ESME") != 0) ||
        sim_faulty(s->faults, t->device, SIM_DEVICE_SILENT))
        return;
    struct gbcs_header header = sim_alert_header(
        t->device, t->supplier, gas ? GBCS_CODE_FDRA_ZCL : GBCS_CODE_FDRA_DLMS);
    struct gbcs_payload payload = {
        .kind = GBCS_VERIFICATION_ALERT,
        .alert_code = failed ? GBCS_8F1C_VERIFICATION_FAILED
                             : GBCS_8F72_VERIFICATION_SUCCEEDED,
        .has_time = true,
        .time = s->now + delay,
        .hash = span_of(t->hash, sizeof t->hash)};
    sim_send(s, failed ? "8F1C" : "8F72", &header, &payload, delay);
}

static void meter_gets_image(const struct sim_sending *s,
                             const struct sim_transfer *t, instant delay) {
    bool failed = sim_faulty(s->faults, t->device, SIM_VERIFICATION_FAILED);
    if (!failed) {
        struct sim_memory memory = sim_recall(s->han, t->device);
        memory.holds = true;
        memory.held_version = t->version;
        memcpy(memory.held_hash, t->hash, sizeof memory.held_hash);
        sim_keep(s->han, &memory);
    }
    meter_alert(s, t, failed, delay);
}

void sim_device_gets_image(const struct sim_sending *s,
                           const struct sim_transfer *t, instant delay) {
    if (strcmp(t->device_type, "PPMID") == 0)
        ppmid_gets_image(s, t, delay);
    else
        meter_gets_image(s, t, delay);
}
