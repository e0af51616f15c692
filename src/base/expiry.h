/*
 * When the certificates in use end: those that listeners and the signer show.
 * Whoever reads one says so; /metrics, /readyz and the start page say it on.
 */
#ifndef FOTAD_BASE_EXPIRY_H
#define FOTAD_BASE_EXPIRY_H

#include "base/clock.h"

#include <stdbool.h>

/* So long before its end people are told of it. */
#define EXPIRY_NEAR (30 * DAY)

/* What `use` shows from now on ends then. `use` is copied, at most 79 octets,
 * and takes the place of what it showed before. At most 16 of them are kept.
 * From any thread. */
void expiry_note(const char *use, instant not_after);

/* Calls `tell` for each. */
void expiry_each(void (*tell)(void *context, const char *use,
                              instant not_after),
                 void *context);

#endif
