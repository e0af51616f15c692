/*
 * Emulated Comms Hubs and devices: what they send when an image or a command
 * arrives, as real GBCS messages under keys that follow from the seed
 * (device_key.h). They know the ACB and the suppliers by the certificates
 * of `fotasim pki`, and check the MAC and the signature of what they are told.
 *
 *   an image for a   its hub says    it says
 *   PPMID            8F8A or 8F89    8F8B to the ACB: it activates by itself
 *   ESME, GSME       8F8A or 8F89    8F72 or 8F1C to the supplier
 *   HCALCS           8F8A or 8F89
 *
 * An image is first in the hub's memory, with all that hub.h says of it. A
 * device that is on fetches it at once; device_faults.h has devices that are
 * off, do not begin, stop, are updated locally or were moved, and hubs that
 * nothing is heard of for a while.
 *
 * A CS06 is carried out as requirement M4 has it; one with a time is
 * accepted, and 8F66 or 8F67 follows. What a device runs is at first what the
 * sample estate says of it. State is in memory only. All functions may be
 * called from any thread.
 */
#ifndef FOTAD_FOTASIM_DEVICE_H
#define FOTAD_FOTASIM_DEVICE_H

#include "base/clock.h"
#include "base/eui64.h"

/* The image of that delivery is in the memory of the device's hub now. With the
 * `context` of the call that brought it there. */
typedef void sim_han_stored(void *context, uint64_t delivery, eui64 device,
                            instant when);

struct sim_han_options {
    uint64_t seed;            /* of estate and keys */
    const char *certificates; /* the folder "certificates" of fotasim pki */
    const char *faults;       /* see device_faults.h; NULL: none */
    sim_han_stored *stored;   /* NULL: nobody hears */
};

struct sim_han;

/* NULL after saying why not. The caller ends it with sim_han_free(). */
struct sim_han *sim_han_new(const struct sim_han_options *options);
void sim_han_free(struct sim_han *han);

/* A message that a device sends. `id` is its own for ever: what it is of, who
 * says it and its counter. */
struct sim_han_message {
    const char *id;
    eui64 hub; /* that it goes through */
    struct span octets;
    instant delay; /* from now */
};

/* Gets each message; what it points to ends with the call. */
typedef void sim_han_take(void *context, const struct sim_han_message *message);

/* An image on its way from a hub to a device. */
struct sim_transfer {
    eui64 hub, device;
    const char *device_type; /* DUIS DeviceType */
    eui64 supplier;          /* sender of the request; 0: not known */
    uint32_t version;
    uint8_t hash[32]; /* Manufacturer Image Hash */
    /* The same for all devices of a job and for no other job (hub.h); 0: for
     * no other device. At least 2^32. */
    uint64_t delivery;
};

/* The CSP brings an image to the hub, for the device; nothing when either is
 * 0 or the type is none. */
void sim_han_image(struct sim_han *han, const struct sim_transfer *transfer,
                   instant now, sim_han_take *take, void *context);

/* Would it have to wait until there is room in the hub (hub.h), or until the
 * hub has WAN? */
bool sim_han_would_wait(struct sim_han *han,
                        const struct sim_transfer *transfer);

/* A command came through that hub. NULL, or why the device drops it: constant
 * text, and nothing is said. */
const char *sim_han_command(struct sim_han *han, eui64 hub, eui64 device,
                            struct span octets, instant now, sim_han_take *take,
                            void *context);

/* Devices and hubs do whatever their time has come for. Call it every second or
 * so, never twice at once. */
void sim_han_tick(struct sim_han *han, instant now, sim_han_take *take,
                  void *context);

#endif
