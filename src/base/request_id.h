/* RequestID as people write it (DUIS schema type sr:RequestID): the EUI-64 of
 * the originator, that of the target, and a counter, with ':' between. */
#ifndef FOTAD_BASE_REQUEST_ID_H
#define FOTAD_BASE_REQUEST_ID_H

#include "base/eui64.h"

struct request_id {
    eui64 originator, target;
    uint64_t counter;
};

/* False when `text` is anything else, or the counter has over 64 bits. */
bool request_id_parse(const char *text, struct request_id *id);

/* Two EUI-64, two colons, the 20 digits of the largest counter, and a NUL. */
enum { REQUEST_ID_TEXT_SIZE = 2 * EUI64_TEXT_LEN + 2 + 20 + 1 };

/* Returns `text`. */
char *request_id_format(const struct request_id *id,
                        char text[static REQUEST_ID_TEXT_SIZE]);

#endif
