#include "fotasim/device_faults.h"

#include "fotasim/random.h"
#include "fotasim/verbs.h"
#include "gbcs/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const names[SIM_FAULTS] = {
    [SIM_TRANSFER_FAILED] = "transfer_failed",
    [SIM_DISCARDED] = "discarded",
    [SIM_HARDWARE_MISMATCH] = "hardware_mismatch",
    [SIM_HUB_SILENT] = "hub_silent",
    [SIM_VERIFICATION_FAILED] = "verification_failed",
    [SIM_ACTIVATION_FAILED] = "activation_failed",
    [SIM_VERSION_UNCHANGED] = "version_unchanged",
    [SIM_DEVICE_SILENT] = "device_silent",
    [SIM_READ_FAILED] = "read_failed",
    [SIM_EARLY] = "early",
    [SIM_TWICE] = "twice",
    [SIM_BAD_SIGNATURE] = "bad_signature",
    [SIM_BAD_MAC] = "bad_mac",
};

static bool read_number(const char *text, unsigned long most,
                        unsigned long *number) {
    char *end;
    errno = 0;
    *number = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno && *number <= most;
}

static bool read_delay(struct sim_faults *faults, const char *name,
                       const char *value) {
    const struct {
        const char *name;
        instant *delay;
    } delays[] = {{"han_delay", &faults->han_delay},
                  {"activation_delay", &faults->activation_delay},
                  {"answer_delay", &faults->answer_delay}};
    unsigned long number;
    for (size_t i = 0; i < sizeof delays / sizeof *delays; i++)
        if (strcmp(delays[i].name, name) == 0 &&
            read_number(value, 86400000, &number)) {
            *delays[i].delay = (instant)number * MILLISECOND;
            return true;
        }
    return false;
}

static bool read_fault(struct sim_faults *faults, const char *name,
                       const char *value, const char *device) {
    int fault = 0;
    while (fault < SIM_FAULTS && strcmp(names[fault], name) != 0)
        fault++;
    unsigned long share;
    eui64 id = 0;
    if (fault == SIM_FAULTS || !read_number(value, 100, &share) ||
        faults->count == SIM_MOST_FAULT_ROWS ||
        (*device && !eui64_parse(span_text(device), &id)))
        return false;
    faults->rows[faults->count].device = id;
    faults->rows[faults->count].fault = (enum sim_device_fault)fault;
    faults->rows[faults->count++].share = (unsigned)share;
    return true;
}

static bool read_row(struct sim_faults *faults, char *line) {
    char name[32], value[32] = "", device[32] = "";
    line[strcspn(line, "#\n")] = '\0';
    int words = sscanf(line, "%31s %31s %31s", name, value, device);
    if (words <= 0)
        return true;
    if (words == 2 && strcmp(name, "version") == 0)
        return faults->has_version =
                   gbcs_version_parse(span_text(value), &faults->version);
    if (words == 2 && read_delay(faults, name, value))
        return true;
    return words >= 2 && read_fault(faults, name, value, device);
}

bool sim_faults_read(const char *path, struct sim_faults *faults) {
    *faults = (struct sim_faults){.count = 0};
    FILE *file = path ? fopen(path, "r") : NULL;
    if (!file)
        return !path || (refuse("%s: %s", path, strerror(errno)), false);
    char line[256];
    bool good = true;
    for (unsigned n = 1; good && fgets(line, sizeof line, file); n++)
        if (!read_row(faults, line)) {
            refuse("%s:%u: no such fault", path, n);
            good = false;
        }
    fclose(file);
    return good;
}

bool sim_faulty(const struct sim_faults *faults, eui64 device,
                enum sim_device_fault fault) {
    struct sim_random random = {device * SIM_FAULTS + fault};
    unsigned share = 0;
    for (unsigned i = 0; i < faults->count; i++)
        if (faults->rows[i].fault == fault &&
            (!faults->rows[i].device || faults->rows[i].device == device))
            share = faults->rows[i].share;
    return share && random_below(&random, 100) < share;
}
