/* Inside the emulated hubs and devices. */
#ifndef FOTAD_FOTASIM_DEVICE_SIM_H
#define FOTAD_FOTASIM_DEVICE_SIM_H

#include "base/arena.h"
#include "fotasim/device.h"
#include "fotasim/device_faults.h"
#include "gbcs/payload.h"

#include <openssl/types.h>
#include <pthread.h>
#include <sys/types.h>
#include <time.h>

/* What a device remembers. */
struct sim_memory {
    eui64 id; /* 0: an empty place of the table */
    uint32_t running;
    bool holds; /* an image that is not activated yet */
    uint32_t held_version;
    uint8_t held_hash[GBCS_HASH_LEN];
    /* a CS06 for later */
    bool waits;
    instant when;
    eui64 hub, commander;
    uint64_t command;
    uint8_t hash[GBCS_HASH_LEN];
};

/* The ACB or a supplier, by one of its certificates. */
struct sim_party {
    eui64 id;
    bool agrees; /* else it signs */
    EVP_PKEY *key;
};

enum { SIM_MOST_PARTIES = 64 };

struct sim_han {
    uint64_t seed;
    const char *faults_path;
    struct arena *arena; /* parties' keys */
    struct sim_party parties[SIM_MOST_PARTIES];
    size_t party_count;
    pthread_mutex_t lock; /* of all below */
    struct timespec faults_changed;
    off_t faults_octets;
    struct sim_faults faults;
    struct sim_memory *memories; /* open addressing by id */
    size_t memory_count, memory_size;
    uint64_t counter; /* last one used; shared by all devices */
};

/* The device's memory, made if it is new. Under the lock, and valid until the
 * next call. */
struct sim_memory *sim_remember(struct sim_han *han, eui64 id);

/* One message that is being made. */
struct sim_sending {
    struct sim_han *han;
    const struct sim_faults *faults; /* a copy of the moment */
    eui64 hub;
    instant now;
    sim_han_take *take;
    void *context;
};

/* Builds the message under the originator's keys and hands it out, `delay` from
 * now. An alert gets a counter of the device's own. `what` is for its id. */
void sim_send(const struct sim_sending *sending, const char *what,
              struct gbcs_header *header, const struct gbcs_payload *payload,
              instant delay);

/* The keys of a party for one usage: tries each in turn until `fits`. */
bool sim_any_key(const struct sim_han *han, eui64 id, bool agrees,
                 bool (*fits)(EVP_PKEY *key, void *context), void *context);

/* Z of a device and the ACB or a supplier; false when no certificate of the
 * latter is known. */
bool sim_secret(const struct sim_han *han, eui64 device, eui64 party,
                uint8_t *z);

#endif
