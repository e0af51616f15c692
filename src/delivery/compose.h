/*
 * A message to a User, from a row of the table alert to signed XML. The same
 * row gives the same message at every try: ResponseID and ResponseDateTime are
 * in it (only the signature's bytes differ, for ECDSA takes a fresh random
 * number).
 *
 * ResponseID (decision 6; the parts of sr:MessageID are originator, target
 * and counter):
 *   a DCC Alert                ACB : User : alert_no, unique for ever
 *   a DeviceAlertMessage       device : User : the device's own counter
 *   an answer to a request     target : originator : counter of its RequestID,
 *                              so all answers of one 11.3 share it
 *
 * ResponseCode: the schema requires one in every header, and of those it lists
 * only I0 (success) fits an alert: I99 acknowledges a request, the others are
 * errors. DCC's own receiver takes a message with any other code as an error.
 * Ours: I0, unless the row says E20 or E21.
 */
#ifndef FOTAD_DELIVERY_COMPOSE_H
#define FOTAD_DELIVERY_COMPOSE_H

#include "duis/response.h"

/* Which columns of the row are not null. */
enum alert_field {
    ALERT_REQUEST = 1 << 0,
    ALERT_DEVICE = 1 << 1,
    ALERT_HUB = 1 << 2,
    ALERT_DEVICES = 1 << 3,
    ALERT_TYPE = 1 << 4,
    ALERT_VERSION = 1 << 5,
    ALERT_OTHER_VERSION = 1 << 6,
    ALERT_TIME = 1 << 7,
    ALERT_ALERT_CODE = 1 << 8,
    ALERT_RESULT = 1 << 9,
    ALERT_ORIGINATOR_COUNTER = 1 << 10,
    ALERT_EVENT_REF = 1 << 11,
    ALERT_PAYLOAD = 1 << 12,
};

/* A row of the table alert with what it needs of its request. Fields that
 * `has` does not name are zero. */
struct alert {
    int64_t alert_no;
    eui64 user_id;
    instant created;
    instant since; /* given up that much later: created, or retried */
    unsigned tries;
    unsigned has;                     /* enum alert_field */
    const char *code, *response_code; /* response_code NULL: I0 */
    const char *request_id;
    eui64 originator, target;
    uint64_t counter;
    const char *service_reference, *service_reference_variant;
    eui64 device_id, chf_id;
    struct duis_devices devices;
    const char *device_type;
    uint32_t firmware_version, other_version;
    instant event_time;
    uint16_t device_alert_code;
    int result;
    uint64_t originator_counter, quarantine_event_ref;
    struct span payload;
};

/* What is the same for all messages. */
struct alert_sender {
    const struct duis_signer *signer;
    eui64 acb_id;
};

/* Appends the signed document. `duis_version` is the User's, NULL when not
 * known. False with a reason (constant text) when the row cannot be such a
 * message, or signing failed: our own fault either way. */
bool alert_compose(struct buffer *out, const struct alert_sender *sender,
                   const char *duis_version, const struct alert *alert,
                   const char **reason);

#endif
