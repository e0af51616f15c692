#include "db/system_clock.h"

#include "base/version.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two clocks that nobody sets go apart by no more: 200 microseconds in a
 * second. */
enum { DRIFT = 5000 };

/* Where the time that is followed comes from. */
enum basis {
    NOTHING, /* it is not followed */
    SOUND,   /* the database's clock, when it was sound */
    GAP,     /* the same, after a time in which nobody ran */
    LEAST,   /* it is at least so late */
};

/* Of the program, for it has one time. */
static struct {
    enum basis basis;
    instant ahead; /* the time less clock_since_boot() */
    instant error; /* of that, at `at` */
    instant at;    /* clock_since_boot() of the look it comes from */
    instant clock; /* what the database's clock said less clock_since_boot(), in
                      the latest look, believed or not */
    int64_t accepted;
} follower;

static pthread_mutex_t latest_lock = PTHREAD_MUTEX_INITIALIZER;
static struct clock_reading latest;

/* One look at the database. */
struct look {
    instant clock, best; /* what its clock said, and what is known */
    const char *doubt;
    int64_t accepted;
    bool went_back;
    instant at, error; /* clock_since_boot() in the middle, and half of its
                          time */
};

static instant release_day(void) {
    instant when = 0;
    if (!instant_parse(span_text(FOTAD_BUILT), &when))
        abort();
    return when;
}

/* ---- following it ---- */

static instant follower_error(instant at) {
    return follower.error + (at - follower.at) / DRIFT;
}

static void follower_set(enum basis basis, instant ahead,
                         const struct look *look) {
    follower.basis = basis;
    follower.ahead = ahead;
    follower.error = look->error;
    follower.at = look->at;
}

/* A look that took longer than the one before tells less: what is known stays
 * unless the two contradict each other. */
static void follower_take_clock(const struct look *look) {
    instant ahead = look->best - look->at, error = follower_error(look->at);
    instant differs = llabs(ahead - follower.ahead);
    if (follower.basis != SOUND || look->error <= error ||
        differs > look->error + error)
        follower_set(SOUND, ahead, look);
}

/* Who has counted goes on counting; that it is at least so late may be known
 * better by others. */
static void follower_take_least(const struct look *look) {
    instant ahead = look->best - look->at;
    if (follower.basis == SOUND ||
        (follower.basis == LEAST && follower.ahead >= ahead))
        return;
    follower_set(LEAST, ahead, look);
}

/* How far the time moved. */
static instant follower_take(const struct look *look) {
    enum basis before = follower.basis;
    instant ahead = follower.ahead;
    if (look->accepted != follower.accepted)
        follower.basis = NOTHING;
    if (!*look->doubt)
        follower_take_clock(look);
    else if (strcmp(look->doubt, "gap") == 0)
        follower_set(GAP, look->best - look->at, look);
    else
        follower_take_least(look);
    follower.accepted = look->accepted;
    follower.clock = look->clock - look->at;
    clock_follow(follower.ahead);
    return before == NOTHING ? 0 : follower.ahead - ahead;
}

static enum clock_state state_of(const struct clock_reading *reading,
                                 const struct config *config) {
    if (*reading->doubt)
        return follower.basis == SOUND ? CLOCK_COUNTED : CLOCK_UNKNOWN;
    return llabs(reading->apart) > config->clock_most_apart + reading->error
               ? CLOCK_APART
               : CLOCK_SOUND;
}

static void reading_keep(struct clock_reading *reading, const struct look *look,
                         const struct config *config) {
    snprintf(reading->doubt, sizeof reading->doubt, "%s", look->doubt);
    reading->clock = look->clock;
    reading->error = follower_error(look->at);
    reading->went_back = look->went_back;
    clock_judge(state_of(reading, config));
    pthread_mutex_lock(&latest_lock);
    latest = *reading;
    pthread_mutex_unlock(&latest_lock);
}

struct clock_reading system_clock_latest(void) {
    pthread_mutex_lock(&latest_lock);
    struct clock_reading reading = latest;
    pthread_mutex_unlock(&latest_lock);
    return reading;
}

/* ---- asking for it ---- */

