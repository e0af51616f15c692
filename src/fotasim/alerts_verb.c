/* What hubs and devices say when an image has come, as the batches that their
 * CSP brings: made beforehand, so that tools/bench measures fotad alone. */
#include "fotasim/device.h"
#include "fotasim/device_list.h"
#include "fotasim/estate.h"
#include "fotasim/verbs.h"

#include "base/base64.h"

#include <stdio.h>

struct told {
    const char *devices, *pki, *image, *regions, *kind;
    uint64_t seed, batch;
    size_t in_batch;
    struct buffer line;
};

static void flush(struct told *told) {
    if (told->in_batch)
        printf("%s]\n", (const char *)told->line.data);
    told->line.len = 0;
    told->in_batch = 0;
}

static void say(void *context, const struct sim_word *word) {
    struct told *told = context;
    char hub[EUI64_TEXT_SIZE];
    if (strncmp(word->id, told->kind, strlen(told->kind)) != 0)
        return;
    buffer_printf(&told->line,
                  "%s{\"messageId\":\"%s\",\"commsHubId\":\"%s\","
                  "\"payload\":\"",
                  told->in_batch ? "," : "[", word->id,
                  eui64_format(word->hub, hub));
    base64_add(&told->line, word->octets);
    buffer_text(&told->line, "\"}");
    if (++told->in_batch == told->batch)
        flush(told);
}

/* Regions of one CSP, with commas, as in fotad's configuration. */
static bool is_of_csp(const struct told *told, const struct sim_home *home) {
    size_t len = strlen(home->region);
    for (const char *at = told->regions; at; at = strchr(at, ',')) {
        at += strspn(at, ", ");
        if (strncmp(at, home->region, len) == 0 && (!at[len] || at[len] == ','))
            return true;
    }
    return false;
}

static bool tell_of(struct told *told, struct sim_han *han,
                    const struct sim_firmware *image, eui64 id) {
    struct sim_home home;
    size_t place;
    char text[EUI64_TEXT_SIZE];
    if (!sim_home_of(told->seed, id, &home, &place))
        return refuse("alerts: no home has %s", eui64_format(id, text)), false;
    const struct sim_device *device = &home.devices[place];
    struct sim_delivery delivery = {
        .hub = home.devices[0].id,
        .device = id,
        .device_type = device_types[sim_models[device->model].type],
        .supplier = device->supplier,
        .version = image->version};
    if (is_of_csp(told, &home))
        sim_han_image(han, &delivery, clock_now(), say, told);
    return true;
}

static bool tell_all(struct told *told, struct sim_han *han,
                     const struct sim_firmware *image) {
    struct arena *arena = arena_new();
    const eui64 *ids;
    size_t count;
    bool good = read_device_list(arena, told->devices, &ids, &count);
    for (size_t i = 0; i < count && good; i++)
        good = tell_of(told, han, image, ids[i]);
    flush(told);
    arena_free(arena);
    return good;
}

static bool is_complete(const struct told *told) {
    return told->devices && told->pki && told->image && told->regions &&
           told->kind && told->batch;
}

int verb_alerts(int argc, char **argv) {
    struct told told = {.seed = 1, .batch = 1};
    const struct option_row rows[] = {
        {"pki", OPTION_TEXT, &told.pki},
        {"devices", OPTION_TEXT, &told.devices},
        {"image", OPTION_TEXT, &told.image},
        {"kind", OPTION_TEXT, &told.kind},
        {"regions", OPTION_TEXT, &told.regions},
        {"seed", OPTION_COUNT, &told.seed},
        {"batch", OPTION_COUNT, &told.batch},
    };
    char **operands, certificates[4200];
    if (!read_options(argc, argv, rows, sizeof rows / sizeof *rows, &operands))
        return 2;
    const struct sim_firmware *image =
        told.image ? sim_firmware_find(told.image) : NULL;
    if (!is_complete(&told) || !image || operands[0])
        return refuse("alerts: --pki, --devices, --image, --kind and --regions "
                      "are wanted"),
               2;
    snprintf(certificates, sizeof certificates, "%s/certificates", told.pki);
    struct sim_han *han = sim_han_new(&(struct sim_han_options){
        .seed = told.seed, .certificates = certificates});
    bool good = han && tell_all(&told, han, image);
    sim_han_free(han);
    buffer_free(&told.line);
    return good ? 0 : 1;
}
