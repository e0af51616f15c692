/*
 * What fotad sends to Users: a signed sr:Response of DUIS, for every
 * answer, device response, Device Alert and DCC Alert.
 *
 * The text is written in such a way that it is its own inclusive C14N form, so
 * it is hashed as it stands.
 */
#ifndef FOTAD_DUIS_RESPONSE_H
#define FOTAD_DUIS_RESPONSE_H

#include "base/buffer.h"
#include "base/clock.h"
#include "base/eui64.h"
#include "duis/signer.h"

/* DSPUpdateFirmwareWarning and DSPUpdatePPMIDFirmwareWarning: the lists in
 * their order. */
enum duis_warning_list {
    DUIS_INVALID_DEVICE_ID,
    DUIS_NOT_COMMISSIONED,
    DUIS_NOT_APPLICABLE_FIRMWARE,
    DUIS_OTHER_REQUEST_IN_PROGRESS,
    DUIS_INVALID_GBCS_VERSION,
    DUIS_WARNING_LISTS
};

/* "InvalidDeviceIDList" ... */
extern const char *const duis_warning_lists[DUIS_WARNING_LISTS];

enum { DUIS_MOST_IN_INVENTORY = 17 };

struct duis_devices {
    const eui64 *ids;
    size_t count;
};

/* A time that may be absent. */
struct duis_time {
    bool given;
    instant when;
};

/* sr:Device, what the Smart Metering Inventory has of one. An empty text is
 * left out, but for manufacturer and model. */
struct duis_inventory_device {
    eui64 id;
    const char *type, *status, *manufacturer, *model, *smets_version,
        *firmware_version, *firmware_version_status, *csp_region, *gbcs_version;
};

/* What is in sr:Body. */
enum duis_message {
    /* ResponseMessage: ServiceReference, Variant and one of */
    DUIS_NO_ELEMENT,
    DUIS_FIRMWARE_WARNING,          /* warning; 11.4's element by the Variant */
    DUIS_GBCS_PAYLOAD,              /* gbcs_payload */
    DUIS_PRE_COMMAND,               /* gbcs_version, gbcs_payload */
    DUIS_LOCAL_COMMAND,             /* gbcs_payload */
    DUIS_INVENTORY,                 /* inventory */
    DUIS_FUTURE_DATED_DEVICE_ALERT, /* alert_code 8F66 or 8F67, gbcs_payload */
    /* the other messages */
    DUIS_DEVICE_ALERT, /* DeviceAlertMessage: alert_code, gbcs_payload */
    DUIS_DCC_ALERT,    /* DCCAlertMessage: dcc_alert */
};

/* The element in sr:DCCAlert. */
enum duis_dcc_alert_kind {
    DUIS_FIRMWARE_DISTRIBUTION_FAILURE, /* request_id, devices */
    DUIS_PPMID_ALERT,                   /* device_id, device_alert_code, time,
                                         * firmware_version and success */
    DUIS_QUARANTINED_REQUEST,           /* breach, request_id, event_ref */
    DUIS_FIRMWARE_VERSION_MISMATCH,     /* device_id, device_type, versions */
    DUIS_FIRMWARE_UPGRADE_REQUESTED,    /* device_type, version, devices */
    DUIS_CSP_FIRMWARE_DELIVERY_STATUS,  /* request_id, hub, device, version,
                                         * time (given), success */
    DUIS_COMMS_HUB_ALERT,  /* hub, device_alert_code, time, transfer alert:
                            * request_id or NULL, device_id, version, code */
    DUIS_VERSION_MISMATCH, /* unsaid, user_version; of an alert request_id or
                            * NULL and device_id or 0, of an answer request_id,
                            * the service and request_version */
};

/* The element of a QuarantinedRequest. */
enum duis_breach {
    DUIS_USER_THRESHOLD_BREACH,
    DUIS_DCC_THRESHOLD_BREACH,
    DUIS_ATTRIBUTE_LIMITS_BREACH,
};

/* TransferResponseCode, numbered as GBCS numbers it. */
enum duis_transfer_response {
    DUIS_FILE_TRANSFER_SUCCESS = 0,
    DUIS_FIRMWARE_IMAGE_DISCARDED = 1,
    DUIS_HARDWARE_VERSION_MISMATCH = 2,
    DUIS_FILE_TRANSFER_FAILURE = 3,
};

/* Only the fields that the kind names are read. Versions are written as 8
 * upper-case hexadecimal digits. */
struct duis_dcc_alert {
    const char *code; /* "N39" */
    enum duis_dcc_alert_kind kind;
    const char *request_id;  /* of the 11.1, 11.4 or quarantined request */
    const char *device_type; /* DUIS DeviceType */
    eui64 device_id, comms_hub_id;
    struct duis_devices devices; /* at least one */
    uint32_t firmware_version;   /* of the device, for a mismatch */
    uint32_t firmware_version_smi;
    uint16_t device_alert_code; /* 0x8F8B */
    struct duis_time time;
    bool success;
    enum duis_breach breach;
    uint64_t quarantine_event_ref;
    enum duis_transfer_response transfer_response;
    const char *unsaid; /* the DCC Alert's code; NULL: an answer */
    const char *service_reference, *service_reference_variant;
    const char *user_version, *request_version; /* "5.0" */
};

/* ResponseID, written target:originator:counter as the RequestID's parts are
 * turned round. For DCC Alerts: ACB, User and a counter of ours. */
struct duis_response_id {
    eui64 first, second;
    uint64_t counter;
};

struct duis_response {
    const char *schema_version; /* xs:decimal: "5.4" */
    const char *request_id;     /* as received; NULL: none (alerts) */
    const struct duis_response_id *response_id; /* NULL: none */
    const char *response_code;                  /* "I99" */
    instant response_date_time;
    enum duis_message message;
    const char *service_reference, *service_reference_variant;
    struct duis_devices warning[DUIS_WARNING_LISTS]; /* empty: left out */
    const char *gbcs_version;
    struct span gbcs_payload;
    const struct duis_inventory_device *inventory;
    size_t inventory_count; /* 1 to DUIS_MOST_IN_INVENTORY */
    uint16_t alert_code;    /* 0x8F72 */
    struct duis_dcc_alert dcc_alert;
};

/* Versions of DUIS in their order, as strcmp(): numbers with a dot between,
 * 5.10 comes after 5.4. */
int duis_version_compare(const char *left, const char *right);

/* Appends the signed document (UTF-8, with its XML declaration) to `out`.
 * False when signing failed, our own fault; `out` is then as it was. Cheapest
 * when one buffer is used again and again. Device lists may be of any length;
 * texts are escaped, but otherwise written as given: a code outside of the
 * schema gives a document outside of the schema. */
bool duis_response_compose(struct buffer *out, const struct duis_signer *signer,
                           const struct duis_response *response);

#endif
