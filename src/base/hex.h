/* Hexadecimal text, as CPL, SMI and DUIS write it. */
#ifndef FOTAD_BASE_HEX_H
#define FOTAD_BASE_HEX_H

#include "base/span.h"

/* The digits 0 to F. */
extern const char HEX_UPPER[17];

/* 0..15, or -1 when `c` is no hexadecimal digit (either case). */
int hex_digit(int c);

/* Reads hexadecimal octets with nothing or ':' between them. Returns the
 * number of octets written to `out`, or -1 when `text` is something else or
 * has more than `most` octets. Empty text gives 0. */
int hex_parse(struct span text, uint8_t *out, size_t most);

/* Writes 2 * octets.len upper-case digits and a NUL, for which `text` has room.
 * Returns `text`. */
char *hex_format(struct span octets, char *text);
/* The same in lower case, as PostgreSQL's encode() writes it. */
char *hex_format_lower(struct span octets, char *text);

#endif
