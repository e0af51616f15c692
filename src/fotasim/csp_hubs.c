/* Emulated hubs and devices behind a CSP: images and commands go to them, and
 * what they send is brought to fotad by their CSP. */
#include "base/base64.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/memory.h"
#include "cpl/ota.h"
#include "fotasim/csp_sim.h"
#include "fotasim/device.h"

#include <stdlib.h>

#define MESSAGES "/csp/v1/gbcs-messages"
#define NOTIFICATIONS "/csp/v1/delivery-notifications"

/* ---- images, for the hash that devices compute ---- */

struct csp_image {
    struct csp_image *next;
    char id[2 * OTA_HASH_LEN + 1];
    struct span octets;
};

void csp_hubs_keep_image(struct csp_sim *sim, const char *id,
                         struct span octets) {
    if (!sim->han)
        return;
    struct csp_image *image = memory_alloc(sizeof *image);
    void *copy = memory_alloc(octets.len);
    memcpy(copy, octets.data, octets.len);
    snprintf(image->id, sizeof image->id, "%s", id);
    image->octets = span_of(copy, octets.len);
    pthread_mutex_lock(&sim->lock);
    image->next = sim->images;
    sim->images = image;
    pthread_mutex_unlock(&sim->lock);
}

/* Zeros when the image has not come or cannot be read. */
static void image_hash(struct csp_sim *sim, const char *id, bool trailer,
                       uint8_t hash[static OTA_HASH_LEN]) {
    memset(hash, 0, OTA_HASH_LEN);
    pthread_mutex_lock(&sim->lock);
    const struct csp_image *image = sim->images;
    while (image && strcasecmp(image->id, id) != 0)
        image = image->next;
    pthread_mutex_unlock(&sim->lock);
    struct ota_image read;
    const char *reason;
    if (image && ota_parse(image->octets, trailer, &read, &reason))
        ota_manufacturer_image_hash(&read, hash);
}

/* ---- what they say ---- */

/* Messages that are due together, in batches. */
struct hub_batch {
    struct csp_sim *sim;
    json_t *messages;
    instant due;
    size_t most;
    char first[128]; /* identifier of the batch's first message */
};

static void batch_flush(struct hub_batch *batch) {
    if (!json_array_size(batch->messages))
        return;
    char id[160];
    snprintf(id, sizeof id, "messages %s", batch->first);
    csp_sim_send(batch->sim, id, MESSAGES, batch->messages, batch->due);
    batch->messages = json_array();
}

static void batch_add(void *context, const struct sim_han_message *message) {
    struct hub_batch *batch = context;
    if (message->delay != batch->due ||
        json_array_size(batch->messages) >= batch->most)
        batch_flush(batch);
    batch->due = message->delay;
    if (!json_array_size(batch->messages))
        snprintf(batch->first, sizeof batch->first, "%s", message->id);
    struct buffer payload = {0};
    base64_add(&payload, message->octets);
    char hub[EUI64_TEXT_SIZE];
    json_add(batch->messages,
             json_pack("{s:s, s:s, s:s}", "messageId", message->id,
                       "commsHubId", eui64_format(message->hub, hub), "payload",
                       (const char *)payload.data));
    buffer_free(&payload);
}

static struct hub_batch batch_begin(struct csp_sim *sim) {
    struct csp_faults faults;
    csp_faults_read(sim->options.faults, &faults);
    return (struct hub_batch){
        .sim = sim, .messages = json_array(), .most = faults.batch};
}

static void batch_end(struct hub_batch *batch) {
    batch_flush(batch);
    json_decref(batch->messages);
}

/* ---- what hubs and devices hear ---- */

static eui64 id_parse(const char *text) {
    eui64 id = 0;
    if (strlen(text) >= EUI64_TEXT_LEN)
        eui64_parse(span_of(text, EUI64_TEXT_LEN), &id);
    return id;
}

/* Of the job, for hub.h: FNV-1a of its identifier. */
static uint64_t job_delivery(const json_t *job) {
    uint64_t number = UINT64_C(0xCBF29CE484222325);
    for (const char *at = csp_text(job, "jobId"); *at; at++)
        number = (number ^ (uint8_t)*at) * UINT64_C(0x100000001B3);
    return number | UINT64_C(1) << 32;
}

/* Of the job at the hub of one target. */
static void transfer_aim(struct sim_transfer *transfer, const json_t *target) {
    transfer->device = id_parse(csp_text(target, "deviceId"));
    transfer->hub = id_parse(csp_text(target, "commsHubId"));
}

