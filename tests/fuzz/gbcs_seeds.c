/*
 * Writes the seeds of the gbcs and ota targets, one file each, below the
 * directory given: DIR/gbcs_message_fuzz/cs08-command and so on. They come from
 * the builders, so that no binary file is kept.
 */
#include "fotasim/ota_image.h"
#include "seeds.h"
#include "support/gbcs_samples.h"

#include <stdlib.h>

/* Which target reads the payload, and its choice for this message; the order
 * is that of the target's list. */
static const struct {
    uint16_t code;
    enum gbcs_cra cra;
    const char *target;
    uint8_t choice;
} payload_targets[] = {
    {GBCS_CODE_CS06, GBCS_COMMAND, "gbcs_der_fuzz", 0},
    {GBCS_CODE_CS06, GBCS_RESPONSE, "gbcs_der_fuzz", 1},
    {GBCS_CODE_CS06_ALERT, GBCS_ALERT, "gbcs_der_fuzz", 2},
    {GBCS_CODE_CS08, GBCS_COMMAND, "gbcs_der_fuzz", 3},
    {GBCS_CODE_CS08, GBCS_RESPONSE, "gbcs_der_fuzz", 4},
    {GBCS_CODE_CCS08, GBCS_ALERT, "gbcs_der_fuzz", 5},
    {GBCS_CODE_CS09, GBCS_ALERT, "gbcs_der_fuzz", 6},
    {GBCS_CODE_ECS52, GBCS_COMMAND, "gbcs_dlms_fuzz", 0},
    {GBCS_CODE_ECS52, GBCS_RESPONSE, "gbcs_dlms_fuzz", 1},
    {GBCS_CODE_FDRA_DLMS, GBCS_ALERT, "gbcs_dlms_fuzz", 2},
    {GBCS_CODE_GCS38, GBCS_COMMAND, "gbcs_zcl_fuzz", 0},
    {GBCS_CODE_GCS38, GBCS_RESPONSE, "gbcs_zcl_fuzz", 1},
    {GBCS_CODE_FDRA_ZCL, GBCS_ALERT, "gbcs_zcl_fuzz", 2},
};

static void payload_seed(const struct gbcs_sample *sample) {
    size_t i = 0;
    while (payload_targets[i].code != sample->header.code ||
           payload_targets[i].cra != sample->header.cra)
        i++;
    struct buffer seed = {0};
    uint8_t before[9] = {payload_targets[i].choice};
    eui64_store(sample->header.counter, before + 1);
    buffer_add(&seed, span_of(before, sizeof before));
    if (!gbcs_payload_write(&sample->header, &sample->payload, &seed))
        abort();
    write_seed(payload_targets[i].target, sample->name, buffer_span(&seed));
    buffer_free(&seed);
}

static void gbcs_seeds(void) {
    for (const struct gbcs_sample *s = gbcs_samples; s->name; s++) {
        struct buffer octets = {0};
        gbcs_sample_build(s, &octets);
        write_seed("gbcs_message_fuzz", s->name, buffer_span(&octets));
        buffer_free(&octets);
        payload_seed(s);
    }
}

/* All optional fields in all combinations, with and without a trailer. */
static void ota_seeds(void) {
    static const uint8_t signature[64];
    for (unsigned i = 0; i < 16; i++) {
        struct ota_recipe recipe = {
            .has_credential_version = i & 1,
            .has_destination = i & 2,
            .has_hardware_versions = i & 4,
            .header_string = "seed",
            .manufacturer_image = span_text("firmware"),
            .signature = span_of(signature, i & 8 ? 64 : 0),
        };
        struct buffer seed = {0};
        buffer_add(&seed, span_of(i & 8 ? "\1" : "\0", 1));
        ota_build(&recipe, &seed);
        char name[16];
        snprintf(name, sizeof name, "image-%u", i);
        write_seed("ota_fuzz", name, buffer_span(&seed));
        buffer_free(&seed);
    }
}

static void all_seeds(void) {
    gbcs_seeds();
    ota_seeds();
}

int main(int argc, char **argv) {
    return seeds_main(argc, argv, all_seeds);
}
