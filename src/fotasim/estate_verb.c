/* The files of the sample estate (interfaces: Data files), and which of its
 * devices a request would judge how. */
#include "fotasim/estate.h"
#include "fotasim/ota_image.h"
#include "fotasim/radio_cell.h"
#include "fotasim/verbs.h"

#include "base/hex.h"

#include <openssl/sha.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* One sample campaign and what it is tried on have this size by default. */
enum { DEFAULT_HOMES = 13000, FLUSH_AT = 1 << 20, SAY_AFTER = 1000000 };

struct file {
    FILE *stream;
    struct buffer pending;
    bool good;
};

static void file_flush(struct file *file) {
    if (file->stream && !span_write(buffer_span(&file->pending), file->stream))
        file->good = false;
    file->pending.len = 0;
}

static struct file file_open(const char *folder, const char *name) {
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    struct file file = {.stream = fopen(path, "wb")};
    file.good = file.stream != NULL;
    if (!file.good)
        refuse("%s: %s", path, strerror(errno));
    return file;
}

static bool file_close(struct file *file) {
    file_flush(file);
    if (file->stream && fclose(file->stream) != 0)
        file->good = false;
    buffer_free(&file->pending);
    return file->good;
}

static void add_hex(struct buffer *out, uint64_t value, size_t octets) {
    char *at = (char *)buffer_room(out, 2 * octets + 1);
    for (size_t i = 2 * octets; i-- > 0; value >>= 4)
        at[i] = HEX_UPPER[value & 15];
    out->len += 2 * octets;
}

static void add_device_id(struct buffer *out, eui64 id) {
    if (!id)
        return;
    eui64_format(id, (char *)buffer_room(out, EUI64_TEXT_SIZE));
    out->len += EUI64_TEXT_LEN;
}

/* ",": the next column */
static void add_comma(struct buffer *out) {
    *buffer_room(out, 1) = ',';
    out->len++;
}

static void add_model(struct buffer *out, const struct sim_model *model) {
    add_hex(out, model->manufacturer_id, 2);
    add_comma(out);
    add_hex(out, model->model_id, 2);
    add_comma(out);
    add_hex(out, model->hardware_version, 1);
    add_comma(out);
    add_hex(out, model->hardware_revision, 1);
    add_comma(out);
}

/* cpl.csv */

static void add_image_hash(struct buffer *out,
                           const struct sim_firmware *firmware, size_t octets) {
    if (!firmware->family)
        return;
    struct buffer image = {0};
    sim_manufacturer_image(firmware, sim_manufacturer_octets(firmware, octets),
                           &image);
    uint8_t hash[SHA256_DIGEST_LENGTH];
    SHA256(image.data, image.len, hash);
    buffer_free(&image);
    hex_format(span_of(hash, sizeof hash),
               (char *)buffer_room(out, 2 * sizeof hash + 1));
    out->len += 2 * sizeof hash;
}

static bool write_cpl(const char *folder, size_t octets) {
    struct file file = file_open(folder, "cpl.csv");
    struct buffer *out = &file.pending;
    buffer_text(out, "entry_id,device_type,manufacturer_id,model_id,"
                     "hardware_version,hardware_revision,firmware_version,"
                     "manufacturer_image_hash,status\r\n");
    for (size_t i = 0; i < sim_firmware_count; i++) {
        const struct sim_firmware *firmware = &sim_firmwares[i];
        const struct sim_model *model = &sim_models[firmware->model];
        buffer_printf(out, "CPL%05zu,%s,", i + 1, device_types[model->type]);
        add_model(out, model);
        add_hex(out, firmware->version, 4);
        add_comma(out);
        add_image_hash(out, firmware, octets);
        buffer_printf(out, ",%s\r\n", cpl_statuses[firmware->status]);
    }
    return file_close(&file);
}

/* users.csv */