static struct sim_transfer transfer_make(const json_t *job) {
    return (struct sim_transfer){
        .device_type = csp_text(job, "deviceType"),
        .supplier = id_parse(csp_text(job, "requestId")),
        .version =
            (uint32_t)strtoul(csp_text(job, "firmwareVersion"), NULL, 16),
        .delivery = job_delivery(job)};
}

void csp_hubs_take_image(struct csp_sim *sim, const json_t *job) {
    struct csp_faults faults;
    csp_faults_read(sim->options.faults, &faults);
    struct hub_batch batch = batch_begin(sim);
    struct sim_transfer transfer = transfer_make(job);
    bool trailer = strcmp(transfer.device_type, "PPMID") != 0;
    image_hash(sim, csp_text(job, "imageId"), trailer, transfer.hash);
    size_t i;
    json_t *target;
    json_array_foreach(json_object_get(job, "targets"), i, target) {
        const char *reason;
        transfer_aim(&transfer, target);
        if (csp_fate_of(&faults, transfer.device, &reason) == CSP_WELL)
            sim_han_image(sim->han, &transfer, clock_now(), batch_add, &batch);
    }
    batch_end(&batch);
}

/* ---- what waits for room in a hub ---- */

struct csp_untold {
    struct csp_untold *next;
    uint64_t delivery;
    eui64 device;
    json_t *notification;
};

bool csp_hubs_untold(struct csp_sim *sim, const json_t *job,
                     json_t *notification) {
    struct sim_transfer transfer = transfer_make(job);
    transfer_aim(&transfer, notification);
    if (strcmp(csp_text(notification, "status"), "Success") != 0 ||
        !sim_han_would_wait(sim->han, &transfer))
        return false;
    struct csp_untold *untold = memory_alloc(sizeof *untold);
    *untold = (struct csp_untold){.next = sim->untold,
                                  .delivery = transfer.delivery,
                                  .device = transfer.device,
                                  .notification = json_incref(notification)};
    sim->untold = untold;
    return true;
}

/* NULL: it was told. */
static json_t *untold_take(struct csp_sim *sim, uint64_t delivery,
                           eui64 device) {
    pthread_mutex_lock(&sim->lock);
    struct csp_untold **at = &sim->untold;
    while (*at && ((*at)->delivery != delivery || (*at)->device != device))
        at = &(*at)->next;
    struct csp_untold *untold = *at;
    if (untold)
        *at = untold->next;
    pthread_mutex_unlock(&sim->lock);
    json_t *notification = untold ? untold->notification : NULL;
    free(untold);
    return notification;
}

void csp_hubs_stored(void *context, uint64_t delivery, eui64 device,
                     instant when) {
    struct csp_sim *sim = ((struct hub_batch *)context)->sim;
    json_t *notification = untold_take(sim, delivery, device);
    if (!notification)
        return;
    char id[112], text[INSTANT_TEXT_SIZE];
    snprintf(id, sizeof id, "stored %.80s",
             csp_text(notification, "notificationId"));
    json_put(notification, "timestamp", json_text(instant_format(when, text)));
    csp_sim_send(sim, id, NOTIFICATIONS, notification, 0);
}

void csp_hubs_forget(struct csp_sim *sim) {
    while (sim->images) {
        struct csp_image *image = sim->images;
        sim->images = image->next;
        free((void *)(uintptr_t)image->octets.data);
        free(image);
    }
    while (sim->untold) {
        struct csp_untold *untold = sim->untold;
        sim->untold = untold->next;
        json_decref(untold->notification);
        free(untold);
    }
}

/* ---- commands, and time ---- */

void csp_hubs_take_command(struct csp_sim *sim, const json_t *command) {
    struct span payload = span_text(csp_text(command, "payload"));
    struct hub_batch batch = batch_begin(sim);
    uint8_t *octets = memory_alloc(base64_most_octets(payload.len));
    ptrdiff_t len = base64_parse(payload, octets);
    const char *dropped = "it is not base64";
    if (len >= 0)
        dropped = sim_han_command(
            sim->han, id_parse(csp_text(command, "commsHubId")),
            id_parse(csp_text(command, "deviceId")),
            span_of(octets, (size_t)len), clock_now(), batch_add, &batch);
    if (dropped)
        fprintf(stderr, "fotasim: %s dropped a command: %s\n",
                csp_text(command, "deviceId"), dropped);
    free(octets);
    batch_end(&batch);
}

void csp_hubs_tick(struct csp_sim *sim) {
    struct hub_batch batch = batch_begin(sim);
    sim_han_tick(sim->han, clock_now(), batch_add, &batch);
    batch_end(&batch);
}
