#include "fotasim/csp_faults.h"

#include "fotasim/verbs.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const fate_names[CSP_FATES] = {
    "well", "reject", "fail", "other", "silent", "another_hub"};
static const char *const route_names[CSP_ROUTES] = {"image", "recall", "job",
                                                    "command"};

#define AS_COPIES UINT_MAX

/* The words of one line; missing ones are empty. */
struct row {
    char name[16], first[40], second[40], third[40];
};

static int name_place(const char *name, const char *const *names, int count) {
    for (int i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

static unsigned number_or(const char *text, unsigned standard) {
    return *text ? (unsigned)strtoul(text, NULL, 10) : standard;
}

/* No reason is written "-" where a further word follows. */
static void set_reason(char reason[static 40], const char *given,
                       const char *standard) {
    if (!*given)
        given = standard;
    snprintf(reason, 40, "%s", strcmp(given, "-") == 0 ? "" : given);
}

static bool set_reply(struct csp_faults *faults, const struct row *row) {
    int route = name_place(row->name, route_names, CSP_ROUTES);
    if (route < 0 || !*row->first)
        return false;
    struct csp_reply *reply = &faults->replies[route];
    snprintf(reply->answer, sizeof reply->answer, "%.15s", row->first);
    set_reason(reply->reason, row->second, "");
    reply->first = number_or(row->third, 0);
    return true;
}

static bool set_fate(struct csp_faults *faults, const struct row *row) {
    int fate = name_place(row->name, fate_names, CSP_FATES);
    if (fate < 0 || !*row->first)
        return false;
    faults->fates[fate].share = number_or(row->first, 0);
    set_reason(faults->fates[fate].reason, row->second, "OTHER");
    return true;
}

static bool set_device(struct csp_faults *faults, const struct row *row) {
    int fate = name_place(row->second, fate_names, CSP_FATES);
    eui64 id;
    if (strcmp(row->name, "device") != 0 || fate < 0 ||
        faults->device_count == CSP_MOST_DEVICES ||
        !eui64_parse(span_text(row->first), &id))
        return false;
    unsigned at = faults->device_count++;
    faults->devices[at].id = id;
    faults->devices[at].fate = (enum csp_fate)fate;
    set_reason(faults->devices[at].reason, row->third, "OTHER");
    return true;
}

static bool set_number(struct csp_faults *faults, const struct row *row) {
    const struct {
        const char *name;
        unsigned *value;
    } numbers[] = {{"copies", &faults->copies},
                   {"reports", &faults->reports},
                   {"batch", &faults->batch},
                   {"report_delay", &faults->report_delay},
                   {"delivery_delay", &faults->delivery_delay},
                   {"contradict", &faults->contradict}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(numbers[i].name, row->name) == 0 && *row->first) {
            *numbers[i].value = number_or(row->first, 0);
            return true;
        }
    return false;
}

/* An empty line and a comment are good. */
static bool read_line(struct csp_faults *faults, char *line) {
    struct row row = {.name = ""};
    line[strcspn(line, "#\n")] = '\0';
    if (sscanf(line, "%15s %39s %39s %39s", row.name, row.first, row.second,
               row.third) < 1)
        return true;
    return set_reply(faults, &row) || set_fate(faults, &row) ||
           set_device(faults, &row) || set_number(faults, &row);
}

bool csp_faults_read(const char *path, struct csp_faults *faults) {
    *faults =
        (struct csp_faults){.copies = 1, .reports = AS_COPIES, .batch = 10000};
    FILE *file = path ? fopen(path, "re") : NULL;
    if (!file) {
        faults->reports = 1;
        return true;
    }
    char line[256];
    bool good = true;
    for (int at = 1; good && fgets(line, sizeof line, file); at++) {
        good = read_line(faults, line);
        if (!good)
            refuse("%s:%d: not a row that is known", path, at);
    }
    fclose(file);
    if (faults->reports == AS_COPIES)
        faults->reports = faults->copies;
    if (faults->batch == 0 || faults->batch > 10000)
        faults->batch = 10000;
    return good;
}

/* 0 to 99, spread evenly. */
static unsigned device_draw(eui64 device) {
    return (unsigned)((device * UINT64_C(0x9E3779B97F4A7C15)) >> 32) % 100;
}

enum csp_fate csp_fate_of(const struct csp_faults *faults, eui64 device,
                          const char **reason) {
    for (unsigned i = 0; i < faults->device_count; i++)
        if (faults->devices[i].id == device) {
            *reason = faults->devices[i].reason;
            return faults->devices[i].fate;
        }
    unsigned drawn = device_draw(device), passed = 0;
    for (enum csp_fate fate = CSP_REJECT; fate < CSP_FATES; fate++) {
        passed += faults->fates[fate].share;
        *reason = faults->fates[fate].reason;
        if (drawn < passed)
            return fate;
    }
    *reason = "";
    return CSP_WELL;
}
