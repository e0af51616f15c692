/* Inside the emulated hubs and devices. */
#ifndef FOTAD_FOTASIM_DEVICE_SIM_H
#define FOTAD_FOTASIM_DEVICE_SIM_H

#include "base/arena.h"
#include "base/buffer.h"
#include "fotasim/device.h"
#include "fotasim/device_faults.h"
#include "fotasim/hub.h"
#include "gbcs/payload.h"

#include <openssl/types.h>
#include <pthread.h>
#include <sys/types.h>
#include <time.h>

/* Rows that are found by a number, which is their first member and never 0. */
struct sim_table {
    char *rows; /* open addressing */
    size_t row; /* octets of one, a multiple of 8 */
    size_t count, size;
};

/* The row of that number, made if it is new: zeros but for the number. Valid
 * until the next call. */
void *sim_table_find(struct sim_table *table, uint64_t id, bool *is_new);
/* The row at a place below `size`; NULL: there is none. */
void *sim_table_at(const struct sim_table *table, size_t at);

/* What a device remembers. */
struct sim_memory {
    eui64 id;
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
    /* a PPMID */
    uint32_t stored; /* the first of two images, stored only; 0: none */
    eui64 through;   /* the hub that it was last reached by; 0: never yet */
    instant local;   /* time of the latest row "local" that it has followed */
};

/* A hub, and what is in it. */
struct sim_hub {
    eui64 id;
    struct hub hub;
    instant last; /* when something last happened to it */
};

/* An image that was brought to hubs, by its delivery. */
struct sim_delivery {
    uint64_t id;
    const char *device_type; /* constant text */
    eui64 supplier;
    uint32_t version;
    uint8_t hash[GBCS_HASH_LEN];
};

/* An image for a hub without WAN. */
struct sim_unbrought {
    struct sim_unbrought *next;
    struct sim_transfer transfer;
};

/* A message that a hub without WAN keeps. */
struct sim_kept {
    struct sim_kept *next;
    char id[96];
    eui64 hub;
    struct buffer octets;
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
    sim_han_stored *stored; /* NULL: nobody hears */
    struct arena *arena;    /* parties' keys */
    struct sim_party parties[SIM_MOST_PARTIES];
    size_t party_count;
    pthread_mutex_t lock; /* of all below */
    struct timespec faults_changed;
    off_t faults_octets;
    struct sim_faults faults;
    struct sim_table memories, hubs, deliveries;
    /* in their order */
    struct sim_kept *kept, **kept_end;
    struct sim_unbrought *unbrought, **unbrought_end;
    uint64_t deliveries_unnamed;
    uint64_t counter; /* last one used; shared by all devices */
    instant ticked;   /* the last sim_han_tick(), which alone uses it */
};

/* The faults of the moment. A file that cannot be read leaves them. */
void sim_faults_look(struct sim_han *han, struct sim_faults *faults);

/* The device's memory, made if it is new. Under the lock, and valid until the
 * next call. */
struct sim_memory *sim_remember(struct sim_han *han, eui64 id);
/* A copy of it, and that copy put back; not under the lock. */
struct sim_memory sim_recall(struct sim_han *han, eui64 id);
void sim_keep(struct sim_han *han, const struct sim_memory *memory);

/* One message that is being made. */
struct sim_sending {
    struct sim_han *han;
    const struct sim_faults *faults; /* a copy of the moment */
    eui64 hub;
    instant now;
    sim_han_take *take;
    void *context;
};

/* The header of an alert. */
struct gbcs_header sim_alert_header(eui64 from, eui64 to, uint16_t code);

/* What the device says that it runs. */
uint32_t sim_version_told(const struct sim_sending *sending,
                          const struct sim_memory *memory);

/* Builds the message under the originator's keys and hands it out, `delay` from
 * now. An alert gets a counter of the device's own. `what` is for its id. */
void sim_send(const struct sim_sending *sending, const char *what,
              struct gbcs_header *header, const struct gbcs_payload *payload,
              instant delay);

/* Sends what hubs have kept that have their WAN again. */
void sim_send_kept(const struct sim_sending *sending);
void sim_send_forget(struct sim_han *han);

/* ---- device_hub.c: images in hubs ---- */

/* What devices do at their hubs by now, and what time does there. */
void sim_hubs_tick(const struct sim_sending *sending);
void sim_hubs_free(struct sim_han *han);

/* ---- device_image.c: what a device does with an image ---- */

/* It has got it: holds it, or activates it if it is a PPMID, and says so. */
void sim_device_gets_image(const struct sim_sending *sending,
                           const struct sim_transfer *transfer, instant delay);
/* The rows "local" whose time has come. */
void sim_local_updates(const struct sim_sending *sending);

/* ---- keys ---- */

/* The keys of a party for one usage: tries each in turn until `fits`. */
bool sim_any_key(const struct sim_han *han, eui64 id, bool agrees,
                 bool (*fits)(EVP_PKEY *key, void *context), void *context);

/* Z of a device and the ACB or a supplier; false when no certificate of the
 * latter is known. */
bool sim_secret(const struct sim_han *han, eui64 device, eui64 party,
                uint8_t *z);

#endif
