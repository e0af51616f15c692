#include "housekeeping/clock_watch.h"

#include "base/log.h"
#include "base/metrics.h"
#include "csp_gateway/lease.h"
#include "db/system_clock.h"
#include "delivery/delivery.h"
#include "mail/mail.h"
#include "tracking/transition.h"

/* Between two looks. */
static const instant LOOK = 3 * SECOND;
/* Clocks that are kept right by small steps move less than this. */
static const instant JUMP = 10 * SECOND;

static struct metric_family families[] = {
    {.name = "fotad_clock_jumps_total",
     .help = "How often the time moved by more than 10 s while fotad ran",
     .kind = METRIC_COUNTER,
     .labels = {"direction"}},
    {.name = "fotad_clock_apart_seconds",
     .help = "How far this machine's clock is ahead of PostgreSQL's",
     .kind = METRIC_GAUGE},
    {.name = "fotad_clock_in_doubt",
     .help = "1: nothing is done that cannot be undone; /readyz says why",
     .kind = METRIC_GAUGE},
};
enum { JUMPS, APART, IN_DOUBT };

/* ---- times ahead ---- */

static instant longer_of(instant one, instant other) {
    return one > other ? one : other;
}

static instant longest_csp_lease(const struct config *config) {
    instant longest = 0;
    for (size_t i = 0; i < config->csp_count; i++)
        longest = longer_of(longest, csp_lease(&config->csps[i]));
    return longest;
}

static instant longest_csp_pause(const struct config *config) {
    instant longest = 0;
    for (size_t i = 0; i < config->csp_count; i++)
        longest = longer_of(longest, csp_longest_pause(&config->csps[i]));
    return longest;
}

/* A job's devices are kept until it is given up, and a CSP that took it last
 * thing is silent. */
static instant longest_tracking(const struct config *config) {
    instant longest = tracking_longest_window(config);
    for (size_t i = 0; i < config->csp_count; i++)
        longest = longer_of(longest, csp_lease(&config->csps[i]) +
                                         config->csps[i].busy_give_up +
                                         config->tracking_timeout);
    return longest;
}

/* The kinds of times_ahead() in sql/ahead.sql, in order: how far ahead of now
 * the longest of each may be. */
static enum outcome times_cut(struct db *db, const struct config *config,
                              int64_t *cut) {
    const struct {
        const char *name;
        instant most;
    } kinds[] = {
        {"now", 0},
        {"session", config->people_session_most},
        {"release", MINUTE},
        {"csp_retry", longest_csp_pause(config)},
        {"csp_lease", longest_csp_lease(config)},
        {"tracking", longest_tracking(config)},
        {"response", config->device_response_timeout},
        {"user_retry", delivery_longest_pause(config)},
        {"user_lease", delivery_lease(config)},
        {"mail_retry", mail_longest_pause()},
        {"mail_lease", mail_lease(config)},
    };
    enum { KINDS = sizeof kinds / sizeof *kinds };
    static const struct db_statement statement = {
        "cut_times", "select cut_times($1, $2::text[], $3)"};
    const char *names[KINDS];
    int64_t seconds[KINDS];
    for (size_t i = 0; i < KINDS; i++) {
        names[i] = kinds[i].name;
        seconds[i] = kinds[i].most / SECOND;
    }
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    struct db_rows *rows;
    db_instant(&params, clock_now());
    db_texts(&params, names, KINDS);
    db_int8s(&params, seconds, KINDS);
    enum outcome outcome = db_run(db, &statement, &params, arena, &rows);
    *cut = outcome == DONE ? db_get_int(rows, 0, 0) : 0;
    arena_free(arena);
    return outcome;
}

static enum outcome times_cut_if_back(struct db *db,
                                      const struct config *config,
                                      const struct clock_reading *reading) {
    int64_t cut;
    if (!reading->went_back)
        return DONE;
    enum outcome outcome = times_cut(db, config, &cut);
    if (outcome == DONE)
        log_warning("clock.cut",
                    "times=%jd : the clock went back; what waited for a time "
                    "that would be longer ahead than any that is set now "
                    "waits no longer than that",
                    (intmax_t)cut);
    return outcome;
}

/* ---- what is said ---- */

static void move_tell(instant by) {
    const char *direction = by > 0 ? "forward" : "back";
    if (by <= JUMP && by >= -JUMP)
        return;
    log_warning("clock.moved",
                "direction=%s seconds=%jd : PostgreSQL's clock was set; what "
                "is due by it is done. See that its machine's time is kept "
                "(NTP)",
                direction, (intmax_t)(by / SECOND));
    metric_add(metric_of(&families[JUMPS], direction, NULL, NULL), 1);
}

/* When something becomes wrong with it, and when it is well again. */
static void state_tell(enum clock_state before, const struct config *config) {
    if (clock_state() == before)
        return;
    struct arena *arena = arena_new();
    const char *fault = system_clock_fault(config, arena);
    if (fault)
        log_error("clock.doubted",
                  ": %s. Until then nothing is destroyed, released, given up "
                  "or called too late",
                  fault);
    else
        log_info("clock.believed", ": what waited for it is done");
    arena_free(arena);
}

enum outcome clock_watch_look(struct db *db, const struct config *config) {
    metrics_register(families, sizeof families / sizeof *families);
    enum clock_state before = clock_state();
    struct clock_reading reading;
    enum outcome outcome = system_clock_look(db, config, &reading);
    if (outcome != DONE)
        return outcome;
    move_tell(reading.moved);
    state_tell(before, config);
    metric_set(metric_of(&families[APART], NULL, NULL, NULL),
               reading.apart / SECOND);
    metric_set(metric_of(&families[IN_DOUBT], NULL, NULL, NULL),
               clock_state() != CLOCK_SOUND);
    return times_cut_if_back(db, config, &reading);
}

/* ---- the task ---- */

static enum outcome look_round(struct task *task, void *context,
                               instant *rest) {
    *rest = LOOK;
    return clock_watch_look(task_db(task), context);
}

struct task *clock_watch_start(const struct config *config) {
    return task_start(
        &(struct task_options){.name = "clock",
                               .session = "fotad clock",
                               .conninfo = config->database_conninfo,
                               .failed = "clock.unread",
                               .round = look_round,
                               .context = (void *)(uintptr_t)config});
}
