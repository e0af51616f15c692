/* Emulated hubs: what hub.h says of their images, and the devices that fetch
 * them. A device that is well does so at once. */
#include "fotasim/device_sim.h"
#include "fotasim/estate.h"

#include "base/memory.h"
#include "gbcs/build.h"

#include <stdlib.h>

/* ---- what a hub says: heard under the lock, told outside it ---- */

static void said_note(void *heard, const struct hub_said *said) {
    buffer_add(heard, span_of(said, sizeof *said));
}

static void hub_alert(const struct sim_sending *s, const struct hub_said *said,
                      instant delay) {
    if (sim_faulty(s->faults, said->device, SIM_HUB_SILENT))
        return;
    struct gbcs_header header =
        sim_alert_header(s->hub, sim_acb, GBCS_CODE_CCS08);
    struct gbcs_payload payload = {.kind = GBCS_TRANSFER_ALERT,
                                   .alert_code = said->code,
                                   .result = said->result,
                                   .has_time = true,
                                   .time = said->time + delay,
                                   .device = said->device,
                                   .firmware_version = said->version};
    sim_send(s, said->result ? "8F89" : "8F8A", &header, &payload, delay);
}

static struct sim_transfer transfer_of(const struct sim_sending *s,
                                       const struct hub_said *said) {
    bool is_new;
    pthread_mutex_lock(&s->han->lock);
    const struct sim_delivery *delivery =
        sim_table_find(&s->han->deliveries, said->delivery, &is_new);
    struct sim_transfer transfer = {.hub = s->hub,
                                    .device = said->device,
                                    .device_type = delivery->device_type,
                                    .supplier = delivery->supplier,
                                    .version = delivery->version,
                                    .delivery = said->delivery};
    memcpy(transfer.hash, delivery->hash, sizeof transfer.hash);
    pthread_mutex_unlock(&s->han->lock);
    return transfer;
}

static void said_tell(const struct sim_sending *s,
                      const struct hub_said *said) {
    const struct sim_han *han = s->han;
    struct sim_sending then = *s;
    then.now = said->time;
    if (said->code == HUB_STORED) {
        if (han->stored)
            han->stored(s->context, said->delivery, said->device, said->time);
        return;
    }
    bool early = sim_faulty(s->faults, said->device, SIM_EARLY);
    instant reaches = s->faults->han_delay;
    instant acts = reaches + s->faults->activation_delay;
    if (said->code == GBCS_8F8A_TRANSFER_SUCCEEDED) {
        struct sim_transfer transfer = transfer_of(s, said);
        sim_device_gets_image(&then, &transfer, early ? 0 : acts);
    }
    hub_alert(&then, said, early ? acts + SECOND : reaches);
}

static void heard_tell(const struct sim_sending *s, struct buffer *heard) {
    const struct hub_said *said = (const void *)heard->data;
    for (size_t i = 0; i < heard->len / sizeof *said; i++)
        said_tell(s, &said[i]);
    buffer_free(heard);
}

/* ---- what devices do. Under the lock ---- */

/* A hub in hand. */
struct hub_work {
    struct sim_hub *row;
    const struct sim_faults *faults;
    instant now;
    instant freed; /* when what nobody held back till then could begin */
    struct hub_ear ear;
};

/* Can the device go on with what it is offered? *at is since when. */
static bool device_can(const struct hub_work *w, const struct hub_offer *offer,
                       instant *at) {
    eui64 device = offer->device;
    instant since;
    if (!offer->is_held || !sim_is_on(w->faults, device, w->now, &since) ||
        sim_joined(w->faults, device, w->row->id) != w->row->id ||
        sim_faulty(w->faults, device,
                   offer->running ? SIM_STOPPING : SIM_NOT_BEGINNING))
        return false;
    *at = since ? since : w->freed;
    if (*at < offer->since)
        *at = offer->since;
    if (*at < w->row->last)
        *at = w->row->last;
    return true;
}

/* The device whose turn it is: one whose transfer runs already, or else the
 * first that can. */
