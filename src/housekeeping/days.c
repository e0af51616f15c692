#include "base/crash.h"
#include "base/log.h"
#include "housekeeping/round.h"
#include "tracking/transition.h"

enum {
    DAYS_AHEAD = 3,
    MOST_MOVED = 20000, /* rows from the rest into a new day, at once */
};

/* A table with partitions by time. */
struct daily {
    const char *table;
    instant (*kept_for)(const struct config *config);
};

static instant trail_kept(const struct config *config) {
    return config->sat_retention;
}

/* Of the trail the empty days go here, the others in seal.c. */
static const struct daily daily_tables[] = {
    {"tracking_history", tracking_memory},
    {"sat_entry", trail_kept},
    {"sat_request", trail_kept},
};
enum { DAILY_TABLES = sizeof daily_tables / sizeof *daily_tables };

/* Runs a statement whose answer is one text. */
static enum outcome text_ask(struct round *round,
                             const struct db_statement *statement,
                             const struct db_params *params,
                             const char **answer) {
    struct db_rows *rows;
    enum outcome outcome =
        db_run(round->db, statement, params, round->arena, &rows);
    if (outcome == DONE)
        *answer = db_get_text(rows, 0, 0);
    return outcome;
}

static enum outcome day_make(struct round *round, const struct daily *daily,
                             int ahead) {
    static const struct db_statement make = {
        "make_day", "select make_day($1::text::regclass,"
                    " ($2 at time zone 'UTC')::date + $3::integer, $4)"};
    struct db_params params = DB_PARAMS(round->arena);
    db_text(&params, daily->table);
    db_instant(&params, round->now);
    db_int4(&params, ahead);
    db_int4(&params, MOST_MOVED);
    const char *answer;
    enum outcome outcome = text_ask(round, &make, &params, &answer);
    if (outcome != DONE)
        return outcome;
    bool made = strcmp(answer, "made") == 0;
    if (made)
        crash_point(CRASH_day_made);
    round->report.made += made;
    if (strcmp(answer, "busy") == 0)
        log_debug("housekeeping.busy", "table=%s : a day is made later",
                  daily->table);
    return DONE;
}

/* *dropped: there was one, and there may be more. */
static enum outcome day_drop(struct round *round, const struct daily *daily,
                             bool *dropped) {
    static const struct db_statement drop = {
        "drop_day", "select drop_day($1::text::regclass,"
                    " make_interval(secs => $2::bigint), $3)"};
    struct db_params params = DB_PARAMS(round->arena);
    db_text(&params, daily->table);
    db_int8(&params, daily->kept_for(round->config) / SECOND);
    db_instant(&params, round->now);
    const char *answer;
    enum outcome outcome = text_ask(round, &drop, &params, &answer);
    *dropped = outcome == DONE && strcmp(answer, "dropped") == 0;
    if (*dropped)
        crash_point(CRASH_day_dropped);
    round->report.dropped += *dropped;
    return outcome;
}

static enum outcome days_keep(struct round *round, const struct daily *daily) {
    enum outcome outcome = DONE;
    bool more = round->sound;
    for (int day = 0; day <= DAYS_AHEAD && outcome == DONE; day++)
        outcome = day_make(round, daily, day);
    while (more && outcome == DONE && task_goes_on(round->task))
        outcome = day_drop(round, daily, &more);
    arena_reset(round->arena);
    return outcome;
}

enum outcome round_days(struct round *round) {
    enum outcome outcome = DONE;
    for (size_t i = 0; i < DAILY_TABLES; i++)
        outcome = round_worse(outcome, days_keep(round, &daily_tables[i]));
    return outcome;
}

enum outcome housekeeping_make_days(struct db *db, instant now) {
    struct round round = {.db = db, .now = now, .arena = arena_new()};
    enum outcome outcome = DONE;
    for (size_t i = 0; i < DAILY_TABLES && outcome == DONE; i++)
        outcome = day_make(&round, &daily_tables[i], 0);
    arena_free(round.arena);
    return outcome;
}
