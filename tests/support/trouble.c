#include "support/trouble.h"
#include "support/check.h"
#include "support/cutter.h"
#include "support/own_clock.h"
#include "support/server.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Above [clock] most_leap, a leap is in doubt until a person accepts it. */
enum { DOUBTED_HOURS = 3, TEN_YEARS = 10 * 365 };

static const instant THEIRS = 2 * HOUR + MINUTE;

/* Of a User's lane with [delivery] timeout = 1s, and of a job with the CSP's
 * (csp_lease()). The second passes at once for all clocks. */
static const instant LANE = 3 * SECOND, JOB = 62 * SECOND;

static struct own_clock *clocks[TROUBLE_CLOCKS];

struct trouble {
    struct campaign *campaign;
    size_t stops, leaps; /* how many there are to be */
    struct trouble_counts counts;
    instant right;  /* how far ahead the right time is */
    instant passed; /* that nobody had to wait for */
    bool leapt[TROUBLE_CLOCKS];
    instant change[TROUBLE_CLOCKS]; /* when it leaps or is set right */
    int frozen;                     /* which; -1: none */
    bool alone;                     /* no clock leaps meanwhile */
    instant since, until;           /* of the stop, or of the next one */
};

/* ---- what there is ---- */

const char *trouble_prepare(void) {
    for (size_t i = 0; i < TROUBLE_CLOCKS; i++)
        if (!(clocks[i] = own_clock_new()))
            return "there is no clock of its own in this variant";
    own_clock_give(clocks[OF_DATABASE]);
    const char *unable = server_open(NULL, (const char *const[]){NULL});
    own_clock_give(NULL);
    return unable;
}

void trouble_clocks(struct scenario_wish *wish) {
    wish->clocks[0] = clocks[OF_FOTAD];
    wish->clocks[1] = clocks[OF_OTHER_FOTAD];
}

static instant below(struct trouble *t, instant most) {
    return most * campaign_random(t->campaign, 1 << 16) / (1 << 16);
}

struct trouble_counts trouble_counts(const struct trouble *t) {
    return t->counts;
}

instant trouble_frozen_for(const struct trouble *t) {
    return t->frozen >= 0 && t->alone ? clock_elapsed() - t->since : -1;
}

int trouble_fotactl(struct trouble *t, const char *const *words) {
    struct scenario *s = t->campaign->scenario;
    const char *arguments[10] = {"fotactl", "--config", s->config_path};
    for (size_t i = 3; i < 9 && *words; i++)
        arguments[i] = *words++;
    own_clock_give(clocks[OF_DATABASE]);
    int status = scenario_program(s, arguments);
    own_clock_give(NULL);
    return status;
}

/* ---- clocks ---- */

/* Devices, CSPs and Users are in this program. Their clocks are so far ahead of
 * any that is believed that what they say is taken for said now: what a PPMID
 * says by a clock that is behind may be taken for older than its update. */
static void keep_right(struct trouble *t) {
    clock_follow(clock_of_machine() - clock_since_boot() + t->right +
                 t->passed + THEIRS);
}

static void set_right(struct trouble *t, size_t which) {
    own_clock_set(clocks[which], t->right);
    t->leapt[which] = false;
    t->change[which] = clock_elapsed() + below(t, 3 * SECOND);
    if (campaign_random(t->campaign, 4) == 0)
        t->change[which] += 28 * SECOND; /* that it is sound again */
}

/* As often by seconds as by years. */
static instant leap_length(struct trouble *t) {
    instant octave = SECOND << campaign_random(t->campaign, 29);
    instant by = octave + below(t, octave);
    by = by < TEN_YEARS * DAY ? by : TEN_YEARS * DAY;
    return campaign_random(t->campaign, 2) ? by : -by;
}

static void leap(struct trouble *t, size_t which) {
    own_clock_set(clocks[which], t->right + leap_length(t));
    t->leapt[which] = true;
    t->change[which] = clock_elapsed() + below(t, 3 * SECOND);
    t->counts.leaps[which]++;
}

static bool is_in_doubt(struct trouble *t) {
    const char *doubt =
        scenario_ask(t->campaign->scenario, "select doubt from clock_mark");
    return doubt && *doubt;
}

/* All clocks were wrong and are right now, so a person says; if somebody runs
 * who has noticed. */
static void leap_and_accept(struct trouble *t) {
    instant by = HOUR + MINUTE + below(t, (DOUBTED_HOURS - 1) * HOUR);
    t->right += t->right > 0 ? -by : by;
    for (size_t i = 0; i < TROUBLE_CLOCKS; i++)
        set_right(t, i);
    keep_right(t);
    t->counts.leaps[OF_DATABASE]++;
    for (struct scenario_wait wait = {0}; !is_in_doubt(t);) {
        campaign_keep_running(t->campaign);
        if (!scenario_again(&wait))
            scenario_fail(t->campaign->scenario, "nobody doubts the clock");
    }
    if (trouble_fotactl(t, (const char *const[]){"clock", "accept", "--reason",
                                                 "it is right", NULL}) == 0)
        t->counts.accepted++;
}

/* No leap is begun while a stop is measured. */
static void clock_next_change(struct trouble *t, size_t which) {
    if (t->leapt[which])
        set_right(t, which);
    else if (t->frozen >= 0 && t->alone)
        t->change[which] = clock_elapsed() + SECOND;
    else if (t->counts.leaps[which] >= t->leaps)
        t->change[which] = INT64_MAX;
    else if (which == OF_DATABASE && campaign_random(t->campaign, 12) == 0)
        leap_and_accept(t);
    else
        leap(t, which);
}

/* ---- stops ---- */

