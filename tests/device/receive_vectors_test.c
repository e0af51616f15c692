/* The published messages of the Reference Test Data Set, as a CSP would bring
 * them, checked with the published keys. */
#include "support/check.h"
#include "support/device_world.h"
#include "support/gbcs_keys.h"
#include "support/shared.h"

#include <stdio.h>

#define RTDS_ESME 0x00DB1234567890A0
#define RTDS_GSME 0x00DB1234567890A1
#define RTDS_CHF 0x00DB1234567890A2
#define RTDS_PPMID 0x00DB1234567890A4

static const eui64 devices[] = {RTDS_ESME, RTDS_GSME, RTDS_CHF, RTDS_PPMID};

/* All versions that the messages speak of are on the CPL. */
static const char estate[] =
    "insert into smi_device (device_id, chf_id, device_type, device_status,"
    " smets_version, import_supplier_id, gas_supplier_id, manufacturer_id,"
    " model_id, hardware_version, firmware_version)"
    " select ('00DB1234567890A' || d)::macaddr8, '00DB1234567890A2',"
    " t::device_type, 'Commissioned', 'SMETS2', i::macaddr8, g::macaddr8, 1,"
    " 1, 1, '\\x00000001'"
    " from (values (0, 'ESME', '90B3D51F30010000', null),"
    "  (1, 'GSME', null, '90B3D51F30020000'), (2, 'CHF', null, null),"
    "  (4, 'PPMID', null, null)) as x (d, t, i, g);"
    "select refresh_homes(null);"
    "insert into cpl_entry select t || v, t::device_type, 1, 1, 1, 0,"
    " decode(v, 'hex'), null, 'Active'"
    " from unnest(array['ESME', 'GSME', 'PPMID']) t,"
    " unnest(array['0123ABCD', '0123ABCE', '0123ABCF', '1234ABCD']) v;"
    "update service_request set firmware_version = '\\x0123ABCD';";

static const struct row {
    const char *file;
    eui64 device;
    const char *update;  /* before, of request 1; NULL: none */
    const char *variant; /* of the command it answers; NULL: none */
    uint16_t code;
    bool by_acb;
    uint64_t counter; /* of that command */
    const char *updated, *told, *version;
} rows[] = {
    {"CCS08_NA_NA_ALERT_GBCS.HEX", RTDS_PPMID, "SUCCESSFUL_CH_TRANSFER", NULL,
     0, false, 0, "SUCCESSFUL_HAN_TRANSFER", "N62 S1", "00000001"},
    {"CS09_NA_8F8B_ALERT_GBCS.HEX", RTDS_PPMID, "SUCCESSFUL_HAN_TRANSFER", NULL,
     0, false, 0, "FIRMWARE_ACTIVATED", "N39 S1, N39 S2", "1234ABCD"},
    {"FDRA-DLMS_NA_8F72_ALERT_GBCS.HEX", RTDS_ESME, "SUCCESSFUL_CH_TRANSFER",
     NULL, 0, false, 0, "SUCCESSFUL_CH_TRANSFER", "DeviceAlertMessage S1",
     "00000001"},
    {"CS06_11.3_IMMEDIATE_SUCCESS_RESPONSE_GBCS.HEX", RTDS_ESME,
     "SUCCESSFUL_HAN_TRANSFER", "11.3", 0x0012, false, 1000,
     "FIRMWARE_ACTIVATED", "ResponseMessage S1", "0123ABCE"},
    {"CS06_11.3_8F66_FUTURE_DATED_SUCCESS_ALERT_GBCS.HEX", RTDS_ESME,
     "SUCCESSFUL_HAN_TRANSFER", "11.3", 0x0012, false, 1001,
     "FIRMWARE_ACTIVATED", "FutureDatedDeviceAlertMessage S1", "0123ABCF"},
    {"CS08_11.2_SUCCESS_RESPONSE_GBCS.HEX", RTDS_PPMID, NULL, "11.2", 0x0129,
     true, 1300, "", "ResponseMessage S1, N49 S1", "0123ABCD"},
    {"ECS52_11.2_SUCCESS_RESPONSE_GBCS.HEX", RTDS_ESME, NULL, "11.2", 0x0059,
     false, 1000, "", "ResponseMessage S1", "00000001"},
    {"GCS38_11.2_SUCCESS_RESPONSE_GBCS.HEX", RTDS_GSME, NULL, "11.2", 0x0084,
     false, 1000, "", "ResponseMessage S1", "00000001"},
};

