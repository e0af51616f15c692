#include "fotasim/hub.h"

#include "base/memory.h"
#include "gbcs/payload.h"

#include <stdlib.h>

struct hub_target {
    eui64 device;
    instant since; /* running: last asked; held: held; else known */
    bool running;
};

struct hub_image {
    enum device_type type;
    uint32_t version;
    uint64_t delivery;
    unsigned count; /* never 0 */
    struct hub_target targets[];
};

/* One thing that happens, and who hears what comes of it. */
struct hub_moment {
    struct hub *hub;
    instant now;
    const struct hub_ear *ear;
};

static bool place_is_block(enum hub_place place) {
    return place == HUB_ESME_BLOCK || place == HUB_SHARED_BLOCK;
}

static void target_tell(const struct hub_moment *m,
                        const struct hub_image *image, eui64 device,
                        uint16_t code, uint8_t result) {
    m->ear->hear(m->ear->context,
                 &(struct hub_said){.device = device,
                                    .version = image->version,
                                    .delivery = image->delivery,
                                    .code = code,
                                    .result = result,
                                    .time = m->now});
}

/* ---- images and their targets ---- */

static void image_add_target(struct hub_image **image, eui64 device,
                             instant now) {
    unsigned count = (*image)->count + 1;
    *image =
        memory_grow(*image, sizeof **image + count * sizeof *(*image)->targets);
    (*image)->targets[count - 1] =
        (struct hub_target){.device = device, .since = now};
    (*image)->count = count;
}

static struct hub_image *image_new(const struct hub_arrival *arrival) {
    struct hub_image *image = memory_alloc(sizeof *image);
    *image = (struct hub_image){.type = arrival->type,
                                .version = arrival->version,
                                .delivery = arrival->delivery};
    return image;
}

static struct hub_target *image_find(struct hub_image *image, eui64 device) {
    for (unsigned i = 0; image && i < image->count; i++)
        if (image->targets[i].device == device)
            return &image->targets[i];
    return NULL;
}

static bool image_is_running(const struct hub_image *image) {
    for (unsigned i = 0; image && i < image->count; i++)
        if (image->targets[i].running)
            return true;
    return false;
}

/* All targets of the image that is there, if any, get 8F89, 1. */
static void place_discard(const struct hub_moment *m, enum hub_place place) {
    struct hub_image *image = m->hub->places[place];
    m->hub->places[place] = NULL;
    for (unsigned i = 0; image && i < image->count; i++)
        target_tell(m, image, image->targets[i].device,
                    GBCS_8F89_TRANSFER_FAILED, GBCS_FIRMWARE_IMAGE_DISCARDED);
    free(image);
}

/* ---- room ---- */

/* A block that is empty takes what waits. */
static void place_move(const struct hub_moment *m, enum hub_place from) {
    struct hub_image *image = m->hub->places[from];
    m->hub->places[from] = NULL;
    m->hub->places[HUB_SHARED_BLOCK] = image;
    for (unsigned i = 0; i < image->count; i++) {
        image->targets[i].since = m->now;
        target_tell(m, image, image->targets[i].device, HUB_STORED, 0);
    }
}

static void room_settle(const struct hub_moment *m) {
    struct hub_image *const *places = m->hub->places;
    if (places[HUB_SHARED_BLOCK])
        return;
    if (places[HUB_GSME_WAITS])
        place_move(m, HUB_GSME_WAITS);
    else if (places[HUB_OTHER_WAITS])
        place_move(m, HUB_OTHER_WAITS);
}

/* The target is done with: it is told why, and with the last one goes the
 * image. */
static void target_close(const struct hub_moment *m, enum hub_place place,
                         struct hub_target *target, uint8_t result) {
    struct hub_image *image = m->hub->places[place];
    target_tell(m, image, target->device,
                result ? GBCS_8F89_TRANSFER_FAILED
                       : GBCS_8F8A_TRANSFER_SUCCEEDED,
                result);
    *target = image->targets[--image->count];
    if (image->count)
        return;
    m->hub->places[place] = NULL;
    free(image);
    room_settle(m);
}

/* ---- time ---- */

static instant target_limit(const struct hub_target *target) {
    return target->since +
           (target->running ? HUB_DEVICE_STOPS_FOR : HUB_DEVICE_BEGINS_WITHIN);
}

/* The held target whose limit comes first; NULL: there is none. */
static struct hub_target *target_first(const struct hub *hub,
                                       enum hub_place *place) {
    struct hub_target *first = NULL;
    for (enum hub_place at = 0; place_is_block(at); at++) {
        struct hub_image *image = hub->places[at];
        for (unsigned i = 0; image && i < image->count; i++)
            if (!first ||
                target_limit(&image->targets[i]) < target_limit(first)) {
                first = &image->targets[i];
                *place = at;
            }
    }
    return first;
}

instant hub_next(const struct hub *hub) {
    enum hub_place place;
    const struct hub_target *first = target_first(hub, &place);
    return first ? target_limit(first) : HUB_NEVER;
}

void hub_advance(struct hub *hub, instant now, const struct hub_ear *ear) {
    enum hub_place place;
    for (struct hub_target *first;
         (first = target_first(hub, &place)) && target_limit(first) <= now;)
        target_close(&(struct hub_moment){hub, target_limit(first), ear}, place,
                     first,
                     first->running ? GBCS_FILE_TRANSFER_FAILURE
                                    : GBCS_FIRMWARE_IMAGE_DISCARDED);
}

