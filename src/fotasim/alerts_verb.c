/* What hubs and devices say when an image has come, as the batches that their
 * CSP brings: made beforehand, so that tools/bench measures fotad alone. */
#include "fotasim/device.h"
#include "fotasim/device_list.h"
#include "fotasim/estate.h"
#include "fotasim/verbs.h"

#include "base/base64.h"

#include <stdio.h>

struct alerts {
    const char *devices, *pki, *image, *regions, *kind;
    uint64_t seed, batch;
    size_t in_batch;
    struct buffer line;
};

static void batch_flush(struct alerts *alerts) {
    if (alerts->in_batch)
        printf("%s]\n", (const char *)alerts->line.data);
    alerts->line.len = 0;
    alerts->in_batch = 0;
}

static void batch_add(void *context, const struct sim_han_message *message) {
    struct alerts *alerts = context;
    char hub[EUI64_TEXT_SIZE];
    if (strncmp(message->id, alerts->kind, strlen(alerts->kind)) != 0)
        return;
    buffer_printf(&alerts->line,
                  "%s{\"messageId\":\"%s\",\"commsHubId\":\"%s\","
                  "\"payload\":\"",
                  alerts->in_batch ? "," : "[", message->id,
                  eui64_format(message->hub, hub));
    base64_add(&alerts->line, message->octets);
    buffer_text(&alerts->line, "\"}");
    if (++alerts->in_batch == alerts->batch)
        batch_flush(alerts);
}

/* Regions of one CSP, with commas, as in fotad's configuration. */
static bool is_of_csp(const struct alerts *alerts,
                      const struct sim_home *home) {
    size_t len = strlen(home->region);
    for (const char *at = alerts->regions; at; at = strchr(at, ',')) {
        at += strspn(at, ", ");
        if (strncmp(at, home->region, len) == 0 && (!at[len] || at[len] == ','))
            return true;
    }
    return false;
}

static bool device_gets_image(struct alerts *alerts, struct sim_han *han,
                              const struct sim_firmware *image, eui64 id) {
    struct sim_home home;
    size_t place;
    char text[EUI64_TEXT_SIZE];
    if (!sim_home_of(alerts->seed, id, &home, &place))
        return refuse("alerts: no home has %s", eui64_format(id, text)), false;
    const struct sim_device *device = &home.devices[place];
    struct sim_transfer transfer = {
        .hub = home.devices[0].id,
        .device = id,
        .device_type = device_types[sim_models[device->model].type],
        .supplier = device->supplier,
        .version = image->version};
    if (is_of_csp(alerts, &home))
        sim_han_image(han, &transfer, clock_now(), batch_add, alerts);
    return true;
}

static bool devices_get_image(struct alerts *alerts, struct sim_han *han,
                              const struct sim_firmware *image) {
    struct arena *arena = arena_new();
    const eui64 *ids;
    size_t count;
    bool good = read_device_list(arena, alerts->devices, &ids, &count);
    for (size_t i = 0; i < count && good; i++)
        good = device_gets_image(alerts, han, image, ids[i]);
    batch_flush(alerts);
    arena_free(arena);
    return good;
}

static bool is_complete(const struct alerts *alerts) {
    return alerts->devices && alerts->pki && alerts->image && alerts->regions &&
           alerts->kind && alerts->batch;
}

int verb_alerts(int argc, char **argv) {
    struct alerts alerts = {.seed = 1, .batch = 1};
    const struct option_row rows[] = {
        {"pki", OPTION_TEXT, &alerts.pki},
        {"devices", OPTION_TEXT, &alerts.devices},
        {"image", OPTION_TEXT, &alerts.image},
        {"kind", OPTION_TEXT, &alerts.kind},
        {"regions", OPTION_TEXT, &alerts.regions},
        {"seed", OPTION_COUNT, &alerts.seed},
        {"batch", OPTION_COUNT, &alerts.batch},
    };
    char **operands, certificates[4200];
    if (!read_options(argc, argv, rows, sizeof rows / sizeof *rows, &operands))
        return 2;
    const struct sim_firmware *image =
        alerts.image ? sim_firmware_find(alerts.image) : NULL;
    if (!is_complete(&alerts) || !image || operands[0])
        return refuse("alerts: --pki, --devices, --image, --kind and --regions "
                      "are wanted"),
               2;
    snprintf(certificates, sizeof certificates, "%s/certificates", alerts.pki);
    struct sim_han *han = sim_han_new(&(struct sim_han_options){
        .seed = alerts.seed, .certificates = certificates});
    bool good = han && devices_get_image(&alerts, han, image);
    sim_han_free(han);
    buffer_free(&alerts.line);
    return good ? 0 : 1;
}
