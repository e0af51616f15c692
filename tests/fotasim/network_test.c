/*
 * The model of the networks, small: the same seed gives the same year; what is
 * asked for is delivered, or counted as what else became of it; and what
 * steering is for holds in it. docs/steering.md has the year whole.
 */
#include "support/check.h"

#include "fotasim/network.h"
#include "fotasim/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct network_options small = {.seed = 1,
                                             .scale = 100,
                                             .channels = 6,
                                             .jobs = 400,
                                             .gather = 15,
                                             .resend = 7};

static struct network_tally *run_at(uint64_t scale, bool steered, uint64_t seed,
                                    const char *requests) {
    struct network_options options = small;
    options.scale = scale;
    options.steered = steered;
    options.seed = seed;
    options.requests = requests;
    struct network_tally *tally = network_run(&options);
    assert_non_null(tally);
    return tally;
}

static struct network_tally *run(bool steered, uint64_t seed,
                                 const char *requests) {
    return run_at(small.scale, steered, seed, requests);
}

static tick delay_of(const struct network_delays *delays, double share) {
    return network_delay((const struct network_delays *const[]){delays}, 1,
                         delays->total, share);
}

/* Of all that was asked for. */
static tick half_of(const struct network_tally *tally) {
    const struct network_delays *const parts[] = {
        &tally->delivered[0][0], &tally->delivered[0][1],
        &tally->delivered[1][0], &tally->delivered[1][1]};
    return network_delay(parts, 4, tally->counts[COUNT_UPDATES], 0.5);
}

static uint64_t delivered(const struct network_tally *tally) {
    uint64_t count = 0;
    for (int part = 0; part < 4; part++)
        count += tally->delivered[part / 2][part % 2].total;
    return count;
}

static void the_same_seed_gives_the_same_year(void **state) {
    (void)state;
    struct network_tally *one = run(true, 7, NULL), *other = run(true, 7, NULL),
                         *third = run(true, 8, NULL);
    assert_memory_equal(one, other, sizeof *one);
    assert_memory_not_equal(one->counts, third->counts, sizeof one->counts);
    free(one);
    free(other);
    free(third);
}

/* Each update came to its hub, or was lost after three tries. */
static void nothing_is_lost_sight_of(void **state) {
    (void)state;
    for (int steered = 0; steered < 2; steered++) {
        struct network_tally *tally = run(steered, 1, NULL);
        uint64_t asked = tally->counts[COUNT_UPDATES];
        uint64_t ended = delivered(tally) + tally->counts[COUNT_LOST];
        assert_true(ended <= asked && ended >= asked * 999 / 1000);
        free(tally);
    }
}

static void what_steering_is_for_holds(void **state) {
    (void)state;
    struct network_tally *was = run_at(20, false, 1, NULL),
                         *is = run_at(20, true, 1, NULL);
    uint64_t jobs[2] = {
        was->counts[COUNT_JOBS_NORTH] + was->counts[COUNT_JOBS_SOUTH],
        is->counts[COUNT_JOBS_NORTH] + is->counts[COUNT_JOBS_SOUTH]};
    print_message("jobs %ju -> %ju, single devices p99 %u ticks\n",
                  (uintmax_t)jobs[0], (uintmax_t)jobs[1],
                  delay_of(&is->handed_single, 0.99));
    assert_int_equal(was->counts[COUNT_REQUESTS], is->counts[COUNT_REQUESTS]);
    assert_int_equal(was->counts[COUNT_UPDATES], is->counts[COUNT_UPDATES]);
    assert_true(was->counts[COUNT_REJECTED] > 0);
    assert_int_equal(is->counts[COUNT_REJECTED], 0);
    assert_int_equal(is->counts[COUNT_TIMED_OUT], 0);
    assert_int_equal(is->counts[COUNT_GIVEN_UP], 0);
    assert_int_equal(is->counts[COUNT_OUT_BY_PPMID], 0);
    assert_int_equal(is->counts[COUNT_LOST], 0);
    assert_true(delivered(is) > delivered(was));
    assert_true(jobs[1] < jobs[0] / 5);
    assert_true(half_of(is) <= half_of(was));
    /* nobody's single device waits for the end of another's campaign */
    assert_true(delay_of(&is->handed_single, 0.99) < 2 * TICKS_A_DAY);
    free(was);
    free(is);
}

/* ---- an export ---- */

static void an_export_is_a_year_too(void **state) {
    (void)state;
    char path[] = "/tmp/fotasim-network-XXXXXX";
    int file = mkstemp(path);
    static const char lines[] =
        "received,sender,image,device_type,devices\n"
        "2026-03-01T09:00:00Z,00-00-00-00-00-00-00-01,aa,PPMID,1\n"
        "2026-03-01T09:01:00Z,00-00-00-00-00-00-00-01,aa,PPMID,1\n"
        "2026-03-02T10:00:00Z,00-00-00-00-00-00-00-02,bb,ESME,300\n";
    assert_int_equal(write(file, lines, strlen(lines)), strlen(lines));
    struct network_tally *was = run(false, 1, path), *is = run(true, 1, path);
    assert_int_equal(is->counts[COUNT_REQUESTS], 3);
    assert_int_equal(is->counts[COUNT_SINGLE], 2);
    assert_int_equal(is->counts[COUNT_UPDATES], 302);
    assert_int_equal(delivered(is), 302);
    assert_int_equal(delivered(was), 302);
    free(was);
    free(is);
    static const char *const wrong[] = {
        "", "received\n", "received,sender,image,device_type,devices\nx\n",
        "received,sender,image,device_type,devices\n"
        "2026-03-01T09:00:00Z,a,b,FRIDGE,1\n",
        "received,sender,image,device_type,devices\n"
        "2026-03-01T09:00:00Z,a,b,ESME,0\n"};
    for (size_t i = 1; i < sizeof wrong / sizeof *wrong; i++) {
        struct network_options options = small;
        options.requests = path;
        assert_true(write_whole(path, span_text(wrong[i])));
        assert_null(network_run(&options));
    }
    close(file);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_year),
        cmocka_unit_test(nothing_is_lost_sight_of),
        cmocka_unit_test(what_steering_is_for_holds),
        cmocka_unit_test(an_export_is_a_year_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
