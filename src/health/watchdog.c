#include "health/watchdog.h"

#include "base/heartbeat.h"
#include "base/log.h"
#include "base/metrics.h"

#include <systemd/sd-daemon.h>

static struct metric_family families[] = {
    {.name = "fotad_worker_stuck_seconds",
     .help = "How long a worker has been at one step past [operations] "
             "stuck_after; 0: none is",
     .kind = METRIC_GAUGE},
};

int watchdog_pause(void) {
    uint64_t allowed = 0;
    if (sd_watchdog_enabled(0, &allowed) <= 0 || allowed > 2 * SECOND)
        return 1000;
    return (int)(allowed / 2 / 1000);
}

void watchdog_tell(instant limit) {
    static bool was_stuck;
    char name[64];
    instant since;
    metrics_register(families, sizeof families / sizeof *families);
    bool stuck = heartbeat_stuck(limit, name, sizeof name, &since);
    metric_set(metric_of(&families[0], NULL, NULL, NULL), since / SECOND);
    if (!stuck)
        sd_notify(0, "WATCHDOG=1");
    if (stuck && !was_stuck)
        log_error("watchdog.stuck",
                  "worker=%s seconds=%jd : it does not get on; the watchdog is "
                  "not fed, so systemd starts fotad again. See what it waits "
                  "for: the lines before this one, pg_stat_activity",
                  name, (intmax_t)(since / SECOND));
    if (!stuck && was_stuck)
        log_info("watchdog.well_again", "%s", "");
    was_stuck = stuck;
}
