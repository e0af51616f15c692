#include "device/command.h"

eui64 command_originator(const struct command_order *order) {
    return order->user_originates ? order->user : order->acb;
}

uint64_t command_counter(const struct command_order *order) {
    return order->user_originates ? order->request_counter : order->acb_counter;
}

static struct gbcs_header command_header(const struct command_order *order) {
    struct gbcs_header header = {.cra = GBCS_COMMAND,
                                 .counter = command_counter(order),
                                 .originator = command_originator(order),
                                 .recipient = order->device,
                                 .code = order->code};
    if (!order->user_originates) {
        header.supplementary = GBCS_SUPPLEMENTARY_PARTY_COUNTER;
        header.supplementary_party = order->user;
        header.supplementary_party_counter = order->request_counter;
    }
    return header;
}

bool command_read_version(const struct command_order *order,
                          const uint8_t z[static GBCS_SECRET_LEN],
                          struct buffer *out) {
    const struct gbcs_header header = command_header(order);
    const struct gbcs_payload payload = {.kind = GBCS_READ};
    return gbcs_build(&header, &payload, NULL, z, out);
}

bool command_pre_activate(const struct command_order *order,
                          const uint8_t hash[static GBCS_HASH_LEN],
                          const instant *when, struct buffer *out) {
    const struct gbcs_header header = command_header(order);
    struct gbcs_payload payload = {.kind = GBCS_ACTIVATE,
                                   .hash = span_of(hash, GBCS_HASH_LEN),
                                   .has_time = when != NULL};
    if (when)
        payload.time = *when == DUIS_CANCELLATION ? GBCS_CANCELLATION : *when;
    if (!gbcs_build(&header, &payload, NULL, NULL, out))
        return false;
    gbcs_put_signature(NULL, out);
    return true;
}

/* Why a header is not that of the order's command, or NULL. */
static const char *command_fault(const struct command_order *order,
                                 const struct gbcs_header *header) {
    if (header->code != order->code || header->cra != GBCS_COMMAND)
        return "it is not a CS06 command";
    if (header->recipient != order->device)
        return "its recipient is not the RequestID's target";
    if (header->originator != command_originator(order))
        return "its originator is not the RequestID's";
    if (header->counter != command_counter(order))
        return "its originator counter is not the RequestID's";
    if (header->supplementary != GBCS_NO_SUPPLEMENT || header->date_time.len)
        return "its header has fields that a CS06 command does not have";
    return NULL;
}

/* Between them only DF in front and DUIS's 00 behind. */
static bool octets_equal(struct span to_sign, struct span returned) {
    return returned.len == to_sign.len + 2 &&
           span_equal(to_sign, span_of(returned.data + 1, to_sign.len));
}

bool command_read_signed(const struct command_order *order, struct span octets,
                         struct span returned,
                         struct signed_pre_command *pre_command,
                         const char **reason) {
    struct gbcs_message *message = &pre_command->message;
    struct gbcs_payload payload;
    if (!gbcs_message_parse(octets, message, reason))
        return false;
    if (!message->signature.len || message->mac.len)
        *reason = "it is not a Pre-Command with a signature";
    else
        *reason = command_fault(order, &message->header);
    if (*reason || !gbcs_payload_read(message, &payload, reason))
        return false;
    if (returned.len && !octets_equal(message->to_sign, returned)) {
        *reason = "it is not the Pre-Command that was returned";
        return false;
    }
    pre_command->has_time = payload.has_time;
    pre_command->cancels =
        payload.has_time && payload.time == GBCS_CANCELLATION;
    pre_command->time = payload.has_time ? payload.time : 0;
    return true;
}
