#include "support/scenario_files.h"
#include "support/check.h"

#include "base/log.h"
#include "duis/library.h"
#include "fotasim/device_key.h"
#include "fotasim/estate.h"
#include "fotasim/keys.h"
#include "fotasim/verbs.h"

#include <openssl/evp.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

char scenario_home[64];
const char *scenario_clock_path;

/* ---- who is there ---- */

static const struct {
    const char *name, *region;
    unsigned electricity, gas; /* suppliers */
} HOMES[] = {
    {"n1", "North", 1, 2},    {"n2", "North", 1, 2},
    {"n3", "North", 1, 2},    {"n4", "North", 1, 2},
    {"n5", "4G North", 1, 2}, {"n6", "4G North", 1, 2},
    {"c1", "Central", 1, 2},  {"c2", "Central", 1, 2},
    {"c3", "Central", 1, 2},  {"s1", "4G South", 1, 2},
    {"s2", "4G South", 1, 2}, {"s3", "4G South", 1, 2},
    {"m1", "North", 1, 1},    {"m2", "North", 1, 1},
    {"o1", "North", 2, 2},
};
enum { HOME_COUNT = sizeof HOMES / sizeof *HOMES };
static struct sim_home homes[HOME_COUNT];

/* The models that the named devices have, as fotasim's catalogue calls them. */
static const struct {
    const char *name, *model;
    uint32_t firmware; /* 0: any */
} PARTS[] = {{"hub", "hub-", 0},
             {"esme", "esme-a", 0x01010000},
             {"gsme", "gsme-a", 0x00010002},
             {"ppmid", "ppmid-a", 0},
             {"hcalcs", "hcalcs-a", 0x00000001}};
enum { PART_COUNT = sizeof PARTS / sizeof *PARTS };

static const struct sim_device *part_of(const struct sim_home *home,
                                        size_t part) {
    for (size_t i = 0; i < home->device_count; i++) {
        const char *model = sim_models[home->devices[i].model].name;
        size_t len = strlen(PARTS[part].model);
        bool is_it = part ? strcmp(model, PARTS[part].model) == 0
                          : strncmp(model, PARTS[part].model, len) == 0;
        if (is_it && (!PARTS[part].firmware ||
                      PARTS[part].firmware == home->devices[i].firmware))
            return &home->devices[i];
    }
    return NULL;
}

static bool has_every_part(const struct sim_home *home) {
    for (size_t part = 0; part < PART_COUNT; part++)
        if (!part_of(home, part))
            return false;
    return !home->smets1;
}

/* Homes of the sample estate, whose devices the emulators know; regions and
 * suppliers are given to them here. Returns the first that was not looked
 * at. */
static uint64_t choose_homes(void) {
    uint64_t number = 0;
    for (size_t i = 0; i < HOME_COUNT; number++) {
        sim_home(SCENARIO_SEED, number, &homes[i]);
        i += has_every_part(&homes[i]);
    }
    return number;
}
static uint64_t first_bulk;

eui64 scenario_device(const struct scenario *scenario, const char *name) {
    const char *dot = strchr(name, '.');
    eui64 id = 0;
    if (strncmp(name, "bulk", 4) == 0)
        return scenario->bulk[strtoul(name + 4, NULL, 10)];
    if (strcmp(name, "dcc") == 0)
        return sim_acb;
    for (size_t i = 0; dot && i < HOME_COUNT; i++)
        for (size_t part = 0; part < PART_COUNT; part++)
            if (strncmp(name, HOMES[i].name, strlen(HOMES[i].name)) == 0 &&
                strcmp(dot + 1, PARTS[part].name) == 0)
                id = part_of(&homes[i], part)->id;
    if (!id)
        fail_msg("no device is called %s", name);
    return id;
}

bool scenario_verb(int (*verb)(int, char **), const char *line) {
    enum { MOST = 16 };
    char *words[MOST + 1] = {NULL};
    int count = 0;
    struct arena *arena = arena_new();
    char *rest = arena_text(arena, span_text(line));
    for (char *word; count < MOST && (word = strsep(&rest, " "));)
        words[count++] = word;
    bool good = verb(count, words) == 0;
    arena_free(arena);
    return good;
}

/* ---- smi.csv ---- */

static void add_id(struct buffer *out, eui64 id) {
    char text[EUI64_TEXT_SIZE];
    buffer_printf(out, ",%s", id ? eui64_format(id, text) : "");
}

static void add_device(struct buffer *out, const struct sim_home *home,
                       const struct sim_device *device, const char *region,
                       const unsigned suppliers[2]) {
    const struct sim_model *model = &sim_models[device->model];
    char text[EUI64_TEXT_SIZE];
    buffer_printf(out, "%s,%s,Commissioned,%04X,%04X,%02X,%02X,%08X,SMETS2,4.1",
                  eui64_format(device->id, text), device_types[model->type],
                  model->manufacturer_id, model->model_id,
                  model->hardware_version, model->hardware_revision,
                  device->firmware);
    add_id(out, home->devices[0].id);
    buffer_printf(out, ",%s", model->type == TYPE_CHF ? region : "");
    add_id(out, model->type == TYPE_ESME ? sim_suppliers[suppliers[0] - 1] : 0);
    add_id(out, model->type == TYPE_GSME ? sim_suppliers[suppliers[1] - 1] : 0);
    buffer_text(out, "\n");
}

static void add_home(struct buffer *out, const struct sim_home *home,
                     const char *region, const unsigned suppliers[2]) {
    for (size_t i = 0; i < home->device_count; i++)
        add_device(out, home, &home->devices[i], region, suppliers);
}

