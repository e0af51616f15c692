/* What emulated hubs and devices say, brought to fotad by their CSP. */
#include "base/base64.h"
#include "base/hex.h"
#include "base/memory.h"
#include "cpl/ota.h"
#include "fotasim/csp_sim.h"
#include "fotasim/device.h"

#include <stdlib.h>

#define MESSAGES "/csp/v1/gbcs-messages"

/* ---- images, for the hash that devices compute ---- */

struct csp_image {
    struct csp_image *next;
    char id[2 * OTA_HASH_LEN + 1];
    struct span octets;
};

void csp_han_keep_image(struct csp_sim *sim, const char *id,
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

void csp_han_forget_images(struct csp_sim *sim) {
    while (sim->images) {
        struct csp_image *image = sim->images;
        sim->images = image->next;
        free((void *)(uintptr_t)image->octets.data);
        free(image);
    }
}

/* Zeros when the image has not come or cannot be read. */
static void hash_of(struct csp_sim *sim, const char *id, bool trailer,
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

/* ---- saying ---- */

/* Messages that are due together, in batches. */
struct saying {
    struct csp_sim *sim;
    json_t *batch;
    instant due;
    size_t most;
    char first[128]; /* identifier of the batch's first message */
};

static void flush(struct saying *saying) {
    if (!json_array_size(saying->batch))
        return;
    char id[160];
    snprintf(id, sizeof id, "messages %s", saying->first);
    csp_sim_say(saying->sim, id, MESSAGES, saying->batch, saying->due);
    saying->batch = json_array();
}

static void say(void *context, const struct sim_word *word) {
    struct saying *saying = context;
    if (word->delay != saying->due ||
        json_array_size(saying->batch) >= saying->most)
        flush(saying);
    saying->due = word->delay;
    if (!json_array_size(saying->batch))
        snprintf(saying->first, sizeof saying->first, "%s", word->id);
    struct buffer payload = {0};
    base64_add(&payload, word->octets);
    char hub[EUI64_TEXT_SIZE];
    json_array_append_new(saying->batch,
                          json_pack("{s:s, s:s, s:s}", "messageId", word->id,
                                    "commsHubId", eui64_format(word->hub, hub),
                                    "payload", (const char *)payload.data));
    buffer_free(&payload);
}

static struct saying begin(struct csp_sim *sim) {
    struct csp_faults faults;
    csp_faults_read(sim->options.faults, &faults);
    return (struct saying){
        .sim = sim, .batch = json_array(), .most = faults.batch};
}

static void end(struct saying *saying) {
    flush(saying);
    json_decref(saying->batch);
}

/* ---- what hubs and devices hear ---- */

static const char *text(const json_t *object, const char *name) {
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

static eui64 id_of(const char *text_of_it) {
    eui64 id = 0;
    if (strlen(text_of_it) >= EUI64_TEXT_LEN)
        eui64_parse(span_of(text_of_it, EUI64_TEXT_LEN), &id);
    return id;
}

void csp_han_deliver(struct csp_sim *sim, const json_t *job) {
    struct csp_faults faults;
    csp_faults_read(sim->options.faults, &faults);
    struct saying saying = begin(sim);
    struct sim_delivery delivery = {
        .device_type = text(job, "deviceType"),
        .supplier = id_of(text(job, "requestId")),
        .version = (uint32_t)strtoul(text(job, "firmwareVersion"), NULL, 16)};
    bool trailer = strcmp(delivery.device_type, "PPMID") != 0;
    hash_of(sim, text(job, "imageId"), trailer, delivery.hash);
    size_t i;
    json_t *target;
    json_array_foreach(json_object_get(job, "targets"), i, target) {
        const char *reason;
        delivery.device = id_of(text(target, "deviceId"));
        delivery.hub = id_of(text(target, "commsHubId"));
        if (csp_fate_of(&faults, delivery.device, &reason) == CSP_WELL)
            sim_han_image(sim->han, &delivery, clock_now(), say, &saying);
    }
    end(&saying);
}

void csp_han_command(struct csp_sim *sim, const json_t *command) {
    struct span payload = span_text(text(command, "payload"));
    struct saying saying = begin(sim);
    uint8_t *octets = memory_alloc(base64_most_octets(payload.len));
    ptrdiff_t len = base64_parse(payload, octets);
    const char *dropped = "it is not base64";
    if (len >= 0)
        dropped = sim_han_command(sim->han, id_of(text(command, "commsHubId")),
                                  id_of(text(command, "deviceId")),
                                  span_of(octets, (size_t)len), clock_now(),
                                  say, &saying);
    if (dropped)
        fprintf(stderr, "fotasim: %s dropped a command: %s\n",
                text(command, "deviceId"), dropped);
    free(octets);
    end(&saying);
}

void csp_han_turn(struct csp_sim *sim) {
    struct saying saying = begin(sim);
    sim_han_turn(sim->han, clock_now(), say, &saying);
    end(&saying);
}
