#include "housekeeping/housekeeping.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/trouble.h"
#include "housekeeping/round.h"
#include "housekeeping/running_time.h"
#include "housekeeping/silence.h"

#include <stdlib.h>

/* Between looks whether it is time, and at how large the tables are. */
static const instant LOOK = 200 * MILLISECOND, MEASURE = SECOND;

/* ---- one round ---- */

/* For the log and /readyz. */
static void step_note(const struct round *round, const char *step,
                      enum outcome outcome) {
    const char *reason = outcome == DONE ? "" : db_reason(round->db);
    if (trouble_note(step, outcome != DONE, reason))
        log_event(db_level(round->db, LOG_LEVEL_WARNING), "housekeeping.failed",
                  "step=%s : %s", step, reason);
}

/* What one step cannot do now does not keep the next from being done. What
 * cannot be undone waits for a sound clock. */
static void round_run(struct round *round) {
    static const struct {
        const char *name;
        enum outcome (*run)(struct round *);
        bool waits;
    } steps[] = {
        {"housekeeping: silent CSPs", round_silence, .waits = true},
        {"housekeeping: orders", round_orders, .waits = true},
        {"housekeeping: release", round_release, .waits = true},
        {"housekeeping: collected alerts", round_collected, .waits = false},
        {"housekeeping: versions", round_versions, .waits = false},
        {"housekeeping: durations", round_durations, .waits = false},
        {"housekeeping: forecasts", round_forecasts, .waits = true},
        {"housekeeping: alarms", round_alarms, .waits = true},
        {"housekeeping: days", round_days, .waits = false},
        {"housekeeping: old rows", round_clean, .waits = true},
        {"housekeeping: seals", round_seal, .waits = false},
        {"housekeeping: anchors", round_anchors, .waits = false},
        {"housekeeping: history", round_history, .waits = false},
        {"housekeeping: outcomes", round_outcomes, .waits = true},
    };
    for (size_t i = 0;
         i < sizeof steps / sizeof *steps && task_goes_on(round->task); i++) {
        if (steps[i].waits && !round->sound)
            continue;
        enum outcome outcome = steps[i].run(round);
        step_note(round, steps[i].name, outcome);
        round->worst = round_worse(round->worst, outcome);
    }
}

enum outcome housekeeping_run(struct db *db, const struct config *config,
                              instant now, struct housekeeping_report *report) {
    struct round round = {.db = db,
                          .config = config,
                          .now = now,
                          .sound = true,
                          .arena = arena_new()};
    round_run(&round);
    *report = round.report;
    arena_free(round.arena);
    return round.worst;
}

/* ---- the task ---- */

static struct metric_family families[] = {
    {.name = "fotad_tracking_released_total",
     .help = "Devices released because their time was up",
     .kind = METRIC_COUNTER},
    {.name = "fotad_housekeeping_removed_total",
     .help = "Old records removed: days and rows",
     .kind = METRIC_COUNTER,
     .labels = {"what"}},
    {.name = "fotad_housekeeping_seconds",
     .help = "Time that one round of housekeeping took",
     .kind = METRIC_HISTOGRAM},
};
enum { RELEASED, REMOVED, SECONDS };

struct housekeeping {
    const struct config *config;
    struct running_time running;
    instant next;     /* by clock_now(): the next round */
    instant measured; /* by clock_elapsed() */
};

static void report_tell(const struct housekeeping_report *report,
                        instant took) {
    metric_add(metric_of(&families[RELEASED], NULL, NULL, NULL),
               report->released);
    metric_add(metric_of(&families[REMOVED], "days", NULL, NULL),
               report->dropped);
    metric_add(metric_of(&families[REMOVED], "rows", NULL, NULL),
               report->removed);
    metric_observe(metric_of(&families[SECONDS], NULL, NULL, NULL), took);
    if (report->released || report->dropped || report->removed)
        log_info("housekeeping.done",
                 "released=%jd days_dropped=%jd removed=%jd",
                 (intmax_t)report->released, (intmax_t)report->dropped,
                 (intmax_t)report->removed);
}

/* *mine: no other fotad has done this round. */
static enum outcome round_claim(struct round *round, bool *mine) {
    static const struct db_statement due = {
        "housekeeping_due",
        "select housekeeping_due($1, make_interval(secs => $2::bigint)),"
        " clock_sound()"};
    struct db_params params = DB_PARAMS(round->arena);
    db_instant(&params, round->now);
    db_int8(&params, round->config->tracking_housekeeping / SECOND);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(round->db, &due, &params, round->arena, &rows);
    *mine = outcome == DONE && db_get_bool(rows, 0, 0);
    round->sound =
        outcome == DONE && db_get_bool(rows, 0, 1) && clock_is_sound();
    return outcome;
}

static enum outcome round_if_mine(struct round *round) {
    instant start = clock_elapsed();
    bool mine;
    enum outcome outcome = round_claim(round, &mine);
    if (!mine)
        return outcome;
    crash_point(CRASH_housekeeping_taken);
    round_run(round);
    report_tell(&round->report, clock_elapsed() - start);
    return outcome;
}

/* By each fotad, for none knows when the others look. What it cannot do now it
 * does a second later. */
static void tables_measure(struct housekeeping *h, struct task *task) {
    static const struct db_statement statement = {"analyze_grown",
                                                  "select analyze_grown()"};
    struct db_rows *rows;
    if (clock_elapsed() - h->measured < MEASURE)
        return;
    enum outcome outcome =
        db_run(task_db(task), &statement, NULL, task_arena(task), &rows);
    trouble_note("housekeeping: analyze", outcome != DONE,
                 db_reason(task_db(task)));
    if (outcome == DONE && db_get_int(rows, 0, 0))
        log_debug("housekeeping.analyzed", "tables=%jd",
                  (intmax_t)db_get_int(rows, 0, 0));
    h->measured = clock_elapsed();
}

/* By fotad's clock, which a test may move in either direction. */
static enum outcome look_round(struct task *task, void *context,
                               instant *rest) {
    struct housekeeping *h = context;
    struct round round = {.task = task,
                          .db = task_db(task),
                          .config = h->config,
                          .now = clock_now(),
                          .arena = task_arena(task)};
    enum outcome outcome = DONE;
    step_note(&round, "housekeeping: running time",
              running_time_pass(&h->running, round.db));
    if (clock_is_due(&h->next, round.now, h->config->tracking_housekeeping))
        outcome = round_if_mine(&round);
    tables_measure(h, task);
    *rest = LOOK;
    return outcome;
}

struct task *housekeeping_start(const struct config *config) {
    metrics_register(families, sizeof families / sizeof *families);
    silence_begin(config);
    struct housekeeping *h = memory_alloc(sizeof *h);
    *h = (struct housekeeping){.config = config};
    return task_start(
        &(struct task_options){.name = "housekeeping",
                               .session = "fotad housekeeping",
                               .conninfo = config->database_conninfo,
                               .use = DB_FOR_house,
                               .failed = "housekeeping.failed",
                               .round = look_round,
                               .context = h,
                               .free = free});
}