/* ---- images that come ---- */

static enum hub_place place_of_type(const struct hub *hub,
                                    enum device_type type) {
    const struct hub_image *held = hub->places[HUB_SHARED_BLOCK];
    bool gas_held = held && held->type == TYPE_GSME;
    if (type == TYPE_ESME)
        return HUB_ESME_BLOCK;
    if (type == TYPE_GSME && gas_held && image_is_running(held))
        return HUB_GSME_WAITS;
    if (type != TYPE_GSME && gas_held)
        return HUB_OTHER_WAITS;
    return HUB_SHARED_BLOCK;
}

/* Where an image is, or goes if it is new; *is_new says which. */
static enum hub_place place_for(const struct hub *hub, enum device_type type,
                                uint64_t delivery, bool *is_new) {
    *is_new = false;
    for (enum hub_place place = 0; place < HUB_PLACES; place++)
        if (hub->places[place] && hub->places[place]->delivery == delivery)
            return place;
    *is_new = true;
    return place_of_type(hub, type);
}

bool hub_would_wait(const struct hub *hub, enum device_type type,
                    uint64_t delivery) {
    bool is_new;
    return !place_is_block(place_for(hub, type, delivery, &is_new));
}

void hub_take_image(struct hub *hub, const struct hub_arrival *arrival,
                    instant now, const struct hub_ear *ear) {
    const struct hub_moment m = {hub, now, ear};
    hub_advance(hub, now, ear);
    bool is_new;
    enum hub_place place =
        place_for(hub, arrival->type, arrival->delivery, &is_new);
    if (is_new) {
        place_discard(&m, place);
        hub->places[place] = image_new(arrival);
    }
    if (image_find(hub->places[place], arrival->device))
        return;
    image_add_target(&hub->places[place], arrival->device, now);
    if (place_is_block(place))
        target_tell(&m, hub->places[place], arrival->device, HUB_STORED, 0);
}

/* ---- transfers ---- */

static struct hub_target *target_held(const struct hub *hub, eui64 device,
                                      enum hub_place *place) {
    struct hub_target *target = NULL;
    for (*place = 0; place_is_block(*place); ++*place)
        if ((target = image_find(hub->places[*place], device)))
            break;
    return target;
}

enum hub_answer hub_begin(struct hub *hub, eui64 device, bool fits, instant now,
                          const struct hub_ear *ear) {
    const struct hub_moment m = {hub, now, ear};
    hub_advance(hub, now, ear);
    enum hub_place place;
    struct hub_target *target = target_held(hub, device, &place);
    if (!target)
        return HUB_HAS_NONE;
    if (!target->running && !fits) {
        target_close(&m, place, target, GBCS_HARDWARE_VERSION_MISMATCH);
        return HUB_MISFITS;
    }
    if (!target->running && (image_is_running(hub->places[HUB_ESME_BLOCK]) ||
                             image_is_running(hub->places[HUB_SHARED_BLOCK])))
        return HUB_IS_BUSY;
    target->running = true;
    target->since = now;
    return HUB_GIVES;
}

bool hub_end_transfer(struct hub *hub, eui64 device, bool success, instant now,
                      const struct hub_ear *ear) {
    const struct hub_moment m = {hub, now, ear};
    hub_advance(hub, now, ear);
    enum hub_place place;
    struct hub_target *target = target_held(hub, device, &place);
    if (!target || !target->running)
        return false;
    target_close(&m, place, target,
                 success ? GBCS_FILE_TRANSFER_SUCCESS
                         : GBCS_FILE_TRANSFER_FAILURE);
    return true;
}

bool hub_discard(struct hub *hub, eui64 device, instant now,
                 const struct hub_ear *ear) {
    const struct hub_moment m = {hub, now, ear};
    hub_advance(hub, now, ear);
    for (enum hub_place place = 0; place < HUB_PLACES; place++) {
        struct hub_image *image = hub->places[place];
        struct hub_target *target = image ? image_find(image, device) : NULL;
        if (target) {
            target_close(&m, place, target, GBCS_FIRMWARE_IMAGE_DISCARDED);
            return true;
        }
    }
    return false;
}

/* ---- looking at it ---- */

static void offer_fill(const struct hub_image *image, enum hub_place place,
                       const struct hub_target *target,
                       struct hub_offer *offer) {
    *offer = (struct hub_offer){.device = target->device,
                                .type = image->type,
                                .version = image->version,
                                .delivery = image->delivery,
                                .is_held = place_is_block(place),
                                .running = target->running,
                                .since = target->since};
}

bool hub_offer_at(const struct hub *hub, size_t number,
                  struct hub_offer *offer) {
    for (enum hub_place place = 0; place < HUB_PLACES; place++) {
        const struct hub_image *image = hub->places[place];
        if (image && number < image->count) {
            offer_fill(image, place, &image->targets[number], offer);
            return true;
        }
        number -= image ? image->count : 0;
    }
    return false;
}

bool hub_offer_for(const struct hub *hub, eui64 device,
                   struct hub_offer *offer) {
    for (size_t i = 0; hub_offer_at(hub, i, offer); i++)
        if (offer->device == device)
            return true;
    return false;
}

void hub_clear(struct hub *hub) {
    for (enum hub_place place = 0; place < HUB_PLACES; place++) {
        free(hub->places[place]);
        hub->places[place] = NULL;
    }
}
