/*
 * A firmware version: 4 octets on the wire, most significant first, the File
 * Version of the OTA Header, and up to 8 hexadecimal digits as text (DUIS and
 * MMC FirmwareVersion, the Central Products List).
 */
#ifndef FOTAD_GBCS_VERSION_H
#define FOTAD_GBCS_VERSION_H

#include "base/span.h"

enum { GBCS_VERSION_LEN = 4, GBCS_VERSION_TEXT_SIZE = 9 };

/* Reads 1 to 8 hexadecimal digits of either case (shorter text stands for
 * leading zeros), or 4 octets with ':' between them. */
bool gbcs_version_parse(struct span text, uint32_t *version);

/* Writes 8 upper-case digits and a NUL. Returns `text`. */
char *gbcs_version_format(uint32_t version,
                          char text[static GBCS_VERSION_TEXT_SIZE]);

#endif
