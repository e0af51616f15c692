/* A run of octets that somebody else owns. */
#ifndef FOTAD_BASE_SPAN_H
#define FOTAD_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct span {
    const uint8_t *data; /* may be NULL only when len is 0 */
    size_t len;          /* octets */
};

static inline struct span span_of(const void *data, size_t len) {
    return (struct span){.data = data, .len = len};
}

/* What follows the first `len` octets, of which there are as many. */
static inline struct span span_from(struct span span, size_t len) {
    return span_of(span.data + len, span.len - len);
}

/* The characters of a C string, without its NUL. */
static inline struct span span_text(const char *text) {
    return span_of(text, strlen(text));
}

static inline bool span_equal(struct span a, struct span b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* False when not all of it could be written. fwrite() may not be given the
 * NULL of an empty span. */
static inline bool span_write(struct span octets, FILE *to) {
    return octets.len == 0 ||
           fwrite(octets.data, 1, octets.len, to) == octets.len;
}

#endif
