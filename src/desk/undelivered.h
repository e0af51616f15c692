/* Messages that Users have not confirmed (requirement E3). */
#ifndef FOTAD_DESK_UNDELIVERED_H
#define FOTAD_DESK_UNDELIVERED_H

#include "desk/desk.h"

/* Has them tried again now, those that were given up too: all, or those to one
 * User; *messages gets how many. */
enum outcome undelivered_retry(struct desk *desk, const eui64 *user,
                               int64_t *messages);

#endif