static bool device_next(const struct hub_work *w, struct hub_offer *next,
                        instant *at) {
    bool found = false;
    struct hub_offer offer;
    for (size_t i = 0; hub_offer_at(&w->row->hub, i, &offer); i++) {
        instant when = 0;
        bool can = device_can(w, &offer, &when);
        if (can && (offer.running || !found || when < *at)) {
            found = true;
            *next = offer;
            *at = when;
        }
        if (offer.running)
            return can;
    }
    return found;
}

/* A device that is stopping begins and leaves it there. */
static void device_fetch(const struct hub_work *w, eui64 device, instant at) {
    struct hub *hub = &w->row->hub;
    w->row->last = at;
    if (sim_faulty(w->faults, device, SIM_DISCARDED)) {
        hub_discard(hub, device, at, &w->ear);
        return;
    }
    bool fits = !sim_faulty(w->faults, device, SIM_HARDWARE_MISMATCH);
    if (hub_begin(hub, device, fits, at, &w->ear) == HUB_GIVES &&
        !sim_faulty(w->faults, device, SIM_STOPPING))
        hub_end_transfer(hub, device,
                         !sim_faulty(w->faults, device, SIM_TRANSFER_FAILED),
                         at, &w->ear);
}

/* One that waited for another's limit goes on from that limit, even if nobody
 * looked at the hub then. */
static void hub_let_devices(struct hub_work *w) {
    struct hub *hub = &w->row->hub;
    for (w->freed = w->now;; hub_advance(hub, w->freed, &w->ear)) {
        struct hub_offer offer;
        instant at = w->now;
        while (device_next(w, &offer, &at))
            device_fetch(w, offer.device, at);
        w->freed = hub_next(hub);
        if (w->freed > w->now)
            break;
    }
    w->row->last = w->now;
}

/* ---- images that come ---- */

/* Under the lock. */
static uint64_t delivery_note(struct sim_han *han,
                              const struct sim_transfer *transfer) {
    uint64_t id = transfer->delivery;
    if (!id)
        id = ++han->deliveries_unnamed;
    bool is_new;
    struct sim_delivery *delivery =
        sim_table_find(&han->deliveries, id, &is_new);
    delivery->device_type = list_find(device_types, transfer->device_type);
    delivery->supplier = transfer->supplier;
    delivery->version = transfer->version;
    memcpy(delivery->hash, transfer->hash, sizeof delivery->hash);
    return id;
}

static enum device_type type_of(const char *name) {
    enum device_type type = 0;
    while (type < DEVICE_TYPES && strcmp(device_types[type], name) != 0)
        type++;
    return type;
}

static void hub_gets_image(const struct hub_work *w, struct sim_han *han,
                           const struct sim_transfer *transfer) {
    hub_take_image(
        &w->row->hub,
        &(struct hub_arrival){.device = transfer->device,
                              .type = type_of(transfer->device_type),
                              .version = transfer->version,
                              .delivery = delivery_note(han, transfer)},
        w->now, &w->ear);
}

/* The hub does what is to be done by now, after it has got `transfer`; NULL:
 * nothing. */
static void hub_work(const struct sim_sending *s,
                     const struct sim_transfer *transfer) {
    struct buffer heard = {0};
    bool is_new;
    pthread_mutex_lock(&s->han->lock);
    struct hub_work work = {.row =
                                sim_table_find(&s->han->hubs, s->hub, &is_new),
                            .faults = s->faults,
                            .now = s->now,
                            .ear = {said_note, &heard}};
    hub_let_devices(&work);
    if (transfer) {
        hub_gets_image(&work, s->han, transfer);
        hub_let_devices(&work);
    }
    pthread_mutex_unlock(&s->han->lock);
    heard_tell(s, &heard);
}

/* ---- a hub without WAN ---- */

/* The first that waits for a hub's WAN, of that hub (0: of any that has it
 * now). Under the lock. */
static struct sim_unbrought **unbrought_find(struct sim_han *han, eui64 hub,
                                             const struct sim_faults *faults) {
    struct sim_unbrought **at = &han->unbrought;
    while (*at && (hub ? (*at)->transfer.hub != hub
                       : sim_faulty(faults, (*at)->transfer.hub, SIM_NO_WAN)))
        at = &(*at)->next;
    return at;
}

