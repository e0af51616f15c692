/* Feeds systemd's watchdog (sd_watchdog_enabled(3)) as long as every thread's
 * heartbeat (base/heartbeat.h) goes on. */
#ifndef FOTAD_HEALTH_WATCHDOG_H
#define FOTAD_HEALTH_WATCHDOG_H

#include "base/clock.h"

/* How often watchdog_tell() is to be called, in milliseconds: half of what
 * systemd allows, and at most 1 s. */
int watchdog_pause(void);

/* Has every thread got on with its work within `limit`? Then the keep-alive
 * goes to systemd. Otherwise it does not, and the log says who is stuck. From
 * the main thread. */
void watchdog_tell(instant limit);

#endif
