/* Reads payloads by the layouts in use_case.c. */
#include "gbcs/layout.h"

#include "base/hex.h"

/* ---- the items of a layout ---- */

static void read_octet(struct layout_walk *w, uint8_t octet) {
    octets_expect(&w->in, octet,
                  "a tag, length or fixed octet of the payload is not that of "
                  "the use case");
}

static bool read_option(const struct layout_walk *w) {
    return octets_left(&w->in) != 0;
}

static void read_field(struct layout_walk *w) {
    const struct layout_field *field = layout_field(*w->at++);
    struct span octets = octets_take(&w->in, field->size);
    if (!w->in.fault)
        field->read(w, octets);
}

/* INTEGER 0 to 2^64 - 1 in its shortest form. */
static void read_integer(struct layout_walk *w) {
    octets_expect(&w->in, 0x02, "a counter is no INTEGER");
    struct span octets = octets_take(&w->in, octets_length(&w->in));
    if (!octets.len) {
        octets_refuse(&w->in, "an INTEGER is empty");
        return;
    }
    const uint8_t *data = octets.data;
    if (data[0] & 0x80)
        octets_refuse(&w->in, "a counter is negative");
    if (octets.len > 1 && data[0] == 0 && !(data[1] & 0x80))
        octets_refuse(&w->in, "an INTEGER is not in its shortest form");
    if (octets.len > 9 || (octets.len == 9 && data[0] != 0))
        octets_refuse(&w->in, "a counter has more than 64 bits");
    w->said->counter = layout_number(octets);
    if (*w->at++ == 'o' && w->said->counter != w->header->counter)
        octets_refuse(&w->in, "the payload's originator counter is not the "
                              "header's");
}

/* The length and what is between the parentheses. */
static void read_group(struct layout_walk *w) {
    size_t len = octets_length(&w->in);
    if (len > octets_left(&w->in))
        octets_refuse(&w->in, "a length in the payload goes past its end");
    const uint8_t *end = w->in.end;
    if (!w->in.fault)
        w->in.end = w->in.at + len;
    layout_walk_group(w);
    octets_finish(&w->in, "octets follow the last element of a SEQUENCE");
    w->in.end = end;
}

static const struct layout_visitor reader = {.octet = read_octet,
                                             .has_option = read_option,
                                             .integer = read_integer,
                                             .group = read_group,
                                             .field = read_field};

/* ---- the rows of a message ---- */

/* Reads by one row. Returns how many octets that took: the row that gets
 * furthest says best what is wrong. */
static size_t read_row(struct layout_walk *w, struct span payload) {
    *w->said = (struct gbcs_payload){.kind = w->row->kind, .use_case = w->row};
    w->in = octets_of(payload);
    const uint8_t *start = w->in.at;
    layout_walk(w);
    octets_finish(&w->in, "octets follow the payload's last element");
    return (size_t)(w->in.at - start);
}

/* A command goes through the hands of the User first, as a pre-command and as
 * a signed one, neither of them MACed. */
static const char *wrapper_fault(const struct gbcs_use_case *row,
                                 const struct gbcs_message *message) {
    bool is_signed = message->signature.len, is_maced = message->mac.len;
    bool at_user = row->is_signed && row->is_maced && !is_maced;
    if (is_maced && !row->is_maced)
        return "the message is MACed, which its use case is not";
    if (!is_maced && row->is_maced && !at_user)
        return "the message is not MACed, which its use case is";
    if (is_signed && !row->is_signed)
        return "the message is signed, which its use case is not";
    if (!is_signed && row->is_signed && !at_user)
        return "the message is not signed, which its use case is";
    if (!message->header.date_time.len && row->has_date_time)
        return "the header has no date-time, which the use case has";
    if (message->header.date_time.len && !row->has_date_time)
        return "the header has a date-time, which the use case has not";
    return NULL;
}

static const struct gbcs_use_case *first_row(uint16_t code) {
    const struct gbcs_use_case *row = gbcs_use_cases;
    while (row->name && row->code != code)
        row++;
    return row->name ? row : NULL;
}

/* What comes before the alert code in DLMS, ZCL and ASN.1 alerts; ?? is any
 * octet. */
static const char *const before_alert_code[] = {
    "0F20??????0002??12",
    "010901",
    "30??020300",
    "3081??020300",
};

static bool payload_begins(struct span payload, const char *pattern) {
    if (payload.len < strlen(pattern) / 2 + 2)
        return false;
    for (size_t i = 0; pattern[2 * i]; i++) {
        int high = hex_digit(pattern[2 * i]);
        int low = hex_digit(pattern[2 * i + 1]);
        if (high >= 0 && payload.data[i] != (high << 4 | low))
            return false;
    }
    return true;
}

/* An alert of a use case that is not ours. */
static uint16_t other_alert_code(struct span payload) {
    enum { FORMS = sizeof before_alert_code / sizeof *before_alert_code };
    for (size_t i = 0; i < FORMS; i++) {
        size_t at = strlen(before_alert_code[i]) / 2;
        if (payload_begins(payload, before_alert_code[i]))
            return (uint16_t)layout_number(span_of(payload.data + at, 2));
    }
    return 0;
}

static void read_other(const struct gbcs_message *message,
                       struct gbcs_payload *payload) {
    *payload = (struct gbcs_payload){.kind = GBCS_OTHER};
    if (message->header.cra == GBCS_ALERT)
        payload->alert_code = other_alert_code(message->payload);
}

/* Tries the rows of the message code one after the other. */
static const char *read_rows(struct layout_walk *w,
                             const struct gbcs_message *message) {
    const char *reason = "the message code is not used with this CRA flag";
    size_t furthest = 0;
    for (; w->row->code == message->header.code; w->row++) {
        if (w->row->cra != message->header.cra)
            continue;
        const char *fault = wrapper_fault(w->row, message);
        if (fault)
            return fault;
        size_t taken = read_row(w, message->payload);
        if (!w->in.fault)
            return NULL;
        if (taken >= furthest)
            reason = w->in.fault;
        furthest = taken > furthest ? taken : furthest;
    }
    return reason;
}

bool gbcs_payload_read(const struct gbcs_message *message,
                       struct gbcs_payload *payload, const char **reason) {
    struct layout_walk w = {.visitor = &reader,
                            .row = first_row(message->header.code),
                            .header = &message->header,
                            .said = payload};
    *reason = NULL;
    if (w.row)
        *reason = read_rows(&w, message);
    else
        read_other(message, payload);
    return !*reason;
}
