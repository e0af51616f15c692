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
    [SIM_OFF] = "off",
    [SIM_NOT_BEGINNING] = "not_beginning",
    [SIM_STOPPING] = "stopping",
    [SIM_NO_WAN] = "no_wan",
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

/* ---- rows that are no shares: a name, and what its words are ---- */

static bool word_time(struct sim_turn *turn, const char *word) {
    return instant_parse(span_text(word), &turn->time);
}

static bool word_device(struct sim_turn *turn, const char *word) {
    return eui64_parse(span_text(word), &turn->device);
}

static bool word_any_device(struct sim_turn *turn, const char *word) {
    return !*word || word_device(turn, word);
}

static bool word_hub(struct sim_turn *turn, const char *word) {
    return eui64_parse(span_text(word), &turn->hub);
}

static bool word_version(struct sim_turn *turn, const char *word) {
    return gbcs_version_parse(span_text(word), &turn->version);
}

static bool word_second(struct sim_turn *turn, const char *word) {
    return gbcs_version_parse(span_text(word), &turn->second);
}

static bool word_none(struct sim_turn *turn, const char *word) {
    (void)turn;
    return !*word;
}

enum { TURN_WORDS = 3 };

static const struct {
    const char *name;
    bool (*words[TURN_WORDS])(struct sim_turn *turn, const char *word);
} turn_rows[] = {
    [SIM_OFF_UNTIL] = {"off_until", {word_time, word_any_device, word_none}},
    [SIM_JOINED] = {"joined", {word_hub, word_device, word_none}},
    [SIM_LOCAL] = {"local", {word_time, word_version, word_device}},
    [SIM_PARTS] = {"parts", {word_version, word_second, word_none}},
};

/* 1: read; 0: it is no such row; -1: it is a wrong one. */
static int read_turn(struct sim_faults *faults, const char *name,
                     char words[TURN_WORDS][32]) {
    size_t kind = 0, kinds = sizeof turn_rows / sizeof *turn_rows;
    while (kind < kinds && strcmp(turn_rows[kind].name, name) != 0)
        kind++;
    if (kind == kinds)
        return 0;
    if (faults->turn_count == SIM_MOST_TURNS)
        return -1;
    struct sim_turn *turn = &faults->turns[faults->turn_count];
    *turn = (struct sim_turn){.kind = (enum sim_turn_kind)kind};
    for (int i = 0; i < TURN_WORDS; i++)
        if (!turn_rows[kind].words[i](turn, words[i]))
            return -1;
    faults->turn_count++;
    return 1;
}

static bool read_row(struct sim_faults *faults, char *line) {
    char name[32], words[TURN_WORDS][32] = {"", "", ""};
    line[strcspn(line, "#\n")] = '\0';
    int count =
        sscanf(line, "%31s %31s %31s %31s", name, words[0], words[1], words[2]);
    if (count <= 0)
        return true;
    int turn = read_turn(faults, name, words);
    if (turn)
        return turn > 0;
    if (count == 2 && strcmp(name, "version") == 0)
        return faults->has_version =
                   gbcs_version_parse(span_text(words[0]), &faults->version);
    if (count == 2 && read_delay(faults, name, words[0]))
        return true;
    return count >= 2 && read_fault(faults, name, words[0], words[1]);
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
    /* the same devices, however many faults there will be */
    enum { SPREAD = 13 };
    struct sim_random random = {device * SPREAD + fault};
    unsigned share = 0;
    for (unsigned i = 0; i < faults->count; i++)
        if (faults->rows[i].fault == fault &&
            (!faults->rows[i].device || faults->rows[i].device == device))
            share = faults->rows[i].share;
    return share && random_below(&random, 100) < share;
}

bool sim_is_on(const struct sim_faults *faults, eui64 device, instant now,
               instant *since) {
    instant until = 0;
    for (unsigned i = 0; i < faults->turn_count; i++)
        if (faults->turns[i].kind == SIM_OFF_UNTIL &&
            (!faults->turns[i].device || faults->turns[i].device == device))
            until = faults->turns[i].time;
    if (since)
        *since = until;
    return until <= now && !sim_faulty(faults, device, SIM_OFF);
}

eui64 sim_joined(const struct sim_faults *faults, eui64 device, eui64 hub) {
    for (unsigned i = 0; i < faults->turn_count; i++)
        if (faults->turns[i].kind == SIM_JOINED &&
            faults->turns[i].device == device)
            hub = faults->turns[i].hub;
    return hub;
}
