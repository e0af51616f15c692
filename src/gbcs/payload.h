/*
 * What a message says: one table of the use cases of firmware, from which
 * payloads are read, written, checked and shown.
 */
#ifndef FOTAD_GBCS_PAYLOAD_H
#define FOTAD_GBCS_PAYLOAD_H

#include "base/clock.h"
#include "gbcs/message.h"

enum { GBCS_HASH_LEN = 32 };

enum gbcs_alert {
    GBCS_8F1C_VERIFICATION_FAILED = 0x8F1C,
    GBCS_8F66_ACTIVATION_SUCCEEDED = 0x8F66,
    GBCS_8F67_ACTIVATION_FAILED = 0x8F67,
    GBCS_8F72_VERIFICATION_SUCCEEDED = 0x8F72,
    GBCS_8F89_TRANSFER_FAILED = 0x8F89,
    GBCS_8F8A_TRANSFER_SUCCEEDED = 0x8F8A,
    GBCS_8F8B_PPMID_ACTIVATION = 0x8F8B,
};

/* The message codes; the CRA flag tells command, response and alert apart. */
enum gbcs_code {
    GBCS_CODE_CS06 = 0x0012,
    GBCS_CODE_ECS52 = 0x0059,
    GBCS_CODE_GCS38 = 0x0084,
    GBCS_CODE_CS06_ALERT = 0x00CA,
    GBCS_CODE_FDRA_DLMS = 0x00CE,
    GBCS_CODE_FDRA_ZCL = 0x00CF,
    GBCS_CODE_CCS08 = 0x0128,
    GBCS_CODE_CS08 = 0x0129,
    GBCS_CODE_CS09 = 0x012B,
};

/* Kinds of payload; the fields of struct gbcs_payload that each has. */
enum gbcs_kind {
    GBCS_OTHER,    /* not about firmware: alert_code, 0 when not found */
    GBCS_ACTIVATE, /* CS06 command: hash, counter (the header's), time (when to
                    * activate; GBCS_CANCELLATION cancels; none: at once) */
    GBCS_ACTIVATE_ACCEPTED,  /* CS06 response to a time: nothing */
    GBCS_ACTIVATE_RESULT,    /* CS06 response: result, firmware_version */
    GBCS_ACTIVATE_ALERT,     /* alert_code, time (of execution), counter (of the
                              * command), result, firmware_version */
    GBCS_READ,               /* CS08, ECS52, GCS38 command: nothing */
    GBCS_READ_RESULT,        /* result; firmware_version when that is 0 */
    GBCS_TRANSFER_ALERT,     /* CCS08: alert_code, time, device,
                              * firmware_version, result */
    GBCS_PPMID_ALERT,        /* CS09: alert_code, time, firmware_version,
                              * result */
    GBCS_VERIFICATION_ALERT, /* alert_code, time if the device knew it, hash */
};

/* activateImageResponseCode */
enum gbcs_activate_result {
    GBCS_ACTIVATE_SUCCESS,
    GBCS_ACTIVATE_NO_IMAGE_HELD,
    GBCS_ACTIVATE_HASH_MISMATCH,
    GBCS_ACTIVATE_FAILURE,
};

/* transferResponseCode: 0 with 8F8A, the others with 8F89 */
enum gbcs_transfer_result {
    GBCS_FILE_TRANSFER_SUCCESS,
    GBCS_FIRMWARE_IMAGE_DISCARDED,
    GBCS_HARDWARE_VERSION_MISMATCH,
    GBCS_FILE_TRANSFER_FAILURE,
};

/* activateImageResult of 8F8B */
enum gbcs_ppmid_result {
    GBCS_PPMID_ACTIVATION_SUCCESS,
    GBCS_PPMID_ACTIVATION_FAILURE,
};

struct gbcs_result_name {
    uint8_t result;
    const char *name; /* NULL ends the list */
};

/* One form that a message of a use case can have. */
struct gbcs_use_case {
    uint16_t code;
    enum gbcs_cra cra;
    enum gbcs_kind kind;
    const char *name;    /* "CS06" */
    bool is_signed;      /* pre-commands are neither signed nor MACed */
    bool is_maced;       /* commands once they left us */
    bool has_date_time;  /* in the grouping header */
    uint16_t alert_code; /* 0: no alert */
    uint8_t least_result, most_result;
    const char *layout;       /* see use_case.c */
    const char *result_field; /* what the published text calls the result */
    const struct gbcs_result_name *result_names;
};

/* Ends with a row whose name is NULL. The rows of a code are together. */
extern const struct gbcs_use_case gbcs_use_cases[];

struct gbcs_payload {
    enum gbcs_kind kind;
    uint16_t alert_code; /* enum gbcs_alert; 0: no alert */
    uint8_t result;      /* 0: success */
    bool has_time;
    instant time; /* whole seconds when written */
    uint64_t counter;
    eui64 device;
    uint32_t firmware_version;
    struct span hash; /* GBCS_HASH_LEN octets of the message */
    /* set by reading; NULL for GBCS_OTHER */
    const struct gbcs_use_case *use_case;
};

/* Reads the payload of a message that was parsed, and checks what the use case
 * says about its wrapper. A message code that is not in the table gives
 * GBCS_OTHER. On false `*reason` is a constant text and `payload` is
 * undefined; on true it is NULL. */
bool gbcs_payload_read(const struct gbcs_message *message,
                       struct gbcs_payload *payload, const char **reason);

/* Appends the payload that `header` (message code, CRA flag, counter) and
 * `payload` (kind and its fields) ask for. False, and nothing appended, when
 * the table has no such message. */
bool gbcs_payload_write(const struct gbcs_header *header,
                        const struct gbcs_payload *payload, struct buffer *out);

/* "hashMismatch"; NULL when the result has no name. */
const char *gbcs_result_name(const struct gbcs_use_case *use_case,
                             uint8_t result);

#endif