static void add_certificates(struct arena *arena,
                             const struct authority *authority, eui64 id,
                             struct buffer *out) {
    for (int agrees = 0; agrees < 2; agrees++) {
        EVP_PKEY *key =
            sim_device_key(SCENARIO_SEED, id, agrees ? SIM_AGREES : SIM_SIGNS);
        X509 *certificate = certificate_issue(
            arena, authority, key,
            &(struct certificate_wish){.id = id, .key_agreement = agrees});
        buffer_add(out, certificate_pem(arena, certificate));
        EVP_PKEY_free(key);
    }
}

/* The PPMID of a home with both meters; NULL when there is none. */
static const struct sim_device *bulk_ppmid(const struct sim_home *home) {
    const struct sim_device *ppmid = NULL;
    bool has_gas = false;
    for (size_t i = 0; i < home->device_count; i++) {
        const struct sim_model *model = &sim_models[home->devices[i].model];
        has_gas = has_gas || model->type == TYPE_GSME;
        if (strcmp(model->name, "ppmid-a") == 0 ||
            strcmp(model->name, "ppmid-b") == 0)
            ppmid = &home->devices[i];
    }
    return has_gas && !home->smets1 ? ppmid : NULL;
}

static void add_bulk(struct scenario *s, struct arena *arena,
                     struct buffer *smi, struct buffer *certificates) {
    static const unsigned suppliers[] = {1, 2};
    struct authority authority = authority_new(arena);
    s->bulk = arena_alloc(s->arena, (s->wish.bulk + 1) * sizeof *s->bulk);
    uint64_t number = first_bulk;
    for (size_t i = 0; i < s->wish.bulk; number++) {
        struct sim_home home;
        sim_home(SCENARIO_SEED, number, &home);
        const struct sim_device *ppmid = bulk_ppmid(&home);
        if (!ppmid)
            continue;
        s->bulk[i++] = ppmid->id;
        add_home(smi, &home, i % 2 ? "North" : "Central", suppliers);
        struct arena *one = arena_new();
        add_certificates(one, &authority, ppmid->id, certificates);
        add_certificates(one, &authority, home.devices[0].id, certificates);
        arena_free(one);
    }
}

static void write_file(const char *path, const struct buffer *text) {
    if (!write_whole(path, buffer_span(text)))
        fail_msg("%s cannot be written", path);
}

static void write_users(struct scenario *s) {
    if (!scenario_verb(verb_estate,
                       arena_printf(s->arena,
                                    "estate --homes 1 --octets %d "
                                    "--receive-url http://%s:%u/user %s",
                                    SCENARIO_IMAGE_OCTETS,
                                    scenario_host(s, LINE_TO_USERS),
                                    s->users_port, s->folder)))
        fail_msg("the sample estate cannot be written");
}

void scenario_write_estate(struct scenario *s) {
    struct buffer smi = {0}, certificates = {0};
    struct arena *arena = arena_new();
    write_users(s);
    buffer_text(&smi, "device_id,device_type,status,manufacturer_id,model_id,"
                      "hardware_version,hardware_revision,firmware_version,"
                      "smets_version,gbcs_version,chf_id,csp_region,"
                      "import_supplier_id,gas_supplier_id\n");
    for (size_t i = 0; i < HOME_COUNT; i++)
        add_home(&smi, &homes[i], HOMES[i].region,
                 (const unsigned[]){HOMES[i].electricity, HOMES[i].gas});
    add_bulk(s, arena, &smi, &certificates);
    write_file(scenario_path(s, "smi.csv"), &smi);
    if (certificates.len)
        write_file(arena_printf(arena, "%s/pki/certificates/devices-bulk.pem",
                                scenario_home),
                   &certificates);
    arena_free(arena);
    buffer_free(&smi);
    buffer_free(&certificates);
}

/* ---- once ---- */

static bool make_keys(void) {
    char pki[80], path[128];
    snprintf(pki, sizeof pki, "%s/pki", scenario_home);
    snprintf(path, sizeof path, "%s/certificates/devices-named.pem", pki);
    struct arena *arena = arena_new();
    bool good = scenario_verb(verb_pki, arena_printf(arena, "pki %s", pki));
    struct authority authority = authority_new(arena);
    struct buffer certificates = {0};
    for (size_t i = 0; i < HOME_COUNT; i++)
        for (size_t part = 0; part < PART_COUNT; part++)
            add_certificates(arena, &authority, part_of(&homes[i], part)->id,
                             &certificates);
    good = good && write_whole(path, buffer_span(&certificates));
    buffer_free(&certificates);
    arena_free(arena);
    return good;
}

static void open_clock(void) {
    static char path[80];
    snprintf(path, sizeof path, "%s/clock", scenario_home);
    test_clock_open(path);
    scenario_clock_path = path;
}

bool scenario_prepare(void) {
    log_set_level(LOG_LEVEL_ERROR);
    strcpy(scenario_home, "/tmp/fotad-scenario-XXXXXX");
    if (!mkdtemp(scenario_home))
        return false;
    first_bulk = choose_homes();
    open_clock();
    return duis_open() && make_keys();
}

static int remove_one(const char *path, const struct stat *status, int type,
                      struct FTW *place) {
    (void)status, (void)type, (void)place;
    return remove(path);
}

void scenario_finish(void) {
    duis_close();
    nftw(scenario_home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int scenario_finished(int failed) {
    scenario_finish();
    return failed;
}
