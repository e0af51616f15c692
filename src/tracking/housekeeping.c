#include "tracking/housekeeping.h"

#include "base/crash.h"
#include "base/heartbeat.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/wakeup.h"
#include "tracking/clock_watch.h"

#include <stdlib.h>

enum {
    DAYS_AHEAD = 3,
    MOST_MOVED = 20000, /* rows from the rest into a new day, at once */
    BATCH = 1000,       /* rows of one transaction */
    SLICE = 1024,       /* blocks of tracking_live looked at at once */
    MOST_STEPS = 10000, /* of one kind in one run */
    SEALED = 20000,     /* entries of the trail under one seal */
};

/* Between looks at the clock, and at how large the tables are. */
static const instant LOOK = 200 * MILLISECOND, MEASURE = SECOND;

struct run {
    struct db *db;
    const struct config *config;
    instant now;
    struct arena *arena;
    const atomic_bool *stopping; /* NULL: nobody stops it */
    struct heartbeat *heartbeat; /* NULL: nobody asks */
    struct housekeeping_report *report;
};

/* Between two steps. */
static bool stopped(const struct run *run) {
    heartbeat_step(run->heartbeat);
    return run->stopping && atomic_load(run->stopping);
}

/* ---- release ---- */

static enum outcome release_slice(struct run *run, int64_t block,
                                  int64_t *released, int64_t *blocks) {
    static const struct db_statement release = {
        "release_slice",
        "select released, blocks from release_slice($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(run->arena);
    db_int8(&params, block);
    db_int4(&params, SLICE);
    db_int4(&params, BATCH);
    db_instant(&params, run->now);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(run->db, &release, &params, run->arena, &rows);
    if (outcome == DONE) {
        *released = db_get_int(rows, 0, 0);
        *blocks = db_get_int(rows, 0, 1);
    }
    return outcome;
}

static enum outcome release(struct run *run) {
    int64_t released = 0, blocks = 1;
    for (int64_t block = 0; block < blocks && !stopped(run);) {
        enum outcome outcome = release_slice(run, block, &released, &blocks);
        if (outcome != DONE)
            return outcome;
        if (released)
            crash_point(CRASH_devices_released);
        run->report->released += released;
        block += released < BATCH ? SLICE : 0;
        arena_reset(run->arena);
    }
    return DONE;
}

/* ---- days ---- */

struct kept {
    const char *table;
    size_t retention; /* offset in struct config */
};

static const struct kept kept[] = {
    {"tracking_history", offsetof(struct config, tracking_retention)},
    {"sat_entry", offsetof(struct config, sat_retention)},
};

static instant before(const struct run *run, const struct kept *table) {
    return run->now -
           *(const instant *)(const void *)((const char *)run->config +
                                            table->retention);
}

/* Runs a statement whose answer is one text. */
static enum outcome ask(struct run *run, const struct db_statement *statement,
                        const struct db_params *params, const char **answer) {
    struct db_rows *rows;
    enum outcome outcome =
        db_run(run->db, statement, params, run->arena, &rows);
    if (outcome == DONE)
        *answer = db_get_text(rows, 0, 0);
    return outcome;
}

static enum outcome make_day(struct run *run, const struct kept *table,
                             int ahead) {
    static const struct db_statement make = {
        "make_day", "select make_day($1::text::regclass,"
                    " ($2 at time zone 'UTC')::date + $3::integer, $4)"};
    struct db_params params = DB_PARAMS(run->arena);
    db_text(&params, table->table);
    db_instant(&params, run->now);
    db_int4(&params, ahead);
    db_int4(&params, MOST_MOVED);
    const char *answer;
    enum outcome outcome = ask(run, &make, &params, &answer);
    if (outcome != DONE)
        return outcome;
    bool made = strcmp(answer, "made") == 0;
    if (made)
        crash_point(CRASH_day_made);
    run->report->made += made;
    if (strcmp(answer, "busy") == 0)
        log_debug("housekeeping.busy", "table=%s : a day is made later",
                  table->table);
    return DONE;
}

static enum outcome drop_days(struct run *run, const struct kept *table) {
    static const struct db_statement drop = {
        "drop_day", "select drop_day($1::text::regclass, $2)"};
    struct db_params params = DB_PARAMS(run->arena);
    db_text(&params, table->table);
    db_instant(&params, before(run, table));
    const char *answer = "dropped";
    while (strcmp(answer, "dropped") == 0 && !stopped(run)) {
        enum outcome outcome = ask(run, &drop, &params, &answer);
        if (outcome != DONE)
            return outcome;
        bool dropped = strcmp(answer, "dropped") == 0;
        if (dropped)
            crash_point(CRASH_day_dropped);
        run->report->dropped += dropped;
    }
    return DONE;
}

static enum outcome keep_days(struct run *run) {
    enum outcome outcome = DONE;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        for (int day = 0; day <= DAYS_AHEAD && outcome == DONE; day++)
            outcome = make_day(run, &kept[i], day);
        if (outcome == DONE)
            outcome = drop_days(run, &kept[i]);
        if (outcome != DONE)
            return outcome;
        arena_reset(run->arena);
    }
    return DONE;
}

