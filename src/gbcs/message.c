#include "gbcs/message.h"

#include "gbcs/octets.h"

enum {
    TAG_CIPHERING = 0xDD,
    TAG_SIGNING = 0xDF,
    /* transaction-id, originator, recipient, date-time, other-information
     * (all of no length) and key-info (absent) */
    EMPTY_FIELDS = 6,
    SECURITY_CONTROL = 0x11, /* authentication only, suite 1 */
    SECURITY_LEN = 5,        /* security control and invocation counter */
    TRANSACTION_ID_LEN = 9,  /* CRA flag and originator counter */
    SUPPLEMENT_LEN = 8,      /* of each supplementary field */
};

static eui64 read_party(struct octets *in, const char *fault) {
    octets_expect(in, EUI64_OCTETS, fault);
    return octets_number(in, EUI64_OCTETS);
}

static void read_date_time(struct octets *in, struct gbcs_header *header) {
    size_t len = octets_number(in, 1);
    if (len != 0 && len != GBCS_DATE_TIME_LEN)
        octets_refuse(in, "the date-time is not of 0 or 12 octets");
    else
        header->date_time = octets_take(in, len);
}

/* How many fields follow the message code; the length may be 2, 10, 18, 26 or,
 * with a certificate, more than 127. */
static enum gbcs_supplementary supplement_of(size_t len) {
    if (len > 127)
        return GBCS_SUPPLEMENTARY_CERTIFICATE;
    return (enum gbcs_supplementary)((len - 2) / SUPPLEMENT_LEN);
}

static void read_other_information(struct octets *in,
                                   struct gbcs_header *header) {
    size_t len = octets_length(in);
    if (len < 2 || (len <= 127 && (len % SUPPLEMENT_LEN != 2 || len > 26))) {
        octets_refuse(in, "the other-information has no known length");
        return;
    }
    struct octets info = octets_of(octets_take(in, len));
    header->code = (uint16_t)octets_number(&info, 2);
    header->supplementary = supplement_of(len);
    if (header->supplementary >= GBCS_SUPPLEMENTARY_PARTY)
        header->supplementary_party = octets_number(&info, SUPPLEMENT_LEN);
    if (header->supplementary >= GBCS_SUPPLEMENTARY_PARTY_COUNTER)
        header->supplementary_party_counter =
            octets_number(&info, SUPPLEMENT_LEN);
    if (header->supplementary == GBCS_SUPPLEMENTARY_ORIGINATOR_COUNTER)
        header->supplementary_originator_counter =
            octets_number(&info, SUPPLEMENT_LEN);
    if (header->supplementary == GBCS_SUPPLEMENTARY_CERTIFICATE)
        header->certificate = octets_take(&info, octets_left(&info));
}

static void read_header(struct octets *in, struct gbcs_header *header) {
    octets_expect(in, TAG_SIGNING, "the general-signing tag is not DF");
    octets_expect(in, TRANSACTION_ID_LEN,
                  "the transaction-id is not of 9 octets");
    unsigned cra = (unsigned)octets_number(in, 1);
    if (cra < GBCS_COMMAND || cra > GBCS_ALERT)
        octets_refuse(in, "the CRA flag is not 1, 2 or 3");
    header->cra = (enum gbcs_cra)cra;
    header->counter = octets_number(in, 8);
    header->originator = read_party(in, "the originator is not of 8 octets");
    header->recipient = read_party(in, "the recipient is not of 8 octets");
    read_date_time(in, header);
    read_other_information(in, header);
}

/* The signature field: 40 and the signature, 00, or nothing at all. */
static void read_signature(struct octets *in, struct gbcs_message *message) {
    if (!octets_left(in))
        return;
    size_t len = octets_number(in, 1);
    if (len != 0 && len != GBCS_SIGNATURE_LEN)
        octets_refuse(in, "the signature is not of 0 or 64 octets");
    else
        message->signature = octets_take(in, len);
}

/* From DF to the end of `in`. */
static void read_signing(struct octets *in, struct gbcs_message *message) {
    const uint8_t *start = in->at;
    size_t all = octets_left(in);
    read_header(in, &message->header);
    message->payload = octets_take(in, octets_length(in));
    if (in->fault)
        return;
    message->to_sign = span_of(start + 1, (size_t)(in->at - start - 1));
    message->to_mac = span_of(start, all);
    read_signature(in, message);
    octets_finish(in, "octets follow the signature field");
}

