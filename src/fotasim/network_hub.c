/* Hubs: what the block does that a home's GSME and PPMID share. An ESME's has
 * one of its own, in which nothing meets anything. */
#include "base/memory.h"
#include "dispatch/dispatch.h"
#include "fotasim/network.h"

#include <math.h>
#include <stdlib.h>

/* How long a device may take to begin, and a GSME's image may stay. */
enum { LONGEST = 14 * TICKS_A_DAY };

struct hub {
    uint32_t request; /* of the image that is there, counted from 1; 0: none */
    tick came;
    uint8_t tries;
    uint8_t expected; /* bits, by type: an image is on its way, or there */
};

struct network_hubs {
    uint32_t homes;
    struct hub hubs[];
};

struct network_hubs *network_hubs_new(uint32_t homes) {
    size_t size = sizeof(struct network_hubs) + homes * sizeof(struct hub);
    struct network_hubs *hubs = memory_zeros(1, size);
    hubs->homes = homes;
    return hubs;
}

void network_hubs_free(struct network_hubs *hubs) {
    free(hubs);
}

static enum network_type type_of(const struct network *network,
                                 uint32_t request) {
    return (enum network_type)network->requests[request].type;
}

/* ---- what who steers knows ---- */

void network_hub_expect(struct network *network,
                        const struct network_update *update) {
    network->hubs->hubs[update->home].expected |=
        (uint8_t)(1 << type_of(network, update->request));
}

void network_hub_forget(struct network *network,
                        const struct network_update *update) {
    network->hubs->hubs[update->home].expected &=
        (uint8_t) ~(1 << type_of(network, update->request));
}

bool network_hub_is_taken(const struct network *network,
                          const struct network_update *update) {
    static const char *const names[NETWORK_TYPES] = {"ESME", "GSME", "PPMID"};
    const char *type = names[type_of(network, update->request)];
    uint8_t expected = network->hubs->hubs[update->home].expected;
    for (int by = 0; by < NETWORK_TYPES; by++)
        if (expected & 1 << by && dispatch_hub_waits(type, names[by]))
            return true;
    return false;
}

/* ---- what happens there ---- */

static tick days_ticks(double count) {
    return (tick)(count * TICKS_A_DAY);
}

/* How long the device takes to have it, with a mean in days. */
static tick device_takes(struct network *network, double mean) {
    tick drawn = days_ticks(-mean * log(1 - network_chance(&network->random)));
    return drawn < LONGEST ? drawn : LONGEST;
}

/* A GSME takes a day at least over the HAN (Appendix D); one PPMID in twenty
 * does not fetch it, as it is off. */
static tick hub_stay(struct network *network, enum network_type type) {
    double chance = network_chance(&network->random);
    if (type == NETWORK_GSME)
        return chance < 0.02 ? LONGEST
                             : days_ticks(1) + device_takes(network, 0.5);
    return chance < 0.05   ? LONGEST
           : chance < 0.30 ? device_takes(network, 3)
                           : device_takes(network, 0.5);
}

/* +1: it has come; -1: it was driven out, so it had not. */
static void delays_note(struct network_delays *delays, tick delay, int by) {
    delays->counts[delay] += (uint64_t)(int64_t)by;
    delays->total += (uint64_t)(int64_t)by;
}

static void delivery_note(struct network *network,
                          const struct network_update *update, tick came,
                          int by) {
    const struct network_request *r = &network->requests[update->request];
    struct network_tally *tally = network->tally;
    delays_note(&tally->delivered[network_csp_of(network, update->home)]
                                 [r->type == NETWORK_PPMID],
                came - r->received, by);
    if (r->devices == 1)
        delays_note(&tally->single, came - r->received, by);
    tally->done_by_day[came / TICKS_A_DAY] += (uint64_t)(int64_t)by;
}

static void hub_drive_out(struct network *network, uint32_t home,
                          enum network_type type) {
    struct hub *hub = &network->hubs->hubs[home];
    const struct network_update update = {home, hub->request - 1, hub->tries};
    delivery_note(network, &update, hub->came, -1);
    network_add(network->tally,
                type == NETWORK_GSME ? COUNT_OUT_BY_GSME : COUNT_OUT_BY_PPMID,
                1);
    hub->request = 0;
    network_hub_forget(network, &update);
    network_fail(network, &update);
}

/* The block is a GSME's: a PPMID's image waits beside the hub. */
static bool hub_waits(struct network *network,
                      const struct network_update *update,
                      enum network_type type) {
    const struct hub *hub = &network->hubs->hubs[update->home];
    if (type != NETWORK_PPMID || !hub->request ||
        type_of(network, hub->request - 1) != NETWORK_GSME)
        return false;
    network_at(network, network->now + TICKS_AN_HOUR,
               &(struct network_event){.kind = HAPPENS_ARRIVAL,
                                       .tries = update->tries,
                                       .a = update->home,
                                       .b = update->request});
    return true;
}

void network_hub_take(struct network *network,
                      const struct network_update *update) {
    enum network_type type = type_of(network, update->request);
    struct hub *hub = &network->hubs->hubs[update->home];
    if (type == NETWORK_ESME) {
        network_hub_forget(network, update);
        network_log(network, STEP_HUB, update);
        delivery_note(network, update, network->now, 1);
        return;
    }
    if (hub_waits(network, update, type))
        return;
    if (hub->request && type_of(network, hub->request - 1) == NETWORK_PPMID)
        hub_drive_out(network, update->home, type);
    network_hub_expect(network, update);
    hub->request = update->request + 1;
    hub->came = network->now;
    hub->tries = update->tries;
    delivery_note(network, update, network->now, 1);
    network_log(network, STEP_HUB, update);
    network_at(network, network->now + hub_stay(network, type),
               &(struct network_event){.kind = HAPPENS_HUB_ENDS,
                                       .a = update->home,
                                       .b = network->now});
}

void network_hub_end(struct network *network, uint32_t home, tick came) {
    struct hub *hub = &network->hubs->hubs[home];
    if (!hub->request || hub->came != came)
        return;
    const struct network_update update = {home, hub->request - 1, hub->tries};
    bool never = network->now - came >= LONGEST;
    network_add(network->tally, COUNT_NEVER_BEGUN, never);
    network_log(network, never ? STEP_FAILED : STEP_DEVICE, &update);
    hub->request = 0;
    network_hub_forget(network, &update);
}
