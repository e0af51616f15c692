#include "tracking/clock_watch.h"

#include "base/metrics.h"

/* Clocks that are kept right by small steps move less than this. */
static const instant JUMP = 10 * SECOND;

static struct metric_family families[] = {
    {.name = "fotad_clock_jumps_total",
     .help = "How often the clock was set by more than 10 s while fotad ran",
     .kind = METRIC_COUNTER,
     .labels = {"direction"}},
};

static instant drift(void) {
    return clock_now() - clock_elapsed();
}

struct clock_watch clock_watch_begin(void) {
    metrics_register(families, sizeof families / sizeof *families);
    return (struct clock_watch){.drift = drift(), .cut = true};
}

static instant longer(instant a, instant b) {
    return a > b ? a : b;
}

/* Longest lease: as csp_gateway and device take them, with a minute for the
 * difference between two machines' clocks. */
static instant longest_lease(const struct config *config) {
    instant longest = 3 * config->delivery_timeout;
    for (size_t i = 0; i < config->csp_count; i++)
        longest = longer(longest, 2 * config->csps[i].timeout + MINUTE);
    return longest + MINUTE;
}

static enum outcome cut_pauses(struct db *db, const struct config *config) {
    static const struct db_statement cut = {
        "cut_pauses", "select cut_pauses($1, $2, $3, $4)"};
    instant now = clock_now(), retry = SECOND;
    for (size_t i = 0; i < config->csp_count; i++)
        retry = longer(retry, config->csps[i].busy_retry);
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    db_instant(&params, now);
    db_instant(&params, now + longest_lease(config));
    db_instant(&params, now + config->delivery_retry_most);
    db_instant(&params, now + retry);
    enum outcome outcome = db_run(db, &cut, &params, arena, NULL);
    arena_free(arena);
    return outcome;
}

static void tell(instant by) {
    bool forward = by > 0;
    log_warning("clock.moved",
                "seconds=%jd : the clock was set %s; what is due by it is "
                "done, and no pause lasts longer. See that the machine's time "
                "is kept (NTP)",
                (intmax_t)(by / SECOND), forward ? "forward" : "back");
    metric_add(
        metric_of(&families[0], forward ? "forward" : "back", NULL, NULL), 1);
}

enum outcome clock_watch_look(struct clock_watch *watch, struct db *db,
                              const struct config *config) {
    instant now = drift(), by = now - watch->drift;
    if (by > JUMP || by < -JUMP) {
        tell(by);
        watch->cut = watch->cut || by < 0;
    }
    watch->drift = now;
    if (!watch->cut)
        return DONE;
    enum outcome outcome = cut_pauses(db, config);
    watch->cut = outcome != DONE;
    return outcome;
}
