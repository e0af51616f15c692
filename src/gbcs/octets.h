/* Reading and writing big-endian octets, for the files of this room only. A
 * reader stops at the first fault, remembers it and gives zeros from then on,
 * so that only the end of a reading needs to look. */
#ifndef FOTAD_GBCS_OCTETS_H
#define FOTAD_GBCS_OCTETS_H

#include "base/buffer.h"

struct octets {
    const uint8_t *at, *end;
    const char *fault; /* NULL, or what was wrong first */
};

static inline struct octets octets_of(struct span span) {
    /* never a NULL pointer, so that at == end can be compared and moved */
    const uint8_t *at = span.len ? span.data : (const uint8_t *)"";
    return (struct octets){.at = at, .end = at + span.len};
}

static inline size_t octets_left(const struct octets *in) {
    return (size_t)(in->end - in->at);
}

static inline void octets_refuse(struct octets *in, const char *fault) {
    if (!in->fault)
        in->fault = fault;
}

/* The next `len` octets; an empty span after a fault. */
struct span octets_take(struct octets *in, size_t len);

/* The number in the next `len` octets (1 to 8). */
uint64_t octets_number(struct octets *in, size_t len);

/* Refuses with `fault` unless the next octet has this value. */
void octets_expect(struct octets *in, uint8_t value, const char *fault);

/* A length in its shortest form: nn, 81 nn or 82 nnnn. */
size_t octets_length(struct octets *in);

/* Refuses what is left. */
void octets_finish(struct octets *in, const char *fault);

/* The same, written. */
void octets_store(uint64_t number, uint8_t *out, size_t len);
void octets_put(struct buffer *out, uint64_t number, size_t len);
void octets_put_length(struct buffer *out, size_t length);

#endif
