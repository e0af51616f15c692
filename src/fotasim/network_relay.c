/* CSP South and Central: admission control. An image is at its hub within a
 * day; so many devices are on their way at once, more is answered 503. */
#include "base/memory.h"
#include "fotasim/network.h"

#include <stdlib.h>

/* A job's devices come in so many lots, at most. */
enum { LOTS = 8 };

struct lot {
    struct network_updates updates;
    uint32_t job, next; /* next: that is free */
};

struct relayed {
    uint32_t left, devices, next;
    uint8_t class;
};

struct network_relay {
    struct lot *lots;
    uint32_t lot_count, lot_size, free_lot;
    struct relayed *jobs;
    uint32_t job_count, job_size, free_job;
    uint32_t in_flight; /* devices */
};

struct network_relay *network_relay_new(struct network *network) {
    (void)network;
    struct network_relay *relay = memory_alloc(sizeof *relay);
    *relay = (struct network_relay){.lot_count = 1, .job_count = 1};
    return relay;
}

void network_relay_free(struct network_relay *relay) {
    for (uint32_t i = 1; i < relay->lot_count; i++)
        free(relay->lots[i].updates.rows);
    free(relay->lots);
    free(relay->jobs);
    free(relay);
}

static uint32_t lot_new(struct network_relay *relay) {
    uint32_t place = relay->free_lot;
    if (place) {
        relay->free_lot = relay->lots[place].next;
    } else {
        if (relay->lot_count >= relay->lot_size) {
            relay->lot_size = relay->lot_size ? 2 * relay->lot_size : 1024;
            relay->lots =
                memory_grow(relay->lots, relay->lot_size * sizeof *relay->lots);
        }
        place = relay->lot_count++;
    }
    relay->lots[place] = (struct lot){.job = 0};
    return place;
}

static uint32_t relayed_new(struct network_relay *relay) {
    uint32_t place = relay->free_job;
    if (place) {
        relay->free_job = relay->jobs[place].next;
        return place;
    }
    if (relay->job_count >= relay->job_size) {
        relay->job_size = relay->job_size ? 2 * relay->job_size : 1024;
        relay->jobs =
            memory_grow(relay->jobs, relay->job_size * sizeof *relay->jobs);
    }
    return relay->job_count++;
}

void network_relay_ends(struct network *network, uint32_t place) {
    struct network_relay *relay = network->relay;
    struct lot lot = relay->lots[place];
    relay->in_flight -= lot.updates.count;
    for (uint32_t i = 0; i < lot.updates.count; i++)
        network_hub_take(network, &lot.updates.rows[i]);
    free(lot.updates.rows);
    relay->lots[place] = (struct lot){.next = relay->free_lot};
    relay->free_lot = place;
    struct relayed *job = &relay->jobs[lot.job];
    if (--job->left)
        return;
    network_flight_ends(&network->flights[NETWORK_SOUTH], job->class,
                        job->devices);
    job->next = relay->free_job;
    relay->free_job = lot.job;
}

static void lot_send(struct network *network, uint32_t job,
                     const struct network_update *rows, uint32_t count) {
    struct network_relay *relay = network->relay;
    uint32_t place = lot_new(relay);
    struct lot *lot = &relay->lots[place];
    lot->job = job;
    relay->jobs[job].left++;
    for (uint32_t i = 0; i < count; i++)
        network_updates_add(&lot->updates, &rows[i]);
    network_at(network,
               network->now + TICKS_AN_HOUR +
                   random_below(&network->random, TICKS_A_DAY - TICKS_AN_HOUR),
               &(struct network_event){.kind = HAPPENS_RELAY, .a = place});
}

bool network_relay_has_room(struct network *network,
                            const struct network_updates *updates) {
    const struct network_relay *relay = network->relay;
    if (!relay->in_flight ||
        relay->in_flight + updates->count <= network->most_relayed)
        return true;
    network_add(network->tally, COUNT_BUSY, 1);
    return false;
}

void network_relay_take(struct network *network,
                        struct network_updates *updates, uint8_t class) {
    struct network_relay *relay = network->relay;
    network_add(network->tally, COUNT_JOBS_SOUTH, 1);
    uint32_t place = relayed_new(relay);
    relay->jobs[place] =
        (struct relayed){.devices = updates->count, .class = class};
    relay->in_flight += updates->count;
    uint32_t lots = updates->count < LOTS ? updates->count : LOTS;
    for (uint32_t i = 0; i < lots; i++) {
        uint32_t from = (uint32_t)((uint64_t)updates->count * i / lots);
        uint32_t to = (uint32_t)((uint64_t)updates->count * (i + 1) / lots);
        lot_send(network, place, &updates->rows[from], to - from);
    }
    free(updates->rows);
}
