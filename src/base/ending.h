/*
 * The end of the process, for those who wait: every wait has an end, and this
 * shortens it. What is cut off is done again by whoever goes on: leases run
 * out, keys and numbers make a second time harmless.
 */
#ifndef FOTAD_BASE_ENDING_H
#define FOTAD_BASE_ENDING_H

#include "base/clock.h"

#include <stdbool.h>

/* From ending_begin() on: so long others (CSPs, Users, mail and name servers)
 * may take for what they have in hand of ours, and so long what others have in
 * hand with us (a request, an answer, the database) may last. */
#define ENDING_PEERS (5 * SECOND)
#define ENDING_OWN (25 * SECOND)

/* The process ends from now on. */
void ending_begin(void);

/* Does the process end? From any thread. */
bool ending_has_begun(void);

/* Is it time to leave others alone, and time to leave all? From any thread. */
bool ending_leaves_peers(void);
bool ending_leaves_all(void);

/* How long one may wait for others: `most`, or less, but at least 1 ms. */
instant ending_wait(instant most);

#endif