static bool write_users(const char *folder, const char *receive_url) {
    static const struct {
        const eui64 *id;
        const char *name, *roles, *status, *duis_version;
    } users[] = {
        {&sim_suppliers[0], "Supplier 1", "IS|GS|ES", "active", "5.4"},
        {&sim_suppliers[1], "Supplier 2", "IS|GS", "active", "5.4"},
        {&sim_suppliers[2], "Supplier 3", "IS|GS", "active", "5.1"},
        {&sim_suppliers[3], "Supplier 4", "IS|GS|RSA", "active", "5.4"},
        {&sim_network_operator, "Network Operator", "ED", "active", "5.4"},
        {&sim_suspended_supplier, "Suspended Supplier", "IS|GS", "suspended",
         "5.4"},
    };
    struct file file = file_open(folder, "users.csv");
    buffer_text(&file.pending,
                "user_id,name,roles,status,receive_url,duis_version\r\n");
    for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
        add_device_id(&file.pending, *users[i].id);
        buffer_printf(&file.pending, ",%s,%s,%s,%s/", users[i].name,
                      users[i].roles, users[i].status, receive_url);
        add_device_id(&file.pending, *users[i].id);
        buffer_printf(&file.pending, ",%s\r\n", users[i].duis_version);
    }
    return file_close(&file);
}

/* smi.csv */

/* Of a hub in the region of CSP North. */
static void add_radio_cell(struct buffer *out, const struct sim_home *home,
                           const struct sim_device *device, uint64_t cells) {
    char text[EUI64_TEXT_SIZE];
    if (cells && device == &home->devices[0] && strstr(home->region, "North"))
        buffer_printf(out, "N-%04" PRIu64,
                      sim_radio_cell(eui64_format(device->id, text), cells));
}

static void add_device(struct buffer *out, const struct sim_home *home,
                       const struct sim_device *device, uint64_t cells) {
    const struct sim_model *model = &sim_models[device->model];
    bool is_hub = model->type == TYPE_CHF;
    add_device_id(out, device->id);
    add_comma(out);
    buffer_text(out, device_types[model->type]);
    add_comma(out);
    buffer_text(out, device->status);
    add_comma(out);
    add_model(out, model);
    add_hex(out, device->firmware, 4);
    buffer_text(out, home->smets1 ? ",SMETS1," : ",SMETS2,");
    buffer_text(out, home->gbcs_version);
    add_comma(out);
    add_device_id(out, home->devices[0].id);
    add_comma(out);
    buffer_text(out, is_hub ? home->region : "");
    add_comma(out);
    add_device_id(out, model->type == TYPE_ESME ? device->supplier : 0);
    add_comma(out);
    add_device_id(out, model->type == TYPE_GSME ? device->supplier : 0);
    add_comma(out);
    add_device_id(out, device->export_supplier);
    add_comma(out);
    add_device_id(out, device->network_operator);
    add_comma(out);
    add_device_id(out, device->registered_agent);
    add_comma(out);
    add_radio_cell(out, home, device, cells);
    buffer_text(out, "\r\n");
}

static bool write_smi(const char *folder, uint64_t seed, uint64_t homes,
                      uint64_t cells, uint64_t *devices) {
    struct file file = file_open(folder, "smi.csv");
    buffer_text(&file.pending,
                "device_id,device_type,status,manufacturer_id,model_id,"
                "hardware_version,hardware_revision,firmware_version,"
                "smets_version,gbcs_version,chf_id,csp_region,"
                "import_supplier_id,gas_supplier_id,export_supplier_id,"
                "network_operator_id,registered_agent_id,radio_cell\r\n");
    struct sim_home home;
    for (uint64_t n = 0; n < homes && file.good; n++) {
        sim_home(seed, n, &home);
        for (size_t i = 0; i < home.device_count; i++)
            add_device(&file.pending, &home, &home.devices[i], cells);
        *devices += home.device_count;
        if ((n + 1) % SAY_AFTER == 0)
            fprintf(stderr, "%" PRIu64 " of %" PRIu64 " homes\n", n + 1, homes);
        if (file.pending.len > FLUSH_AT)
            file_flush(&file);
    }
    return file_close(&file);
}

