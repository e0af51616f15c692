/*
 * Two fotads and PostgreSQL with clocks of their own, which leap at random,
 * while one fotad or the other is frozen or killed (support/trouble.h), at any
 * moment of a campaign. Nothing is lost from the trail, nobody is told twice,
 * no CSP is given what a device is not to have any more, and who asks while one
 * fotad is frozen is answered by the other.
 *
 *   FREEZES  how often one fotad is frozen (4)
 *   LEAPS    how often each of the three clocks leaps (2)
 *   DEVICES  PPMIDs of the campaign (40)
 *   SEED     of the moments (the time)
 */
#include "support/campaign.h"
#include "support/check.h"
#include "support/own_clock.h"
#include "support/scenario_account.h"
#include "support/trouble.h"

#include "http/client.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCH = 4, MOST_SAMPLES = 16384, FEW_SAMPLES = 100 };

/* What is measured of a stop begins after the lease of a lane. */
static const instant LEASE = 3 * SECOND;

static const char *unable;

/* ---- who asks while one is frozen ---- */

struct samples {
    instant took[MOST_SAMPLES];
    size_t count;
};

static struct samples while_leased, after_lease;

static void samples_add(struct samples *samples, instant took) {
    if (samples->count < MOST_SAMPLES)
        samples->took[samples->count++] = took;
}

static int by_time(const void *a, const void *b) {
    instant x = *(const instant *)a, y = *(const instant *)b;
    return (x > y) - (x < y);
}

static instant samples_p99(struct samples *samples) {
    qsort(samples->took, samples->count, sizeof *samples->took, by_time);
    return samples->count ? samples->took[(samples->count - 1) * 99 / 100] : 0;
}

static void ask(struct campaign *c, const struct trouble *t) {
    instant frozen = trouble_frozen_for(t), begun = clock_elapsed();
    campaign_read(c);
    if (frozen >= 0 && c->read_count < CAMPAIGN_READS)
        samples_add(frozen < LEASE ? &while_leased : &after_lease,
                    clock_elapsed() - begun);
}

/* ---- devices that are reset and asked for again ---- */

static const char *const contested[] = {"n1.esme", "n2.esme", "n3.esme",
                                        "n4.esme", "n5.esme", "n6.esme"};
enum { CONTESTED = sizeof contested / sizeof *contested };

static void reset_one(struct trouble *t, struct scenario *s,
                      const char *device) {
    (void)trouble_fotactl(t,
                          (const char *const[]){"reset", scenario_id(s, device),
                                                "--reason", "x", NULL});
}

/* Refused in doubt, and then the device has a request in progress. */
static void contest(struct campaign *c, struct trouble *t) {
    struct scenario *s = c->scenario;
    static const char *const images[] = {"esme-a-01010000", "esme-a-01020000"};
    const char *device = contested[campaign_random(c, CONTESTED)];
    eui64 id = scenario_device(s, device);
    reset_one(t, s, device);
    (void)scenario_post(
        s, "serviceD",
        scenario_update(s, 1, images[campaign_random(c, 2)], &id, 1));
}

/* The counter of the request that a job has this device for. */
static unsigned long request_of(json_t *job, json_t *target) {
    const char *id = json_string_value(json_object_get(target, "requestId"));
    if (!id)
        id = json_string_value(json_object_get(job, "requestId"));
    assert_non_null(id);
    return strtoul(strrchr(id, ':') + 1, NULL, 10);
}

/* The CSP first hears of a device's requests in their order: of an earlier one
 * the device has been reset by the time of the next. Returns how many there
 * were. */
static size_t judge_contested(struct scenario *s, const char *device) {
    FILE *file = fopen(scenario_path(s, "north/jobs.jsonl"), "r");
    unsigned long latest = 0;
    size_t count = 0, i;
    json_t *job, *target;
    assert_non_null(file);
    while ((job = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL))) {
        bool first = json_integer_value(json_object_get(job, "try")) == 1;
        json_array_foreach(json_object_get(job, "targets"), i, target) {
            if (!first ||
                strcmp(json_string_value(json_object_get(target, "deviceId")),
                       scenario_id(s, device)) != 0)
                continue;
            unsigned long request = request_of(job, target);
            if (request <= latest)
                scenario_fail(s, "%s: the CSP heard of request %lu after %lu",
                              device, request, latest);
            latest = request;
            count++;
        }
        json_decref(job);
    }
    fclose(file);
    return count;
}

/* ---- the trail ---- */

static void trail_watch(struct scenario *s) {
    scenario_tell(s, "create table seen (entry_no bigint primary key,"
                     " digest text not null)");
}