struct freezing {
    pid_t process;
    unsigned microseconds;
};

static void *freeze_soon(void *context) {
    const struct freezing *freezing = context;
    usleep(freezing->microseconds);
    kill(freezing->process, SIGSTOP);
    return NULL;
}

/* The load balancer sends nobody to who does not say that it is ready. */
static void balance(struct trouble *t, unsigned which, bool in) {
    struct scenario *s = t->campaign->scenario;
    const struct scenario_fotad *f = &s->fotads[which];
    const struct {
        enum scenario_line line;
        unsigned port;
    } ways[] = {{LINE_FROM_USERS, f->user_port}, {LINE_FROM_CSPS, f->csp_port}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        cutter_target(s->lines[ways[i].line], which,
                      in ? arena_printf(s->arena, "127.0.0.1:%u", ways[i].port)
                         : NULL);
}

/* While a request may be on its way to it. */
static void freeze(struct trouble *t) {
    struct campaign *c = t->campaign;
    unsigned which = campaign_random(c, SCENARIO_FOTADS);
    struct freezing freezing = {c->scenario->fotads[which].pid,
                                campaign_random(c, 60000)};
    pthread_t freezer;
    if (pthread_create(&freezer, NULL, freeze_soon, &freezing) != 0)
        abort();
    campaign_read(c);
    pthread_join(freezer, NULL);
    balance(t, which, false);
    t->frozen = (int)which;
    t->alone = campaign_random(c, 2);
    for (size_t i = 0; t->alone && i < TROUBLE_CLOCKS; i++)
        set_right(t, i);
    t->since = clock_elapsed();
    /* most are short: what they meet is the same */
    t->until = t->since + below(t, campaign_random(c, 3) ? LANE : 3 * LANE);
    t->counts.stops++;
}

static void start(struct trouble *t, unsigned which) {
    scenario_end_one(t->campaign->scenario, which, SIGKILL);
    scenario_launch(t->campaign->scenario, which, NULL);
    t->counts.kills++;
}

/* Time passes at times: the leases of jobs are over when it goes on. Not while
 * PostgreSQL's clock is wrong, or that would have gone on for long. */
static void thaw(struct trouble *t) {
    unsigned which = (unsigned)t->frozen;
    if (!t->leapt[OF_DATABASE] && campaign_random(t->campaign, 3) == 0) {
        instant by = below(t, 3 * JOB);
        own_clock_pass(by);
        t->passed += by;
        keep_right(t);
        usleep((unsigned)below(t, SECOND)); /* the other one takes them */
    }
    if (campaign_random(t->campaign, 5) == 0)
        start(t, which);
    else
        kill(t->campaign->scenario->fotads[which].pid, SIGCONT);
    balance(t, which, true);
    t->frozen = -1;
    t->until = clock_elapsed() + below(t, 2 * SECOND);
}

static void freeze_or_thaw(struct trouble *t) {
    if (clock_elapsed() < t->until)
        return;
    if (t->frozen >= 0)
        thaw(t);
    else if (t->counts.stops < t->stops)
        freeze(t);
}

/* ---- all of it ---- */

struct trouble *trouble_new(struct campaign *c, size_t stops, size_t leaps) {
    struct trouble *t = arena_zero(c->scenario->arena, 1, sizeof *t);
    t->campaign = c;
    t->stops = stops;
    t->leaps = leaps;
    t->frozen = -1;
    keep_right(t);
    return t;
}

static void nobody_has_ended(struct trouble *t) {
    struct scenario *s = t->campaign->scenario;
    int status;
    for (unsigned i = 0; i < s->fotad_count; i++)
        if (scenario_has_ended(s, i, &status))
            scenario_fail(s, "fotad %u has ended: %d", i, status);
}

/* What is in doubt is not believed while it is wrong, which is not as long as
 * [clock] settle. */
static void nothing_wrong_is_believed(struct trouble *t) {
    struct scenario *s = t->campaign->scenario;
    instant latest = clock_of_machine() + t->right + t->passed + THEIRS;
    const char *believed =
        scenario_ask(s,
                     "select count(*) from clock_mark where doubt is null"
                     " and mark > to_timestamp(%jd)",
                     (intmax_t)(latest / SECOND));
    if (believed && strcmp(believed, "0") != 0)
        scenario_fail(s, "a clock that is wrong is believed");
}

bool trouble_next(struct trouble *t) {
    instant now = clock_elapsed();
    bool more = t->counts.stops < t->stops || t->frozen >= 0;
    nobody_has_ended(t);
    if (t->leapt[OF_DATABASE])
        nothing_wrong_is_believed(t);
    freeze_or_thaw(t);
    for (size_t i = 0; i < TROUBLE_CLOCKS; i++) {
        more |= t->leapt[i] || t->counts.leaps[i] < t->leaps;
        if (now >= t->change[i])
            clock_next_change(t, i);
    }
    if (t->frozen < 0 && campaign_random(t->campaign, 100) == 0)
        start(t, campaign_random(t->campaign, SCENARIO_FOTADS));
    return more;
}

void trouble_over(struct trouble *t) {
    struct scenario *s = t->campaign->scenario;
    if (t->frozen >= 0)
        thaw(t);
    for (size_t i = 0; i < TROUBLE_CLOCKS; i++)
        set_right(t, i);
    for (struct scenario_wait wait = {0}; is_in_doubt(t);)
        if (!scenario_again(&wait))
            scenario_fail(s, "the clock is right and stays in doubt");
    for (unsigned i = 0; i < s->fotad_count; i++)
        if (!scenario_wait_ready(s, i))
            scenario_fail(s, "fotad ended");
}
