/* Signed Service Requests, one or many. */
#include "fotasim/device_list.h"
#include "fotasim/estate.h"
#include "fotasim/keys.h"
#include "fotasim/service_request.h"
#include "fotasim/verbs.h"

#include "base/hex.h"
#include "cpl/ota.h"

#include <inttypes.h>
#include <stdio.h>

struct request_options {
    struct arena *arena;
    struct service_request request;
    const struct duis_signer *signer;
    const char *variant, *key, *certificate, *image, *version, *devices,
        *pre_command, *signing_key, *output;
    uint64_t counter, command_variant, per_request;
    eui64 device, target;
    const eui64 *device_ids;
    size_t device_count;
};

/* The FirmwareVersion that belongs to the image: its header's File Version. */
static bool use_image(struct request_options *a) {
    struct buffer octets = {0};
    if (!read_whole(a->image, &octets))
        return false;
    a->request.image = arena_copy(a->arena, buffer_span(&octets));
    buffer_free(&octets);
    a->request.firmware_version = a->version;
    if (a->version)
        return true;
    struct ota_image image;
    const char *reason;
    bool trailer = strcmp(a->variant, "11.1") == 0;
    if (!ota_parse(a->request.image, trailer, &image, &reason))
        return refuse("%s: %s; give --version", a->image, reason), false;
    a->request.firmware_version =
        arena_printf(a->arena, "%08" PRIX32, image.file_version);
    return true;
}

/* 11.3 names the image by the hash of its Manufacturer Image. */
static bool use_hash(struct request_options *a) {
    struct buffer octets = {0};
    struct ota_image image;
    const char *reason;
    uint8_t hash[OTA_HASH_LEN];
    bool good = read_whole(a->image, &octets);
    if (good && !ota_parse(buffer_span(&octets), true, &image, &reason)) {
        refuse("%s: %s; give --hash", a->image, reason);
        good = false;
    }
    if (good) {
        ota_manufacturer_image_hash(&image, hash);
        a->request.firmware_hash =
            hex_format(span_of(hash, sizeof hash),
                       arena_alloc(a->arena, 2 * sizeof hash + 1));
    }
    buffer_free(&octets);
    return good;
}

static bool use_pre_command(struct request_options *a) {
    struct buffer octets = {0}, signed_one = {0};
    EVP_PKEY *key = key_read(a->arena, a->signing_key);
    bool good = key && read_whole(a->pre_command, &octets);
    if (good && !service_request_sign_pre_command(key, buffer_span(&octets),
                                                  &signed_one)) {
        refuse("%s is no Pre-Command, or %s does not sign", a->pre_command,
               a->signing_key);
        good = false;
    }
    a->request.gbcs_payload = arena_copy(a->arena, buffer_span(&signed_one));
    buffer_free(&octets);
    buffer_free(&signed_one);
    return good;
}

/* One Device ID a line. */
static bool use_devices(struct request_options *a) {
    if (!read_device_list(a->arena, a->devices, &a->device_ids,
                          &a->device_count))
        return false;
    if (!a->device_count)
        return refuse("%s: no device", a->devices), false;
    return true;
}

static bool load_files(struct request_options *a) {
    const char *reason;
    a->signer = duis_signer_load(a->arena, a->key, a->certificate, &reason);
    if (!a->signer)
        return refuse("%s", reason), false;
    a->request.variant = a->variant;
    a->request.command_variant = (unsigned)a->command_variant;
    a->request.target = a->target ? a->target : a->device ? a->device : sim_acb;
    if (strcmp(a->variant, "8.2") == 0 && a->device) {
        a->request.target = a->target ? a->target : sim_acb;
        a->device_ids = &a->device;
        a->device_count = 1;
    }
    bool by_hash = strcmp(a->variant, "11.3") == 0;
    return (!a->image || (by_hash ? use_hash(a) : use_image(a))) &&
           (!a->pre_command || use_pre_command(a)) &&
           (!a->devices || use_devices(a));
}

static bool write_one(struct request_options *a, size_t first, size_t count,
                      const char *path) {
    struct service_request request = a->request;
    request.counter = a->counter++;
    request.device_ids = a->device_ids ? a->device_ids + first : NULL;
    request.device_count = count;
    struct buffer text = {0};
    bool good = service_request_write(&request, a->signer, &text) &&
                write_whole(path, buffer_span(&text));
    buffer_free(&text);
    return good;
}

/* DIR/00000001.xml and so on, each with the next counter. */
static bool write_many(struct request_options *a) {
    char path[4200];
    unsigned number = 0;
    if (!make_folder(a->output))
        return false;
    for (size_t first = 0; first < a->device_count; first += a->per_request) {
        size_t left = a->device_count - first;
        snprintf(path, sizeof path, "%s/%08u.xml", a->output, ++number);
        if (!write_one(a, first, left < a->per_request ? left : a->per_request,
                       path))
            return false;
    }
    return true;
}

static bool is_complete(const struct request_options *a) {
    return a->variant && service_request_is_known(a->variant) && a->key &&
           a->certificate && a->counter &&
           (!a->per_request || (a->output && a->devices)) &&
           !a->pre_command == !a->signing_key;
}

int verb_request(int argc, char **argv) {
    struct request_options a = {0};
    const struct option_row options[] = {
        {"variant", OPTION_TEXT, &a.variant},
        {"schema-version", OPTION_TEXT, &a.request.schema_version},
        {"key", OPTION_TEXT, &a.key},
        {"certificate", OPTION_TEXT, &a.certificate},
        {"counter", OPTION_COUNT, &a.counter},
        {"command-variant", OPTION_COUNT, &a.command_variant},
        {"image", OPTION_TEXT, &a.image},
        {"version", OPTION_TEXT, &a.version},
        {"devices", OPTION_TEXT, &a.devices},
        {"device", OPTION_EUI64, &a.device},
        {"target", OPTION_EUI64, &a.target},
        {"hash", OPTION_TEXT, &a.request.firmware_hash},
        {"pre-command", OPTION_TEXT, &a.pre_command},
        {"signing-key", OPTION_TEXT, &a.signing_key},
        {"execution", OPTION_TEXT, &a.request.execution},
        {"per-request", OPTION_COUNT, &a.per_request},
        {"output", OPTION_TEXT, &a.output},
    };
    char **operands;
    if (!read_options(argc, argv, options, sizeof options / sizeof *options,
                      &operands))
        return 2;
    if (!is_complete(&a) || operands[0])
        return refuse("request: --variant, --key, --certificate and --counter "
                      "are wanted; --per-request with --output and --devices; "
                      "--pre-command with --signing-key"),
               2;
    a.arena = arena_new();
    bool good =
        load_files(&a) &&
        (a.per_request ? write_many(&a)
                       : write_one(&a, 0, a.device_count,
                                   a.output ? a.output : "/dev/stdout"));
    arena_free(a.arena);
    return good ? 0 : 1;
}
