#include "delivery/compose.h"

/* ---- what each kind of message says ---- */

static void fill_alert(struct duis_response *response,
                       enum duis_dcc_alert_kind kind,
                       const struct alert *alert) {
    response->message = DUIS_DCC_ALERT;
    response->dcc_alert = (struct duis_dcc_alert){
        .code = alert->code,
        .kind = kind,
        .request_id = alert->request_id,
        .device_type = alert->device_type,
        .device_id = alert->device_id,
        .comms_hub_id = alert->chf_id,
        .devices = alert->devices,
        .firmware_version = alert->firmware_version,
        .firmware_version_smi = alert->other_version,
        .device_alert_code = alert->device_alert_code,
        .time = {(alert->has & ALERT_TIME) != 0, alert->event_time},
        .success = alert->result == 1,
        .quarantine_event_ref = alert->quarantine_event_ref,
    };
}

static bool distribution_failure(struct duis_response *response,
                                 const struct alert *alert) {
    fill_alert(response, DUIS_FIRMWARE_DISTRIBUTION_FAILURE, alert);
    return true;
}

static bool ppmid_alert(struct duis_response *response,
                        const struct alert *alert) {
    fill_alert(response, DUIS_PPMID_ALERT, alert);
    return true;
}

static bool quarantined(struct duis_response *response,
                        const struct alert *alert, enum duis_breach breach) {
    fill_alert(response, DUIS_QUARANTINED_REQUEST, alert);
    response->dcc_alert.breach = breach;
    return true;
}

static bool user_threshold(struct duis_response *response,
                           const struct alert *alert) {
    return quarantined(response, alert, DUIS_USER_THRESHOLD_BREACH);
}

static bool dcc_threshold(struct duis_response *response,
                          const struct alert *alert) {
    return quarantined(response, alert, DUIS_DCC_THRESHOLD_BREACH);
}

static bool attribute_limits(struct duis_response *response,
                             const struct alert *alert) {
    return quarantined(response, alert, DUIS_ATTRIBUTE_LIMITS_BREACH);
}

static bool version_mismatch(struct duis_response *response,
                             const struct alert *alert) {
    fill_alert(response, DUIS_FIRMWARE_VERSION_MISMATCH, alert);
    return true;
}

static bool upgrade_requested(struct duis_response *response,
                              const struct alert *alert) {
    fill_alert(response, DUIS_FIRMWARE_UPGRADE_REQUESTED, alert);
    return true;
}

static bool delivery_status(struct duis_response *response,
                            const struct alert *alert) {
    fill_alert(response, DUIS_CSP_FIRMWARE_DELIVERY_STATUS, alert);
    return true;
}

static bool comms_hub_alert(struct duis_response *response,
                            const struct alert *alert) {
    if (alert->result < DUIS_FILE_TRANSFER_SUCCESS ||
        alert->result > DUIS_FILE_TRANSFER_FAILURE)
        return false;
    fill_alert(response, DUIS_COMMS_HUB_ALERT, alert);
    response->dcc_alert.transfer_response =
        (enum duis_transfer_response)alert->result;
    return true;
}

static bool response_message(struct duis_response *response,
                             const struct alert *alert) {
    bool has_payload = (alert->has & ALERT_PAYLOAD) != 0;
    response->message = has_payload ? DUIS_GBCS_PAYLOAD : DUIS_NO_ELEMENT;
    return true;
}

static bool future_dated_alert(struct duis_response *response,
                               const struct alert *alert) {
    response->message = DUIS_FUTURE_DATED_DEVICE_ALERT;
    return alert->device_alert_code == 0x8F66 ||
           alert->device_alert_code == 0x8F67;
}

static bool device_alert(struct duis_response *response,
                         const struct alert *alert) {
    (void)alert;
    response->message = DUIS_DEVICE_ALERT;
    return true;
}

/* ---- the kinds ---- */

struct message {
    const char *code;
    /* NULL: the payload is the message */
    bool (*fill)(struct duis_response *, const struct alert *);
    unsigned needs; /* enum alert_field */
};

enum {
    REQUEST = ALERT_REQUEST,
    DEVICE = ALERT_DEVICE,
    HUB = ALERT_HUB,
    DEVICES = ALERT_DEVICES,
    TYPE = ALERT_TYPE,
    VERSION = ALERT_VERSION,
    OTHER_VERSION = ALERT_OTHER_VERSION,
    TIME = ALERT_TIME,
    ALERT_CODE = ALERT_ALERT_CODE,
    RESULT = ALERT_RESULT,
    ORIGINATOR_COUNTER = ALERT_ORIGINATOR_COUNTER,
    EVENT_REF = ALERT_EVENT_REF,
    PAYLOAD = ALERT_PAYLOAD,
};

static const struct message messages[] = {
#define MESSAGE(code, builder, needs) {code, builder, needs},
#include "delivery/message.def"
#undef MESSAGE
};

static const struct message *find_message(const char *code) {
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (strcmp(messages[i].code, code) == 0)
            return &messages[i];
    return NULL;
}

/* ---- header ---- */

static struct duis_response_id response_id(const struct alert_sender *sender,
                                           const struct alert *alert,
                                           enum duis_message message) {
    switch (message) {
    case DUIS_DCC_ALERT:
        return (struct duis_response_id){sender->acb_id, alert->user_id,
                                         (uint64_t)alert->alert_no};
    case DUIS_DEVICE_ALERT:
        return (struct duis_response_id){alert->device_id, alert->user_id,
                                         alert->originator_counter};
    default:
        return (struct duis_response_id){alert->target, alert->originator,
                                         alert->counter};
    }
}

static bool answers_request(enum duis_message message) {
    return message != DUIS_DCC_ALERT && message != DUIS_DEVICE_ALERT;
}

bool alert_compose(struct buffer *out, const struct alert_sender *sender,
                   const char *duis_version, const struct alert *alert,
                   const char **reason) {
    const struct message *message = find_message(alert->code);
    *reason = "there is no message of this code";
    if (!message)
        return false;
    *reason = "a column that this message needs is empty";
    if (message->needs & ~alert->has)
        return false;
    if (!message->fill) {
        buffer_add(out, alert->payload);
        return true;
    }
    struct duis_response response = {
        .schema_version = duis_schema_version(duis_version),
        .response_code = alert->response_code ? alert->response_code : "I0",
        .response_date_time = alert->created,
        .service_reference = alert->service_reference,
        .service_reference_variant = alert->service_reference_variant,
        .gbcs_payload = alert->payload,
        .alert_code = alert->device_alert_code,
    };
    *reason = "a column holds a value that this message cannot say";
    if (!message->fill(&response, alert))
        return false;
    struct duis_response_id id = response_id(sender, alert, response.message);
    response.response_id = &id;
    if (answers_request(response.message))
        response.request_id = alert->request_id;
    *reason = "the signing key does not sign";
    return duis_response_compose(out, sender->signer, &response);
}
