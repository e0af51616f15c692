/*
 * The firmware use cases, once. A layout is what the published tables give,
 * written down: hexadecimal digits are octets as they are,
 *
 *   ( )  one to three octets of length, then what is between
 *   [ ]  there when the payload has a time
 *   n    INTEGER with its tag and length: the originator counter of a command
 *   o    the same, of this command
 *   h    32 octets: Manufacturer Image Hash
 *   v    4 octets: firmware version
 *   w    2 octets: alert code
 *   r    1 octet: result
 *   t    15 octets: GeneralizedTime
 *   k    12 octets: COSEM date-time
 *   s    4 octets: UTC seconds since 2000-01-01
 *   y    8 octets: Device ID
 *   l    3 octets: the low octets of the header's originator counter
 */
#include "gbcs/payload.h"

static const struct gbcs_result_name activate_results[] = {
    {GBCS_ACTIVATE_SUCCESS, "success"},
    {GBCS_ACTIVATE_NO_IMAGE_HELD, "noImageHeld"},
    {GBCS_ACTIVATE_HASH_MISMATCH, "hashMismatch"},
    {GBCS_ACTIVATE_FAILURE, "activationFailure"},
    {0, NULL},
};

static const struct gbcs_result_name transfer_results[] = {
    {GBCS_FILE_TRANSFER_SUCCESS, "FileTransferSuccess"},
    {GBCS_FIRMWARE_IMAGE_DISCARDED, "FirmwareImageDiscarded"},
    {GBCS_HARDWARE_VERSION_MISMATCH, "HardwareVersionMismatch"},
    {GBCS_FILE_TRANSFER_FAILURE, "FileTransferFailure"},
    {0, NULL},
};

static const struct gbcs_result_name ppmid_results[] = {
    {GBCS_PPMID_ACTIVATION_SUCCESS, "ActivationSuccess"},
    {GBCS_PPMID_ACTIVATION_FAILURE, "ActivationFailure"},
    {0, NULL},
};

static const struct gbcs_result_name read_results[] = {
    {0, "success"},
    {1, "readFailure"},
    {0, NULL},
};

static const struct gbcs_result_name dlms_results[] = {
    {0, "success"},           {1, "hardware-fault"},   {2, "temporary-failure"},
    {3, "read-write-denied"}, {4, "object-undefined"}, {0, NULL},
};

static const struct gbcs_result_name zcl_results[] = {
    {0x00, "SUCCESS"},
    {0x86, "UNSUPPORTED_ATTRIBUTE"},
    {0xC0, "HARDWARE_FAILURE"},
    {0, NULL},
};

#define SIGNED .is_signed = true
#define MACED .is_maced = true
#define ALERT(a) .alert_code = (a)
#define RESULTS(least, most, field, names)                                     \
    .least_result = (least), .most_result = (most), .result_field = (field),   \
    .result_names = (names)

#define ACTIVATE_RESULTS(least, most)                                          \
    RESULTS(least, most, "activateImageResponseCode", activate_results)
#define TRANSFER_RESULTS(least, most)                                          \
    RESULTS(least, most, "transferResponseCode", transfer_results)
#define DLMS_RESULTS(least, most)                                              \
    RESULTS(least, most, "dataAccessResult", dlms_results)
#define ZCL_RESULTS(least, most) RESULTS(least, most, "zclStatus", zcl_results)

#define CS06 GBCS_CODE_CS06
#define CS06_ALERT GBCS_CODE_CS06_ALERT
#define CS08 GBCS_CODE_CS08
#define CS09 GBCS_CODE_CS09
#define CCS08 GBCS_CODE_CCS08
#define ECS52 GBCS_CODE_ECS52
#define GCS38 GBCS_CODE_GCS38
#define FDRA_DLMS GBCS_CODE_FDRA_DLMS
#define FDRA_ZCL GBCS_CODE_FDRA_ZCL

