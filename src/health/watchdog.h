/*
 * What systemd's watchdog is told, and the end of a program by parts.
 */
#ifndef FOTAD_HEALTH_WATCHDOG_H
#define FOTAD_HEALTH_WATCHDOG_H

#include "base/clock.h"

/* How often watchdog_tell() is to be called, in milliseconds: half of what
 * systemd allows, and at most 1 s. */
int watchdog_pause(void);

/* Every worker got on with its work within `limit`: the keep-alive goes to
 * systemd. Otherwise it does not, and the log says who is stuck. */
void watchdog_tell(instant limit);

#endif
