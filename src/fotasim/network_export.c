/* Requests of an export, for the model of the networks. */
#include "base/memory.h"
#include "fotasim/network.h"
#include "fotasim/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Names that were met, by their number. */
struct names {
    char (*rows)[72];
    uint32_t count, size;
};

static uint32_t name_number(struct names *names, const char *name) {
    for (uint32_t i = 0; i < names->count; i++)
        if (strcmp(names->rows[i], name) == 0)
            return i;
    if (names->count == names->size) {
        names->size = names->size ? 2 * names->size : 64;
        names->rows =
            memory_grow(names->rows, names->size * sizeof *names->rows);
    }
    snprintf(names->rows[names->count], sizeof *names->rows, "%s", name);
    return names->count++;
}

/* HCALCS share the block of PPMID, and are as they are. */
static int type_number(const char *name) {
    static const char *const types[] = {"ESME", "GSME", "PPMID", "HCALCS"};
    for (int i = 0; i < 4; i++)
        if (strcmp(types[i], name) == 0)
            return i == 3 ? NETWORK_PPMID : i;
    return -1;
}

struct reading {
    struct names senders, images;
    instant first;
    struct network_export *export;
};

static void line_add(struct network_export *export,
                     const struct network_line *line) {
    if (export->count == export->size) {
        export->size = export->size ? 2 * export->size : 1024;
        export->lines =
            memory_grow(export->lines, export->size * sizeof *export->lines);
    }
    export->lines[export->count++] = *line;
}

/* False: it is no such line. */
static bool line_read(struct reading *reading, const char *text) {
    char received[40], sender[72], image[72], type[16];
    unsigned devices;
    instant at;
    if (sscanf(text, "%39[^,],%71[^,],%71[^,],%15[^,],%u", received, sender,
               image, type, &devices) != 5 ||
        !instant_parse(span_text(received), &at) || type_number(type) < 0 ||
        !devices || devices > 50000)
        return false;
    struct network_export *export = reading->export;
    if (!export->count)
        reading->first = at - at % DAY;
    instant since = (at - reading->first) / NETWORK_TICK;
    if (since < 0 || since >= NETWORK_YEAR)
        return false;
    line_add(export, &(struct network_line){
                         .received = (tick)since,
                         .user = name_number(&reading->senders, sender),
                         .pool = name_number(&reading->images, image),
                         .devices = devices,
                         .type = (uint8_t)type_number(type)});
    return true;
}

bool network_export_read(const char *path, struct network_export *export) {
    struct reading reading = {.export = export};
    char text[512];
    FILE *file = fopen(path, "re");
    if (!file)
        return refuse("%s: %s", path, strerror(errno)), false;
    bool good = true;
    for (int line = 1; good && fgets(text, sizeof text, file); line++) {
        text[strcspn(text, "\r\n")] = '\0';
        good = line == 1 ? strcmp(text, "received,sender,image,device_type,"
                                        "devices") == 0
                         : line_read(&reading, text);
        if (!good)
            refuse("%s:%d: not a line of received,sender,image,device_type,"
                   "devices, by time, within a year",
                   path, line);
    }
    fclose(file);
    export->users = reading.senders.count;
    export->pools = reading.images.count;
    free(reading.senders.rows);
    free(reading.images.rows);
    return good;
}
