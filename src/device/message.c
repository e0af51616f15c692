#include "device/message.h"

/* What an alert to the ACB is, by its code and result (Table 3). */
static const struct {
    uint16_t alert_code;
    uint8_t result;
    const char *kind, *event;
} alerts_to_acb[] = {
    {GBCS_8F8A_TRANSFER_SUCCEEDED, GBCS_FILE_TRANSFER_SUCCESS, "transfer",
     "han_delivered"},
    {GBCS_8F89_TRANSFER_FAILED, GBCS_FILE_TRANSFER_FAILURE, "transfer",
     "han_failed"},
    {GBCS_8F89_TRANSFER_FAILED, GBCS_FIRMWARE_IMAGE_DISCARDED, "transfer",
     "han_discarded"},
    {GBCS_8F89_TRANSFER_FAILED, GBCS_HARDWARE_VERSION_MISMATCH, "transfer",
     "han_mismatch"},
    {GBCS_8F8B_PPMID_ACTIVATION, GBCS_PPMID_ACTIVATION_SUCCESS, "ppmid",
     "device_activated"},
    {GBCS_8F8B_PPMID_ACTIVATION, GBCS_PPMID_ACTIVATION_FAILURE, "ppmid",
     "device_failed"},
};

static void message_end(struct device_message *message, const char *verdict,
                        const char *detail) {
    message->verdict = verdict;
    message->detail = detail;
}

void device_message_read(struct device_message *message, struct span octets) {
    *message = (struct device_message){
        .verdict = VERDICT_GOOD, .detail = "", .kind = "", .event = ""};
    const char *reason;
    message->parsed = gbcs_message_parse(octets, &message->gbcs, &reason);
    if (!message->parsed) {
        message_end(message, VERDICT_UNVERIFIED, reason);
        return;
    }
    message->readable =
        gbcs_payload_read(&message->gbcs, &message->said, &reason);
    if (!message->readable)
        message->detail = reason;
}

bool device_message_needs_signature_key(const struct device_message *message) {
    return message->parsed && message->gbcs.signature.len;
}

bool device_message_needs_mac_key(const struct device_message *message,
                                  eui64 acb_id) {
    return message->parsed && message->gbcs.mac.len &&
           message->gbcs.header.recipient == acb_id;
}

/* ---- is it genuine? ---- */

struct check {
    const struct device_message *message;
    struct arena *arena;
    struct acb_key *acb;
    bool *away; /* the key of the ACB: nothing can be said of the message */
};

static bool signed_by(const struct check *check, const struct party_key *key) {
    return gbcs_message_verify(key->key, &check->message->gbcs);
}

static bool maced_by(const struct check *check, const struct party_key *key) {
    uint8_t z[GBCS_SECRET_LEN];
    enum outcome outcome = acb_secret(check->acb, key, z);
    *check->away |= outcome == RETRY;
    return outcome == DONE && gbcs_mac_verify(z, &check->message->gbcs);
}

/* NULL when one of the originator's keys fits; otherwise the reason. */
static const char *check_keys(const struct check *check, bool *wants,
                              const struct party_keys *keys,
                              bool (*fits)(const struct check *,
                                           const struct party_key *),
                              const char *what) {
    const struct party_key *key;
    size_t count =
        party_keys_of(keys, check->message->gbcs.header.originator, &key);
    *wants = !count || key->unfit;
    if (!count)
        return arena_printf(check->arena,
                            "no %s certificate of the device is known", what);
    if (key->unfit)
        return arena_printf(check->arena, "its %s certificate is %s", what,
                            key->unfit);
    for (; count && !key->unfit; count--, key++)
        if (fits(check, key))
            return NULL;
    return arena_printf(check->arena, "the %s is not good", what);
}

/* Sets the verdict; true when somebody may rely on the message. */
static bool is_genuine(struct device_message *message,
                       const struct check *check, eui64 acb_id,
                       const struct party_keys *signers,
                       const struct party_keys *agreers) {
    bool has_signature = device_message_needs_signature_key(message);
    bool has_mac = device_message_needs_mac_key(message, acb_id);
    bool *wants = &message->wants_certificate;
    const char *fault = NULL;
    if (has_signature)
        fault = check_keys(check, wants, signers, signed_by, "signature");
    if (!fault && has_mac)
        fault = check_keys(check, wants, agreers, maced_by, "MAC");
    if (fault)
        message_end(message, VERDICT_UNVERIFIED, fault);
    else if (!has_signature && !has_mac)
        message->verdict = VERDICT_UNCHECKED;
    return !fault;
}

/* ---- what is it? ---- */

static void alert_to_acb_name(struct device_message *message) {
    const struct gbcs_payload *said = &message->said;
    for (size_t i = 0; i < sizeof alerts_to_acb / sizeof *alerts_to_acb; i++)
        if (alerts_to_acb[i].alert_code == said->alert_code &&
            alerts_to_acb[i].result == said->result) {
            message->kind = alerts_to_acb[i].kind;
            message->event = alerts_to_acb[i].event;
            return;
        }
    message_end(message, VERDICT_UNKNOWN,
                "nothing follows from this alert to the ACB");
}

static void alert_to_user_name(struct device_message *message) {
    if (message->said.kind == GBCS_ACTIVATE_ALERT)
        message->kind = "outcome";
    else if (message->said.alert_code)
        message->kind = "alert";
    else
        message_end(message, VERDICT_UNKNOWN,
                    "no alert code can be found in it");
}

static void message_name(struct device_message *message, eui64 acb_id) {
    const struct gbcs_header *header = &message->gbcs.header;
    if (header->cra == GBCS_RESPONSE)
        message->kind = "response";
    else if (header->cra != GBCS_ALERT)
        message_end(message, VERDICT_UNKNOWN, "a device sends no commands");
    else if (header->recipient == acb_id)
        alert_to_acb_name(message);
    else
        alert_to_user_name(message);
}

bool device_message_judge(struct device_message *message, struct arena *arena,
                          struct acb_key *acb, eui64 acb_id,
                          const struct party_keys *signers,
                          const struct party_keys *agreers) {
    bool away = false;
    const struct check check = {message, arena, acb, &away};
    if (!message->parsed ||
        !is_genuine(message, &check, acb_id, signers, agreers))
        return !away;
    /* what was not found genuine must not keep a genuine one out */
    if (message->readable)
        message_name(message, acb_id);
    else if (strcmp(message->verdict, VERDICT_GOOD) == 0)
        message->verdict = VERDICT_UNKNOWN;
    else
        message->verdict = VERDICT_UNVERIFIED;
    return true;
}
