/*
 * Base64 as xs:base64Binary writes it (RFC 4648 alphabet and padding), strict:
 * libxml2 steps over stray characters, so what is signed and what is read
 * could differ if it were left to do the reading.
 */
#ifndef FOTAD_BASE_BASE64_H
#define FOTAD_BASE_BASE64_H

#include "base/buffer.h"
#include "base/span.h"

/* Enough for what `len` characters of base64 decode to. */
static inline size_t base64_most_octets(size_t len) {
    return len / 4 * 3 + 3;
}

/* Reads base64 with XML white space (space, tab, CR, LF) anywhere in it.
 * `out` has base64_most_octets(text.len) octets of room. Returns the number
 * of octets written, or -1 when a character is not of the alphabet, the
 * padding is missing or misplaced, or unused bits are not zero. Empty text
 * gives 0. */
ptrdiff_t base64_parse(struct span text, uint8_t *out);

/* Appends base64 without line breaks. */
void base64_add(struct buffer *buffer, struct span octets);

#endif