/* ---- rows ---- */

struct cleaner {
    struct db_statement statement; /* parameters: before when, most rows */
    instant (*keep)(const struct config *config);
};

static instant keep_history(const struct config *config) {
    return config->tracking_retention;
}

static instant keep_sat(const struct config *config) {
    return config->sat_retention;
}

static instant keep_messages(const struct config *config) {
    return config->tracking_timeout + config->tracking_retention;
}

static instant keep_answers(const struct config *config) {
    return config->user_keep_answers;
}

static const struct cleaner cleaners[] = {
    {{"clean_history", "select clean_rest('tracking_history', $1, $2)"},
     keep_history},
    {{"clean_sat", "select clean_rest('sat_entry', $1, $2)"}, keep_sat},
    {{"clean_messages", "select clean_messages($1, $2)"}, keep_messages},
    {{"clean_answers", "select clean_answers($1, $2)"}, keep_answers},
    {{"clean_jobs", "select clean_jobs($1, $2)"}, keep_answers},
    {{"clean_alert_counts", "select clean_alert_counts($1, $2)"}, keep_answers},
    {{"clean_images", "select clean_images($1, $2)"}, keep_answers},
    {{"clean_volumes", "select clean_volumes($1, $2)"}, keep_answers},
    {{"clean_holds", "select clean_holds($1, $2)"}, keep_answers},
};

static enum outcome clean_once(struct run *run, const struct cleaner *cleaner,
                               int64_t *removed) {
    struct db_params params = DB_PARAMS(run->arena);
    db_instant(&params, run->now - cleaner->keep(run->config));
    db_int4(&params, BATCH);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(run->db, &cleaner->statement, &params, run->arena, &rows);
    if (outcome == DONE)
        *removed = db_get_int(rows, 0, 0);
    arena_reset(run->arena);
    return outcome;
}

static enum outcome clean(struct run *run, const struct cleaner *cleaner) {
    int64_t removed = BATCH;
    for (int steps = 0; removed == BATCH && steps < MOST_STEPS && !stopped(run);
         steps++) {
        enum outcome outcome = clean_once(run, cleaner, &removed);
        if (outcome != DONE)
            return outcome;
        if (removed)
            crash_point(CRASH_rows_cleaned);
        run->report->removed += removed;
    }
    return DONE;
}

static enum outcome clean_sign_ins(struct run *run) {
    static const struct db_statement statement = {
        "clean_sign_ins",
        "select clean_sign_ins(make_interval(secs => $1::bigint),"
        " make_interval(secs => $2::bigint), $3, $4)"};
    const struct config *config = run->config;
    struct db_params params = DB_PARAMS(run->arena);
    db_int8(&params, config->people_lock_out_for / SECOND);
    db_int8(&params, config->people_session_idle / SECOND);
    db_instant(&params, run->now);
    db_int4(&params, BATCH);
    return db_run(run->db, &statement, &params, run->arena, NULL);
}

/* ---- the hash chain over the trail ---- */

/* Its hash goes to the log too: whoever changes the database cannot change what
 * the journal has. */
static enum outcome seal_once(struct run *run, bool *more) {
    static const struct db_statement seal = {
        "seal_trail", "select sealed_no, sealed_entries,"
                      " encode(sealed_hash, 'hex') from seal_trail($1, $2)"};
    struct db_params params = DB_PARAMS(run->arena);
    db_instant(&params, run->now);
    db_int4(&params, SEALED);
    struct db_rows *rows;
    enum outcome outcome = db_run(run->db, &seal, &params, run->arena, &rows);
    *more = outcome == DONE && db_row_count(rows) == 1;
    if (*more)
        log_info("sat.sealed", "seal=%jd entries=%jd hash=%s",
                 (intmax_t)db_get_int(rows, 0, 0),
                 (intmax_t)db_get_int(rows, 0, 1), db_get_text(rows, 0, 2));
    arena_reset(run->arena);
    return outcome;
}

static enum outcome seal_trail(struct run *run) {
    enum outcome outcome = DONE;
    bool more = true;
    while (more && outcome == DONE && !stopped(run))
        outcome = seal_once(run, &more);
    return outcome;
}

/* ---- all of it ---- */

static enum outcome run_all(struct run *run) {
    enum outcome outcome = release(run);
    if (outcome == DONE)
        outcome = keep_days(run);
    for (size_t i = 0;
         i < sizeof cleaners / sizeof *cleaners && outcome == DONE; i++)
        outcome = clean(run, &cleaners[i]);
    if (outcome == DONE)
        outcome = seal_trail(run);
    return outcome == DONE ? clean_sign_ins(run) : outcome;
}

