#include "housekeeping/clock_watch.h"

#include "base/log.h"
#include "base/metrics.h"
#include "csp_gateway/lease.h"
#include "delivery/delivery.h"

/* Clocks that are kept right by small steps move less than this. */
static const instant JUMP = 10 * SECOND;

static struct metric_family families[] = {
    {.name = "fotad_clock_jumps_total",
     .help = "How often the clock was set by more than 10 s while fotad ran",
     .kind = METRIC_COUNTER,
     .labels = {"direction"}},
};

static instant clock_drift(void) {
    return clock_now() - clock_elapsed();
}

struct clock_watch clock_watch_begin(void) {
    metrics_register(families, sizeof families / sizeof *families);
    return (struct clock_watch){.drift = clock_drift(), .asks = true};
}

/* What lasts longest where a lease or pause is begun now. */
struct longest {
    instant lease, user_pause, csp_pause;
};

static void longest_raise(instant *longest, instant other) {
    if (*longest < other)
        *longest = other;
}

static struct longest longest_of(const struct config *config) {
    struct longest longest = {.lease = delivery_lease(config),
                              .user_pause = delivery_longest_pause(config),
                              .csp_pause = SECOND};
    for (size_t i = 0; i < config->csp_count; i++) {
        const struct config_csp *csp = &config->csps[i];
        longest_raise(&longest.lease, csp_lease(csp));
        longest_raise(&longest.csp_pause, csp_longest_pause(csp));
    }
    return longest;
}

/* A lease may be another fotad's: a minute more for the difference between two
 * machines' clocks. */
static enum outcome pauses_cut(struct db *db, const struct config *config) {
    static const struct db_statement cut = {
        "cut_pauses", "select cut_pauses($1, $2, $3, $4)"};
    const struct longest longest = longest_of(config);
    instant now = clock_now();
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    db_instant(&params, now);
    db_instant(&params, now + longest.lease + MINUTE);
    db_instant(&params, now + longest.user_pause);
    db_instant(&params, now + longest.csp_pause);
    enum outcome outcome = db_run(db, &cut, &params, arena, NULL);
    arena_free(arena);
    return outcome;
}

/* Whether the clock was set back while nobody ran: then the last seal of the
 * audit trail is of a time to come. */
static enum outcome clock_ask(struct clock_watch *watch, struct db *db) {
    static const struct db_statement ask = {"trail_is_ahead",
                                            "select trail_is_ahead($1)"};
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    struct db_rows *rows;
    db_instant(&params, clock_now() + JUMP);
    enum outcome outcome = db_run(db, &ask, &params, arena, &rows);
    if (outcome == DONE) {
        watch->cut = watch->cut || db_get_bool(rows, 0, 0);
        watch->asks = false;
    }
    arena_free(arena);
    return outcome;
}

static void jump_tell(instant by) {
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
    instant now = clock_drift(), by = now - watch->drift;
    if (by > JUMP || by < -JUMP) {
        jump_tell(by);
        watch->cut = watch->cut || by < 0;
    }
    watch->drift = now;
    enum outcome outcome = watch->asks ? clock_ask(watch, db) : DONE;
    if (outcome != DONE || !watch->cut)
        return outcome;
    outcome = pauses_cut(db, config);
    watch->cut = outcome != DONE;
    return outcome;
}
