/* Reads and writes payloads by the layouts in use_case.c. */
#include "gbcs/payload.h"

#include "base/hex.h"
#include "gbcs/octets.h"
#include "gbcs/time.h"

/* One reading or writing: the row, the header, and what was or will be said. */
struct work {
    const struct gbcs_use_case *row;
    const struct gbcs_header *header;
    struct gbcs_payload *said;
    const char *at;     /* in the layout */
    struct octets in;   /* when reading */
    struct buffer *out; /* when writing */
};

static void read_hash(struct work *w, struct span octets) {
    w->said->hash = octets;
}

static void write_hash(const struct work *w, uint8_t *octets) {
    if (w->said->hash.len == GBCS_HASH_LEN)
        memcpy(octets, w->said->hash.data, GBCS_HASH_LEN);
}

static uint64_t number(struct span octets) {
    struct octets in = octets_of(octets);
    return octets_number(&in, octets.len);
}

static void read_version(struct work *w, struct span octets) {
    w->said->firmware_version = (uint32_t)number(octets);
}

static void write_version(const struct work *w, uint8_t *octets) {
    octets_store(w->said->firmware_version, octets, 4);
}

static void read_alert_code(struct work *w, struct span octets) {
    w->said->alert_code = (uint16_t)number(octets);
    if (w->said->alert_code != w->row->alert_code)
        octets_refuse(&w->in, "the alert code is not one of its message code");
}

static void write_alert_code(const struct work *w, uint8_t *octets) {
    octets_store(w->row->alert_code, octets, 2);
}

static void read_result(struct work *w, struct span octets) {
    w->said->result = octets.data[0];
    if (w->said->result < w->row->least_result ||
        w->said->result > w->row->most_result)
        octets_refuse(&w->in, "the result is not one that this message gives");
}

static void write_result(const struct work *w, uint8_t *octets) {
    *octets = w->said->result;
}

static void read_generalized(struct work *w, struct span octets) {
    w->said->has_time = gbcs_generalized_read(octets.data, &w->said->time);
    if (!w->said->has_time)
        octets_refuse(&w->in, "the GeneralizedTime is no date and time");
}

static void write_generalized(const struct work *w, uint8_t *octets) {
    gbcs_generalized_write(w->said->time, octets);
}

static void read_cosem(struct work *w, struct span octets) {
    w->said->has_time = gbcs_cosem_read(octets.data, &w->said->time);
}

static void write_cosem(const struct work *w, uint8_t *octets) {
    if (w->said->has_time)
        gbcs_cosem_write(w->said->time, octets);
    else
        gbcs_cosem_write_unknown(octets);
}

static void read_utc(struct work *w, struct span octets) {
    uint32_t seconds = (uint32_t)number(octets);
    w->said->has_time = seconds != GBCS_UTC_UNKNOWN;
    if (w->said->has_time)
        w->said->time = gbcs_utc_read(seconds);
}

static void write_utc(const struct work *w, uint8_t *octets) {
    octets_store(w->said->has_time ? gbcs_utc_write(w->said->time)
                                   : GBCS_UTC_UNKNOWN,
                 octets, 4);
}

static void read_device(struct work *w, struct span octets) {
    w->said->device = eui64_load(octets.data);
}

static void write_device(const struct work *w, uint8_t *octets) {
    eui64_store(w->said->device, octets);
}

static void read_low_counter(struct work *w, struct span octets) {
    if (number(octets) != (w->header->counter & 0xFFFFFF))
        octets_refuse(&w->in, "the long-invoke-id is not that of the header's "
                              "originator counter");
}

static void write_low_counter(const struct work *w, uint8_t *octets) {
    octets_store(w->header->counter, octets, 3);
}

static const struct field {
    char letter;
    uint8_t size;
    void (*read)(struct work *, struct span);
    void (*write)(const struct work *, uint8_t *);
} fields[] = {
    {'h', GBCS_HASH_LEN, read_hash, write_hash},
    {'v', 4, read_version, write_version},
    {'w', 2, read_alert_code, write_alert_code},
    {'r', 1, read_result, write_result},
    {'t', GBCS_GENERALIZED_LEN, read_generalized, write_generalized},
    {'k', GBCS_COSEM_LEN, read_cosem, write_cosem},
    {'s', 4, read_utc, write_utc},
    {'y', EUI64_OCTETS, read_device, write_device},
    {'l', 3, read_low_counter, write_low_counter},
};

static const struct field *field_of(char letter) {
    const struct field *field = fields;
    while (field->letter != letter)
        field++;
    return field;
}

/* The octet that two digits of the layout stand for. */
static uint8_t literal(struct work *w) {
    int high = hex_digit(w->at[0]), low = hex_digit(w->at[1]);
    w->at += 2;
    return (uint8_t)(high << 4 | low);
}

