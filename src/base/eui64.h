/*
 * EUI-64: the identifier of everything in smart metering, devices and Users
 * alike. Written as eight hexadecimal octets with '-' between them (DUIS
 * schema type sr:EUI), either case; fotad writes upper case.
 */
#ifndef FOTAD_BASE_EUI64_H
#define FOTAD_BASE_EUI64_H

#include "base/span.h"

typedef uint64_t eui64; /* most significant octet first, as printed */

enum { EUI64_TEXT_LEN = 23, EUI64_TEXT_SIZE = 24, EUI64_OCTETS = 8 };

/* Reads exactly EUI64_TEXT_LEN characters; false when `text` is anything
 * else. */
bool eui64_parse(struct span text, eui64 *id);

/* Writes EUI64_TEXT_LEN characters and a NUL. Returns `text`. */
char *eui64_format(eui64 id, char text[static EUI64_TEXT_SIZE]);

/* Big-endian octets, as on the wire and in PostgreSQL's macaddr8. */
eui64 eui64_load(const uint8_t octets[static EUI64_OCTETS]);
void eui64_store(eui64 id, uint8_t octets[static EUI64_OCTETS]);

#endif
