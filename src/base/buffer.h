/* Text or octets that grow. Memory comes from malloc (see memory.h). */
#ifndef FOTAD_BASE_BUFFER_H
#define FOTAD_BASE_BUFFER_H

#include "base/span.h"

struct buffer {
    uint8_t *data; /* always followed by a NUL once something was added */
    size_t len, size;
};

/* Frees the octets; the buffer is then empty and usable. */
void buffer_free(struct buffer *buffer);

/* Append the octets, the text, or what printf() would print. The octets must
 * not be the buffer's own. */
void buffer_add(struct buffer *buffer, struct span octets);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes room for `more` octets (and a NUL) and returns where they go; the
 * caller writes them and adds their number to `len`. */
uint8_t *buffer_room(struct buffer *buffer, size_t more);

/* What it holds, until it is changed. */
static inline struct span buffer_span(const struct buffer *buffer) {
    return span_of(buffer->data, buffer->len);
}

#endif
