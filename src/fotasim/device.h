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
 * A CS06 is carried out as requirement M4 has it; one with a time is
 * accepted, and 8F66 or 8F67 follows. What a device runs is at first what the
 * sample estate says of it. State is in memory only. All functions may be
 * called from any thread.
 */
#ifndef FOTAD_FOTASIM_DEVICE_H
#define FOTAD_FOTASIM_DEVICE_H

#include "base/clock.h"
#include "base/eui64.h"

struct sim_han_options {
    uint64_t seed;            /* of estate and keys */
    const char *certificates; /* the folder "certificates" of fotasim pki */
    const char *faults;       /* see device_faults.h; NULL: none */
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
};

/* The CSP has brought an image to the hub, for the device. */
void sim_han_image(struct sim_han *han, const struct sim_transfer *transfer,
                   instant now, sim_han_take *take, void *context);

/* A command came through that hub. NULL, or why the device drops it: constant
 * text, and nothing is said. */
const char *sim_han_command(struct sim_han *han, eui64 hub, eui64 device,
                            struct span octets, instant now, sim_han_take *take,
                            void *context);

/* Devices whose time to activate has come do so. Call it every second or
 * so. */
void sim_han_tick(struct sim_han *han, instant now, sim_han_take *take,
                  void *context);

#endif
