#include "support/gbcs_samples.h"

#include "support/gbcs_ids.h"
#include "support/gbcs_keys.h"

#include <stdlib.h>

static const uint8_t hash[GBCS_HASH_LEN] = {0xAA, 0x75, 0x86, 0x90};
static const uint8_t date_time[GBCS_DATE_TIME_LEN] = {
    0x07, 0xDF, 1, 1, 0xFF, 0, 0, 0, 0, 0x80, 0, 0xFF};

#define HASH .hash = {hash, GBCS_HASH_LEN}
#define DATE_TIME .date_time = {date_time, GBCS_DATE_TIME_LEN}
#define AT .has_time = true, .time = 1420070400 * SECOND /* 2015-01-01 */
#define VERSION .firmware_version = 0x0123ABCD
#define HEADER(c, from, to, n, ...)                                            \
    .header = {.code = (c),                                                    \
               .originator = (from),                                           \
               .recipient = (to),                                              \
               .counter = (n),                                                 \
               __VA_ARGS__}
#define COMMAND .cra = GBCS_COMMAND
#define RESPONSE .cra = GBCS_RESPONSE
#define ALERT .cra = GBCS_ALERT
#define FOR_SUPPLIER                                                           \
    .supplementary = GBCS_SUPPLEMENTARY_PARTY_COUNTER,                         \
    .supplementary_party = SUPPLIER, .supplementary_party_counter = 1000
#define SIGNED .is_signed = true
#define MACED .is_maced = true