/* clang-format off */
const struct gbcs_use_case gbcs_use_cases[] = {
    {CS06, GBCS_COMMAND, GBCS_ACTIVATE, "CS06", SIGNED, MACED,
     .layout = "30(0420h o [180Ft])"},
    {CS06, GBCS_RESPONSE, GBCS_ACTIVATE_RESULT, "CS06", SIGNED,
     .has_date_time = true, ACTIVATE_RESULTS(0, 3),
     .layout = "30(0201r 0404v)"},
    {CS06, GBCS_RESPONSE, GBCS_ACTIVATE_ACCEPTED, "CS06", SIGNED,
     .has_date_time = true,
     .layout = "0500"},

    {CS06_ALERT, GBCS_ALERT, GBCS_ACTIVATE_ALERT, "CS06", SIGNED,
     ALERT(GBCS_8F66_ACTIVATION_SUCCEEDED), ACTIVATE_RESULTS(0, 0),
     .layout = "30(020300w 180Ft n 30(0201r 0404v))"},
    {CS06_ALERT, GBCS_ALERT, GBCS_ACTIVATE_ALERT, "CS06", SIGNED,
     ALERT(GBCS_8F67_ACTIVATION_FAILED), ACTIVATE_RESULTS(1, 3),
     .layout = "30(020300w 180Ft n 30(0201r 0404v))"},

    {CS08, GBCS_COMMAND, GBCS_READ, "CS08", MACED,
     .layout = "0500"},
    {CS08, GBCS_RESPONSE, GBCS_READ_RESULT, "CS08", MACED,
     RESULTS(0, 1, "readFirmwareVersionResponseCode", read_results),
     .layout = "30(0404v 0201r)"},

    {CCS08, GBCS_ALERT, GBCS_TRANSFER_ALERT, "CCS08", SIGNED,
     ALERT(GBCS_8F8A_TRANSFER_SUCCEEDED), TRANSFER_RESULTS(0, 0),
     .layout = "30(020300w 180Ft 0408y 0404v 0201r)"},
    {CCS08, GBCS_ALERT, GBCS_TRANSFER_ALERT, "CCS08", SIGNED,
     ALERT(GBCS_8F89_TRANSFER_FAILED), TRANSFER_RESULTS(1, 3),
     .layout = "30(020300w 180Ft 0408y 0404v 0201r)"},

    {CS09, GBCS_ALERT, GBCS_PPMID_ALERT, "CS09", SIGNED,
     ALERT(GBCS_8F8B_PPMID_ACTIVATION),
     RESULTS(0, 1, "activateImageResult", ppmid_results),
     .layout = "30(020300w 180Ft 0404v 0201r)"},

    {ECS52, GBCS_COMMAND, GBCS_READ, "ECS52", MACED,
     .layout = "D920l 00 01 01 0001 0000000201FF 02 01 00"},
    {ECS52, GBCS_RESPONSE, GBCS_READ_RESULT, "ECS52", MACED, DLMS_RESULTS(0, 0),
     .layout = "DA20l 00 00 01 0904v 01 01 r"},
    {ECS52, GBCS_RESPONSE, GBCS_READ_RESULT, "ECS52", MACED,
     DLMS_RESULTS(1, 255),
     .layout = "DA20l 00 00 01 00 01 01 r"},

    {GCS38, GBCS_COMMAND, GBCS_READ, "GCS38", MACED,
     .layout = "0109 01 01 0702 0005 00 00 00 0602"},
    {GCS38, GBCS_RESPONSE, GBCS_READ_RESULT, "GCS38", MACED, ZCL_RESULTS(0, 0),
     .layout = "0109 01 01 0702 000C 08 00 01 0602 r 41 04 v"},
    {GCS38, GBCS_RESPONSE, GBCS_READ_RESULT, "GCS38", MACED,
     ZCL_RESULTS(1, 255),
     .layout = "0109 01 01 0702 0006 08 00 01 0602 r"},

    {FDRA_DLMS, GBCS_ALERT, GBCS_VERIFICATION_ALERT, "FDRA-DLMS", SIGNED,
     ALERT(GBCS_8F72_VERIFICATION_SUCCEEDED),
     .layout = "0F20l 00 0203 12w 090Ck 0920h"},
    {FDRA_DLMS, GBCS_ALERT, GBCS_VERIFICATION_ALERT, "FDRA-DLMS", SIGNED,
     ALERT(GBCS_8F1C_VERIFICATION_FAILED),
     .layout = "0F20l 00 0203 12w 090Ck 0920h"},

    {FDRA_ZCL, GBCS_ALERT, GBCS_VERIFICATION_ALERT, "FDRA-ZCL", SIGNED,
     ALERT(GBCS_8F72_VERIFICATION_SUCCEEDED),
     .layout = "0109 01 w s 0920h"},
    {FDRA_ZCL, GBCS_ALERT, GBCS_VERIFICATION_ALERT, "FDRA-ZCL", SIGNED,
     ALERT(GBCS_8F1C_VERIFICATION_FAILED),
     .layout = "0109 01 w s 0920h"},
    {.name = NULL},
};
/* clang-format on */

const char *gbcs_result_name(const struct gbcs_use_case *use_case,
                             uint8_t result) {
    const struct gbcs_result_name *row = use_case->result_names;
    while (row && row->name && row->result != result)
        row++;
    return row ? row->name : NULL;
}
