/*
 * Two fotads on one database share the work: without a fault nothing is sent
 * twice, what goes by the clock is done once, and one may come and go.
 */
#include "support/campaign.h"
#include "support/check.h"
#include "support/scenario_account.h"
#include "support/scenario_files.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static unsigned long lines_of(struct scenario *s, const char *name) {
    FILE *file = fopen(scenario_path(s, name), "r");
    unsigned long count = 0;
    for (int c; file && (c = getc(file)) != EOF;)
        count += c == '\n';
    if (file)
        fclose(file);
    return count;
}

static double both(struct scenario *s, const char *metric) {
    return scenario_metric(s, 0, metric) + scenario_metric(s, 1, metric);
}

/* Each CSP saw each job and command once, and each User each message. */
static void nothing_is_sent_twice(void **state) {
    (void)state;
    struct campaign *c =
        campaign_open((struct scenario_wish){.fotads = 2}, 200, 20);
    struct scenario *s = c->scenario;
    c->strict = true;
    for (unsigned i = 0; i < 10; i++) {
        s->user_port = s->fotads[i % 2].user_port;
        campaign_send(c, true);
    }
    scenario_settle(s);
    struct scenario_account account = scenario_account(s);
    assert_int_equal(account.repeats, 0);
    assert_int_equal(account.responses, 10);
    assert_string_equal(scenario_ask(s, "select count(*) from csp_job"),
                        arena_printf(s->arena, "%lu",
                                     lines_of(s, "north/jobs.jsonl") +
                                         lines_of(s, "south/jobs.jsonl")));
    assert_int_equal(lines_of(s, "north/commands.jsonl") +
                         lines_of(s, "south/commands.jsonl"),
                     10);
    /* both worked */
    for (unsigned i = 0; i < 2; i++)
        assert_true(
            scenario_metric(s, i,
                            "fotad_service_requests_total{variant=\"11.4\","
                            "condition=\"accepted\"}") > 0);
    campaign_close(c, "two fotads, no fault");
}

/* A future dated 11.3 for now, housekeeping, retries of a job: whoever looks
 * first does it. */
static void what_goes_by_the_clock_is_done_once(void **state) {
    (void)state;
    enum { ROUNDS = 5 };
    struct campaign *c =
        campaign_open((struct scenario_wish){.fotads = 2}, 20, 20);
    struct scenario *s = c->scenario;
    const char *rounds = "fotad_housekeeping_seconds_count";
    scenario_faults(s, "north", "job 503 - 3\n");
    campaign_send(c, false);
    scenario_do(s, activates, "1 n1.esme esme-a-01020000 1h");
    scenario_do(s, activates, "1 c1.esme esme-a-01020000 2h");
    for (struct scenario_wait wait = {0}; both(s, rounds) < 1;)
        assert_true(scenario_again(&wait));
    double before = both(s, rounds);
    for (int i = 0; i < ROUNDS; i++) {
        test_clock_move(61 * SECOND);
        for (struct scenario_wait wait = {0}; both(s, rounds) < before + 1 + i;)
            assert_true(scenario_again(&wait));
        usleep(500 * 1000); /* the other one looks as well */
    }
    assert_true(both(s, rounds) == before + ROUNDS);
    assert_int_equal(lines_of(s, "north/jobs.jsonl"), 4);
    test_clock_move(2 * HOUR);
    scenario_settle(s);
    assert_int_equal(lines_of(s, "north/commands.jsonl"), 1);
    assert_int_equal(lines_of(s, "south/commands.jsonl"), 1);
    scenario_stop_fotad(s, SIGTERM);
    scenario_end(s);
}

/* One leaves in order, one is killed, another comes: there is always one. */
static void they_come_and_go(void **state) {
    (void)state;
    static const int signals[] = {SIGTERM, SIGKILL};
    struct campaign *c =
        campaign_open((struct scenario_wish){.fotads = 2}, 200, 20);
    struct scenario *s = c->scenario;
    for (unsigned i = 0; i < 4; i++) {
        campaign_send(c, true);
        scenario_end_one(s, i % 2, signals[i / 2]);
        campaign_send(c, true);
        scenario_launch(s, i % 2, NULL);
        if (!scenario_wait_ready(s, i % 2))
            scenario_fail(s, "fotad ended");
    }
    campaign_close(c, "fotads that come and go");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_sent_twice),
        cmocka_unit_test(what_goes_by_the_clock_is_done_once),
        cmocka_unit_test(they_come_and_go),
    };
    return scenario_tests(tests, NULL, NULL);
}