static void read_ciphering(struct octets *in, struct gbcs_message *message) {
    in->at++;
    for (int i = 0; i < EMPTY_FIELDS; i++)
        octets_expect(in, 0, "a field of the MAC header is not empty");
    if (octets_length(in) != octets_left(in))
        octets_refuse(in, "the MAC header's length is not what follows it");
    octets_expect(in, SECURITY_CONTROL, "the security control is not 11");
    if (octets_number(in, 4) != 0)
        octets_refuse(in, "the invocation counter is not 0");
    if (octets_left(in) < GBCS_MAC_LEN)
        octets_refuse(in, "the message is shorter than its MAC");
    if (in->fault)
        return;
    in->end -= GBCS_MAC_LEN;
    message->mac = span_of(in->end, GBCS_MAC_LEN);
    read_signing(in, message);
    /* the MAC covers the signature field, so there must be one */
    if (!in->fault && message->to_mac.len == message->to_sign.len + 1)
        octets_refuse(in, "the signature field is missing");
}

static bool is_unprotected(const struct gbcs_message *message) {
    return !message->signature.len && !message->mac.len;
}

bool gbcs_any_parse(struct span octets, struct gbcs_message *message,
                    const char **reason) {
    *message = (struct gbcs_message){0};
    struct octets in = octets_of(octets);
    if (octets_left(&in) && *in.at == TAG_CIPHERING)
        read_ciphering(&in, message);
    else
        read_signing(&in, message);
    if (!in.fault && is_unprotected(message) &&
        message->header.cra != GBCS_COMMAND)
        in.fault = "the message is neither signed nor MACed";
    *reason = in.fault;
    return !in.fault;
}

bool gbcs_message_parse(struct span octets, struct gbcs_message *message,
                        const char **reason) {
    if (!gbcs_any_parse(octets, message, reason))
        return false;
    if (is_unprotected(message))
        *reason = "the message is an unsigned pre-command";
    return !*reason;
}

bool gbcs_precommand_parse(struct span octets, struct gbcs_message *message,
                           const char **reason) {
    if (!gbcs_any_parse(octets, message, reason))
        return false;
    if (!is_unprotected(message))
        *reason = "the message is no unsigned pre-command";
    return !*reason;
}

const char *gbcs_message_kind(const struct gbcs_message *message) {
    switch (message->header.cra) {
    case GBCS_RESPONSE:
        return "response";
    case GBCS_ALERT:
        return "alert";
    case GBCS_COMMAND:
        break;
    }
    if (message->mac.len)
        return "command";
    return message->signature.len ? "signed pre-command" : "pre-command";
}

static void put_party(struct buffer *out, eui64 party) {
    octets_put(out, EUI64_OCTETS, 1);
    octets_put(out, party, EUI64_OCTETS);
}

static size_t other_information_len(const struct gbcs_header *header) {
    if (header->supplementary == GBCS_SUPPLEMENTARY_CERTIFICATE)
        return 2 + 2 * SUPPLEMENT_LEN + header->certificate.len;
    return 2 + (size_t)header->supplementary * SUPPLEMENT_LEN;
}

static void put_other_information(const struct gbcs_header *header,
                                  struct buffer *out) {
    octets_put_length(out, other_information_len(header));
    octets_put(out, header->code, 2);
    if (header->supplementary >= GBCS_SUPPLEMENTARY_PARTY)
        octets_put(out, header->supplementary_party, SUPPLEMENT_LEN);
    if (header->supplementary >= GBCS_SUPPLEMENTARY_PARTY_COUNTER)
        octets_put(out, header->supplementary_party_counter, SUPPLEMENT_LEN);
    if (header->supplementary == GBCS_SUPPLEMENTARY_ORIGINATOR_COUNTER)
        octets_put(out, header->supplementary_originator_counter,
                   SUPPLEMENT_LEN);
    if (header->supplementary == GBCS_SUPPLEMENTARY_CERTIFICATE)
        buffer_add(out, header->certificate);
}

void gbcs_put_content(const struct gbcs_header *header, struct span payload,
                      struct buffer *out) {
    octets_put(out, TAG_SIGNING, 1);
    octets_put(out, TRANSACTION_ID_LEN, 1);
    octets_put(out, header->cra, 1);
    octets_put(out, header->counter, 8);
    put_party(out, header->originator);
    put_party(out, header->recipient);
    octets_put_length(out, header->date_time.len);
    buffer_add(out, header->date_time);
    put_other_information(header, out);
    octets_put_length(out, payload.len);
    buffer_add(out, payload);
}

void gbcs_put_signature(const uint8_t *signature, struct buffer *out) {
    size_t len = signature ? GBCS_SIGNATURE_LEN : 0;
    octets_put(out, len, 1);
    buffer_add(out, span_of(signature, len));
}

void gbcs_put_mac_header(size_t len, struct buffer *out) {
    octets_put(out, TAG_CIPHERING, 1);
    for (int i = 0; i < EMPTY_FIELDS; i++)
        octets_put(out, 0, 1);
    octets_put_length(out, SECURITY_LEN + len + GBCS_MAC_LEN);
    octets_put(out, SECURITY_CONTROL, 1);
    octets_put(out, 0, 4);
}
