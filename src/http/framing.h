/* What the headers say of the body. For the files of this room only. */
#ifndef FOTAD_HTTP_FRAMING_H
#define FOTAD_HTTP_FRAMING_H

#include "http/listener.h"

/* Reads the headers into exchange->framing. False when they are ambiguous
 * (RFC 9112, 6.3): *status and *detail then say what to answer. */
bool framing_read(struct http_exchange *exchange, const char *version,
                  unsigned *status, const char **detail);
/* Whether octets of a body follow the headers. */
bool framing_has_body(const struct framing *framing);

#endif