static enum outcome run_until(struct db *db, const struct config *config,
                              instant now, const atomic_bool *stopping,
                              struct heartbeat *heartbeat,
                              struct housekeeping_report *report) {
    *report = (struct housekeeping_report){0};
    struct run run = {db,       config,    now,   arena_new(),
                      stopping, heartbeat, report};
    enum outcome outcome = run_all(&run);
    arena_free(run.arena);
    return outcome;
}

enum outcome housekeeping_run(struct db *db, const struct config *config,
                              instant now, struct housekeeping_report *report) {
    return run_until(db, config, now, NULL, NULL, report);
}

/* ---- the thread ---- */

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
    struct db *db;
    pthread_t thread;
    struct heartbeat *heartbeat;
    struct wakeup wakeup;
};

static void count(const struct housekeeping_report *report, instant start) {
    metric_add(metric_of(&families[RELEASED], NULL, NULL, NULL),
               report->released);
    metric_add(metric_of(&families[REMOVED], "days", NULL, NULL),
               report->dropped);
    metric_add(metric_of(&families[REMOVED], "rows", NULL, NULL),
               report->removed);
    metric_observe(metric_of(&families[SECONDS], NULL, NULL, NULL),
                   clock_elapsed() - start);
}

static enum outcome is_mine(struct housekeeping *h, instant now, bool *mine) {
    static const struct db_statement due = {
        "housekeeping_due",
        "select housekeeping_due($1, make_interval(secs => $2::bigint))"};
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    db_instant(&params, now);
    db_int8(&params, h->config->tracking_housekeeping / SECOND);
    struct db_rows *rows;
    enum outcome outcome = db_run(h->db, &due, &params, arena, &rows);
    *mine = outcome == DONE && db_get_bool(rows, 0, 0);
    arena_free(arena);
    return outcome;
}

static void look(struct housekeeping *h, instant now) {
    struct housekeeping_report report;
    instant start = clock_elapsed();
    bool mine;
    enum outcome outcome = is_mine(h, now, &mine);
    if (!mine && outcome == DONE)
        return;
    if (mine) {
        crash_point(CRASH_housekeeping_taken);
        outcome = run_until(h->db, h->config, now, &h->wakeup.ended,
                            h->heartbeat, &report);
        count(&report, start);
        if (report.released || report.dropped || report.removed)
            log_info("housekeeping.done",
                     "released=%jd days_dropped=%jd removed=%jd",
                     (intmax_t)report.released, (intmax_t)report.dropped,
                     (intmax_t)report.removed);
    }
    if (outcome != DONE)
        log_warning("housekeeping.failed", ": %s", db_reason(h->db));
}

/* By each fotad, for none knows when the others look. */
static void measure(struct housekeeping *h) {
    static const struct db_statement statement = {"analyze_grown",
                                                  "select analyze_grown()"};
    struct arena *arena = arena_new();
    struct db_rows *rows;
    if (db_run(h->db, &statement, NULL, arena, &rows) == DONE &&
        db_get_int(rows, 0, 0))
        log_debug("housekeeping.analyzed", "tables=%jd",
                  (intmax_t)db_get_int(rows, 0, 0));
    arena_free(arena);
}

/* By fotad's clock, which a test may move in either direction. */
static void *work(void *context) {
    struct housekeeping *h = context;
    instant interval = h->config->tracking_housekeeping, next = 0, measured = 0;
    struct clock_watch watch = clock_watch_begin();
    do {
        instant now = clock_now();
        heartbeat_step(h->heartbeat);
        clock_watch_look(&watch, h->db, h->config);
        if (now >= next || next > now + interval) {
            look(h, now);
            next = now + interval;
        }
        if (clock_elapsed() - measured >= MEASURE) {
            measure(h);
            measured = clock_elapsed();
        }
        heartbeat_rest(h->heartbeat);
    } while (wakeup_rest(&h->wakeup, LOOK));
    return NULL;
}

struct housekeeping *housekeeping_start(const struct config *config) {
    metrics_register(families, sizeof families / sizeof *families);
    struct housekeeping *h = memory_alloc(sizeof *h);
    *h = (struct housekeeping){
        .wakeup = WAKEUP_NEW,
        .config = config,
        .db = db_open(config->database_conninfo, "fotad housekeeping"),
        .heartbeat = heartbeat_new("housekeeping")};
    if (pthread_create(&h->thread, NULL, work, h) != 0)
        memory_exhausted(0);
    return h;
}

void housekeeping_stop(struct housekeeping *h) {
    if (!h)
        return;
    wakeup_end(&h->wakeup);
    pthread_join(h->thread, NULL);
    wakeup_destroy(&h->wakeup);
    heartbeat_free(h->heartbeat);
    db_close(h->db);
    free(h);
}