/* The statement has been prepared, so that its time is that of its answer. */
static enum outcome look_ask(struct db *db,
                             const struct db_statement *statement,
                             const struct db_params *params, struct look *look,
                             struct clock_reading *reading) {
    struct db_rows *rows;
    instant before = clock_since_boot();
    enum outcome outcome = db_run(db, statement, params, params->arena, &rows);
    if (outcome != DONE)
        return outcome;
    instant after = clock_since_boot(), own = clock_of_machine();
    *look = (struct look){.clock = db_get_instant(rows, 0, 0),
                          .doubt = db_get_text(rows, 0, 1),
                          .best = db_get_instant(rows, 0, 2),
                          .accepted = db_get_int(rows, 0, 3),
                          .went_back = db_get_bool(rows, 0, 4),
                          .at = before + (after - before) / 2,
                          .error = (after - before) / 2};
    reading->apart = own - (after - look->at) - look->clock;
    return DONE;
}

static void params_add_counted(struct db_params *params) {
    instant boot = clock_since_boot();
    db_instant_if(params, follower.basis == SOUND || follower.basis == LEAST,
                  follower.ahead + boot);
    db_bool(params, follower.basis == SOUND);
    if (follower.basis == NOTHING) {
        db_null(params);
        db_null(params);
        return;
    }
    db_instant(params, follower.clock + boot);
    db_int4(params, (int32_t)follower.accepted);
}

/* Limits that both statements have. */
static void params_add_limits(struct db_params *params,
                              const struct config *config) {
    db_instant(params, release_day());
    db_int8(params, config->clock_most_leap / SECOND);
}

static enum outcome look_follow(struct db *db,
                                const struct db_statement *statement,
                                const struct db_params *params,
                                const struct config *config,
                                struct clock_reading *reading) {
    struct look look;
    *reading = (struct clock_reading){.apart = 0};
    enum outcome outcome = look_ask(db, statement, params, &look, reading);
    if (outcome != DONE)
        return outcome;
    reading->moved = follower_take(&look);
    reading_keep(reading, &look, config);
    return DONE;
}

enum outcome system_clock_look(struct db *db, const struct config *config,
                               struct clock_reading *reading) {
    static const struct db_statement look = {
        "clock_look", "select clock, doubt, best, accepted, went_back"
                      " from clock_look($1, $2, $3, $4, $5,"
                      " make_interval(secs => $6::bigint),"
                      " make_interval(secs => $7::bigint))"};
    enum outcome outcome = db_prepare(db, &look);
    if (outcome != DONE)
        return outcome;
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    params_add_counted(&params);
    params_add_limits(&params, config);
    db_int8(&params, config->clock_settle / SECOND);
    outcome = look_follow(db, &look, &params, config, reading);
    arena_free(arena);
    return outcome;
}

enum outcome system_clock_read(struct db *db, const struct config *config,
                               struct clock_reading *reading) {
    static const struct db_statement read = {
        "clock_read", "select clock, doubt, best, 0, false from"
                      " clock_read($1, make_interval(secs => $2::bigint))"};
    enum outcome outcome = db_prepare(db, &read);
    if (outcome != DONE)
        return outcome;
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    params_add_limits(&params, config);
    outcome = look_follow(db, &read, &params, config, reading);
    arena_free(arena);
    return outcome;
}

/* ---- for people ---- */

static const char *doubt_words(const char *doubt) {
    static const char *const words[][2] = {
        {"early", "it is before the release of this program"},
        {"behind", "it is behind the time that was known"},
        {"leapt", "it has leapt ahead of what this or another program counts"},
        {"gap", "it is far ahead of when fotad ran last; it is believed once "
                "it has gone on for [clock] settle"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], doubt) == 0)
            return words[i][1];
    return doubt;
}

const char *system_clock_fault(const struct config *config,
                               struct arena *arena) {
    struct clock_reading reading = system_clock_latest();
    char now[INSTANT_TEXT_SIZE];
    instant_format(reading.clock, now);
    switch (clock_state()) {
    case CLOCK_SOUND:
        break;
    case CLOCK_APART:
        return arena_printf(
            arena,
            "the clock of this machine is %jd s %s PostgreSQL's, more than "
            "[clock] most_apart (%jd s): set it right (NTP)",
            (intmax_t)(llabs(reading.apart) / SECOND),
            reading.apart > 0 ? "ahead of" : "behind",
            (intmax_t)(config->clock_most_apart / SECOND));
    case CLOCK_COUNTED:
    case CLOCK_UNKNOWN:
        return arena_printf(arena,
                            "PostgreSQL's clock says %s and is in doubt: %s. "
                            "Set it right (NTP), or if it is right say "
                            "fotactl clock accept",
                            now, doubt_words(reading.doubt));
    }
    return NULL;
}
