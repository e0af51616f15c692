/* The letters of the layouts in use_case.c. */
#include "gbcs/layout.h"

#include "gbcs/time.h"

static void read_hash(struct layout_walk *w, struct span octets) {
    w->said->hash = octets;
}

static void write_hash(const struct layout_walk *w, uint8_t *octets) {
    if (w->said->hash.len == GBCS_HASH_LEN)
        memcpy(octets, w->said->hash.data, GBCS_HASH_LEN);
}

static void read_version(struct layout_walk *w, struct span octets) {
    w->said->firmware_version = (uint32_t)layout_number(octets);
}

static void write_version(const struct layout_walk *w, uint8_t *octets) {
    octets_store(w->said->firmware_version, octets, 4);
}

static void read_alert_code(struct layout_walk *w, struct span octets) {
    w->said->alert_code = (uint16_t)layout_number(octets);
    if (w->said->alert_code != w->row->alert_code)
        octets_refuse(&w->in, "the alert code is not one of its message code");
}

static void write_alert_code(const struct layout_walk *w, uint8_t *octets) {
    octets_store(w->row->alert_code, octets, 2);
}

static void read_result(struct layout_walk *w, struct span octets) {
    w->said->result = octets.data[0];
    if (w->said->result < w->row->least_result ||
        w->said->result > w->row->most_result)
        octets_refuse(&w->in, "the result is not one that this message gives");
}

static void write_result(const struct layout_walk *w, uint8_t *octets) {
    *octets = w->said->result;
}

static void read_generalized(struct layout_walk *w, struct span octets) {
    w->said->has_time = gbcs_generalized_read(octets.data, &w->said->time);
    if (!w->said->has_time)
        octets_refuse(&w->in, "the GeneralizedTime is no date and time");
}

static void write_generalized(const struct layout_walk *w, uint8_t *octets) {
    gbcs_generalized_write(w->said->time, octets);
}

static void read_cosem(struct layout_walk *w, struct span octets) {
    w->said->has_time = gbcs_cosem_read(octets.data, &w->said->time);
}

static void write_cosem(const struct layout_walk *w, uint8_t *octets) {
    if (w->said->has_time)
        gbcs_cosem_write(w->said->time, octets);
    else
        gbcs_cosem_write_unknown(octets);
}

static void read_utc(struct layout_walk *w, struct span octets) {
    uint32_t seconds = (uint32_t)layout_number(octets);
    w->said->has_time = seconds != GBCS_UTC_UNKNOWN;
    if (w->said->has_time)
        w->said->time = gbcs_utc_read(seconds);
}

static void write_utc(const struct layout_walk *w, uint8_t *octets) {
    octets_store(w->said->has_time ? gbcs_utc_write(w->said->time)
                                   : GBCS_UTC_UNKNOWN,
                 octets, 4);
}

static void read_device(struct layout_walk *w, struct span octets) {
    w->said->device = eui64_load(octets.data);
}

static void write_device(const struct layout_walk *w, uint8_t *octets) {
    eui64_store(w->said->device, octets);
}

static void read_low_counter(struct layout_walk *w, struct span octets) {
    if (layout_number(octets) != (w->header->counter & 0xFFFFFF))
        octets_refuse(&w->in, "the long-invoke-id is not that of the header's "
                              "originator counter");
}

static void write_low_counter(const struct layout_walk *w, uint8_t *octets) {
    octets_store(w->header->counter, octets, 3);
}

static const struct layout_field fields[] = {
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

const struct layout_field *layout_field(char letter) {
    const struct layout_field *field = fields;
    while (field->letter != letter)
        field++;
    return field;
}