int verb_estate(int argc, char **argv) {
    uint64_t homes = DEFAULT_HOMES, seed = 1, octets = SIM_IMAGE_OCTETS;
    uint64_t cells = 0;
    const char *receive_url = "http://127.0.0.1:9300/user";
    const struct option_row options[] = {
        {"homes", OPTION_COUNT, &homes},
        {"seed", OPTION_COUNT, &seed},
        {"octets", OPTION_COUNT, &octets},
        {"cells", OPTION_COUNT, &cells},
        {"receive-url", OPTION_TEXT, &receive_url},
    };
    char **operands;
    if (!read_options(argc, argv, options, sizeof options / sizeof *options,
                      &operands))
        return 2;
    if (!operands[0] || operands[1])
        return refuse("estate: one folder is wanted"), 2;
    uint64_t devices = 0;
    if (!make_folder(operands[0]) || !write_cpl(operands[0], octets) ||
        !write_users(operands[0], receive_url) ||
        !write_smi(operands[0], seed, homes, cells, &devices))
        return refuse("%s: could not be written", operands[0]);
    printf("%" PRIu64 " homes, %" PRIu64 " devices\n", homes, devices);
    return 0;
}

/* Which devices */

struct wanted {
    uint64_t homes, seed, skip, count;
    const char *image, *expect, *type;
    eui64 user;
};

static bool is_wanted(const struct wanted *w, const struct sim_home *home,
                      const struct sim_device *device,
                      const struct sim_firmware *image) {
    const char *type = device_types[sim_models[device->model].type];
    if (w->type && strcmp(w->type, type) != 0)
        return false;
    return !w->expect ||
           strcmp(
               w->expect,
               sim_judgement_names[sim_judge(home, device, image, w->user)]) ==
               0;
}

static void print_device(struct wanted *w, eui64 id) {
    char text[EUI64_TEXT_SIZE];
    if (w->skip) {
        w->skip--;
        return;
    }
    puts(eui64_format(id, text));
    w->count--;
}

static void print_devices(struct wanted *w, const struct sim_firmware *image) {
    struct sim_home home;
    for (uint64_t n = 0; n < w->homes && w->count; n++) {
        sim_home(w->seed, n, &home);
        for (size_t i = 0; i < home.device_count && w->count; i++)
            if (is_wanted(w, &home, &home.devices[i], image))
                print_device(w, home.devices[i].id);
    }
}

static bool is_judgement(const char *name) {
    for (size_t i = 0; i < SIM_JUDGEMENTS; i++)
        if (strcmp(name, sim_judgement_names[i]) == 0)
            return true;
    return false;
}

int verb_devices(int argc, char **argv) {
    struct wanted w = {.homes = DEFAULT_HOMES, .seed = 1, .count = UINT64_MAX};
    const struct option_row options[] = {
        {"homes", OPTION_COUNT, &w.homes}, {"seed", OPTION_COUNT, &w.seed},
        {"skip", OPTION_COUNT, &w.skip},   {"count", OPTION_COUNT, &w.count},
        {"image", OPTION_TEXT, &w.image},  {"expect", OPTION_TEXT, &w.expect},
        {"type", OPTION_TEXT, &w.type},    {"user", OPTION_EUI64, &w.user},
    };
    char **operands;
    if (!read_options(argc, argv, options, sizeof options / sizeof *options,
                      &operands))
        return 2;
    const struct sim_firmware *image =
        w.image ? sim_firmware_find(w.image) : NULL;
    if (!image || !w.user || operands[0])
        return refuse("devices: --image and --user are wanted"), 2;
    if (w.expect && !is_judgement(w.expect))
        return refuse("devices: no such judgement: %s", w.expect), 2;
    uint64_t wanted = w.count;
    print_devices(&w, image);
    if (w.count && wanted != UINT64_MAX)
        return refuse("devices: %" PRIu64 " too few", w.count);
    return 0;
}