/* What has been there is there, and says the same. */
static void trail_is_whole(struct scenario *s) {
    const char *lost =
        scenario_ask(s, "select count(*) from seen s where not exists (select"
                        " from sat_entry e where e.entry_no = s.entry_no"
                        " and md5(e::text) = s.digest)");
    if (!lost || strcmp(lost, "0") != 0)
        scenario_fail(s, "%s entries of the trail are lost", lost);
    scenario_tell(s, "insert into seen select entry_no, md5(e::text)"
                     " from sat_entry e on conflict do nothing");
}

static size_t judge_trail(struct scenario *s, struct trouble *t) {
    trail_is_whole(s);
    size_t before = scenario_lines(s, "{\"entry\":", "");
    assert_int_equal(
        trouble_fotactl(t, (const char *const[]){"sat", "verify", NULL}), 0);
    assert_int_equal(trouble_fotactl(t, (const char *const[]){"sat", "export",
                                                              "--json", NULL}),
                     0);
    size_t entries = scenario_lines(s, "{\"entry\":", "") - before;
    const char *all = scenario_ask(s, "select count(*) from sat_entry");
    if (!all || strtoul(all, NULL, 10) != entries)
        scenario_fail(s, "%zu of %s entries are exported", entries, all);
    return entries;
}

/* ---- all of it ---- */

static struct campaign *begin(void) {
    if (unable) {
        print_message("skipped: %s\n", unable);
        skip();
    }
    struct scenario_wish wish = {
        .fotads = 2,
        .others = true,
        .config = "[delivery]\nretry_most = 2s\ntimeout = 1s\n"
                  "[tracking]\nhousekeeping = 1s\n[clock]\nsettle = 12s\n",
        .csp_config = "busy_retry = 5s\ntimeout = 1s\n"};
    trouble_clocks(&wish);
    struct campaign *c =
        campaign_open(wish, campaign_number("DEVICES", 40), BATCH);
    struct scenario *s = c->scenario;
    /* an answer that does not come is asked for again */
    http_client_free(s->http);
    s->http = http_client_new(
        &(struct http_client_options){.total_timeout = 3 * SECOND});
    trail_watch(s);
    return c;
}

/* Devices of the campaign are asked for as the trouble goes on. */
static bool is_behind(const struct campaign *c, const struct trouble *t,
                      size_t all) {
    struct trouble_counts counts = trouble_counts(t);
    size_t done = counts.stops;
    for (size_t i = 0; i < TROUBLE_CLOCKS; i++)
        done += counts.leaps[i];
    return c->sent * all <= c->devices * done;
}

static const char *told(struct campaign *c, const struct trouble *t) {
    struct trouble_counts counts = trouble_counts(t);
    return arena_printf(c->scenario->arena,
                        "%zu stops, %zu, %zu and %zu leaps (%zu accepted), %zu "
                        "kills",
                        counts.stops, counts.leaps[OF_DATABASE],
                        counts.leaps[OF_FOTAD], counts.leaps[OF_OTHER_FOTAD],
                        counts.accepted, counts.kills);
}

static void judge_others(void) {
    size_t count = after_lease.count;
    instant leased = samples_p99(&while_leased),
            p99 = samples_p99(&after_lease);
    print_message("while one is frozen: p99 %jd ms of %zu requests, within the "
                  "first lease %jd ms of %zu\n",
                  (intmax_t)(p99 / MILLISECOND), count,
                  (intmax_t)(leased / MILLISECOND), while_leased.count);
    assert_true(count < FEW_SAMPLES || p99 < 2 * SECOND);
}

static void stops_and_leaps(void **state) {
    (void)state;
    if (!getenv("FREEZES")) {
        print_message("skipped: it takes minutes; see make check-faults\n");
        skip();
    }
    size_t stops = campaign_number("FREEZES", 4);
    size_t leaps = campaign_number("LEAPS", 2), heard = 0;
    struct campaign *c = begin();
    struct scenario *s = c->scenario;
    struct trouble *t = trouble_new(c, stops, leaps);
    while (trouble_next(t)) {
        if (is_behind(c, t, stops + TROUBLE_CLOCKS * leaps))
            campaign_send(c, false);
        ask(c, t);
        if (campaign_random(c, 16) == 0)
            contest(c, t);
        if (campaign_random(c, 32) == 0)
            trail_is_whole(s);
        usleep(50000 + campaign_random(c, 100000));
    }
    trouble_over(t);
    for (size_t i = 0; i < CONTESTED; i++)
        reset_one(t, s, contested[i]);
    campaign_settle(c);
    for (size_t i = 0; i < CONTESTED; i++)
        heard += judge_contested(s, contested[i]);
    size_t entries = judge_trail(s, t);
    print_message("%zu entries in the trail, %zu requests of %d devices that "
                  "were reset in between\n",
                  entries, heard, CONTESTED);
    judge_others();
    campaign_close(c, told(c, t));
}

int main(void) {
    unable = trouble_prepare();
    if (!unable && !scenario_prepare())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops_and_leaps),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (!unable)
        scenario_finish();
    return failed;
}