const struct gbcs_sample gbcs_samples[] = {
    {"cs06-precommand", HEADER(GBCS_CODE_CS06, SUPPLIER, ESME, 1000, COMMAND),
     .payload = {GBCS_ACTIVATE, HASH, .counter = 1000}},
    {"cs06-signed-precommand",
     HEADER(GBCS_CODE_CS06, SUPPLIER, ESME, 1001, COMMAND),
     .payload = {GBCS_ACTIVATE, HASH, .counter = 1001, AT}, SIGNED},
    {"cs06-command",
     HEADER(GBCS_CODE_CS06, SUPPLIER, GSME, 0x182AC7B5A07, COMMAND),
     .payload = {GBCS_ACTIVATE, HASH, .counter = 0x182AC7B5A07, AT}, SIGNED,
     MACED},
    {"cs06-accepted",
     HEADER(GBCS_CODE_CS06, ESME, SUPPLIER, 1001, RESPONSE, DATE_TIME),
     .payload = {GBCS_ACTIVATE_ACCEPTED}, SIGNED},
    {"cs06-result",
     HEADER(GBCS_CODE_CS06, ESME, SUPPLIER, 1000, RESPONSE, DATE_TIME),
     .payload = {GBCS_ACTIVATE_RESULT, .result = 2, VERSION}, SIGNED},
    {"cs06-8f66", HEADER(GBCS_CODE_CS06_ALERT, ESME, SUPPLIER, 2000, ALERT),
     .payload = {GBCS_ACTIVATE_ALERT, 0x8F66, AT, .counter = 1001, VERSION},
     SIGNED},
    {"cs06-8f67", HEADER(GBCS_CODE_CS06_ALERT, ESME, SUPPLIER, 2001, ALERT),
     .payload = {GBCS_ACTIVATE_ALERT, 0x8F67, 3, AT, .counter = 0x80, VERSION},
     SIGNED},
    {"cs08-command",
     HEADER(GBCS_CODE_CS08, ACB, PPMID, 1300, COMMAND, FOR_SUPPLIER),
     .payload = {GBCS_READ}, MACED},
    {"cs08-response",
     HEADER(GBCS_CODE_CS08, PPMID, ACB, 1300, RESPONSE, FOR_SUPPLIER),
     .payload = {GBCS_READ_RESULT, VERSION}, MACED},
    {"cs08-failure",
     HEADER(GBCS_CODE_CS08, PPMID, ACB, 1300, RESPONSE, FOR_SUPPLIER),
     .payload = {GBCS_READ_RESULT, .result = 1}, MACED},
    {"ccs08-8f8a", HEADER(GBCS_CODE_CCS08, CHF, ACB, 4000, ALERT),
     .payload = {GBCS_TRANSFER_ALERT, 0x8F8A, AT, .device = PPMID, VERSION},
     SIGNED},
    {"ccs08-8f89", HEADER(GBCS_CODE_CCS08, CHF, ACB, 4001, ALERT),
     .payload = {GBCS_TRANSFER_ALERT, 0x8F89, 2, AT, .device = PPMID, VERSION},
     SIGNED},
    {"cs09-success", HEADER(GBCS_CODE_CS09, PPMID, ACB, 5000, ALERT),
     .payload = {GBCS_PPMID_ALERT, 0x8F8B, AT, VERSION}, SIGNED},
    {"cs09-failure", HEADER(GBCS_CODE_CS09, PPMID, ACB, 5001, ALERT),
     .payload = {GBCS_PPMID_ALERT, 0x8F8B, 1, AT, VERSION}, SIGNED},
    {"ecs52-command", HEADER(GBCS_CODE_ECS52, SUPPLIER, ESME, 1000, COMMAND),
     .payload = {GBCS_READ}, MACED},
    {"ecs52-response", HEADER(GBCS_CODE_ECS52, ESME, SUPPLIER, 1000, RESPONSE),
     .payload = {GBCS_READ_RESULT, VERSION}, MACED},
    {"ecs52-error", HEADER(GBCS_CODE_ECS52, ESME, SUPPLIER, 1000, RESPONSE),
     .payload = {GBCS_READ_RESULT, .result = 1}, MACED},
    {"gcs38-command", HEADER(GBCS_CODE_GCS38, SUPPLIER, GSME, 1000, COMMAND),
     .payload = {GBCS_READ}, MACED},
    {"gcs38-response", HEADER(GBCS_CODE_GCS38, GSME, SUPPLIER, 1000, RESPONSE),
     .payload = {GBCS_READ_RESULT, VERSION}, MACED},
    {"gcs38-error", HEADER(GBCS_CODE_GCS38, GSME, SUPPLIER, 1000, RESPONSE),
     .payload = {GBCS_READ_RESULT, .result = 0xC0}, MACED},
    {"fdra-dlms-8f72", HEADER(GBCS_CODE_FDRA_DLMS, ESME, SUPPLIER, 2000, ALERT),
     .payload = {GBCS_VERIFICATION_ALERT, 0x8F72, AT, HASH}, SIGNED},
    {"fdra-dlms-8f1c", HEADER(GBCS_CODE_FDRA_DLMS, ESME, SUPPLIER, 2001, ALERT),
     .payload = {GBCS_VERIFICATION_ALERT, 0x8F1C, AT, HASH}, SIGNED},
    {"fdra-zcl-8f72", HEADER(GBCS_CODE_FDRA_ZCL, GSME, SUPPLIER, 3000, ALERT),
     .payload = {GBCS_VERIFICATION_ALERT, 0x8F72, AT, HASH}, SIGNED},
    {"fdra-zcl-8f1c", HEADER(GBCS_CODE_FDRA_ZCL, GSME, SUPPLIER, 3001, ALERT),
     .payload = {GBCS_VERIFICATION_ALERT, 0x8F1C, AT, HASH}, SIGNED},
    {.name = NULL},
};

void gbcs_sample_build(const struct gbcs_sample *sample, struct buffer *out) {
    static const uint8_t z[GBCS_SECRET_LEN] = {0x5A, 0xA5};
    EVP_PKEY *key = sample->is_signed ? key_of_number(1) : NULL;
    if (!gbcs_build(&sample->header, &sample->payload, key,
                    sample->is_maced ? z : NULL, out))
        abort();
    EVP_PKEY_free(key);
}