static void read_field(struct work *w) {
    const struct field *field = field_of(*w->at++);
    struct span octets = octets_take(&w->in, field->size);
    if (!w->in.fault)
        field->read(w, octets);
}

/* INTEGER 0 to 2^64 - 1 in its shortest form. */
static void read_integer(struct work *w) {
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
    w->said->counter = number(octets);
    if (*w->at++ == 'o' && w->said->counter != w->header->counter)
        octets_refuse(&w->in, "the payload's originator counter is not the "
                              "header's");
}

static void read_items(struct work *w);

/* The length and what is between the parentheses. */
static void read_group(struct work *w) {
    size_t len = octets_length(&w->in);
    if (len > octets_left(&w->in))
        octets_refuse(&w->in, "a length in the payload goes past its end");
    const uint8_t *end = w->in.end;
    if (!w->in.fault)
        w->in.end = w->in.at + len;
    w->at++;
    read_items(w);
    w->at++;
    octets_finish(&w->in, "octets follow the last element of a SEQUENCE");
    w->in.end = end;
}

static void read_item(struct work *w) {
    switch (*w->at) {
    case ' ':
    case ']':
        w->at++;
        return;
    case '[':
        w->at = octets_left(&w->in) ? w->at + 1 : strchr(w->at, ']');
        return;
    case '(':
        read_group(w);
        return;
    case 'n':
    case 'o':
        read_integer(w);
        return;
    default:
        read_field(w);
    }
}

/* Up to the layout's end, a fault, or the parenthesis that closes. */
static void read_items(struct work *w) {
    while (!w->in.fault && *w->at && *w->at != ')')
        if (hex_digit(*w->at) >= 0)
            octets_expect(&w->in, literal(w),
                          "a tag, length or fixed octet of the payload is not "
                          "that of the use case");
        else
            read_item(w);
}

/* Reads by one row. Returns how many octets that took: the row that gets
 * furthest says best what is wrong. */
static size_t read_row(struct work *w, struct span payload) {
    *w->said = (struct gbcs_payload){.kind = w->row->kind, .use_case = w->row};
    w->in = octets_of(payload);
    const uint8_t *start = w->in.at;
    w->at = w->row->layout;
    read_items(w);
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

static bool begins(struct span payload, const char *pattern) {
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
        if (begins(payload, before_alert_code[i]))
            return (uint16_t)number(span_of(payload.data + at, 2));
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
static const char *read_rows(struct work *w,
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
    struct work w = {.row = first_row(message->header.code),
                     .header = &message->header,
                     .said = payload};
    *reason = NULL;
    if (w.row)
        *reason = read_rows(&w, message);
    else
        read_other(message, payload);
    return !*reason;
}

static void write_integer(struct work *w) {
    uint64_t counter = *w->at++ == 'o' ? w->header->counter : w->said->counter;
    size_t len = 1;
    while (len < 9 && counter >> (8 * len - 1))
        len++;
    octets_put(w->out, 0x02, 1);
    octets_put(w->out, len, 1);
    octets_put(w->out, counter, len);
}

static void write_items(struct work *w);

/* No layout has a group of 128 octets, so the length is one octet. */
static void write_group(struct work *w) {
    size_t before = w->out->len;
    octets_put(w->out, 0, 1);
    w->at++;
    write_items(w);
    w->at++;
    w->out->data[before] = (uint8_t)(w->out->len - before - 1);
}

static void write_field(struct work *w) {
    const struct field *field = field_of(*w->at++);
    uint8_t *room = buffer_room(w->out, field->size);
    memset(room, 0, field->size);
    field->write(w, room);
    w->out->len += field->size;
}

static void write_item(struct work *w) {
    switch (*w->at) {
    case ' ':
    case ']':
        w->at++;
        return;
    case '[':
        w->at += w->said->has_time ? 1 : strcspn(w->at, "]");
        return;
    case '(':
        write_group(w);
        return;
    case 'n':
    case 'o':
        write_integer(w);
        return;
    default:
        write_field(w);
    }
}

static void write_items(struct work *w) {
    while (*w->at && *w->at != ')')
        if (hex_digit(*w->at) >= 0)
            octets_put(w->out, literal(w), 1);
        else
            write_item(w);
}

bool gbcs_payload_write(const struct gbcs_header *header,
                        const struct gbcs_payload *payload,
                        struct buffer *out) {
    struct gbcs_payload said = *payload;
    struct work w = {.header = header, .said = &said, .out = out};
    for (w.row = gbcs_use_cases; w.row->name; w.row++) {
        if (w.row->code != header->code || w.row->cra != header->cra ||
            w.row->kind != said.kind || w.row->alert_code != said.alert_code ||
            said.result < w.row->least_result ||
            said.result > w.row->most_result)
            continue;
        w.at = w.row->layout;
        write_items(&w);
        return true;
    }
    return false;
}
