/* A device message again, from nothing but the fields that were read. */
#ifndef FOTAD_TESTS_GBCS_REBUILD_H
#define FOTAD_TESTS_GBCS_REBUILD_H

#include "gbcs/build.h"

static inline void gbcs_rebuild(const struct gbcs_message *message,
                                struct buffer *out) {
    if (message->mac.len)
        gbcs_put_mac_header(message->to_mac.len, out);
    gbcs_put_content(&message->header, message->payload, out);
    if (message->signature.len)
        gbcs_put_signature(message->signature.data, out);
    else if (message->mac.len)
        gbcs_put_signature(NULL, out);
    buffer_add(out, message->mac);
}

#endif
