#include "gbcs/octets.h"

struct span octets_take(struct octets *in, size_t len) {
    if (in->fault)
        return (struct span){0};
    if (len > octets_left(in)) {
        octets_refuse(in, "the message ends too early, or a length is wrong");
        return (struct span){0};
    }
    struct span taken = span_of(in->at, len);
    in->at += len;
    return taken;
}

uint64_t octets_number(struct octets *in, size_t len) {
    struct span taken = octets_take(in, len);
    uint64_t number = 0;
    for (size_t i = 0; i < taken.len; i++)
        number = number << 8 | taken.data[i];
    return number;
}

void octets_expect(struct octets *in, uint8_t value, const char *fault) {
    if (octets_number(in, 1) != value)
        octets_refuse(in, fault);
}

size_t octets_length(struct octets *in) {
    size_t length = octets_number(in, 1);
    if (length < 0x80)
        return length;
    size_t octets = length - 0x80;
    if (octets != 1 && octets != 2) {
        octets_refuse(in, "a length is written in more than two octets");
        return 0;
    }
    length = octets_number(in, octets);
    if (length < (octets == 1 ? 0x80 : 0x100))
        octets_refuse(in, "a length is not in its shortest form");
    return length;
}

void octets_finish(struct octets *in, const char *fault) {
    if (octets_left(in))
        octets_refuse(in, fault);
}

void octets_store(uint64_t number, uint8_t *out, size_t len) {
    for (; len > 0; number >>= 8)
        out[--len] = (uint8_t)number;
}

void octets_put(struct buffer *out, uint64_t number, size_t len) {
    octets_store(number, buffer_room(out, len), len);
    out->len += len;
}

void octets_put_length(struct buffer *out, size_t length) {
    if (length >= 0x80)
        octets_put(out, length < 0x100 ? 0x81 : 0x82, 1);
    octets_put(out, length, length < 0x100 ? 1 : 2);
}