/* False: the hub has WAN, and nothing waited for that. */
static bool unbrought_keep(const struct sim_sending *s,
                           const struct sim_transfer *transfer) {
    struct sim_han *han = s->han;
    pthread_mutex_lock(&han->lock);
    bool keeps = sim_faulty(s->faults, s->hub, SIM_NO_WAN) ||
                 *unbrought_find(han, s->hub, s->faults);
    if (keeps) {
        struct sim_unbrought *unbrought = memory_alloc(sizeof *unbrought);
        *unbrought = (struct sim_unbrought){.transfer = *transfer};
        unbrought->transfer.device_type =
            list_find(device_types, transfer->device_type);
        *han->unbrought_end = unbrought;
        han->unbrought_end = &unbrought->next;
    }
    pthread_mutex_unlock(&han->lock);
    return keeps;
}

/* NULL: there is none. */
static struct sim_unbrought *unbrought_take(const struct sim_sending *s) {
    struct sim_han *han = s->han;
    pthread_mutex_lock(&han->lock);
    struct sim_unbrought **at = unbrought_find(han, 0, s->faults);
    struct sim_unbrought *unbrought = *at;
    if (unbrought && !(*at = unbrought->next))
        han->unbrought_end = at;
    pthread_mutex_unlock(&han->lock);
    return unbrought;
}

static void unbrought_bring(const struct sim_sending *sending) {
    struct sim_sending s = *sending;
    for (struct sim_unbrought *next; (next = unbrought_take(&s));) {
        s.hub = next->transfer.hub;
        hub_work(&s, &next->transfer);
        free(next);
    }
}

/* ---- what a CSP brings ---- */

void sim_han_image(struct sim_han *han, const struct sim_transfer *transfer,
                   instant now, sim_han_take *take, void *context) {
    struct sim_faults faults;
    sim_faults_look(han, &faults);
    const struct sim_sending s = {han, &faults, transfer->hub,
                                  now, take,    context};
    if (transfer->hub && transfer->device &&
        list_find(device_types, transfer->device_type) &&
        !unbrought_keep(&s, transfer))
        hub_work(&s, transfer);
}

bool sim_han_would_wait(struct sim_han *han,
                        const struct sim_transfer *transfer) {
    if (!transfer->hub)
        return false;
    struct sim_faults faults;
    sim_faults_look(han, &faults);
    bool is_new;
    pthread_mutex_lock(&han->lock);
    const struct sim_hub *row =
        sim_table_find(&han->hubs, transfer->hub, &is_new);
    bool waits = sim_faulty(&faults, transfer->hub, SIM_NO_WAN) ||
                 hub_would_wait(&row->hub, type_of(transfer->device_type),
                                transfer->delivery);
    pthread_mutex_unlock(&han->lock);
    return waits;
}

/* ---- time ---- */

/* The first hub from place `*at` on that has an image; 0: there is none. */
static eui64 hub_next_busy(struct sim_han *han, size_t *at) {
    eui64 id = 0;
    pthread_mutex_lock(&han->lock);
    for (; !id && *at < han->hubs.size; ++*at) {
        const struct sim_hub *row = sim_table_at(&han->hubs, *at);
        struct hub_offer offer;
        if (row && hub_offer_at(&row->hub, 0, &offer))
            id = row->id;
    }
    pthread_mutex_unlock(&han->lock);
    return id;
}

void sim_hubs_tick(const struct sim_sending *sending) {
    struct sim_sending s = *sending;
    unbrought_bring(sending);
    for (size_t at = 0; (s.hub = hub_next_busy(s.han, &at));)
        hub_work(&s, NULL);
}

void sim_hubs_free(struct sim_han *han) {
    for (size_t at = 0; at < han->hubs.size; at++) {
        struct sim_hub *row = sim_table_at(&han->hubs, at);
        if (row)
            hub_clear(&row->hub);
    }
    while (han->unbrought) {
        struct sim_unbrought *unbrought = han->unbrought;
        han->unbrought = unbrought->next;
        free(unbrought);
    }
    free(han->hubs.rows);
    free(han->deliveries.rows);
}
