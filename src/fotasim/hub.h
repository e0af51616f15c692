/*
 * What a Comms Hub does with firmware images (§2.3.2, §3.5.1 Table 4,
 * Appendix D): a model of its memory alone. No I/O, no locks, no clock: every
 * function is given the time, and what the hub says comes out by a callback.
 *
 *   what happens                                the image is       it says
 *   the device ends the transfer with success   discarded          8F8A, 0
 *   the device's hardware version is outside    discarded          8F89, 2
 *   a GSME image comes                          PPMID's, HCALCS's  8F89, 1
 *                                               is discarded
 *   a new PPMID or HCALCS image comes           the old one is     8F89, 1
 *                                               discarded
 *   the device ends the transfer otherwise      discarded          8F89, 3
 *   it stops the transfer for 24 hours          discarded          8F89, 3
 *   it does not begin for 14 days               discarded          8F89, 1
 *
 * There are two blocks of memory, one for ESME and one for GSME, PPMID and
 * HCALCS, so at most two images are held; one transfer runs at a time. A GSME
 * image that is being transferred is finished first: a newer one waits for it.
 * A PPMID's or HCALCS's waits for a GSME image until that is transferred or its
 * 14 days are over. What waits is not in the hub: its CSP brings it when there
 * is room.
 *
 * Where the text is silent, the following is ours:
 * - A new ESME image, and a new GSME image while the old one is not being
 *   transferred, discards the old one as well: 8F89, 1. So does what waits with
 *   what waited before it, one GSME image and one of the others.
 * - A PPMID's or HCALCS's image is replaced by one for any device model: there
 *   is one block (§2.3.2).
 * - An image has one or more target devices. Each has its own 14 days and 24
 *   hours, and one alert; the image is gone when its last target is.
 * - A transfer that has stopped runs until its 24 hours are over: nothing else
 *   begins meanwhile, and a GSME image is still being transferred.
 */
#ifndef FOTAD_FOTASIM_HUB_H
#define FOTAD_FOTASIM_HUB_H

#include "base/clock.h"
#include "base/eui64.h"
#include "base/lists.h"

#define HUB_DEVICE_BEGINS_WITHIN (14 * DAY)
#define HUB_DEVICE_STOPS_FOR (24 * HOUR)
/* What hub_next() says of a hub that has nothing to do. */
#define HUB_NEVER INT64_MAX

enum hub_place {
    HUB_ESME_BLOCK,
    HUB_SHARED_BLOCK, /* GSME, PPMID, HCALCS */
    HUB_GSME_WAITS,   /* for the one that is being transferred */
    HUB_OTHER_WAITS,  /* PPMID's or HCALCS's, for a GSME image */
    HUB_PLACES
};

/* A hub's memory; all zeros is an empty one. 32 octets, and some 60 more for
 * each image while it has one, so that there may be hundreds of thousands. */
struct hub {
    struct hub_image *places[HUB_PLACES];
};

/* Forgets everything, without a word: it is switched off for ever. */
void hub_clear(struct hub *hub);

/* ---- what it says ---- */

/* About one device and one image. */
struct hub_said {
    eui64 device;
    uint32_t version;
    uint64_t delivery; /* of the image, as hub_take_image() was given it */
    /* HUB_STORED: no alert, the image is in the hub's memory now, which its CSP
     * may notify; else GBCS_8F8A_TRANSFER_SUCCEEDED or
     * GBCS_8F89_TRANSFER_FAILED */
    uint16_t code;
    uint8_t result; /* enum gbcs_transfer_result; 0 with HUB_STORED */
    instant time;   /* when it happened: `now`, or when a limit was over */
};

enum { HUB_STORED = 0 };

/* Who hears it: called in the order in which things happen, and must not call
 * the hub's functions. */
struct hub_ear {
    void (*hear)(void *context, const struct hub_said *said);
    void *context;
};

/* ---- what happens to it. Each does what the limits of time have brought by
 * `now` first; `now` never goes back. ---- */

/* An image for one target device. */
struct hub_arrival {
    eui64 device;
    enum device_type type; /* TYPE_ESME, _GSME, _PPMID or _HCALCS */
    uint32_t version;
    /* What tells this image from every other that comes to the hub: arrivals of
     * the same one are targets of one image, another one is a new image even if
     * it has the same version (an update that is sent again). */
    uint64_t delivery;
};

/* An image has come, or comes as soon as there is room for it. A device that is
 * a target of that delivery already is one once, and nothing is said. */
void hub_take_image(struct hub *hub, const struct hub_arrival *arrival,
                    instant now, const struct hub_ear *ear);

/* Would an image of that type and delivery, coming now, have to wait for room?
 * One that has come already: does it? */
bool hub_would_wait(const struct hub *hub, enum device_type type,
                    uint64_t delivery);

enum hub_answer {
    HUB_GIVES,    /* the transfer runs */
    HUB_IS_BUSY,  /* with the transfer of another device: ask again later */
    HUB_HAS_NONE, /* no image for that device */
    HUB_MISFITS,  /* 8F89, 2: discarded */
};

/* A device asks for the image, or for more of the one it is getting: its 24
 * hours begin anew. `fits`: its hardware version is in the image's range;
 * this matters for the first time only. */
enum hub_answer hub_begin(struct hub *hub, eui64 device, bool fits, instant now,
                          const struct hub_ear *ear);

/* The device ends the transfer, with success or otherwise. False when none of
 * that device runs (any more). */
bool hub_end_transfer(struct hub *hub, eui64 device, bool success, instant now,
                      const struct hub_ear *ear);

/* The hub loses what it has for that device, waiting or held, for a reason that
 * is not in the table: 8F89, 1. False when there is nothing. */
bool hub_discard(struct hub *hub, eui64 device, instant now,
                 const struct hub_ear *ear);

/* Nothing but time. */
void hub_advance(struct hub *hub, instant now, const struct hub_ear *ear);

/* ---- looking at it ---- */

/* When time itself next does something; HUB_NEVER: not as things are. */
instant hub_next(const struct hub *hub);

/* What is there for a device. */
struct hub_offer {
    eui64 device;
    enum device_type type;
    uint32_t version;
    uint64_t delivery;
    bool is_held;  /* in a block; else it waits for room */
    bool running;  /* its transfer runs, stopped or not */
    instant since; /* last asked; before that: held, or known to the hub */
};

/* The targets of all its images by number, those that wait last: false when
 * there are no more. Any other call to the hub numbers them anew. */
bool hub_offer_at(const struct hub *hub, size_t number,
                  struct hub_offer *offer);

/* What is held for that device, or else waits; false: nothing. */
bool hub_offer_for(const struct hub *hub, eui64 device,
                   struct hub_offer *offer);

#endif