static bool certify(struct device_world *world) {
    for (size_t i = 0; i < 2 * sizeof devices / sizeof *devices; i++) {
        char name[64];
        struct buffer pem = {0};
        bool agrees = i % 2;
        snprintf(name, sizeof name, "rtds/keys/%016llx-%s.pem",
                 ID(devices[i / 2]), agrees ? "ka" : "ds");
        if (!shared_read(name, &pem))
            return false;
        EVP_PKEY *key = key_of_certificate(buffer_span(&pem));
        world_certify(world, devices[i / 2], key, agrees, NULL, NULL, NULL);
        EVP_PKEY_free(key);
        buffer_free(&pem);
    }
    return true;
}

/* The scalar of the file's entry for that certificate. */
static bool use_published_acb_key(struct device_world *world) {
    static const char before[] = "\"scalar\": \"";
    struct buffer text = {0};
    if (!shared_read("rtds/keys/test-scalars.json", &text))
        return false;
    buffer_add(&text, span_of("", 1));
    char *at = strstr((char *)text.data, "\"90b3d51f30000002-ka.pem\"");
    assert_non_null(at);
    at = strstr(at, before) + strlen(before);
    at[64] = '\0';
    EVP_PKEY *key = key_of_scalar(at);
    const char *reason;
    acb_key_free(world->receiving.acb);
    world->receiving.acb = acb_key_new(key, 10, &reason);
    EVP_PKEY_free(key);
    buffer_free(&text);
    return true;
}

static void put_command(struct device_world *world, const struct row *row) {
    world_script(world,
                 "delete from service_request where request_no > 2;"
                 "with r as (insert into service_request (originator, target,"
                 " counter, stage, used, service, service_reference_variant,"
                 " command_variant, content, received) values"
                 " (" ID_FORMAT ", " ID_FORMAT ", %d, 1, true, 'serviceS',"
                 " '%s', 1, sha256('y'), '2030-01-01') returning request_no)"
                 " insert into device_command (request_no, device_id,"
                 " device_type, chf_id, csp, originator, counter,"
                 " message_code, state, created, next_try, payload)"
                 " select request_no, device_id, device_type, chf_id, 'north',"
                 " " ID_FORMAT ", %d, %d, 'sent', '2030-01-01', '2030-01-01',"
                 " '' from r, smi_device where device_id = " ID_FORMAT,
                 ID(S1), ID(row->device),
                 row->by_acb ? 1000 : (int)row->counter, row->variant,
                 ID(row->by_acb ? ACB : S1), (int)row->counter, row->code,
                 ID(row->device));
}

static void run(struct device_world *world, const struct row *row,
                struct span octets) {
    world_begin(world);
    world_script(world, "update smi_device set version_time = null,"
                        " firmware_version ="
                        " '\\x00000001'");
    if (row->update)
        world_update(world, row->device, 1, row->update);
    if (strcmp(row->updated, "FIRMWARE_ACTIVATED") == 0)
        world_script(world,
                     "update service_request set firmware_version = '\\x%s'"
                     " where request_no = 1",
                     row->version);
    if (row->variant)
        put_command(world, row);
    world_put(world, octets);
    assert_int_equal(world_take(world), 1);
    world_expect_end(world, row->file, "done", "");
    world_expect_told(world, row->file, row->told);
    world_expect(world, row->file,
                 arena_printf(world->arena,
                              "select upper(encode(firmware_version, 'hex'))"
                              " from smi_device where device_id = " ID_FORMAT,
                              ID(row->device)),
                 row->version);
    world_expect(world, row->file, "select status::text from tracking limit 1",
                 row->updated);
}

static void every_vector(void **state) {
    struct device_world *world = *state;
    world_script(world, "%s", estate);
    if (!certify(world) || !use_published_acb_key(world))
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[128];
        struct buffer octets = {0};
        snprintf(name, sizeof name, "rtds/%s", rows[i].file);
        if (!shared_read_hex(name, &octets))
            skip();
        run(world, &rows[i], buffer_span(&octets));
        buffer_free(&octets);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD_TEST(every_vector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
