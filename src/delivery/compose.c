#include "delivery/compose.h"

#include "base/request_id.h"

/* ---- the kinds of messages ---- */

struct message {
    const char *code;
    unsigned needs; /* columns, as in alert.has */
    /* Sets what the code says of the body; false when a column holds a value
     * that the message cannot say. NULL: the payload is the message. */
    bool (*fill)(struct duis_response *response, const struct alert *alert,
                 const struct message *message);
    /* of a DCC Alert */
    enum duis_dcc_alert_kind kind;
    enum duis_breach breach;
};

/* The columns' names, as alert.has and message.def have them. */
enum {
#define COLUMN(type, member, name) name = 1 << ALERT_COLUMN_##name,
#include "delivery/column.def"
#undef COLUMN
};

/* Versions are 4 octets, most significant first. */
static uint32_t version_of(struct span octets) {
    const uint8_t *o = octets.data;
    if (octets.len != 4)
        return 0;
    return (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 |
           o[3];
}

/* All that any DCC Alert says; of these the kind's are written. */
static bool fill_dcc_alert(struct duis_response *response,
                           const struct alert *alert,
                           const struct message *message) {
    response->message = DUIS_DCC_ALERT;
    response->dcc_alert = (struct duis_dcc_alert){
        .code = alert->code,
        .kind = message->kind,
        .request_id = response->request_id,
        .device_type = alert->device_type,
        .device_id = alert->device_id,
        .comms_hub_id = alert->chf_id,
        .devices = {alert->device_ids.ids, alert->device_ids.count},
        .firmware_version = version_of(alert->firmware_version),
        .firmware_version_smi = version_of(alert->other_version),
        .device_alert_code = (uint16_t)alert->device_alert_code,
        .time = {(alert->has & TIME) != 0, alert->event_time},
        .success = alert->result == 1,
        .breach = message->breach,
        .quarantine_event_ref = (uint64_t)alert->quarantine_event_ref,
        .transfer_response = (enum duis_transfer_response)alert->result,
    };
    return message->kind != DUIS_COMMS_HUB_ALERT ||
           (alert->result >= DUIS_FILE_TRANSFER_SUCCESS &&
            alert->result <= DUIS_FILE_TRANSFER_FAILURE);
}

static bool fill_response(struct duis_response *response,
                          const struct alert *alert,
                          const struct message *message) {
    (void)message;
    response->message =
        alert->has & PAYLOAD ? DUIS_GBCS_PAYLOAD : DUIS_NO_ELEMENT;
    return true;
}

static bool fill_future_dated_alert(struct duis_response *response,
                                    const struct alert *alert,
                                    const struct message *message) {
    (void)message;
    response->message = DUIS_FUTURE_DATED_DEVICE_ALERT;
    return alert->device_alert_code == 0x8F66 ||
           alert->device_alert_code == 0x8F67;
}

static bool fill_device_alert(struct duis_response *response,
                              const struct alert *alert,
                              const struct message *message) {
    (void)alert, (void)message;
    response->message = DUIS_DEVICE_ALERT;
    return true;
}

/* Does a DCC Alert of that kind say the request that it is about? Who gets
 * another must not hear of it from N999 either. */
static bool names_request(const struct message *message) {
    return message->needs & REQUEST || message->kind == DUIS_COMMS_HUB_ALERT;
}

/* N999, in place of what the version of DUIS does not have. */
static bool fill_mismatch(struct duis_response *response,
                          const struct alert *alert,
                          const struct message *message) {
    bool is_alert = message->fill == fill_dcc_alert;
    response->message = DUIS_DCC_ALERT;
    response->dcc_alert = (struct duis_dcc_alert){
        .code = "N999",
        .kind = DUIS_VERSION_MISMATCH,
        .unsaid = is_alert ? alert->code : NULL,
        .device_id = alert->device_id,
        .request_id = names_request(message) ? response->request_id : NULL,
        .service_reference = alert->service_reference,
        .service_reference_variant = alert->service_reference_variant,
        .user_version = alert->duis_version,
        .request_version = alert->request_version,
    };
    return true;
}

static const struct message messages[] = {
#define DCC_ALERT(code, element, needs)                                        \
    {code, needs, fill_dcc_alert, DUIS_##element, 0},
#define QUARANTINED(code, element, needs)                                      \
    {code, needs, fill_dcc_alert, DUIS_QUARANTINED_REQUEST, DUIS_##element},
#define MESSAGE(code, fill, needs) {code, needs, fill, 0, 0},
#include "delivery/message.def"
#undef DCC_ALERT
#undef QUARANTINED
#undef MESSAGE
};

static const struct message *message_of(const char *code) {
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

/* NULL when the message is about no request. */
static const char *request_id_of(const struct alert *alert,
                                 char text[static REQUEST_ID_TEXT_SIZE]) {
    if (!(alert->has & REQUEST))
        return NULL;
    return request_id_format(
        &(struct request_id){alert->originator, alert->target, alert->counter},
        text);
}

/* ---- the document ---- */

static bool response_write(struct buffer *out,
                           const struct alert_sender *sender,
                           const struct alert *alert,
                           const struct message *message, const char **reason) {
    char request_id[REQUEST_ID_TEXT_SIZE];
    struct duis_response response = {
        .schema_version = alert->duis_version,
        .request_id = request_id_of(alert, request_id),
        .response_code = *alert->response_code && !alert->mismatch
                             ? alert->response_code
                             : "I0",
        .response_date_time = alert->created,
        .service_reference = alert->service_reference,
        .service_reference_variant = alert->service_reference_variant,
        .gbcs_payload = alert->payload,
        .alert_code = (uint16_t)alert->device_alert_code,
    };
    *reason = "a column holds a value that this message cannot say";
    if (!(alert->mismatch ? fill_mismatch : message->fill)(&response, alert,
                                                           message))
        return false;
    struct duis_response_id id = response_id(sender, alert, response.message);
    response.response_id = &id;
    if (!answers_request(response.message))
        response.request_id = NULL;
    *reason = "the signing key does not sign";
    return duis_response_compose(out, sender->signer, &response);
}

bool alert_compose(struct buffer *out, const struct alert_sender *sender,
                   const struct alert *alert, const char **reason) {
    const struct message *message = message_of(alert->code);
    *reason = "there is no message of this code";
    if (!message)
        return false;
    *reason = "a column that this message needs is empty";
    if (message->needs & ~alert->has)
        return false;
    if (message->fill)
        return response_write(out, sender, alert, message, reason);
    buffer_add(out, alert->payload);
    return true;
}
