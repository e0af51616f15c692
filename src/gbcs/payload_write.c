/* Writes payloads by the layouts in use_case.c. */
#include "gbcs/layout.h"

static void write_octet(struct layout_walk *w, uint8_t octet) {
    octets_put(w->out, octet, 1);
}

static bool write_option(const struct layout_walk *w) {
    return w->said->has_time;
}

static void write_integer(struct layout_walk *w) {
    uint64_t counter = *w->at++ == 'o' ? w->header->counter : w->said->counter;
    size_t len = 1;
    while (len < 9 && counter >> (8 * len - 1))
        len++;
    octets_put(w->out, 0x02, 1);
    octets_put(w->out, len, 1);
    octets_put(w->out, counter, len);
}

/* No layout has a group of 128 octets, so the length is one octet. */
static void write_group(struct layout_walk *w) {
    size_t before = w->out->len;
    octets_put(w->out, 0, 1);
    layout_walk_group(w);
    w->out->data[before] = (uint8_t)(w->out->len - before - 1);
}

static void write_field(struct layout_walk *w) {
    const struct layout_field *field = layout_field(*w->at++);
    uint8_t *octets = buffer_room(w->out, field->size);
    memset(octets, 0, field->size);
    field->write(w, octets);
    w->out->len += field->size;
}

static const struct layout_visitor writer = {.octet = write_octet,
                                             .has_option = write_option,
                                             .integer = write_integer,
                                             .group = write_group,
                                             .field = write_field};

bool gbcs_payload_write(const struct gbcs_header *header,
                        const struct gbcs_payload *payload,
                        struct buffer *out) {
    struct gbcs_payload said = *payload;
    struct layout_walk w = {
        .visitor = &writer, .header = header, .said = &said, .out = out};
    for (w.row = gbcs_use_cases; w.row->name; w.row++) {
        if (w.row->code != header->code || w.row->cra != header->cra ||
            w.row->kind != said.kind || w.row->alert_code != said.alert_code ||
            said.result < w.row->least_result ||
            said.result > w.row->most_result)
            continue;
        layout_walk(&w);
        return true;
    }
    return false;
}
