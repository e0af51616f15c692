/*
 * A Service Request of DUIS for 8.2 and 11.1 to 11.4, read into a struct
 * (schema type sr:Request). What the header says and what the body is are both
 * kept: whether they agree is for the caller to judge (E12 when not).
 */
#ifndef FOTAD_DUIS_REQUEST_H
#define FOTAD_DUIS_REQUEST_H

#include "base/clock.h"
#include "base/eui64.h"
#include "duis/document.h"

/* The element in sr:Body: DUIS_UPDATE_FIRMWARE ... */
enum duis_body {
#define BODY(name, element, is_update, read) DUIS_##name,
#include "duis/body.def"
    DUIS_BODIES
};

/* "UpdateFirmware"; DUIS_OTHER: "" */
const char *duis_body_name(enum duis_body body);
/* Does it bring an image for devices? */
bool duis_body_is_update(enum duis_body body);

/* FirmwareVersion is any text of 1 to 8 characters to the schema. */
struct duis_firmware_version {
    bool is_hex;      /* hexadecimal digits, so `number` is set */
    uint32_t number;  /* the 4 octets of GBCS, first one highest */
    const char *text; /* hex: 8 upper-case digits, zeros on the left;
                       * otherwise as received */
};

enum { DUIS_FIRMWARE_HASH_OCTETS = 32 };

/* Everything pointed to belongs to the arena of duis_request_parse(). Fields
 * that the body does not have are zero. */
struct duis_request {
    const char *schema_version;    /* "5.4", as received */
    const char *request_id;        /* as received, without white space around */
    eui64 originator, target;      /* the parts of the RequestID */
    uint64_t counter;              /* 1 to 2^64 - 1 */
    unsigned command_variant;      /* 1 to 9 */
    const char *service_reference; /* "11.1" */
    const char *service_reference_variant; /* "11.1" */
    enum duis_body body;

    /* of the two updates */
    struct span image; /* octets, at most 10,240,000 */
    struct duis_firmware_version firmware_version;
    const eui64 *device_ids; /* as listed: order and duplicates kept */
    size_t device_id_count;  /* 1 to 50,000 */

    /* of the others */
    bool has_execution_date_time;
    instant execution_date_time;
    uint8_t firmware_hash[DUIS_FIRMWARE_HASH_OCTETS]; /* ActivateFirmware */
    struct span gbcs_payload;                         /* SignedPreCommand */
    bool by_device;         /* ReadInventory: by DeviceID, the next */
    eui64 inventory_device; /* ReadInventory */

    struct duis_document document; /* for duis/signature.h */
};

/* Reads `body` (document.h says what is taken). On DUIS_PARSED the request is
 * set; otherwise the fault. A RequestID with counter 0 is DUIS_NOT_VALID. */
enum duis_parse_result duis_request_parse(struct arena *arena, struct span body,
                                          struct duis_request *request,
                                          struct duis_fault *fault);

#endif
