/*
 * Writes the seeds of the targets that read text, one file each, below the
 * directory given: DIR/duis_request_fuzz/11.1-signed and so on. They are built
 * from the fields here, so that no file is kept.
 */
#include "seeds.h"
#include "support/duis_signing.h"

#include <stdlib.h>

/* ---- DUIS ---- */

static const eui64 DEVICES[] = {0x00DB1234567890A0, 0x00DB1234567890A1};
#define ID "90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1000"
#define HASH "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"
#define FIRMWARE                                                               \
    .image = {(const uint8_t *)"image", 5}, .device_ids = DEVICES,             \
    .device_id_count = 2

static const struct {
    const char *name;
    struct test_request request;
} requests[] = {
    {"11.1", {.request_id = ID, .body = DUIS_UPDATE_FIRMWARE, FIRMWARE}},
    {"11.4", {.request_id = ID, .body = DUIS_UPDATE_PPMID_FIRMWARE, FIRMWARE}},
    {"11.2", {.request_id = ID, .body = DUIS_READ_FIRMWARE_VERSION}},
    {"11.2-later",
     {.request_id = ID,
      .body = DUIS_READ_FIRMWARE_VERSION,
      .execution_date_time = "2026-11-21T24:00:00.000+01:00"}},
    {"11.3",
     {.request_id = ID, .body = DUIS_ACTIVATE_FIRMWARE, .firmware_hash = HASH}},
    {"11.3-signed-pre-command",
     {.request_id = ID,
      .body = DUIS_SIGNED_PRE_COMMAND,
      .gbcs_payload = {(const uint8_t *)"payload", 7}}},
    {"8.2", {.request_id = ID, .body = DUIS_READ_INVENTORY}},
    {"4.1.1",
     {.request_id = ID,
      .body = DUIS_OTHER,
      .service_reference_variant = "4.1.1"}},
};

/* Marked as UTF-16; all characters of a seed are of ASCII. */
static void write_utf16(const char *name, struct span text) {
    struct buffer wide = {0};
    buffer_text(&wide, "\xff\xfe");
    for (size_t i = 0; i < text.len; i++) {
        buffer_add(&wide, span_of(text.data + i, 1));
        buffer_add(&wide, span_of("", 1));
    }
    write_seed("duis_request_fuzz", name, buffer_span(&wide));
    buffer_free(&wide);
}

static void duis_seeds(struct arena *arena) {
    struct test_identity user = test_identity_new(
        arena, &(struct test_certificate){.id = 0x90B3D51F30010000});
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct buffer plain = {0}, signed_text = {0};
        const char *name = requests[i].name;
        test_request_build(&requests[i].request, &plain);
        write_seed("duis_request_fuzz", name, buffer_span(&plain));
        test_request_signed(&requests[i].request, &user, &signed_text);
        write_seed("duis_request_fuzz", arena_printf(arena, "%s-signed", name),
                   buffer_span(&signed_text));
        buffer_free(&signed_text);
        struct buffer changed = {0};
        test_replace(buffer_span(&plain), "UTF-8", "UTF-16", &changed);
        write_utf16(arena_printf(arena, "%s-utf16", name),
                    buffer_span(&changed));
        buffer_free(&changed);
        buffer_free(&plain);
    }
}

/* ---- texts as they are ---- */

#define DEVICE "00-DB-12-34-56-78-90-A0"
#define JOB "00000000-0000-4000-8000-000000000001"

static const struct {
    const char *target, *name, *text;
} texts[] = {
    {"device_list_fuzz", "one", DEVICE},
    {"device_list_fuzz", "three", DEVICE ",00-db-12-34-56-78-90-a1," DEVICE},
    {"device_list_fuzz", "reference", "&#48;0-DB-12-34-56-78-90-A0"},
    {"device_list_fuzz", "comment", DEVICE "<!-- -->," DEVICE},
    {"csp_json_fuzz", "report",
     "{\"reportId\":\"r1\",\"jobId\":\"" JOB "\",\"rejected\":[{\"deviceId\":"
     "\"" DEVICE "\",\"reason\":\"IMAGE_INVALID\"}]}"},
    {"csp_json_fuzz", "notification",
     "{\"notificationId\":\"n\",\"jobId\":\"" JOB "\",\"commsHubId\":\"" DEVICE
     "\",\"deviceId\":\"" DEVICE "\",\"deviceType\":\"PPMID\","
     "\"firmwareVersion\":\"0000ab2a\",\"timestamp\":\"2026-11-21T09:15:00."
     "123+01:00\",\"status\":\"Other\",\"reasonCode\":\"X\\u0041\"}"},
    {"csp_json_fuzz", "messages",
     "[{\"messageId\":\"m\",\"commsHubId\":\"" DEVICE "\",\"payload\":"
     "\"3wkDAAAAAAAAAAEIANsSNFZ4kKAIkLPVHzAAAAICAMoA\"},{\"messageId\":7,"
     "\"payload\":null},[],1e5,-0.5,true]"},
    {"csv_import_fuzz", "smi",
     "device_id,device_type,status,manufacturer_id,model_id\r\n" DEVICE
     ",ESME,Commissioned,12:1D,0002\r\n\"" DEVICE "\",\"GSME\",,,\r\n"},
    {"csv_import_fuzz", "cpl",
     "\xef\xbb\xbf"
     "entry_id,hash\n\"A \"\"1\"\", \xc3\xa9\"," HASH "\n\n1,\n"},
    {"csv_import_fuzz", "users",
     "user_id,name,roles,status,receive_url,duis_version\n" DEVICE
     ",User,IS|GS,active,https://example.org/,5.4\n"},
    {"csv_import_fuzz", "versions", "4.1,3.2.10,SMETS2,4G North,Active,\r0A\r"},
};

static void all_seeds(void) {
    struct arena *arena = arena_new();
    duis_seeds(arena);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        write_seed(texts[i].target, texts[i].name, span_text(texts[i].text));
    arena_free(arena);
}

int main(int argc, char **argv) {
    return seeds_main(argc, argv, all_seeds);
}
